"""Menus and surveys: what is said, what is waited for, and what each answer leads to.

Pure: a dialog is a function over a `Caller` and returns its outcome. A caller who hangs up ends it with
CallEndedError, which is caught once, outside. The rules of the voice are here: 6 s of silence, then 8 s; three tries,
shared by keys without a meaning and silence; more help at each; * says it again; then a person, or the next question,
never a dropped call. A key pressed while a menu is said ends it and counts as the choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.events import StepResult

TRIES = 3
FIRST_SILENCE_SECONDS = 6.0
NEXT_SILENCE_SECONDS = 8.0
SILENCES_SKIP_QUESTION = 2
REPEAT_KEY = "*"
FREE_REPEATS = 5  # beyond, a repetition costs a try, so that every dialog ends


class Caller(Protocol):
    """The person on the line. Every method raises CallEndedError once they have hung up."""

    def play(self, prompt: str) -> str:
        """Say a prompt; return the key that cut it short, or ''."""

    def ask(self, prompt: str, silence_seconds: float) -> str:
        """Say a prompt and wait after it; return the key pressed (# included), or '' for silence."""

    def menu_stepped(self, menu: str, key: str, result: StepResult) -> None:
        """Note what was done in a menu."""

    def survey_answered(self, question: str, answer: int | None) -> None:
        """Note an answer, or that the question was asked in vain (None)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """What is said after a key without a meaning and after silence: the first time, the second…; the last one stays."""

    wrong: tuple[str, ...]
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """A choice by one key. `options` maps a key to where it leads; all tries used up, `give_up` is said instead."""

    id: str
    prompt: str
    options: Mapping[str, str]
    retries: Retries
    give_up: str
    give_up_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question of a survey, answered with one key of its scale."""

    id: str
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Questions on one scale from 1 to `top`. A question whose tries are used up is skipped as unanswered."""

    id: str
    intro: str
    questions: tuple[Question, ...]
    top: int
    retries: Retries
    thanks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a menu ended: where the call goes, and by which key ('' if the caller gave up)."""

    destination: str
    key: str
    result: StepResult


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyResult:
    """The answer to each question by its id, None where there was none."""

    answers: Mapping[str, int | None]


def choose(caller: Caller, menu: Menu, pressed: str = "") -> Choice:
    """Lead a caller through a menu; `pressed` is a key they pressed before it began."""
    attempts = _Attempts(caller, menu.prompt, menu.retries, pressed)
    while attempts.left:
        key = attempts.next_key()
        if key in menu.options:
            caller.menu_stepped(menu.id, key, StepResult.CHOSEN)
            return Choice(destination=menu.options[key], key=key, result=StepResult.CHOSEN)
        caller.menu_stepped(menu.id, key, StepResult.WRONG if key else StepResult.SILENT)
        attempts.fail(key)
    caller.menu_stepped(menu.id, "", StepResult.GAVE_UP)
    caller.play(menu.give_up)
    return Choice(destination=menu.give_up_to, key="", result=StepResult.GAVE_UP)


def conduct(caller: Caller, survey: Survey) -> SurveyResult:
    """Ask all questions; each answer is noted when it is given, so that a caller who leaves early loses none.

    A key cuts the introduction short, but answers nothing: the question was not heard yet.
    """
    answers: dict[str, int | None] = {}
    caller.play(survey.intro)
    for question in survey.questions:
        answers[question.id] = _answer(caller, survey, question)
        caller.survey_answered(question.id, answers[question.id])
    caller.play(survey.thanks)
    return SurveyResult(answers=answers)


def _answer(caller: Caller, survey: Survey, question: Question) -> int | None:
    scale = {str(value): value for value in range(1, survey.top + 1)}
    attempts = _Attempts(caller, question.prompt, survey.retries)
    while attempts.left and attempts.silences < SILENCES_SKIP_QUESTION:
        key = attempts.next_key()
        if key in scale:
            return scale[key]
        attempts.fail(key)
    return None


class _Attempts:
    """The tries of one menu or question: what to say next, how long to wait, and how many are left."""

    def __init__(self, caller: Caller, prompt: str, retries: Retries, pressed: str = "") -> None:
        self.left = TRIES
        self.silences = 0
        self._wrongs = 0
        self._repeats = FREE_REPEATS
        self._caller = caller
        self._first = self._prompt = prompt
        self._retries = retries
        self._pressed = pressed

    def next_key(self) -> str:
        """Return a key with a possible meaning, or '' for silence; repetitions are granted here."""
        key, self._pressed = self._pressed, ""
        key = key or self._ask()
        while key == REPEAT_KEY and self._repeats:
            self._repeats -= 1
            self._prompt = self._first
            key = self._ask()
        return key

    def fail(self, key: str) -> None:
        """Count a try that led nowhere, and choose what to say now."""
        self.left -= 1
        if key:
            self._wrongs += 1
            told, times = self._retries.wrong, self._wrongs
        else:
            self.silences += 1
            told, times = self._retries.silent, self.silences
        self._prompt = told[min(times, len(told)) - 1]

    def _ask(self) -> str:
        seconds = FIRST_SILENCE_SECONDS if self.left == TRIES else NEXT_SILENCE_SECONDS
        return self._caller.ask(self._prompt, seconds)
