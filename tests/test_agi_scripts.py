"""The call scripts at their edges: what is missing or broken, and as the programs that Asterisk may start."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import agi_scripts
from agi_scripts import FLOWS
from agi_scripts.call import Desk, desk_in, play
from agi_scripts.program import DATA
from contesta.lines import SHIPPED, examine_files
from contesta.settings import Settings
from core.errors import CallEndedError, ConfigurationError
from ivr.answered import NAME, AnsweredFile
from ivr.line.exchange import DESTINATION
from ivr.line.model import Line
from tests.scripted_asterisk import CALL_ID, Actions, Call, CallStreams, channel_of, environment

FOLDER = Path(agi_scripts.__file__).parent
PATIENCE_SECONDS = 60
ABOUT = {"entrada": "", "buzon": "devolucion", "oferta": "atencion", "encuesta": "atencion", "autorizacion": ""}
WHOLE = {"entrada": "1", "buzon": "1023456789# 1 1 3 ~9 1 -", "oferta": "", "encuesta": "5 4 3", "autorizacion": ""}
QUEUED = "cola:atencion"
NEXT = {"entrada": QUEUED, "buzon": "fin", "oferta": QUEUED, "encuesta": "fin", "autorizacion": QUEUED}
ALWAYS_OPEN = "monday-sunday: 00:00-24:00\n  public_holidays: open"
NEVER_OPEN = "monday: 00:00-00:01\n  public_holidays: closed"

Play = Callable[[str, Call], None]


def shipped(source: str, folder: Path) -> Line:
    """Publish a line in a folder of data."""
    file = folder / "linea.yaml"
    file.write_text(source, encoding="utf-8")
    (examined,) = examine_files([file])
    assert examined.line, examined.faults
    desk_in(folder).lines.add({examined.line.name: (examined.line.edition, source)})
    return examined.line


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return shipped(SHIPPED.read_text(encoding="utf-8"), tmp_path)


def run(script: str, call: Call, desk: Desk, line: Line) -> None:
    play(FLOWS[script], desk, channel_of(call, script, line.name, line.edition, ABOUT[script]))


@pytest.mark.parametrize("script", FLOWS)
def test_last_act_tells_where_the_call_goes(script: str, desk: Desk, line: Line, tmp_path: Path) -> None:
    call = Call(Actions(WHOLE[script]), messages=tmp_path)
    run(script, call, desk, line)
    assert call.variables[DESTINATION] == NEXT[script]
    assert list(call.variables)[-1] == DESTINATION


@pytest.mark.parametrize("script", sorted(FLOWS.keys() - {"oferta", "autorizacion"}))
def test_caller_hangs_up_and_no_destination_is_set(script: str, desk: Desk, line: Line) -> None:
    call = Call(Actions(""))
    with pytest.raises(CallEndedError):
        run(script, call, desk, line)
    assert DESTINATION not in call.variables


@pytest.mark.parametrize("script", FLOWS)
def test_missing_prompts_never_drop_the_caller(script: str, desk: Desk, line: Line, tmp_path: Path) -> None:
    class Nothing:
        def __contains__(self, prompt: object) -> bool:
            return True

    call = Call(Actions(WHOLE[script]), missing=Nothing(), messages=tmp_path)
    run(script, call, desk, line)
    assert call.heard == []
    assert call.variables[DESTINATION] == NEXT[script]


@pytest.mark.parametrize(
    ("name", "edition"), [("", ""), ("nadie", "0123456789ab"), ("ciudadanos", ""), ("../../etc", "0123456789ab")]
)
def test_line_that_nobody_published_is_left_to_the_dialplan(name: str, edition: str, desk: Desk, line: Line) -> None:
    assert line.name == "ciudadanos"
    call = Call(Actions("1"))
    with pytest.raises(ConfigurationError):
        play(FLOWS["entrada"], desk, channel_of(call, "entrada", *filter(None, [name, edition])))
    assert call.variables == {}


def test_call_keeps_the_edition_it_began_with(desk: Desk, line: Line, tmp_path: Path) -> None:
    source = SHIPPED.read_text(encoding="utf-8")
    newer = shipped(
        source.replace("1: {title: Hablar", "2: {title: Hablar").replace("asesor … marque 1", "asesor … marque 2"),
        tmp_path,
    )
    assert newer.edition != line.edition
    for each, key in ((line, "1"), (newer, "2")):
        call = Call(Actions(key))
        run("entrada", call, desk, each)
        assert call.queue_log == [f"NONE,{CALL_ID},NONE,MENU,principal|{key}|chosen"]


MORE_WAYS = """\
      0: {title: Hablar con un asesor, queue: atencion}
      4: {title: Jurídica, area: juridica}
      5: {title: Opinar, survey: atencion}
      6: {title: Horario, hangup: cerrado}
      7: hangup
      8: {title: Horario, say: cerrado, then: {say: bienvenida, then: {mailbox: devolucion}}}
