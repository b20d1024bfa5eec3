"""Whole calls, from welcome to goodbye, over the real scripts: a table of them, and any others."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ivr
from contesta.lines import examine_files
from core.events import ConsentAnswer, ConsentAnswered, MenuStepped, StepResult, SurveyAnswered
from ivr import speech
from ivr.dialogs.offer import Wait
from tests.call_flow import HANGS_UP, Telephone, Told, moment
from tests.call_scenarios import EVENING, OPEN, SCENARIOS, Scenario

LINES = Path(ivr.__file__).parent / "lines"
MOST_PROMPTS = 3_000  # of a mailbox all of whose fields are corrected and repeated as often as they can be


@pytest.fixture(scope="module")
def telephone(tmp_path_factory: pytest.TempPathFactory) -> Telephone:
    found = {}
    for each in examine_files(sorted(LINES.glob("*.yaml"))):
        assert each.line, each.faults
        found[each.line.name] = (each.line, (LINES / each.file).read_text(encoding="utf-8"))
    return Telephone(found, tmp_path_factory.mktemp("line"))


def compact(heard: list[str]) -> str:
    """Write … for values and tones."""
    said: list[str] = []
    for prompt in heard:
        word = "…" if prompt.startswith("voz/") else prompt
        if word != "…" or said[-1:] != ["…"]:
            said.append(word)
    return " ".join(said)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(telephone: Telephone, scenario: Scenario) -> None:
    told = telephone.call(
        scenario.line,
        scenario.actions,
        at=moment(scenario.at),
        wait=Wait(*scenario.wait) if scenario.wait else None,
        number=scenario.number,
    )
    assert compact(told.heard) == " ".join(scenario.heard.split())
    assert tuple(told.log) == scenario.log
    assert told.ends == scenario.ends
    assert tuple(told.queues) == scenario.queues
    assert told.records == scenario.records
    assert told.language == scenario.language
    assert told.left == scenario.left


def test_scenarios_are_many_and_have_names_of_their_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= 40


@pytest.mark.parametrize(
    ("name", "actions", "stands"),
    [
        ("anm", "", "language|"),
        ("anm", "1", "consent|2025-11"),
        ("anm", "1 1", "menu|principal"),
        ("anm", "1 1 7", "menu|principal"),
        ("anm", "1 1 2 4", "menu|tramites"),
        ("anm", "1 1 3 1023456789#", "mailbox|te_llamamos"),
        ("anm", "1 1 0", ""),
        ("anm", "1 1 0 [asesor] 5", "survey|percepcion"),
    ],
)
def test_dialplan_knows_where_a_caller_hung_up(telephone: Telephone, name: str, actions: str, stands: str) -> None:
    assert telephone.call(name, actions, at=moment(OPEN)).stands == stands


# ── What values sound like within a call


def said_after(told: Told, prompt: str, until: str = "") -> str:
    """Return the words of the values said between two prompts, … for pauses, without the last, before the second."""
    words = speech.vocabulary()
    begin = told.heard.index(prompt) + 1
    end = told.heard.index(until, begin) if until else len(told.heard)
    *said, last = (words[each] for each in told.heard[begin:end])
    assert last == speech.PAUSE
    return " ".join(said)


@pytest.mark.parametrize(
    ("at", "when"),
    [
        ("2025-06-02 19:00", "mañana martes a las ocho de la mañana"),
        ("2025-06-03 07:15", "hoy a las ocho de la mañana"),
        ("2025-06-06 16:00", "el lunes nueve de junio a las ocho de la mañana"),
        ("2025-06-20 19:00", "el martes veinticuatro de junio a las ocho de la mañana"),
        ("2026-07-10 18:00", "el martes catorce de julio a las ocho de la mañana"),
        ("2026-12-24 12:00", "el lunes veintiocho de diciembre a las ocho de la mañana"),
        ("2026-12-31 09:00", "el lunes cuatro de enero a las ocho de la mañana"),
    ],
)
def test_closed_line_says_when_it_opens_next(telephone: Telephone, at: str, when: str) -> None:
    told = telephone.call("anm", "1", at=moment(at))
    assert said_after(told, "cerrado_desde", "cerrado") == when


def test_numbers_are_read_back_digit_by_digit(telephone: Telephone) -> None:
    told = telephone.call("anm", "1 1 3 1023456789# 1 ~2# 1 2 6012345678 - 1 900123456#", at=moment(OPEN))
    assert said_after(told, "buzon_marco", "buzon_confirmar") == (
        "uno cero dos … tres cuatro cinco … seis siete ocho … nueve"
    )
    assert said_after(told, "buzon_llama_desde", "buzon_llamar_ahi") == (
        "tres cero cero … uno dos tres … cuatro cinco seis siete"
    )
    del told.heard[: told.heard.index("buzon_phone")]
    assert said_after(told, "buzon_marco", "buzon_confirmar") == (
        "seis cero uno … dos tres cuatro … cinco seis siete ocho"
    )
    del told.heard[: told.heard.index("buzon_nit")]
    assert said_after(told, "buzon_marco", "buzon_confirmar") == (
        "nueve cero cero … uno dos tres … cuatro cinco seis … ocho"
    )


def test_filing_number_and_code_are_said_as_they_are_kept(telephone: Telephone) -> None:
    told = telephone.call("ciudadanos", "3 1023456789# 1 1 3 ~9 1 -", at=moment(OPEN))
    (request,) = told.requests
    assert said_after(told, "buzon_radicado", "buzon_codigo") == "dos cinco cero … seis cero tres … cero cero cero uno"
    assert said_after(told, "buzon_codigo", "buzon_repetir") == " ".join(speech.code(request.code))


def test_expected_wait_is_said_as_a_range(telephone: Telephone) -> None:
    told = telephone.call("anm", "1 1 0 2", at=moment(OPEN), wait=Wait(480, 720))
    assert said_after(told, "oferta_espera", "oferta_devolucion") == "de ocho a doce minutos"


# ── Any caller

KEYS = st.sampled_from([*"0123456789*#", "-", "1", "3", "-", "1@1", "2@0.5", "[asesor]", "[tecla]", "[desborda]"])
ACTIONS = st.lists(KEYS | st.sampled_from(["1023456789#", "3001234567", "900123456#", "3 1023456789# 1"]), max_size=60)
HOURS = st.sampled_from([OPEN, EVENING])
WAITS = st.sampled_from([None, Wait(480, 720)])
NAMES = st.sampled_from(["anm", "art", "ciudadanos"])
NUMBERS = st.sampled_from(["+573001234567", "anonymous"])


def is_sound(told: Told) -> None:
    """Check what must be true of any call."""
    assert told.ends in {"fin", HANGS_UP}
    assert told.ends == HANGS_UP or not told.stands
    assert len(told.heard) <= MOST_PROMPTS
    consents = [event.answer for event in told.events if isinstance(event, ConsentAnswered)]
    assert len(consents) <= 1, "asked once a call"
    if told.line.consent:
        accepted = consents == [ConsentAnswer.ACCEPTED]
        assert (told.records == "si") is accepted
        assert accepted or not any(isinstance(event, SurveyAnswered) for event in told.events)
        assert accepted or not any(request.speech for request in told.requests)
    for step in told.events:
        if isinstance(step, MenuStepped) and step.result is StepResult.GAVE_UP:
            assert told.queues or told.requests or told.ends == HANGS_UP, "who gives up is not hung up on"
    confirmed = set(re.findall(r"buzon_(?:marco|llama_desde) ((?:voz/\w+ )+)buzon_\w+ <1>", " ".join(told.story)))
    written = "\n".join(told.log)
    keyed = {value.removeprefix("+57") for request in told.requests for value in request.fields.values()}
    assert not any(value in written for value in keyed if value.isdecimal()), "what was keyed in is in no log"
    kept = {value for request in told.requests for value in request.fields.values()}
    for said in confirmed:
        assert digits(said) in {re.sub(r"^\+57", "", value) for value in kept}, "nothing confirmed is lost"


def digits(said: str) -> str:
    """Read back digits that were said."""
    worth = {speech.prompt(phrase): str(value) for value in range(10) for phrase in speech.number(value)}
    return "".join(worth.get(prompt, "") for prompt in said.split())


@settings(deadline=None)
@given(NAMES, ACTIONS, HOURS, WAITS, NUMBERS)
def test_any_caller_who_hangs_up_anywhere(
    telephone: Telephone, name: str, actions: list[str], at: str, wait: Wait | None, number: str
) -> None:
    is_sound(telephone.call(name, " ".join(actions), at=moment(at), wait=wait, number=number, anybody=True))


@settings(deadline=None, max_examples=50)
@given(NAMES, ACTIONS.filter(bool), HOURS, WAITS, NUMBERS)
def test_any_caller_who_never_hangs_up_comes_to_an_end(
    telephone: Telephone, name: str, actions: list[str], at: str, wait: Wait | None, number: str
) -> None:
    is_sound(
        telephone.call(
            name, " ".join(actions), at=moment(at), wait=wait, number=number, anybody=True, never_hangs_up=True
        )
    )
