"""The administrator's page of personal data: legal holds and how long things stay; and the same by command."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from contesta.cli import app
from contesta.web.access import Action, Role
from core.errors import ConfigurationError
from core.privacy.subject import Subject, What
from storage.holds import Holds
from storage.ledger import Ledger
from tests.stories import events_of, lines, number_of, uid
from tests.web import Office, run_office

PAGE = "/administracion/datos"


def test_administrator_holds_a_person_and_lifts_it_with_reasons(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        Ledger(sqlite_engine).apply(events_of(lines(8)))
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        assert "No hay bloqueos" in await (await administrator.get(PAGE)).text()
        typed = {"what": "telephone", "value": "300 000 0008", "reason": "Tutela 123"}
        for wrong in ({"value": "12"}, {"what": "call", "value": "nadie"}, {"what": "document", "value": "¡!¿?"}):
            refused = await administrator.post(f"{PAGE}/bloqueos", data=typed | wrong)
            assert (refused.status, 'role="alert"' in await refused.text()) == (400, True)
        for given in (typed, typed | {"what": "call", "value": uid(8)}):
            assert (await administrator.post(f"{PAGE}/bloqueos", data=given)).status == 200
        page = await (await administrator.get(PAGE)).text()
        assert "Teléfono 300 *** **08" in page
        assert number_of(8) not in page
        assert uid(8) in page
        for reason, status in (("", 400), ("Fallo en firme", 200), ("otra vez", 400)):
            assert (await administrator.post(f"{PAGE}/bloqueos/1", data={"reason": reason})).status == status
        assert "Levantado el" in await (await administrator.get(PAGE)).text()
        (standing,) = Holds(sqlite_engine).all(standing=True)
        assert (standing.subject.what, standing.author) == (What.CALL, "administrator")
        log = [(one.action, one.what) for one in office.accesses()]
        done = [(Action.HOLD_LIFTED, 1), (Action.HOLD_SET, 2), (Action.HOLD_SET, 1)]
        assert log == [(action, f"bloqueo {number}") for action, number in done]

    run_office(sqlite_engine, scenario)


def test_the_same_by_command(sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONTESTA_DATABASE_URL", str(sqlite_engine.url))

    def run(*words: str) -> str:
        return CliRunner().invoke(app, ["privacy", *words], catch_exceptions=False).output

    assert run("holds") == "No hay bloqueos legales.\n"
    assert run("hold", "documento", "1.023.456.789", "--reason", "Proceso penal") == "Bloqueo 1 puesto.\n"
    assert "Documento ••• 789" in run("holds")
    assert run("lift", "1", "--reason", "Archivado") == "Bloqueo 1 levantado.\n"
    (told,) = json.loads(run("holds", "--json"))
    assert (told["reason"], told["lifted_reason"]) == ("Proceso penal", "Archivado")
    assert (told["author"], told["lifted_by"]) == ("contesta privacy", "contesta privacy")


@pytest.mark.parametrize(
    ("what", "said", "value"),
    [
        (What.TELEPHONE, " 300 123 4567 ", "+573001234567"),
        (What.DOCUMENT, "1.023.456-789", "1023456789"),
        (What.DOCUMENT, "ab 123", "AB123"),
        (What.CALL, "1767280000.0", "1767280000.0"),
    ],
)
def test_a_subject_has_one_written_form(what: What, said: str, value: str) -> None:
    assert Subject.read(what, said).value == value


@pytest.mark.parametrize(
    ("what", "said"), [(What.TELEPHONE, "123"), (What.DOCUMENT, "12"), (What.CALL, ""), (What.REQUEST, "a\0b")]
)
def test_what_is_no_subject_is_refused(what: What, said: str) -> None:
    with pytest.raises(ConfigurationError):
        Subject.read(what, said)
