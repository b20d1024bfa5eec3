"""What people ask about their data: by when they are answered, what they are told, and what is erased."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from contesta.cli import app
from contesta.erasing import remover
from contesta.settings import Settings
from contesta.web.access import Action, Role
from core.errors import ConfigurationError
from core.privacy.deadlines import Ask, due
from core.privacy.subject import Subject, What
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.data_requests import DataRequests
from storage.holds import Holds
from storage.people_access_log import AccessFilter, AccessLog
from storage.subject_data import SubjectData
from tests.callbacks import ANY_HOUR, PHONE, wish
from tests.stories import at, number_of, uid
from tests.test_forgetting import SECRETS, everything
from tests.test_retention import audio, figures, prepared
from tests.web import Office, run_office

PAGE = "/administracion/solicitudes"
CALLER = Subject(what=What.TELEPHONE, value=number_of(8))
PERSON = Subject(what=What.DOCUMENT, value="1023456789")
NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ask", "received", "extended", "until"),
    [
        (Ask.EXPORT, date(2026, 11, 27), False, date(2026, 12, 14)),  # Friday; 8 December is a holiday
        (Ask.EXPORT, date(2026, 11, 27), True, date(2026, 12, 21)),
        (Ask.ERASURE, date(2026, 6, 1), False, date(2026, 6, 24)),  # 8 and 15 June are holidays
        (Ask.ERASURE, date(2026, 6, 1), True, date(2026, 7, 7)),  # 29 June too
        (Ask.CORRECTION, date(2026, 11, 28), False, date(2026, 12, 21)),  # a Saturday
    ],
)
def test_days_to_answer_are_working_days_of_colombia(ask: Ask, received: date, until: date, *, extended: bool) -> None:
    assert due(ask, received, extended=extended) == until


def test_register_keeps_each_request_to_its_answer(engine: Engine) -> None:
    store = DataRequests(engine)
    late = store.add(Ask.ERASURE, CALLER, "radicado 1", date(2026, 11, 2), "marta", NOW)
    soon = store.add(Ask.EXPORT, PERSON, "", date(2026, 11, 3), "marta", NOW)
    with pytest.raises(ConfigurationError, match="de una persona"):
        store.add(Ask.EXPORT, Subject(what=What.CALL, value=uid(0)), "", date(2026, 11, 2), "marta", NOW)
    assert [one.id for one in store.all()] == [soon.id, late.id]
    assert (set(store.claimed().telephones), set(store.claimed().documents)) == ({CALLER.value}, set())
    assert store.extend(late.id, "faltan datos", NOW).due > late.due
    with pytest.raises(ConfigurationError, match="ya se amplió"):
        store.extend(late.id, "otra vez", NOW)
    with pytest.raises(ConfigurationError, match="escriba qué"):
        store.answer(late.id, " ", "marta", NOW)
    assert store.answer(late.id, "se borró", "marta", NOW).answer == "se borró"
    with pytest.raises(ConfigurationError, match="ya se respondió"):
        store.answer(late.id, "otra vez", "marta", NOW)
    assert store.claimed().telephones == set()


def test_all_that_is_kept_of_a_person_is_told(engine: Engine, tmp_path: Path) -> None:
    prepared(engine, Settings(data_dir=tmp_path))
    data = SubjectData(engine)
    caller = data.export(CALLER)
    assert [one["identificador"] for one in caller["llamadas"]] == [uid(8)]
    assert [len(caller["llamadas"][0][name]) for name in ("grabaciones", "encuesta")] == [1, 4]
    assert (caller["devoluciones"], caller["sms"]) == ([], [])
    for subject, messages in ((PERSON, 0), (Subject(what=What.TELEPHONE, value=PHONE), 1)):
        told = data.export(subject)
        assert all(secret in json.dumps(told, ensure_ascii=False) for secret in SECRETS)
        assert len(told["sms"]) == messages, "a document leads to no messages of a telephone that others may share"


def test_what_may_be_erased_of_a_person_is_and_figures_stay(engine: Engine, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepared(engine, settings)
    data, before, files = SubjectData(engine), figures(engine), audio(settings)
    done = data.erase(CALLER, remover(settings), NOW)
    assert (done.recordings, done.comments, done.calls_kept, done.held) == (2, 1, 1, 0)
    assert files - audio(settings) == {f"grabaciones/{uid(8)}.wav", "mensajes/2026/c8.wav", "mensajes/2026/m8.wav"}
    done = data.erase(Subject(what=What.TELEPHONE, value=PHONE), remover(settings), NOW)
    assert (done.requests, done.messages) == (1, 1)
    assert [secret for secret in SECRETS if secret in everything(engine)] == []
    assert "mensajes/2025/voz.wav" not in audio(settings)
    assert figures(engine) == before
    again = data.erase(CALLER, remover(settings), NOW)
    assert (again.recordings, again.comments, again.requests) == (0, 0, 0)


def test_the_page_of_whoever_was_erased_says_so_and_offers_nothing(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office.settings)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        (one,) = CallbackLists(sqlite_engine).page(CallbackFilter()).requests
        before = await (await supervisor.get(f"/devoluciones/{one.id}")).text()
        assert ("se borraron" in before, "No llamar más" in before) == (False, True)
        SubjectData(sqlite_engine).erase(PERSON, remover(office.settings), NOW)
        after = await (await supervisor.get(f"/devoluciones/{one.id}")).text()
        assert ("se borraron" in after, "No llamar más" in after, "Anónimo" in after) == (True, False, False)

    run_office(sqlite_engine, scenario)


def test_what_is_held_or_under_way_is_not_erased_and_told(engine: Engine, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepared(engine, settings)
    Holds(engine).set(Subject(what=What.CALL, value=uid(8)), "Tutela 1", "marta", NOW)
    Callbacks(engine).ask(wish(telephone=number_of(8), origin="web:9"), ANY_HOUR, at(0))
    files = audio(settings)
    done = SubjectData(engine).erase(CALLER, remover(settings), NOW)
    assert (done.recordings, done.under_way, done.held > 0) == (0, 1, True)
    assert audio(settings) == files


def test_administrator_notes_exports_erases_and_answers(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office.settings)
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        typed = {"ask": "erasure", "what": "telephone", "value": "300 000 0008", "received": "2026-01-05", "detail": ""}
        for wrong in ({"value": "1"}, {"what": "call"}, {"received": "2199-01-01"}):
            assert (await administrator.post(PAGE, data=typed | wrong)).status == 400
        made = await administrator.post(PAGE, data=typed)
        assert "Vencida: era hasta el 27/01/2026" in await made.text()
        assert "Reclamo en trámite" in await (await supervisor.get(f"/llamadas/{uid(8)}")).text()
        assert "Reclamo en trámite" not in await (await supervisor.get(f"/llamadas/{uid(0)}")).text()
        Callbacks(sqlite_engine).ask(wish(telephone=number_of(8), origin="web:9"), ANY_HOUR, office.clock())
        for address in ("/devoluciones", "/devoluciones.csv"):
            assert (await (await supervisor.get(address)).text()).count("Reclamo en trámite") == 1, address
        told = await (await administrator.get(f"{PAGE}/1/datos.json")).json()
        assert told["llamadas"][0]["numero"] == number_of(8)
        unsure = await administrator.post(f"{PAGE}/1/borrar", data={"sure": ""})
        assert unsure.status == 400
        assert "no se puede deshacer" in await unsure.text()
        erased = await (await administrator.post(f"{PAGE}/1/borrar", data={"sure": "on"})).text()
        assert "Se borró: 2 grabaciones, 1 comentario hablado." in erased
        page = await (await supervisor.get(f"/llamadas/{uid(8)}")).text()
        assert "porque la persona lo pidió" in page
        assert (await administrator.post(f"{PAGE}/1/ampliar", data={"text": "faltan datos"})).status == 400, "too late"
        assert (await administrator.post(f"{PAGE}/1/responder", data={"text": "se borró"})).status == 200
        assert (await administrator.post(f"{PAGE}/1/borrar", data={"sure": "on"})).status == 400
        assert "Reclamo en trámite" not in await (await supervisor.get(f"/llamadas/{uid(8)}")).text()
        kinds = [one.action for one in office.accesses() if one.what == "solicitud 1"]
        assert kinds == [
            Action.DATA_REQUEST_ANSWERED,
            Action.DATA_ERASED,
            Action.DATA_EXPORTED,
            Action.DATA_REQUEST_NOTED,
        ]

    run_office(sqlite_engine, scenario)


def test_the_same_by_command(sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONTESTA_DATABASE_URL", str(sqlite_engine.url))
    prepared(sqlite_engine, Settings(data_dir=tmp_path))
    DataRequests(sqlite_engine).add(Ask.ERASURE, CALLER, "", date(2026, 1, 5), "marta", NOW)

    def run(*words: str) -> str:
        return CliRunner().invoke(app, ["privacy", *words], catch_exceptions=False).output

    assert "Borrar sus datos" in run("requests")
    assert json.loads(run("requests", "--json"))[0]["due"] == "2026-01-27"
    assert json.loads(run("requests", "export", "1"))["llamadas"][0]["identificador"] == uid(8)
    unsure = CliRunner().invoke(app, ["privacy", "requests", "erase", "1"])
    assert "agregue --sure" in str(unsure.exception)
    assert "Se borró: 2 grabaciones, 1 comentario hablado." in run("requests", "erase", "1", "--sure")
    assert "Responder hasta el" in run("requests", "note", "corregir", "documento", "1.023.456.789")
    assert "Responder hasta el" in run("requests", "extend", "2", "--reason", "faltan datos")
    assert "Se corrigió: 1 devolución." in run("requests", "correct", "2", "--name", "Ana Díaz")
    assert "respondida" in run("requests", "answer", "2", "--text", "se corrigió")
    assert "Respondida" in run("requests")
    kinds = [
        one.action for one in AccessLog(sqlite_engine).read(AccessFilter()).lines if one.what.startswith("solicitud 2")
    ]
    assert kinds == [
        Action.DATA_REQUEST_ANSWERED,
        Action.DATA_CORRECTED,
        Action.DATA_REQUEST_EXTENDED,
        Action.DATA_REQUEST_NOTED,
    ]
