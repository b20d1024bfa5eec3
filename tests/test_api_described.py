"""The API against whatever its description allows, and what it does not: each answer is as described, for each role."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from contesta.web.access import KEYS, PEOPLE, Role
from contesta.web.app import EVERY_ROUTE
from contesta.web.openapi import document
from contesta.web.sessions import COOKIE
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.stories import events_of, log_of, restart
from tests.web import Office, open_office

EXAMPLES = 6
TURNS = count()
ASKERS = (*PEOPLE, Role.INTEGRATION, Role.SITE)


def _description() -> dict[str, Any]:
    """Give the description without the ways in, which are not for chance to choose, and without what never ends."""
    description = document(tuple(route for route in EVERY_ROUTE if not route.events))
    for methods in description["paths"].values():
        for operation in methods.values():
            del operation["security"]
    return description


schema = schemathesis.openapi.from_dict(_description())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The application in a thread of its own, for clients that block."""
    opened: Future[Office] = Future()
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(tmp_path_factory.mktemp("described"), opened, stop))
    thread.start()
    yield opened.result(timeout=30)
    stop.set()
    thread.join()


def _serve(folder: Path, opened: "Future[Office]", stop: threading.Event) -> None:
    async def run() -> None:
        engine = connect(f"sqlite:///{folder / 'ledger.db'}")
        upgrade(engine)
        Ledger(engine).apply(events_of(log_of(range(16), restart(250))))
        async with open_office(engine, web_requests_per_minute=1_000_000) as office:
            opened.set_result(office)
            await asyncio.to_thread(stop.wait)
        engine.dispose()

    asyncio.run(run())


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # the description has no examples, and looking for some is longer than all the rest
)
def test_every_answer_is_as_described(case: schemathesis.Case[Any], office: Office) -> None:
    """Each example is asked by somebody who may, and by somebody who may not, if there is one."""
    may = case.operation.definition.raw["x-roles"]
    turn = next(TURNS)
    for roles in (may, [role for role in ASKERS if role not in may]):
        if roles:
            role = Role(roles[turn % len(roles)])
            case.call_and_validate(base_url=office.address, headers=_headers(office, role, case.operation.label))


def _headers(office: Office, role: Role, operation: str) -> dict[str, str]:
    """Come in as somebody whom no other operation has changed or disabled."""
    if role in KEYS:
        return {"Authorization": f"Bearer {office.key(role)}"}
    login = f"{role}-{abs(hash(operation))}"
    person = office.person(role, "Ana Ruiz" if role is Role.ADVISER else "", login)
    return {"Cookie": f"{COOKIE}={office.session(person)}", "Origin": office.address}
