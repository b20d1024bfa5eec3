"""What the pages of learning share: what the ledger keeps for them, and how what cannot be done is said."""

import contextlib
from collections.abc import Iterator

from aiohttp import web

from contesta.web.context import ENGINE
from contesta.web.validation import RefusedError
from quality.learning.knowledge import AttemptError
from storage.knowledge import Knowledge
from storage.trainings import Trainings

NUMBER = "{number:[0-9]{1,9}}"

KNOWLEDGE = web.AppKey("knowledge", Knowledge)
TRAININGS = web.AppKey("trainings", Trainings)


def prepare(app: web.Application) -> None:
    """Give the pages what the ledger keeps for them."""
    app[KNOWLEDGE] = Knowledge(app[ENGINE])
    app[TRAININGS] = Trainings(app[ENGINE])


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Say what a test does not allow."""
    try:
        yield
    except AttemptError as illegal:
        raise RefusedError(str(illegal)) from illegal


def number_of(request: web.Request) -> int:
    """Give the number in an address."""
    return int(request.match_info["number"])
