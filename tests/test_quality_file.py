"""Audits from a file: `contesta quality score`, and what it says of files that cannot be counted."""

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from contesta.auditing.audits_file import parse, schema
from contesta.auditing.commands import app
from core.errors import ConfigurationError, ContestaError
from quality.matrix.matrix_text import ART_2019
from tests.audits import ART, audit, failing, september, written

SCHEMA = Draft202012Validator(schema())


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "120"}, catch_exceptions=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "auditorias.json"
    path.write_text(json.dumps({"audits": [written(one) for one in september()]}), encoding="utf-8")
    return path


def test_september_of_the_report_as_json(file: Path) -> None:
    told = json.loads(run("score", file, "--json").stdout)
    assert told["audits"] == 20
    assert told["business_critical"] == {
        "value": 1.0,
        "numerator": 20,
        "denominator": 20,
        "low": pytest.approx(0.8389, abs=5e-5),
        "high": 1.0,
        "threshold": 0.85,
        "complies": True,
    }
    assert told["end_user_critical"] == told["business_critical"]
    non_critical = told["non_critical"]
    assert (non_critical["numerator"], non_critical["denominator"]) == (311, 320)
    assert (non_critical["threshold"], non_critical["complies"]) == (0.9, True)
    assert {key: round(item["share"], 3) for key, item in told["items"].items() if item["failures"]} == {
        "6": 0.444,
        "7": 0.444,
        "9": 0.111,
    }
    assert told["items"]["6"]["subitems"]["6.4"]["failures"] == 2
    assert told["items"]["1"]["share"] is None
    assert told == json.loads(run("score", file, "--matrix", ART_2019, "--json").stdout)


def test_september_of_the_report_as_people_read_it(file: Path) -> None:
    shown = run("score", file, "--by", "agent").stdout.replace("\N{NO-BREAK SPACE}", " ")
    assert "20 auditorías. Matriz: art-2019, versión 1." in shown
    assert "Calidad crítica de negocio: 100,00 % (20/20; entre 83,9 % y 100,0 %). Cumple la meta de 85 %, con" in shown
    assert "Calidad no crítica: 97,19 % (311/320; entre 94,7 % y 98,5 %). Cumple la meta de 90 %." in shown
    assert "44,4 %" in shown
    assert "11,1 %" in shown
    assert "Andrés Gil" in shown


def test_nothing_audited_has_no_figures(tmp_path: Path) -> None:
    empty = tmp_path / "vacio.json"
    empty.write_text('{"audits": []}')
    told = json.loads(run("score", empty, "--json").stdout)
    assert told["audits"] == 0
    nothing = dict.fromkeys(["value", "low", "high", "complies"]) | {"numerator": 0, "denominator": 0}
    assert told["non_critical"] == nothing | {"threshold": 0.9}, "what its matrix asks for is known all the same"
    assert {item["applies"] for item in told["items"].values()} == {0}
    assert "no hay cifras" in run("score", empty).stdout


