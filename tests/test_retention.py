"""What was said and written, when its days are over: gone from the disk and told so; held, it stays; figures stay."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from typer.testing import CliRunner

from callback_queue.sms.message import Message
from contesta import lines
from contesta.cli import app
from contesta.erasing import remover, rules
from contesta.settings import Settings
from contesta.web.access import Role
from core.errors import ConfigurationError
from core.privacy.retention import Kind, Retention
from core.privacy.subject import Subject, What
from ivr.line.examine import examine
from ivr.line.messages import Kind as Purpose
from ivr.prompts import shared
from storage.callbacks import Callbacks
from storage.database import table_of
from storage.expiry import Expiry, erasures
from storage.forgetting import Forgetting
from storage.holds import Holds
from storage.ledger import Ledger
from storage.projection import RecordingState
from storage.sms import SmsOutbox
from storage.sms_tables import SmsRow
from tests.callbacks import NOW as PROMISED
from tests.callbacks import PHONE
from tests.stories import START, at, events_of, log_of, number_of, uid
from tests.test_forgetting import attended
from tests.web import Office, run_office

DAY = timedelta(days=1)
LINE = "018000910123"
RULES = Retention(usual={Kind.RECORDING: 30, Kind.MAILBOX: 20, Kind.COMMENT: 10, Kind.SMS: 5})
CALLS = range(0, 64, 8)
"""Calls that were answered."""
SPOKEN = 1000


def said(call: int) -> list[str]:
    """What one call leaves besides its recording: a spoken comment, and a message after the tone."""
    second = START + SPOKEN + call
    return [
        f"{second}|{uid(call)}|NONE|NONE|ENCUESTA|otra||satisfaccion|2026/c{call}.wav",
        f"{second}|{uid(call)}|NONE|NONE|MENSAJE|2026/m{call}.wav",
    ]


def prepared(engine: Engine, settings: Settings) -> None:
    """Calls with all that can be erased of them, a promised call that was kept, and a message about it."""
    Ledger(engine).apply(events_of(log_of(CALLS, *(line for call in CALLS for line in said(call)))))
    names = [f"grabaciones/{uid(call)}" for call in CALLS] + [
        f"mensajes/2026/{of}{call}" for call in CALLS for of in "cm"
    ]
    for name in names:
        file = settings.data_dir / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"RIFF")
    attended(Callbacks(engine), settings.messages_dir)
    outbox = SmsOutbox(engine)
    message = Message(
        key="survey:1",
        line=LINE,
        purpose=Purpose.SURVEY_INVITATION,
        number=PHONE,
        sender="ANM",
        text="Cuéntenos cómo lo atendimos",
        not_before=at(0),
        expires_at=at(10),
    )
    outbox.add([message], at(0))
    outbox.expire(at(20))


def audio(settings: Settings) -> set[str]:
    """The files that there are."""
    return {
        str(file.relative_to(settings.data_dir))
        for folder in (settings.recordings_dir, settings.messages_dir, settings.audible_dir)
        for file in folder.rglob("*")
        if file.is_file()
    }


def figures(engine: Engine) -> object:
    ledger = Ledger(engine)
    told = [(call.call_id, call.number, call.visits, call.survey) for call in ledger.every_call()]
    return sorted(told, key=lambda one: one[0]), SmsOutbox(engine).states()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "var")


def test_what_is_too_old_is_erased_and_says_so_and_figures_stay(engine: Engine, settings: Settings) -> None:
    prepared(engine, settings)
    expiry, before = Expiry(engine, remover(settings)), figures(engine)
    copy = settings.audible_dir / "grabaciones" / f"{uid(0)}.wav"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"RIFF")
    everything = audio(settings)
    assert sum(expiry.expire(RULES, at(0)).counts.values()) == 1, "the promised call ended half a year before"
    assert len(everything - audio(settings)) == 1
    eleven = expiry.due(RULES, at(SPOKEN + 100) + 11 * DAY)
    assert eleven == {Kind.RECORDING: 0, Kind.MAILBOX: 0, Kind.COMMENT: 8, Kind.SMS: 1}
    assert len(everything - audio(settings)) == 1, "to count is not to erase"
    later = at(SPOKEN + 100) + 31 * DAY
    done = expiry.expire(RULES, later)
    assert done.counts == {Kind.RECORDING: 8, Kind.MAILBOX: 8, Kind.COMMENT: 8, Kind.SMS: 1}
    assert (done.failed, done.again, audio(settings)) == ([], 0, set())
    assert figures(engine) == before
    assert sum(expiry.expire(RULES, later).counts.values()) == 0, "once is enough"
    assert {(one.kind, one.file, one.at, one.days) for one in erasures(engine, uid(0))} == {
        (Kind.MAILBOX, "2026/m0.wav", later, 20),
        (Kind.COMMENT, "2026/c0.wav", later, 10),
        (Kind.RECORDING, f"{uid(0)}.wav", later, 30),
    }
    states = {one.state for call in Ledger(engine).calls(size=50).calls for one in call.recordings}
    assert states == {RecordingState.ERASED}
    with engine.connect() as connection:
        rows = connection.execute(select(table_of(SmsRow))).all()
    assert [(row.number, row.text, row.line) for row in rows] == [("", "", LINE)]


def test_a_line_has_its_own_rule_for_a_kind(engine: Engine, settings: Settings) -> None:
    prepared(engine, settings)
    own = Retention(usual=RULES.usual, by_line={LINE: {Kind.RECORDING: 400}})
    done = Expiry(engine, remover(settings)).expire(own, at(0) + 100 * DAY)
    assert (done.counts[Kind.RECORDING], done.counts[Kind.COMMENT]) == (0, 8)
    assert f"grabaciones/{uid(0)}.wav" in audio(settings)


@pytest.mark.parametrize(
    "subject", [Subject(what=What.CALL, value=uid(8)), Subject(what=What.TELEPHONE, value=number_of(8))]
)
def test_what_is_held_is_erased_only_once_the_hold_is_lifted(
    engine: Engine, settings: Settings, subject: Subject
) -> None:
    prepared(engine, settings)
    holds, expiry, late = Holds(engine), Expiry(engine, remover(settings)), at(0) + 900 * DAY
    with pytest.raises(ConfigurationError, match="motivo"):
        holds.set(subject, " ", "marta", at(0))
    hold = holds.set(subject, "Tutela 123", "marta", at(0))
    expiry.expire(RULES, late)
    assert audio(settings) == {f"grabaciones/{uid(8)}.wav", "mensajes/2026/c8.wav", "mensajes/2026/m8.wav"}
    assert [one.subject for one in holds.all(standing=True)] == [subject]
    holds.lift(hold.id, "Fallo en firme", "marta", late)
    with pytest.raises(ConfigurationError, match="ningún bloqueo"):
        holds.lift(hold.id, "otra vez", "marta", late)
    expiry.expire(RULES, late)
    assert (audio(settings), holds.all(standing=True)) == (set(), ())
    assert (holds.all()[0].lifted_by, holds.all()[0].lifted_reason) == ("marta", "Fallo en firme")


@pytest.mark.parametrize(
    "subject", [Subject(what=What.DOCUMENT, value="1023456789"), Subject(what=What.TELEPHONE, value=PHONE)]
)
def test_a_person_who_is_held_is_not_forgotten(engine: Engine, settings: Settings, subject: Subject) -> None:
    prepared(engine, settings)
    late = PROMISED + 900 * DAY
    hold = Holds(engine).set(subject, "Proceso penal", "marta", at(0))
    forgetting = Forgetting(engine, lambda _: None)
    Expiry(engine, remover(settings)).expire(RULES, late)
    assert forgetting.callbacks(late) == 0
    assert "mensajes/2025/voz.wav" in audio(settings)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT text FROM sms")).scalar_one(), "his message is held too"
    Holds(engine).lift(hold.id, "Archivado", "marta", late)
    assert forgetting.callbacks(late) == 1


def test_killed_between_file_and_row_the_next_round_ends_it(engine: Engine, settings: Settings) -> None:
    prepared(engine, settings)
    remove, late = remover(settings), at(0) + 900 * DAY
    left = 5

    class KilledError(BaseException):
        """What ends a process between two files."""

    def killed(kind: Kind, file: str) -> bool:
        nonlocal left
        if left == 0:
            raise KilledError
        left -= 1
        return remove(kind, file)

    with pytest.raises(KilledError):
        Expiry(engine, killed).expire(RULES, late)
    done = Expiry(engine, remove).expire(RULES, late)
    assert audio(settings) == set()
    assert done.counts[Kind.RECORDING] == 8, "what was erased without a row is written down now"
    back = settings.recordings_dir / f"{uid(0)}.wav"
    back.write_bytes(b"RIFF")
    assert Expiry(engine, remove).expire(RULES, late).again == 1, "what a backup brought back"
    assert not back.exists()


def test_a_file_that_cannot_be_deleted_is_told_and_the_others_go(engine: Engine, settings: Settings) -> None:
    prepared(engine, settings)
    remove, late = remover(settings), at(0) + 900 * DAY

    def stuck(kind: Kind, file: str) -> bool:
        if file == f"{uid(8)}.wav":
            raise PermissionError
        return remove(kind, file)

    done = Expiry(engine, stuck).expire(RULES, late)
    assert (done.failed, done.counts[Kind.RECORDING]) == ([uid(8)], 7)
    assert f"grabaciones/{uid(8)}.wav" in audio(settings)
    assert all(one.kind is not Kind.RECORDING for one in erasures(engine, uid(8)))
    assert Expiry(engine, remove).expire(RULES, late).counts[Kind.RECORDING] == 1


def test_a_name_that_leads_out_of_its_folder_deletes_nothing(settings: Settings) -> None:
    secret = settings.data_dir / "secretos.json"
    secret.parent.mkdir(parents=True)
    secret.write_text("{}", encoding="utf-8")
    remove = remover(settings)
    for name in ("../secretos.json", str(secret), "", ".", "a\0b"):
        assert remove(Kind.RECORDING, name) is False
    assert secret.exists()


def test_the_rules_of_a_lines_file_are_checked() -> None:
    source = Path("ivr/lines/ciudadanos.yaml").read_text(encoding="utf-8")
    (good,) = examine({"c.yaml": f"{source}\nretention:\n  recordings: 30\n  sms: 5\n"}, shared())
    assert good.line is not None
    assert good.line.retention == {Kind.RECORDING: 30, Kind.SMS: 5}
    (bad,) = examine({"c.yaml": f"{source}\nretention:\n  recordings: 0\n  fotos: 5\n"}, shared())
    told = [str(fault) for fault in bad.faults]
    assert ["de 1 a 36500" in told[0], "«fotos»: no se conoce" in told[1], len(told)] == [True, True, 2]


def test_a_line_that_is_withdrawn_keeps_the_days_it_said_last(settings: Settings) -> None:
    source = Path("ivr/lines/ciudadanos.yaml").read_text(encoding="utf-8")
    other = source.replace("name: ciudadanos", "name: otra", 1)
    published = lines.published(settings)

    def publish(edition: int, **days: int | None) -> dict[str, int]:
        """Publish these lines, each with its days; tells what rules there are for recordings afterwards."""
        for name, said in days.items():
            own = "" if said is None else f"\nretention: {{recordings: {said}}}\n"
            text = (source if name == "ciudadanos" else other) + own
            published.add({name: (f"{edition:012x}", text)})
        published.make_current(dict.fromkeys(days, f"{edition:012x}"), at(0) + edition * 2 * DAY)
        found = rules(settings, lines.published(settings)).own(Kind.RECORDING, at(0))
        return {line: (at(0) - before).days for line, before in found.items()}

    assert publish(1, ciudadanos=30, otra=10) == {"ciudadanos": 30, "otra": 10}
    assert publish(2, ciudadanos=40) == {"ciudadanos": 40, "otra": 10}
    assert publish(3, ciudadanos=40) == {"ciudadanos": 40, "otra": 10}, "its files are forgotten, its days are not"
    assert publish(4, otra=20) == {"ciudadanos": 40, "otra": 20}
    assert publish(5, ciudadanos=None, otra=20) == {"otra": 20}, "what it says now is what holds"
    assert publish(6, otra=20) == {"otra": 20}
    (settings.published_dir / "retention.json").write_text('{"otra": {"fotos": 3}}')
    with pytest.raises(ConfigurationError, match=r"retention\.json está dañado"):
        rules(settings, lines.published(settings))


def test_the_command_counts_first_and_then_erases(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path / "var", database_url=str(sqlite_engine.url))
    prepared(sqlite_engine, settings)
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("CONTESTA_DATABASE_URL", settings.database_url)
    for name in ("RECORDING", "MAILBOX", "COMMENT", "SMS"):
        monkeypatch.setenv(f"CONTESTA_{name}_DAYS", "1")
    monkeypatch.setenv("CONTESTA_COMMENT_DAYS", "36500")

    def run(*words: str) -> str:
        return CliRunner().invoke(app, ["privacy", *words], catch_exceptions=False).output

    assert json.loads(run("expire", "--dry-run", "--json"))["due"] == {
        "recordings": 8,
        "mailbox": 9,
        "comments": 0,
        "sms": 1,
    }
    assert len(audio(settings)) == 25
    assert run("expire").endswith("Se borró: 8 grabaciones de conversaciones, 9 grabaciones del buzón, 1 SMS.\n")
    assert audio(settings) == {f"mensajes/2026/c{call}.wav" for call in CALLS}
    assert run("expire").endswith("Se borró: nada.\n")


def test_what_was_erased_is_told_where_it_was(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office.settings)
        Expiry(sqlite_engine, remover(office.settings)).expire(RULES, datetime(2027, 6, 3, 15, tzinfo=UTC))
        supervisor = await office.signed_in(Role.SUPERVISOR)
        page = await (await supervisor.get(f"/llamadas/{uid(0)}")).text()
        assert "La grabación se borró el jueves 3 de junio de 2027 por la regla de conservación" in page
        assert "con Ana Ruiz (borrada)" in page
        assert "El comentario hablado se borró el" in page
        assert "borrada" in await (await supervisor.get("/llamadas?desde=2026-01-01")).text()
        told = await (await supervisor.get(f"/api/v1/calls/{uid(0)}")).json()
        assert [one["state"] for one in told["call"]["recordings"]] == ["erased"]
        listed = await (await supervisor.get("/api/v1/calls")).json()
        assert {one["state"] for call in listed["calls"] for one in call["recordings"]} == {"erased"}
        surveys = await (await supervisor.get("/encuestas?desde=2026-01-01&hasta=2026-01-31")).text()
        assert "El comentario hablado se borró el" in surveys
        assert "<audio" not in surveys

    run_office(sqlite_engine, scenario)
