"""A worker of promised calls as `contesta callbacks-worker` runs it, for bench/callbacks.py: it dials until killed.

Run as `python -m bench._dialling DATABASE_URL PORT FOLDER_OF_NAMES`.
"""

import asyncio
import functools
import logging
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from callback_queue.worker import Worker
from contesta.callbacks.names import SpokenNames
from contesta.callbacks.service import dial
from contesta.lines import SHIPPED, examine_files
from ivr.line.callbacks import CallbackPolicy, Caps
from ivr.line.model import Line
from storage.callback_facts import CallbackFacts
from storage.callbacks import Callbacks
from storage.database import connect
from telephony.ami.client import Client
from telephony.ami.connection import Account
from telephony.dialler import Dialler
from tests.callbacks import ALWAYS
from tests.fake_manager import SECRET, USER

POLICY = CallbackPolicy(
    legal_hours=ALWAYS, caps=Caps(per_hour=1_000_000, per_day=1_000_000), priorities={"web": 5, "campaign": 1}
)


@functools.cache
def line() -> Line:
    """Give the line that all is about."""
    (there,) = (each.line for each in examine_files([SHIPPED]))
    assert there
    return replace(there, callbacks=POLICY)


def main() -> None:
    url, port, folder = sys.argv[1:]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    engine, there = connect(url), line()
    lines, names = {there.name: there}, SpokenNames(Path(folder))
    names.start()

    def make(client: Client) -> Worker:
        return Worker(
            name="bench",
            store=Callbacks(engine),
            facts=CallbackFacts(engine),
            dialler=Dialler(client),
            lines=lambda: lines,
            now=lambda: datetime.now(UTC),
            names=names.say,
        )

    asyncio.run(dial(Account(port=int(port), username=USER, secret=SECRET), make, asyncio.Event()))


if __name__ == "__main__":
    main()