def test_file_saved_on_windows_counts_and_a_number_is_no_day(tmp_path: Path) -> None:
    path = tmp_path / "auditorias.json"
    path.write_text(json.dumps({"audits": [written(audit(1))]}), encoding="utf-8-sig")
    assert json.loads(run("score", path, "--json").stdout)["audits"] == 1
    numbered = written(audit(1)) | {"date": 1_567_296_000}
    path.write_text(json.dumps({"audits": [numbered]}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="clave «date»: no es una fecha"):
        run("score", path)


def test_double_audits_of_a_file_tell_agreement(tmp_path: Path) -> None:
    one, other = failing(1, "8.2"), audit(1, id="B-1", auditor="Óscar Díaz", blind=True)
    path = tmp_path / "dobles.json"
    path.write_text(json.dumps({"audits": [written(one), written(other) | {"blind": True}]}))
    told = json.loads(run("score", path, "--json").stdout)
    assert told["audits"] == 1
    assert told["agreement"]["items"]["8.2"] == {"pairs": 1, "equal": 0, "kappa": 0.0, "low": 0.0, "high": 0.0}
    assert told["agreement"]["auditors"]["Iris Mora"]["only_this"] == 1
    assert "Acuerdo entre auditores" in run("score", path).stdout


def test_failures_may_carry_their_evidence() -> None:
    one = written(audit(1))
    one["marks"]["6.4"] = {"mark": "fails", "seconds": 192.5, "note": "Colgó sin despedirse"}
    (read,) = parse(json.dumps({"audits": [one]}), "f", ART)
    assert (read.findings["6.4"].seconds, read.findings["6.4"].note) == (192.5, "Colgó sin despedirse")


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    """A file of three audits of which the second has been changed."""
    audits = [written(audit(number)) for number in (1, 2, 3)]
    change(audits[1])
    return json.dumps({"audits": audits})


@pytest.mark.parametrize(
    ("change", "said", "of_schema"),
    [
        (lambda one: one["marks"].pop("7.2"), "auditoría 2 («A-2»), clave «marks.7.2»: falta; escriba uno de", False),
        (lambda one: one["marks"].update({"6.1": "cumple"}), "clave «marks.6.1»: debe ser uno de: 'complies'", True),
        (lambda one: one["marks"].update({"12.1": "fails"}), "clave «marks.12.1»: no está en la matriz", False),
        (lambda one: one["marks"].update({"six": "fails"}), "clave «marks.six»: tiene caracteres que no", True),
        (lambda one: one.update(channel="chat"), "clave «marks.4.1»: no aplica a este contacto", False),
        (lambda one: one.update(date="3/09/2019"), "clave «date»: no es una fecha", True),
        (lambda one: one.pop("agent"), "clave «agent»: falta", True),
        (lambda one: one.update(id="A-1"), "clave «id»: ya es de la auditoría número 1; dé otro", False),
        (lambda one: one.update(asesor="x"), "clave «asesor»: no se conoce aquí", True),
        (lambda one: one.update(matrix={"id": "art-2019", "version": 2}), "se hizo con art-2019, versión 2", False),
        (
            lambda one: one["marks"].update({"6.1": {"mark": "fails", "seconds": -1}}),
            "clave «marks.6.1.seconds»: debe ser mínimo 0",
            True,
        ),
    ],
)
def test_one_bad_audit_refuses_the_file_and_is_named(
    change: Callable[[dict[str, Any]], object],
    said: str,
    of_schema: bool,  # noqa: FBT001  a column of the table
) -> None:
    source = changed(change)
    with pytest.raises(ConfigurationError) as error:
        parse(source, "auditorias.json", ART)
    assert str(error.value).startswith("auditorias.json: no se contó ninguna auditoría; corrija:")
    assert said in str(error.value)
    assert len(re.findall("auditoría [13]", str(error.value))) == 0
    assert SCHEMA.is_valid(json.loads(source)) is not of_schema or "date" in said


def test_all_bad_audits_are_told() -> None:
    bad = [written(audit(number)) | {"agent": ""} for number in range(30)]
    with pytest.raises(ConfigurationError) as error:
        parse(json.dumps({"audits": bad}), "f", ART)
    assert len(str(error.value).splitlines()) == 22
    assert str(error.value).endswith("y 10 más")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "no es JSON"),
        ("[]", "se espera un objeto con la lista «audits»"),
        ('{"audits": {}}', "se espera un objeto con la lista «audits»"),
        ('{"audits": [], "más": 1}', "clave «más»: no se conoce"),
        ('{"audits": [1, null]}', "auditoría 2, clave «(toda)»"),
        ('{"audits": [], "audits": []}', "la clave «audits» está repetida"),
        ('{"audits": [NaN]}', "NaN no es un número"),
        ("[" * 100_000, "no es JSON"),
    ],
)
def test_what_is_no_file_of_audits_is_said(source: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        parse(source, "f.json", ART)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["id", "marks"]), inner),
    max_leaves=6,
)


@given(st.lists(_json, max_size=3))
def test_any_json_is_read_or_refused(audits: list[Any]) -> None:
    with contextlib.suppress(ContestaError):
        parse(json.dumps({"audits": audits}), "f", ART)


def test_what_the_schema_allows_is_read() -> None:
    source = {"audits": [written(one) for one in september()]}
    SCHEMA.validate(source)
    assert len(parse(json.dumps(source), "f", ART)) == 20


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no se puede leer"):
        run("score", tmp_path / "nada.json")
