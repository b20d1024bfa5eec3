"""A test of what advisers know: questions, how often it may be taken, what an attempt is worth, what all come to.

ART-2019, section 6: ten questions on one document, the share that advisers answered right, and the average of all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from itertools import groupby
from operator import attrgetter

from core.errors import ConfigurationError, ContestaError

Answers = Mapping[str, frozenset[str]]
"""The options chosen, by the number of the question."""


class AttemptError(ContestaError):
    """The test cannot be begun, answered or finished as things are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the answers to choose from."""

    letter: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. It is right when exactly its `right` options are chosen; else it is worth nothing."""

    id: str
    text: str
    options: tuple[Option, ...]
    right: frozenset[str]
    points: int = 1

    @property
    def takes_several(self) -> bool:
        """Whether more than one option is right, which whoever answers is told."""
        return len(self.right) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeTest:
    """One version of one test. Valid from a local day to another, both included; without an end, until a later version.

    `pass_mark` is a share of the points, exact. `attempts` is how often an adviser may take it.
    """

    id: str
    version: int
    title: str
    source: str
    valid_from: date
    valid_to: date | None
    pass_mark: Fraction
    attempts: int
    questions: tuple[Question, ...]

    @property
    def name(self) -> str:
        """What an attempt says it was of: "conpes-3649, versión 1"."""
        return f"{self.id}, versión {self.version}"

    @property
    def points(self) -> int:
        """What the whole test is worth."""
        return sum(question.points for question in self.questions)

    def is_valid(self, day: date) -> bool:
        """Tell whether it can be taken on a day, as far as its own dates go."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One time that an adviser took a test; `ordinal` from 1. `day` is the local day on which it was finished."""

    number: int
    test: KnowledgeTest
    agent: str
    ordinal: int
    answers: Answers
    started_at: datetime
    finished_at: datetime | None = None
    day: date | None = None

    @property
    def grade(self) -> "Grade":
        """What the answers are worth."""
        return grade(self.test, self.answers)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The numbers of the questions without an answer."""
        return tuple(question.id for question in self.test.questions if not self.answers.get(question.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What an attempt is worth: `points` of `of`, and the questions that are right."""

    points: int
    of: int
    right: frozenset[str]
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserResult:
    """What an adviser came to: the best attempt finished, the first of those that are equal; None if there is none."""

    agent: str
    finished: int
    best: Attempt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionResult:
    """How many advisers answered a question right, of those who took the test."""

    question: Question
    right: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResults:
    """What a test comes to: `points` of `of` are those of all advisers together, never a mean of percentages."""

    __test__ = False  # no test of pytest's

    test: KnowledgeTest
    advisers: tuple[AdviserResult, ...]
    questions: tuple[QuestionResult, ...]
    points: int
    of: int

    @property
    def took(self) -> int:
        """How many advisers finished an attempt."""
        return sum(adviser.best is not None for adviser in self.advisers)

    @property
    def passed(self) -> int:
        """How many passed."""
        return sum(adviser.best is not None and adviser.best.grade.passed for adviser in self.advisers)


def grade(test: KnowledgeTest, answers: Answers) -> Grade:
    """Tell what answers are worth."""
    right = frozenset(question.id for question in test.questions if answers.get(question.id) == question.right)
    points = sum(question.points for question in test.questions if question.id in right)
    return Grade(points=points, of=test.points, right=right, passed=points >= test.pass_mark * test.points)


def check_answers(test: KnowledgeTest, answers: Answers) -> None:
    """See to it that answers are of the test.

    Raises:
        AttemptError: a question or an option is none of its, or several are chosen where one is right.
    """
    questions = {question.id: question for question in test.questions}
    for number, letters in answers.items():
        question = questions.get(number)
        if question is None or letters - {option.letter for option in question.options}:
            raise AttemptError(f"esa respuesta no está en la pregunta {number}; recargue la página")
        if len(letters) > 1 and not question.takes_several:
            raise AttemptError(f"la pregunta {number} lleva una sola respuesta")


def next_ordinal(test: KnowledgeTest, before: Iterable[Attempt]) -> int:
    """Give the ordinal of an adviser's next attempt.

    Raises:
        AttemptError: all attempts were used.
    """
    used = sum(1 for _ in before)
    if used >= test.attempts:
        once = "el único intento" if test.attempts == 1 else f"los {test.attempts} intentos"
        raise AttemptError(f"ya usó {once} de esta evaluación")
    return used + 1


def in_force(tests: Iterable[KnowledgeTest], day: date) -> tuple[KnowledgeTest, ...]:
    """Give the tests that can be taken on a day: of each the latest version that has begun, unless it has ended."""
    found = []
    for _, versions in groupby(sorted(tests, key=attrgetter("id", "version")), key=attrgetter("id")):
        begun = [version for version in versions if version.valid_from <= day]
        if begun and begun[-1].is_valid(day):
            found.append(begun[-1])
    return tuple(found)


def check_versions(tests: Iterable[KnowledgeTest]) -> None:
    """See to it that the versions of each test follow each other in time.

    Raises:
        ConfigurationError: a later version does not begin after an earlier one.
    """
    for _, versions in groupby(sorted(tests, key=attrgetter("id", "version")), key=attrgetter("id")):
        earlier = None
        for later in versions:
            if earlier is not None and later.valid_from <= earlier.valid_from:
                raise ConfigurationError(
                    f"evaluación «{later.id}», versión {later.version}: debe comenzar después que la versión "
                    f"{earlier.version} ({earlier.valid_from}); corrija «valid_from» o el número de versión"
                )
            earlier = later


def results(test: KnowledgeTest, finished: Iterable[Attempt], expected: Iterable[str]) -> TestResults:
    """Tell what the finished attempts of a test come to; `expected` are the advisers who should have taken it."""
    of_test = sorted((one for one in finished if one.test.name == test.name), key=lambda one: (one.agent, one.ordinal))
    by_agent = {agent: list(attempts) for agent, attempts in groupby(of_test, key=attrgetter("agent"))}
    advisers = []
    for agent in sorted({*expected, *by_agent}):
        attempts = by_agent.get(agent, [])
        best = max(attempts, key=lambda one: (one.grade.points, -one.ordinal), default=None)
        advisers.append(AdviserResult(agent=agent, finished=len(attempts), best=best))
    grades = [adviser.best.grade for adviser in advisers if adviser.best]
    return TestResults(
        test=test,
        advisers=tuple(advisers),
        questions=tuple(
            QuestionResult(question=each, right=sum(each.id in one.right for one in grades), of=len(grades))
            for each in test.questions
        ),
        points=sum(one.points for one in grades),
        of=sum(one.of for one in grades),
    )
