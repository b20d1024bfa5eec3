"""`contesta call` and `contesta demo` as their users run them, against a real line."""

import itertools
import os
import random
import re
import signal
import subprocess
import sys

import pytest

from contesta.call import Story
from contesta.demo import stream
from contesta.plans import plausible_number, varied
from contesta.settings import Settings
from core.numbers import Origin, normalise, origin
from storage.call_filter import CallFilter
from tests.ports import free_port
from tests.running import RunningLine, eventually


def contesta(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "contesta", *arguments],
        env=settings.as_child_environment() | {"COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_a_call_is_told_step_by_step_from_what_the_line_recorded(line: RunningLine) -> None:
    done = contesta(line.settings, "call")
    assert done.returncode == 0, done.stderr
    told = [
        "Llamó a la línea",
        "Marcó 1 en el menú",
        "Entró a la cola",
        "Le suena el teléfono",
        "Contestó",
        "Colgó tras hablar",
        "Respondió 5",
        "Respondió 4",
        "Respondió 5",
        "Terminó la llamada",
        "colgó el asesor",
    ]
    assert re.search(".*".join(map(re.escape, told)), done.stdout, re.DOTALL), done.stdout
    (call_id,) = re.findall(r"contesta calls show (\S+)", done.stdout)
    history = line.ledger().call(call_id)
    assert history is not None
    assert [said.answer for said in history.survey] == [5, 4, 5]
    assert f"{line.settings.web_address}llamadas/{call_id}" in done.stdout
    story = Story(line.ledger(), history.number, since=history.started_at)
    assert story.news()
    assert story.news() == []  # each fact once


def test_without_a_line_a_call_says_what_to_start(line: RunningLine) -> None:
    nowhere = line.settings.model_copy(update={"sip_port": free_port()})
    done = contesta(nowhere, "call")
    assert done.returncode == 1
    assert "la línea no contesta" in done.stderr
    assert "make run" in done.stderr


def test_a_demo_of_some_calls_ends_by_itself_and_signs_its_advisers_off(line: RunningLine) -> None:
    before = len(line.ledger().calls(CallFilter(), size=1000).calls)
    done = contesta(line.settings, "demo", "--calls", "3", "--rate", "120", "--seed", str(seed_of_short_calls(3)))
    assert done.returncode == 0, done.stderr
    assert "3 llamadas, 0 en curso · fantasma 3" in done.stdout
    assert len(line.ledger().calls(CallFilter(), size=1000).calls) == before + 3
    assert "demo1" not in line.asterisk.console("pjsip show contacts")


def seed_of_short_calls(count: int) -> int:
    """A seed whose callers hang up soon."""
    return next(
        seed
        for seed in itertools.count()
        if all((plan.patience_seconds or 99) < 4 for plan, _ in stream(random.Random(seed), count, 120))
    )


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_an_endless_demo_stops_cleanly(line: RunningLine, told: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "contesta", "demo", "--rate", "60"],
        env=line.settings.as_child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        eventually(
            lambda: "active calls" in (shown := line.asterisk.console("core show calls")) and "0 active" not in shown
        )
        os.kill(demo.pid, told)
        output, errors = demo.communicate(timeout=60)
    assert demo.returncode == 0, errors
    assert "0 en curso" in output
    assert not errors
    eventually(lambda: "0 active channels" in line.asterisk.console("core show channels count"))


def test_planned_callers_have_valid_colombian_numbers_and_differ() -> None:
    chance = random.Random(7)
    numbers = [plausible_number(chance) for _ in range(300)]
    origins = {origin(normalise(number)) for number in numbers}
    assert origins == {Origin.MOBILE, Origin.FIXED}
    plans = [varied(chance) for _ in range(300)]
    assert {plan.adviser_hangs_up for plan in plans} == {True, False}
    assert {len(plan.keys) for plan in plans} == {0, 1, 2, 3}
    assert {len(plan.answers) for plan in plans} == {0, 1, 2, 3}
    assert any(plan.patience_seconds is not None and plan.patience_seconds < 5 for plan in plans)
    assert any(plan.patience_seconds is not None and plan.patience_seconds > 30 for plan in plans)
