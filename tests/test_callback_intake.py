"""What callers left, abandoned calls and low answers become promised calls: each once, whatever dies in between."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from callback_queue.mailbox_request import Caller
from callback_queue.mailbox_request import Place as KeptPlace
from callback_queue.mailbox_spool import Spool
from callback_queue.request import Consent, ConsentAnswer, Filing, Person, Place, Recording, Source, State
from contesta.callbacks.intake import LEDGER_PATIENCE, LISTENING, LedgerIntake, MailboxIntake
from contesta.cli import app
from contesta.lines import SHIPPED, examine_files
from core.errors import ConfigurationError
from core.events import (
    CallEnded,
    CallStarted,
    ConsentAnswered,
    ExitReason,
    LanguageChosen,
    QueueEntered,
    QueueExited,
    SurveyAnswered,
)
from core.events import ConsentAnswer as Answer
from core.events import Source as Told
from storage.callback_facts import CallbackFacts
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


def abandon(engine: Engine, call_id: str, wait_seconds: int, *, answer: Answer = Answer.ACCEPTED) -> None:
    said: dict[str, Any] = {"call_id": call_id, "channel_id": call_id, "source": Told.QUEUE_LOG}
    left = NOW + timedelta(seconds=wait_seconds)
    said_there = said | {"queue": "anm_atencion"}
    Ledger(engine).apply(
        [
            CallStarted(line="anm", number=f"+57300{call_id[2:]:0>7}", at=NOW, **said),
            ConsentAnswered(version="2025-01", answer=answer, at=NOW, **said),
            LanguageChosen(language="guc", at=NOW, **said),
            QueueEntered(at=NOW, **said_there),
            QueueExited(reason=ExitReason.ABANDONED, wait_seconds=wait_seconds, at=left, **said_there),
            CallEnded(by=None, at=left, **said),
        ]
    )


def ledger_intake(engine: Engine) -> LedgerIntake:
    (line,) = (one.line for one in examine_files([SHIPPED.with_name("anm.yaml")]))
    assert line
    return LedgerIntake(Callbacks(engine), Ledger(engine), CallbackFacts(engine), lambda: {"anm": line})


def test_who_hung_up_waiting_is_called_back_once(sqlite_engine: Engine) -> None:
    for call_id, wait_seconds in (("1.1", 31), ("1.2", 30), ("1.3", 4)):
        abandon(sqlite_engine, call_id, wait_seconds)
    abandon(sqlite_engine, "1.4", 60, answer=Answer.DECLINED)
    calls = ledger_intake(sqlite_engine)
    now = NOW + timedelta(minutes=2)
    assert (calls.take_in(now), calls.take_in(now)) == (1, 0)
    assert ledger_intake(sqlite_engine).take_in(now) == 0
    (taken,) = CallbackLists(sqlite_engine).page(CallbackFilter()).requests
    assert (taken.source, taken.telephone, taken.language) == (Source.ABANDONED, "+573000000001", "guc")
    assert taken.place == Place(queue="anm_atencion", since=NOW)
    assert (taken.asked_at, taken.due_at) == (NOW + timedelta(seconds=31), NOW + timedelta(minutes=2))
    assert (taken.came_from, taken.consent and taken.consent.answer) == (("1.1",), ConsentAnswer.ACCEPTED)


def test_low_answer_asks_for_one_follow_up(sqlite_engine: Engine) -> None:
    for call_id, answers in (("1.1", (1, 2, 2)), ("1.2", (5, 4, 4))):
        said: dict[str, Any] = {"call_id": call_id, "channel_id": call_id, "source": Told.QUEUE_LOG, "at": NOW}
        names = ("satisfaccion", "percepcion", "confianza")
        questions = zip(names, answers, strict=True)
        told = [SurveyAnswered(question=name, answer=answer, survey="anm", **said) for name, answer in questions]
        Ledger(sqlite_engine).apply([CallStarted(line="anm", number=f"+57300{call_id[2:]:0>7}", **said), *told])
    calls = ledger_intake(sqlite_engine)
    assert (calls.take_in(NOW), calls.take_in(NOW)) == (1, 0)
    (taken,) = CallbackLists(sqlite_engine).page(CallbackFilter()).requests
    assert (taken.source, taken.telephone) == (Source.FOLLOW_UP, "+573000000001")
    assert taken.due_at == NOW + timedelta(hours=1)


def test_terminal_tells_the_list_the_funnel_and_one_request(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTESTA_DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))
    abandon(sqlite_engine, "1.1", 31)
    ledger_intake(sqlite_engine).take_in(NOW + timedelta(minutes=2))
    result = CliRunner().invoke(app, ["callbacks", "--json", "--source", "abandoned", "--open"])
    told = json.loads(result.output)
    (request,) = told["callbacks"]
    assert (request["state"], request["telephone"], request["attempts"]) == ("waiting", "300 *** **01", [])
    (stages,) = told["funnel"]
    assert (stages["day"], stages["source"], stages["asked"], stages["dialled"]) == ("2025-06-03", "abandoned", 1, 0)
    shown = CliRunner().invoke(app, ["callbacks", "show", request["id"], "--json"])
    assert [step["fact"] for step in json.loads(shown.output)["steps"]] == ["Se recibió la solicitud (Abandonada)"]
    by_number = CliRunner().invoke(app, ["callbacks", "show", request["number"], "--json"])
    assert json.loads(by_number.output)["id"] == request["id"]
    plain = CliRunner().invoke(app, ["callbacks"], env={"COLUMNS": "200"})
    assert "Abandonada" in plain.output
    assert "Pendientes: 1" in plain.output
    assert "+573000000001" not in result.output + shown.output + plain.output
    for said in (
        ["stop", "--reason", "Prueba"],
        ["leave-alone", "300 000 0001", "--reason", "Lo pidió"],
        ["call-again", "3000000001"],
    ):
        assert CliRunner().invoke(app, ["callbacks", *said]).exit_code == 0, said
    after = CliRunner().invoke(app, ["callbacks"], env={"COLUMNS": "200"})
    assert "Marcación detenida" in after.output
    assert "terminal: Prueba" in after.output
    assert "Cancelada: pidió no recibir llamadas" in after.output
    assert "quedó en marcha" in CliRunner().invoke(app, ["callbacks", "resume", "--reason", "Ya"]).output
    again = CliRunner().invoke(app, ["callbacks", "call-again", "3000000001"])
    assert isinstance(again.exception, ConfigurationError), "it is not on the list any more"
    for option, value in (("--state", "lost"), ("--after", "x"), ("--from", "ayer")):
        wrong = CliRunner().invoke(app, ["callbacks", option, value])
        assert isinstance(wrong.exception, ConfigurationError), option
