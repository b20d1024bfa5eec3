import dataclasses
import re
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import ivr
from asterisk_conf.configuration import TelephoneSystem, render, write
from contesta import accounts, lines
from contesta.settings import Settings
from contesta.wiring import telephone_system
from core.errors import ConfigurationError
from ivr.line import exchange
from ivr.line.model import Line, Recording
from telephony.asterisk import Installation

LINES = Path(ivr.__file__).parent / "lines"
TODAY = date(2026, 12, 1)


@pytest.fixture
def system() -> Iterator[TelephoneSystem]:
    with tempfile.TemporaryDirectory(prefix="contesta-") as short:
        yield _system(Path(short))


def _system(folder: Path) -> TelephoneSystem:
    data = folder / "share"
    (data / "sounds" / "es_MX_f_Allison" / "digits").mkdir(parents=True)
    (data / "moh").mkdir()
    installation = Installation(program=Path("/x/asterisk"), modules=Path("/x/modules"), data=data, version="22.10.1")
    settings = Settings(data_dir=folder / "var")
    every = tuple(one.line for one in lines.examine_files(sorted(LINES.glob("*.yaml"))) if one.line)
    return telephone_system(settings, accounts.ensure(settings.secrets_file), installation, every, TODAY)


def _context(system: TelephoneSystem, name: str) -> str:
    found = re.search(
        rf"^\[{re.escape(name)}\]$(.*?)(?=^\[|\Z)", render(system)["extensions.conf"], re.MULTILINE | re.DOTALL
    )
    assert found, name
    return found[1]


def _with(system: TelephoneSystem, **changes: Any) -> TelephoneSystem:  # noqa: ANN401  each field has a type of its own
    """Change the first line: any of its fields."""
    first, *others = system.lines
    return dataclasses.replace(system, lines=[dataclasses.replace(first, **changes), *others])


def _line(system: TelephoneSystem, name: str) -> Line:
    return next(line for line in system.lines if line.name == name)


def test_callers_reach_published_numbers_only_and_cannot_dial_out(system: TelephoneSystem) -> None:
    public = _context(system, "publico")
    assert re.findall(r"exten => ([^,]+),", public) == [number for line in system.lines for number in line.numbers]
    assert re.findall(r"LINEA=(\w+)", public) == ["anm", "anm", "art", "art_soporte", "ciudadanos"]
    reachable = render(system)["extensions.conf"].split("[asesores]")[0]
    assert not re.search(r"(?<!Mix)\b(Dial|System|Originate|TrySystem|Exec)\(", reachable)
    for context in re.findall(r"^\[([^\]]+)\]", render(system)["extensions.conf"], re.MULTILINE):
        assert "_X" not in _context(system, context) or context.startswith("dias-"), context


def test_manager_users_may_do_what_they_are_for_and_nothing_else(system: TelephoneSystem) -> None:
    text = render(system)["manager.conf"]
    assert "bindaddr = 127.0.0.1" in text
    assert re.findall(r"^write = (.*)$", text, re.MULTILINE) == [
        "reporting",
        "originate,reporting,call",
        "agent,reporting",
    ]
    assert re.findall(r"^read = ?(.*)$", text, re.MULTILINE) == ["call,agent,user", "", ""]
    assert "webenabled = no" in text


def test_who_listens_is_rung_and_can_reach_nobody_and_join_nothing(system: TelephoneSystem) -> None:
    files = render(system)
    (template,) = re.findall(r"^\[monitoreo\]\(!\)$(.*?)^\[", files["pjsip.conf"], re.MULTILINE | re.DOTALL)
    assert "context = nadie\n" in template
    assert "[nadie]" not in files["extensions.conf"]
    modes = re.findall(r"ESC_MODO=(\w+)", files["extensions.conf"])
    assert modes == ["qES", "qwES"], "neither B, which would join, nor d and X, which keys would act on"
    assert not {one.account for one in system.listening} & {one.account for one in system.members}
    assert "monitoreo" not in files["queues.conf"]


