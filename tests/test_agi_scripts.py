"""The call scripts, whole calls against a scripted Asterisk: in process, and as the programs Asterisk may start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import agi_scripts
from agi_scripts import SCRIPTS
from core.errors import CallEndedError
from ivr.prompts import load
from ivr.server import Script
from tests.scripted_asterisk import CALL_ID, Call, CallStreams, channel_of, environment

FOLDER = Path(agi_scripts.__file__).parent
PATIENCE_SECONDS = 60


def log_line(event: str, data: str) -> str:
    return f"NONE,{CALL_ID},NONE,{event},{data}"


def run(script: Script, call: Call) -> None:
    script(channel_of(call))


def test_caller_chooses_an_adviser() -> None:
    call = Call(["1"])
    run(SCRIPTS["entrada"], call)
    assert call.heard == ["bienvenida", "menu_principal", "transferencia"]
    assert call.queue_log == [log_line("MENU", "principal|1|chosen")]
    assert call.variables == {"CONTESTA_DESTINO": "cola"}


def test_caller_chooses_while_being_welcomed() -> None:
    call = Call([], during={"bienvenida": "1"})
    run(SCRIPTS["entrada"], call)
    assert call.heard == ["bienvenida", "transferencia"]
    assert call.variables == {"CONTESTA_DESTINO": "cola"}


def test_caller_presses_a_wrong_key_then_the_right_one() -> None:
    call = Call(["7", "1"])
    run(SCRIPTS["entrada"], call)
    assert call.heard[1:3] == ["menu_principal", "menu_principal_otra_tecla_1"]
    assert call.queue_log == [log_line("MENU", "principal|7|wrong"), log_line("MENU", "principal|1|chosen")]


def test_caller_presses_the_hash_key() -> None:
    call = Call(["#", "0"])
    run(SCRIPTS["entrada"], call)
    assert call.queue_log == [log_line("MENU", "principal|#|wrong"), log_line("MENU", "principal|0|chosen")]


def test_caller_is_silent_to_the_end_and_goes_to_a_person() -> None:
    call = Call(["", "", ""])
    run(SCRIPTS["entrada"], call)
    assert call.heard[-1] == "respaldo"
    assert call.queue_log == [log_line("MENU", "principal||silent")] * 3 + [log_line("MENU", "principal||gave_up")]
    assert call.variables == {"CONTESTA_DESTINO": "cola"}


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_caller_hangs_up_and_no_destination_is_set(script: str) -> None:
    call = Call([])
    with pytest.raises(CallEndedError):
        run(SCRIPTS[script], call)
    assert call.variables == {}


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_missing_prompts_never_drop_the_caller(script: str) -> None:
    call = Call(["1", "2", "3"], missing=frozenset(load().texts))
    run(SCRIPTS[script], call)
    assert call.heard == []
    assert call.variables["CONTESTA_DESTINO"] in {"cola", "fin"}


def test_survey_is_answered() -> None:
    call = Call(["5", "4", "3"])
    run(SCRIPTS["encuesta"], call)
    assert call.queue_log == [
        log_line("ENCUESTA", "satisfaccion|5"),
        log_line("ENCUESTA", "percepcion|4"),
        log_line("ENCUESTA", "confianza|3"),
    ]
    assert call.heard[-1] == "encuesta_gracias"
    assert call.variables == {"CONTESTA_DESTINO": "fin"}


def test_survey_is_cut_short_and_keeps_what_was_answered() -> None:
    call = Call(["5"])
    with pytest.raises(CallEndedError):
        run(SCRIPTS["encuesta"], call)
    assert call.queue_log == [log_line("ENCUESTA", "satisfaccion|5")]


def test_two_silences_skip_a_question_and_say_so() -> None:
    call = Call(["", "", "4", "3"])
    run(SCRIPTS["encuesta"], call)
    assert call.queue_log[0] == log_line("ENCUESTA", "satisfaccion|")


def play_program(name: str, call: Call) -> tuple[int, bytes]:
    """Start a script as Asterisk's AGI() does and play `call` to it; return its exit code and its stderr."""
    path = os.pathsep.join([str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [sys.executable, FOLDER / f"{name}.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        bufsize=0,
    ) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        streams = CallStreams(call, name)
        program.stdin.write(environment(name))
        streams.read1(0)
        with program.stdout, program.stdin:
            for line in iter(lambda: read_line(program), b""):
                streams.write(line)
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
    for name in SCRIPTS:
        file = FOLDER / f"{name}.py"
        assert os.access(file, os.X_OK)
        assert file.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")


def test_entrada_as_a_program() -> None:
    call = Call(["7", "1"])
    assert play_program("entrada", call) == (0, b"")
    assert call.queue_log == [log_line("MENU", "principal|7|wrong"), log_line("MENU", "principal|1|chosen")]
    assert call.variables == {"CONTESTA_DESTINO": "cola"}


def test_encuesta_as_a_program_that_ends_quietly_when_the_caller_hangs_up() -> None:
    call = Call(["5", "4"])
    assert play_program("encuesta", call) == (0, b"")
    assert call.queue_log == [log_line("ENCUESTA", "satisfaccion|5"), log_line("ENCUESTA", "percepcion|4")]
    assert call.variables == {}
