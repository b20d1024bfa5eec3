"""Menus and surveys against callers given as the keys they press."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_scripts.encuesta import ATENCION
from agi_scripts.entrada import PRINCIPAL
from core.errors import CallEndedError
from core.events import StepResult
from ivr.dialog import choose, conduct

KEYS = "0123456789*#"
MOST_PROMPTS_OF_A_MENU = 3 + 5 + 1  # tries, free repetitions, what is said when giving up

CHOSEN, WRONG, SILENT, GAVE_UP = StepResult


@dataclass
class Person:
    """Presses `keys`, one each time they are asked ('' keeps silent), and hangs up when there are none left."""

    keys: Sequence[str]
    during_prompts: str = ""
    heard: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    steps: list[tuple[str, StepResult]] = field(default_factory=list)
    answers: list[tuple[str, int | None]] = field(default_factory=list)

    def play(self, prompt: str) -> str:
        self.heard.append(prompt)
        return self.during_prompts

    def ask(self, prompt: str, silence_seconds: float) -> str:
        self.heard.append(prompt)
        self.waits.append(silence_seconds)
        if len(self.waits) > len(self.keys):
            raise CallEndedError
        return self.keys[len(self.waits) - 1]

    def menu_stepped(self, menu: str, key: str, result: StepResult) -> None:
        assert menu == "principal"
        self.steps.append((key, result))

    def survey_answered(self, question: str, answer: int | None) -> None:
        self.answers.append((question, answer))


@pytest.mark.parametrize(
    ("keys", "steps", "heard"),
    [
        (["1"], [("1", CHOSEN)], ["menu_principal"]),
        (["0"], [("0", CHOSEN)], ["menu_principal"]),
        (["7", "1"], [("7", WRONG), ("1", CHOSEN)], ["menu_principal", "menu_principal_otra_tecla_1"]),
        (["#", "1"], [("#", WRONG), ("1", CHOSEN)], ["menu_principal", "menu_principal_otra_tecla_1"]),
        (["", "1"], [("", SILENT), ("1", CHOSEN)], ["menu_principal", "menu_principal_silencio_1"]),
        (["*", "1"], [("1", CHOSEN)], ["menu_principal", "menu_principal"]),
        (
            ["9", "*", "1"],
            [("9", WRONG), ("1", CHOSEN)],
            ["menu_principal", "menu_principal_otra_tecla_1", "menu_principal"],
        ),
        (
            ["9", "9", "9"],
            [("9", WRONG), ("9", WRONG), ("9", WRONG), ("", GAVE_UP)],
            ["menu_principal", "menu_principal_otra_tecla_1", "menu_principal_otra_tecla_2", "respaldo"],
        ),
        (
            ["", "", ""],
            [("", SILENT), ("", SILENT), ("", SILENT), ("", GAVE_UP)],
            ["menu_principal", "menu_principal_silencio_1", "menu_principal_silencio_2", "respaldo"],
        ),
        (
            ["9", "", "9"],
            [("9", WRONG), ("", SILENT), ("9", WRONG), ("", GAVE_UP)],
            ["menu_principal", "menu_principal_otra_tecla_1", "menu_principal_silencio_1", "respaldo"],
        ),
        (["*"] * 8, [("*", WRONG)] * 3 + [("", GAVE_UP)], ["menu_principal"] * 6 + ["menu_principal_otra_tecla_1"]),
    ],
)
def test_menu(keys: list[str], steps: list[tuple[str, StepResult]], heard: list[str]) -> None:
    person = Person(keys)
    choice = choose(person, PRINCIPAL)
    assert choice.destination == "cola"
    assert (choice.key, choice.result) == steps[-1]
    assert person.steps == steps
    assert person.heard[: len(heard)] == heard


def test_first_silence_is_6_seconds_and_the_next_8() -> None:
    person = Person(["*", "", "", ""])
    choose(person, PRINCIPAL)
    assert person.waits == [6, 6, 8, 8]


def test_key_pressed_before_the_menu_chooses_without_hearing_it() -> None:
    person = Person([])
    assert choose(person, PRINCIPAL, pressed="1").key == "1"
    assert person.heard == []


def test_wrong_key_pressed_before_the_menu_is_a_try() -> None:
    person = Person(["1"])
    choose(person, PRINCIPAL, pressed="8")
    assert person.steps == [("8", WRONG), ("1", CHOSEN)]


@pytest.mark.parametrize(
    ("keys", "answers"),
    [
        (["5", "4", "1"], [5, 4, 1]),
        (["*", "5", "4", "1"], [5, 4, 1]),
        (["0", "6", "#", "5", "5"], [None, 5, 5]),
        (["9", "3", "", "2", "1"], [3, 2, 1]),
        (
            [
                "",
                "",
                "4",
                "",
                "",
            ],
            [None, 4, None],
        ),
        (["", "7", "", "4", "4"], [None, 4, 4]),
    ],
)
def test_survey(keys: list[str], answers: list[int | None]) -> None:
    person = Person(keys)
    result = conduct(person, ATENCION)
    assert list(result.answers) == ["satisfaccion", "percepcion", "confianza"]
    assert list(result.answers.values()) == answers
    assert person.answers == list(result.answers.items())
    assert (person.heard[0], person.heard[-1]) == ("encuesta_intro", "encuesta_gracias")


def test_answers_given_before_hanging_up_are_kept() -> None:
    person = Person(["5", "4"])
    with pytest.raises(CallEndedError):
        conduct(person, ATENCION)
    assert person.answers == [("satisfaccion", 5), ("percepcion", 4)]


def test_key_that_cuts_the_introduction_short_answers_nothing() -> None:
    person = Person(["1", "2", "3"], during_prompts="5")
    assert list(conduct(person, ATENCION).answers.values()) == [1, 2, 3]


@given(st.lists(st.sampled_from([*KEYS, ""]), max_size=40), st.sampled_from(["", *KEYS]))
def test_any_caller_comes_to_an_end_in_a_bounded_number_of_prompts(keys: list[str], pressed: str) -> None:
    person = Person(keys)
    try:
        choice = choose(person, PRINCIPAL, pressed)
        assert choice.destination in {*PRINCIPAL.options.values(), PRINCIPAL.give_up_to}
    except CallEndedError:
        assert person.steps == [step for step in person.steps if step[1] in {WRONG, SILENT}]
    assert len(person.heard) <= MOST_PROMPTS_OF_A_MENU

    person = Person(keys)
    try:
        assert set(conduct(person, ATENCION).answers.values()) <= {None, 1, 2, 3, 4, 5}
    except CallEndedError:
        assert len(person.answers) < len(ATENCION.questions)
    assert len(person.heard) <= 2 + len(ATENCION.questions) * (MOST_PROMPTS_OF_A_MENU - 1)