def test_every_queue_of_every_line_is_made_as_its_file_says(system: TelephoneSystem) -> None:
    text = render(system)["queues.conf"]
    queues = [queue for line in system.lines for queue in line.queues.values()]
    assert re.findall(r"^\[([^\]]+)\]\(cola\)", text, re.MULTILINE) == [queue.name for queue in queues]
    assert len(queues) == 16
    (citizens,) = re.findall(r"^\[art_ciudadanos\]\(cola\)$(.*?)^\[", text, re.MULTILINE | re.DOTALL)
    said = dict(row.split(" = ", 1) for row in citizens.splitlines() if " = " in row)
    art = _line(system, "art")
    assert (said["strategy"], said["timeout"], said["joinempty"]) == ("leastrecent", "15", "yes")
    assert (said["periodic-announce"], said["periodic-announce-frequency"]) == (
        f"{art.sounds}/oferta_devolucion_tecla",
        "90",
    )
    assert (said["announce-position-only-up"], said["announce-frequency"]) == ("yes", "45")
    assert said["context"] == "teclas-art_ciudadanos"
    assert "exten => 1,1,Goto(oferta,s,1)" in _context(system, "teclas-art_ciudadanos")
    assert len(re.findall(r"^member => ", citizens, re.MULTILINE)) == 6, "without members, everybody answers"


