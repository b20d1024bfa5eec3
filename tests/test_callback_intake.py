"""What callers left in the mailbox becomes promised calls: each once, whatever dies in between."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from callback_queue.mailbox_request import Caller
from callback_queue.mailbox_request import Place as KeptPlace
from callback_queue.mailbox_spool import Spool
from callback_queue.request import Consent, ConsentAnswer, Filing, Person, Place, Recording, Source, State
from contesta.callbacks.intake import LEDGER_PATIENCE, LISTENING, MailboxIntake
from core.events import CallStarted, ConsentAnswered
from core.events import ConsentAnswer as Answer
from core.events import Source as Told
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.ledger import Ledger
from tests.callbacks import NOW

REQUESTS = 60


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def spool(tmp_path: Path, clock: list[datetime]) -> Spool:
    return Spool(tmp_path / "buzon", now=lambda: clock[-1])


@pytest.fixture
def mailbox(spool: Spool, sqlite_engine: Engine) -> MailboxIntake:
    return MailboxIntake(spool, Callbacks(sqlite_engine), Ledger(sqlite_engine), dict)


def caller(number: str = "+573001234567", call_id: str = "1.1", place: KeptPlace | None = None) -> Caller:
    return Caller(call_id=call_id, line="anm", mailbox="te_llamamos", language="guc", number=number, place=place)


def begin_call(engine: Engine, call_id: str = "1.1") -> None:
    said: dict[str, Any] = {"at": NOW, "call_id": call_id, "channel_id": call_id, "source": Told.QUEUE_LOG}
    started = CallStarted(line="anm", number="+573001234567", **said)
    Ledger(engine).apply([started, ConsentAnswered(version="2025-01", answer=Answer.DECLINED, **said)])


def test_whole_request_with_its_recording_consent_and_place(
    spool: Spool, mailbox: MailboxIntake, sqlite_engine: Engine
) -> None:
    begin_call(sqlite_engine)
    since = NOW - timedelta(minutes=4)
    writing = spool.begin(caller(place=KeptPlace(queue="atencion", since=since)))
    writing.confirm("document", "1023456789")
    writing.confirm("phone", "+576012345678")
    writing.confirm("nit", "8999990294")
    writing.confirm("subject", "titulos")
    writing.spoke("description", "2025/06/03/1.1-description-1.wav", 12.3)
    writing.finish(complete=True)
    assert mailbox.take_in(NOW) == 0, "the caller still listens to the number"
    assert mailbox.take_in(NOW + LISTENING) == 1
    taken = Callbacks(sqlite_engine).filed(writing.number, writing.code)
    assert taken
    assert (taken.source, taken.state, taken.telephone) == (Source.KEPT_PLACE, State.WAITING, "+576012345678")
    assert taken.place == Place(queue="atencion", since=since)
    assert taken.person == Person(document="1023456789", nit="8999990294")
    assert (taken.subject, taken.language, taken.complete, taken.came_from) == ("titulos", "guc", True, ("1.1",))
    assert taken.recordings == (Recording(what="description", file="2025/06/03/1.1-description-1.wav", seconds=12.3),)
    assert taken.consent == Consent(version="2025-01", answer=ConsentAnswer.DECLINED, at=NOW)
    assert taken.filings == (Filing(number=writing.number, code=writing.code),)
    assert list(spool.requests()) == []


def test_who_hung_up_half_way_is_called_too(spool: Spool, mailbox: MailboxIntake, sqlite_engine: Engine) -> None:
    writing = spool.begin(caller())
    writing.confirm("document", "1023456789")
    writing.leave()
    assert mailbox.take_in(NOW + LISTENING) == 0, "the ledger may not know the call yet"
    assert mailbox.take_in(NOW + LEDGER_PATIENCE) == 1
    taken = Callbacks(sqlite_engine).filed(writing.number, writing.code)
    assert taken
    assert (taken.complete, taken.telephone, taken.state) == (False, "+573001234567", State.WAITING)
    assert taken.consent is None


def test_nothing_is_taken_while_it_is_being_left(spool: Spool, mailbox: MailboxIntake) -> None:
    writing = spool.begin(caller())
    writing.confirm("document", "1023456789")
    assert mailbox.take_in(NOW + timedelta(minutes=20)) == 0
    assert mailbox.take_in(NOW + timedelta(minutes=31)) == 1


def test_voice_without_a_number_is_held_and_nothing_at_all_is_forgotten(
    spool: Spool, mailbox: MailboxIntake, sqlite_engine: Engine
) -> None:
    spoken = spool.begin(caller("anonymous"))
    spoken.spoke("message", "2025/06/03/1.1-message-1.wav", 4.0)
    spoken.leave()
    spool.begin(caller("anonymous", "1.2")).leave()
    assert mailbox.take_in(NOW + LEDGER_PATIENCE) == 1
    (held,) = CallbackLists(sqlite_engine).page(CallbackFilter()).requests
    assert (held.state, held.telephone) == (State.HELD, "")
    assert list(spool.requests()) == []


def test_killed_at_random_moments_nothing_is_lost_or_double(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "buzon"
    spool = Spool(folder, now=lambda: datetime.now(UTC))
    numbers = []
    for number in range(REQUESTS):
        writing = spool.begin(caller(f"+573{number:09}", f"1.{number}"))
        writing.confirm("phone", f"+573{number // 2:09}")
        writing.finish(complete=True)
        numbers.append((writing.number, writing.code))
    url = engine.url.render_as_string(hide_password=False)
    program = [sys.executable, "-m", "tests.killed_intakes", url, str(folder)]
    subprocess.run(program, check=True, timeout=150)
    store = Callbacks(engine)
    requests = [store.filed(*filing) for filing in numbers]
    assert all(request and len(request.filings) == 2 and request.version == 2 for request in requests)
    assert CallbackLists(engine).count(CallbackFilter()) == REQUESTS // 2
