"""What the public pages and their API stand on: the lines that have such a page, the promised calls, what is kept."""

import asyncio
from collections.abc import Sequence
from weakref import WeakValueDictionary

from aiohttp import web

from callback_queue.policy import Rules
from callback_queue.request import Window
from callback_queue.windows import free
from contesta import lines
from contesta.callbacks.form_answers import form_of
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from ivr.line.model import Line
from ivr.line.published import Published
from storage.callback_forms import Forms
from storage.callback_windows import taken
from storage.callbacks import Callbacks

PUBLISHED = web.AppKey("published", Published)
CALLBACKS = web.AppKey("callbacks", Callbacks)
FORMS = web.AppKey("callback_forms", Forms)
WISHES = web.AppKey("wishes", WeakValueDictionary[bytes, asyncio.Lock])
"""The wishes of programs that are being taken in, by their idempotency key: one at a time."""


def prepare(app: web.Application) -> None:
    """Open what is published, and the stores."""
    app[PUBLISHED] = lines.published(app[SETTINGS])
    app[CALLBACKS] = Callbacks(app[ENGINE])
    app[FORMS] = Forms(app[ENGINE])
    app[WISHES] = WeakValueDictionary()


async def with_page(request: web.Request) -> dict[str, Line]:
    """Give the published lines that have a public page, by name."""
    current = await asyncio.to_thread(request.app[PUBLISHED].current)
    return {line.name: line for line in current if line.web}


async def line_of(request: web.Request) -> Line:
    """Give the line that the address names.

    Raises:
        web.HTTPNotFound: there is none, or it has no public page.
    """
    found = (await with_page(request)).get(request.match_info["line"])
    if found is None:
        raise web.HTTPNotFound
    return found


def rules_of(line: Line) -> Rules:
    """Give what decides when a line calls."""
    return Rules(policy=line.callbacks, calendar=line.calendar)


async def free_windows(request: web.Request, line: Line) -> Sequence[Window]:
    """Give the windows of a line that have places left."""
    now = request.app[CLOCK]()
    counts = await asyncio.to_thread(taken, request.app[ENGINE], line.name, now)
    return free(rules_of(line), form_of(line), counts, now)