"""


@pytest.mark.parametrize(
    ("key", "heard", "destination"),
    [
        ("4", ["transferencia"], "cola:juridica"),
        ("5", [], "encuesta:atencion"),
        ("6", ["cerrado"], "fin"),
        ("7", [], "fin"),
        ("8", ["cerrado", "bienvenida"], "buzon:devolucion"),
    ],
)
def test_every_way_out_of_a_menu(key: str, heard: list[str], destination: str, desk: Desk, tmp_path: Path) -> None:
    source = SHIPPED.read_text(encoding="utf-8")
    source = source.replace("      0: {title: Hablar con un asesor, queue: atencion}\n", MORE_WAYS)
    source = source.replace("mailboxes:\n", "areas:\n  juridica: {title: Oficina Jurídica}\n\nmailboxes:\n")
    call = Call(Actions(key))
    run("entrada", call, desk, shipped(source, tmp_path))
    assert call.heard == ["bienvenida", "menu_principal", *heard]
    assert call.variables[DESTINATION] == destination


def test_who_answered_the_survey_to_the_adviser_is_not_asked_again(line: Line, desk: Desk, tmp_path: Path) -> None:
    AnsweredFile(tmp_path / NAME).write({CALL_ID, "other"})
    call = Call(Actions(WHOLE["encuesta"]))
    run("encuesta", call, desk, line)
    assert (call.heard, call.queue_log, call.variables[DESTINATION]) == ([], [], "fin")
    AnsweredFile(tmp_path / NAME).write({"other"})
    asked = Call(Actions(WHOLE["encuesta"]))
    run("encuesta", asked, desk, line)
    assert len(asked.queue_log) == 3


def test_requests_that_cannot_be_kept_are_told_and_an_adviser_takes_the_call(line: Line, tmp_path: Path) -> None:
    (tmp_path / "buzon").touch()
    call = Call(Actions(WHOLE["buzon"]), messages=tmp_path)
    run("buzon", call, desk_in(tmp_path), line)
    assert call.heard == ["buzon_no_guarda", "respaldo"]
    assert call.variables[DESTINATION] == "cola:atencion"


def test_requests_that_cannot_be_kept_outside_hours(tmp_path: Path) -> None:
    closed = shipped(SHIPPED.read_text(encoding="utf-8").replace(ALWAYS_OPEN, NEVER_OPEN), tmp_path)
    (tmp_path / "buzon").touch()
    call = Call(Actions(WHOLE["buzon"]), messages=tmp_path)
    run("buzon", call, desk_in(tmp_path), closed)
    assert (call.heard[0], call.heard[1], call.heard[-1]) == ("buzon_no_guarda", "cerrado_desde", "cerrado")
    assert call.variables[DESTINATION] == "fin"


@pytest.mark.parametrize("messages", [None, "file"])
def test_speech_that_cannot_be_recorded_holds_nobody_up(
    messages: str | None, desk: Desk, line: Line, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    call = Call(Actions("1023456789# 1 1 3 -"), messages=tmp_path / messages if messages else None)
    run("buzon", call, desk, line)
    assert call.heard.count("buzon_no_oimos") == 4
    (request,) = desk.requests.requests()
    assert (request.finished, request.complete, request.speech) == (True, False, {})


def test_queue_without_an_offer_is_waited_in_again(desk: Desk, line: Line) -> None:
    call = Call(Actions(""))
    run("oferta", call, desk, line)
    assert (call.variables[DESTINATION], call.queue_log) == ("cola:atencion", [])


def play_program(script: str, call: Call, line: Line, data: Path) -> tuple[int, bytes]:
    """Start a script as Asterisk's AGI() does and play `call` to it; return its exit code and its stderr."""
    path = os.pathsep.join([str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    args = (line.name, line.edition, ABOUT[script])
    with subprocess.Popen(
        [sys.executable, FOLDER / f"{script}.py", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, DATA: str(data)},
        bufsize=0,
    ) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        streams = CallStreams(call, script, *args)
        program.stdin.write(environment(script, args=args))
        streams.read1(0)
        with program.stdout, program.stdin:
            for written in iter(lambda: read_line(program), b""):
                streams.write(written)
                program.stdin.write(streams.read1(0))
                if call.hung_up:
                    break  # as with AGIEXITONHANGUP=yes
        errors = program.stderr.read()
        return program.wait(PATIENCE_SECONDS), errors


def read_line(program: subprocess.Popen[bytes]) -> bytes:
    assert program.stdout
    line = b""
    while not line.endswith(b"\n") and (byte := program.stdout.read(1)):
        line += byte
    return line


def test_scripts_are_executable_programs() -> None:
    for name in FLOWS:
        file = FOLDER / f"{name}.py"
        assert os.access(file, os.X_OK)
        assert file.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")


def test_entrada_as_a_program(line: Line, tmp_path: Path) -> None:
    call = Call(Actions("7 1"))
    assert play_program("entrada", call, line, tmp_path) == (0, b"")
    assert call.queue_log == [
        f"NONE,{CALL_ID},NONE,MENU,principal|7|wrong",
        f"NONE,{CALL_ID},NONE,MENU,principal|1|chosen",
    ]
    assert call.variables[DESTINATION] == "cola:atencion"


def test_buzon_as_a_program_whose_caller_hangs_up_half_way(line: Line, tmp_path: Path, desk: Desk) -> None:
    call = Call(Actions("1023456789# 1 1"), messages=tmp_path)
    assert play_program("buzon", call, line, tmp_path) == (0, b"")
    assert DESTINATION not in call.variables
    (request,) = desk.requests.requests()
    assert request.fields == {"document": "1023456789", "phone": "+573001234567"}
    assert (request.finished, request.over_at is not None) == (False, True)


def test_scripts_and_settings_mean_the_same_folders(tmp_path: Path, line: Line) -> None:
    settings = Settings(data_dir=tmp_path)
    assert (settings.published_dir / line.name / f"{line.edition}.yaml").is_file()