def test_a_queue_of_its_own_members_rings_only_them(system: TelephoneSystem) -> None:
    anm = _line(system, "anm")
    queue = dataclasses.replace(anm.queue, members=("asesor2",), wait_without_advisers=False)
    text = render(_with(system, queues={**anm.queues, queue.name: queue}))["queues.conf"]
    (mine,) = re.findall(r"^\[anm_atencion\]\(cola\)$(.*?)^\[", text, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^member => PJSIP/(\w+),", mine, re.MULTILINE) == ["asesor2"]
    assert re.findall(r"^(?:join|leavewhen)empty = (.*)", mine, re.MULTILINE) == ["unavailable,invalid,unknown"] * 2


def test_the_dialplan_knows_the_hours_and_the_holidays_to_come(system: TelephoneSystem) -> None:
    days = dict(re.findall(r"exten => (\d+),1,Return\(\$\[(.*)\]\)", _context(system, "dias-anm")))
    assert days["1"] == "(${HORA} >= 800 & ${HORA} < 1700)"
    assert days["5"] == "(${HORA} >= 800 & ${HORA} < 1600)"
    assert days["7"] == "0"
    assert days["20261208"] == "0", "a public holiday"
    assert days["20261224"] == "(${HORA} >= 800 & ${HORA} < 1200)", "a special day"
    assert days["20270712"] == "0", "next year's Virgen de Chiquinquirá"
    assert days["20290101"] == "0", "and three years on"
    assert "20261225" in days
    assert "20261209" not in days


@pytest.mark.parametrize(
    ("recording", "said"), [(Recording.ALWAYS, "si"), (Recording.CONSENTED, "no"), (Recording.NEVER, "nunca")]
)
def test_nobody_is_recorded_before_a_script_says_so(system: TelephoneSystem, recording: Recording, said: str) -> None:
    assert f"__GRABAR_DE_LINEA={said})" in _context(_with(system, recording=recording), "lineas")
    assert 'IF($["${CONTESTA_GRABAR}"="si" & "${GRABAR_DE_LINEA}"!="nunca"]?grabar)' in _context(system, "cola")


def test_advisers_pass_callers_on_to_queues_areas_and_surveys(system: TelephoneSystem) -> None:
    text = _context(system, "asesores")
    passed = dict(re.findall(r"exten => (\w+),1,Set\(NOMBRE=(\w+)\)", text))
    for name in ("art_secretaria", "841"):
        assert passed[name] == "art_secretaria"
    for name in ("atencion", "801"):
        assert passed[name] == "atencion"
    for name in ("encuesta_anm_servicio", "890"):
        assert passed[name] == "anm_servicio"


def test_dialplan_and_scripts_use_the_same_words(system: TelephoneSystem) -> None:
    text = render(system)["extensions.conf"]
    for word in (exchange.DESTINATION, exchange.RECORD, exchange.MESSAGES):
        assert f"{word}=" in text or f"${{{word}}}" in text
    for script in (exchange.ENTRY, exchange.MAILBOX, exchange.OFFER, exchange.SURVEY):
        assert f"/{script},${{LINEA}},${{EDICION" in text
    for word in (exchange.QUEUE, exchange.MAILBOX, exchange.SURVEY, exchange.END):
        assert f'"${{PASO}}"="{word}"' in text


@pytest.mark.parametrize("name", ["a,b", "a;b", 'a"b', "a|b", "[x]", "a\nb", "${SHELL(id)}", "a\\b", ""])
def test_a_name_that_would_break_a_file_is_refused(system: TelephoneSystem, name: str) -> None:
    hostile = dataclasses.replace(
        system, members=[accounts.Adviser(account="asesor1", name=name, secret="s" * 20), *system.members]
    )
    with pytest.raises(ConfigurationError, match="no puede estar"):
        render(hostile)


@pytest.mark.parametrize("word", ["a,b", "a;b", "a)b", "x\n[y]", "${SHELL(id)}", "a b", "", "ñ"])
def test_a_word_of_a_line_that_would_break_a_file_is_refused(system: TelephoneSystem, word: str) -> None:
    first = system.lines[0]
    queue = first.queue
    hostile: list[dict[str, object]] = [
        {"name": word},
        {"edition": word},
        {"numbers": (word,)},
        {"closed": dataclasses.replace(first.closed, prompt=word)},
        {"queues": {queue.name: dataclasses.replace(queue, name=word)}},
        {"queues": {queue.name: dataclasses.replace(queue, music=word)}},
        {"areas": {"a": dataclasses.replace(next(iter(first.areas.values())), name=word)}},
        {"surveys": {"s": dataclasses.replace(next(iter(first.surveys.values())), name=word)}},
    ]
    for changes in hostile:
        with pytest.raises(ConfigurationError, match=r"no puede estar|no hay una cuenta"):
            render(_with(system, **changes))


def test_texts_for_people_are_in_no_file_of_asterisk(system: TelephoneSystem) -> None:
    evil = "x\n[publico]\nexten => _X.,1,System(${EXTEN})"
    first = system.lines[0]
    changes: dict[str, object] = {
        "title": evil,
        "entity": evil,
        "queues": {name: dataclasses.replace(queue, title=evil) for name, queue in first.queues.items()},
        "areas": {name: dataclasses.replace(area, title=evil) for name, area in first.areas.items()},
        "surveys": {name: dataclasses.replace(survey, title=evil) for name, survey in first.surveys.items()},
        "texts": {"es": {"bienvenida": evil}},
    }
    assert render(_with(system, **changes)) == render(system)


def test_a_queue_called_as_an_account_and_an_unknown_account_are_refused(system: TelephoneSystem) -> None:
    first = system.lines[0]
    named = dataclasses.replace(first.queue, name="asesor1")
    with pytest.raises(ConfigurationError, match="«asesor1» es una cuenta de asesor"):
        render(_with(system, queues={"asesor1": named}, areas={}))
    strangers = dataclasses.replace(first.queue, members=("nadie",))
    with pytest.raises(ConfigurationError, match="no hay una cuenta de asesor «nadie»"):
        render(_with(system, queues={strangers.name: strangers}, areas={}))


def test_a_folder_too_deep_for_a_socket_is_refused(system: TelephoneSystem) -> None:
    with pytest.raises(ConfigurationError, match="muy larga"):
        render(dataclasses.replace(system, folder=Path("/" + "x" * 100)))


def test_writing_again_changes_nothing_and_keeps_the_secrets_private(system: TelephoneSystem) -> None:
    config = write(system)
    first = {p: p.read_bytes() for p in config.parent.iterdir()}
    assert write(system) == config
    assert {p: p.read_bytes() for p in config.parent.iterdir()} == first
    assert config.parent.stat().st_mode & 0o077 == 0
    for language in ("es", "guc"):
        sounds = system.folder / "lib" / "sounds" / language
        assert (sounds / "contesta").resolve() == (system.sounds / language / "contesta").resolve()
        assert (sounds / "digits").is_dir(), "numbers are said in Spanish where there are no others"
