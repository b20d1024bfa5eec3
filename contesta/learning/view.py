"""What pages, programs and the terminal are told of knowledge tests and training."""

from datetime import date

from contesta.web.validation import Told


class Share(Told):
    """So many of so many; `value` is from 0 to 1, null of nothing."""

    value: float | None
    numerator: int
    denominator: int


class QuestionOf(Told):
    """A question, and how many of those who took the test answered it right."""

    id: str
    text: str
    right: Share


class AdviserOf(Told):
    """An adviser's best attempt of the month; without one, `score`, `passed` and `day` are null."""

    agent: str
    attempts: int
    score: Share | None
    passed: bool | None
    day: date | None


class TestOf(Told):
    """What a test comes to. `average` is of the points of all advisers together."""

    __test__ = False  # no test of pytest's

    id: str
    version: int
    title: str
    source: str
    pass_mark: float
    average: Share
    participation: Share
    passed: Share
    questions: list[QuestionOf]
    advisers: list[AdviserOf]


class MonthOfKnowledge(Told):
    """The tests of a month: those that were finished in it, and those that could be taken."""

    month: str
    tests: list[TestOf]


class SessionOf(Told):
    """A training session."""

    number: int
    day: date
    subject: str
    place: str
    trainer: str
    minutes: int
    advisers: list[str]


class HoursOf(Told):
    """What an adviser was at."""

    agent: str
    sessions: int
    minutes: int


class MonthOfTraining(Told):
    """The training of a month. `minutes` is the sum of the sessions' lengths; `attended_minutes`, of all advisers."""

    month: str
    sessions: list[SessionOf]
    minutes: int
    attended_minutes: int
    reach: Share
    advisers: list[HoursOf]


class AnswerKept(Told):
    """How many questions of an attempt have no answer yet."""

    unanswered: int
