"""A web application with calls in its ledger, some of them hostile, and what its tests ask of its pages."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any

import pytest
from sqlalchemy import Engine

from contesta.web.access import LOG, Role
from core.events import CallStarted, Connected, MenuStepped, QueueEntered, Source, StepResult
from storage.ledger import Ledger
from storage.people_access_log import AccessFilter
from tests.stories import at, events_of, log_of, restart
from tests.web import Client, Office, run_office

EVIL = """<script>document.title='owned'</script>"><img src=x onerror=alert(1)>' -- {{7*7}}"""


@pytest.fixture
def full(sqlite_engine: Engine) -> Engine:
    """Sixty-four calls, eight of each kind; a restart has cut some off."""
    Ledger(sqlite_engine).apply(events_of(log_of(range(64), restart(250))))
    return sqlite_engine


@pytest.fixture
def evil(full: Engine) -> Engine:
    """A call in which every text that somebody outside could choose is hostile."""
    of: dict[str, Any] = {"call_id": EVIL, "channel_id": EVIL, "source": Source.AMI}
    Ledger(full).apply(
        [
            CallStarted(at=at(500), line=EVIL, number=EVIL, **of),
            MenuStepped(at=at(501), menu=EVIL, key=EVIL, result=StepResult.WRONG, **of),
            QueueEntered(at=at(502), queue=EVIL, **of),
            Connected(at=at(503), queue=EVIL, agent=EVIL, wait_seconds=1, **of),
        ]
    )
    return full


def browse(engine: Engine, scenario: Callable[[Client], Awaitable[None]], role: Role = Role.SUPERVISOR) -> None:
    """Run a scenario in the browser of somebody of a role."""

    async def signed_in(office: Office) -> None:
        await scenario(await office.signed_in(role))

    run_office(engine, signed_in)


def links(page: str, pattern: str) -> list[str]:
    """Addresses in a page that match."""
    return [unescape(found) for found in re.findall(f'href="({pattern})"', page)]


def logged(office: Office) -> list[tuple[str, str, str]]:
    """Who did what with what, newest first."""
    lines = office.app[LOG].read(AccessFilter(), size=1000).lines
    return [(line.who, line.action, line.what) for line in lines]
