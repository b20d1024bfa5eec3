"""The tests and the training of a month, from the ledger."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from contesta.auditing.drawing import month_days
from contesta.learning.view import (
    AdviserOf,
    HoursOf,
    MonthOfKnowledge,
    MonthOfTraining,
    QuestionOf,
    SessionOf,
    Share,
    TestOf,
)
from quality.learning.knowledge import AdviserResult, KnowledgeTest, TestResults, results
from quality.learning.training import hours
from storage.knowledge import Knowledge
from storage.people import People
from storage.trainings import StoredTraining, Trainings

_ADVISER = "adviser"


def advisers(engine: Engine) -> tuple[str, ...]:
    """Give the names, in queue_log, of the advisers whose accounts are open."""
    everybody = People(engine).everybody()
    return tuple(
        sorted({one.agent for one in everybody if one.role == _ADVISER and one.agent and one.disabled_at is None})
    )


def knowledge(engine: Engine, month: str, zone: ZoneInfo) -> MonthOfKnowledge:
    """Tell what the tests of a month come to, as ART-2019's section 6 prints it.

    Raises:
        ConfigurationError: it is no month.
    """
    first, last = month_days(month, zone)
    known, expected = Knowledge(engine), advisers(engine)
    finished = known.finished(first, last)
    taken = {one.test.name for one in finished}
    told = [test for test in known.all() if test.name in taken or _could_be_taken(test, first, last)]
    return MonthOfKnowledge(month=month, tests=[_test(results(test, finished, expected)) for test in told])


def training(engine: Engine, month: str, zone: ZoneInfo) -> MonthOfTraining:
    """Tell what the sessions of a month come to, as ART-2019's table 23 prints it.

    Raises:
        ConfigurationError: it is no month.
    """
    held = Trainings(engine).between(*month_days(month, zone))
    told = hours([one.training for one in held], advisers(engine))
    return MonthOfTraining(
        month=month,
        sessions=[_session(one) for one in held],
        minutes=told.minutes,
        attended_minutes=told.attended,
        reach=share(told.reached, told.expected),
        advisers=[HoursOf(agent=one.agent, sessions=one.sessions, minutes=one.minutes) for one in told.advisers],
    )


def share(numerator: int, denominator: int) -> Share:
    """Give a share of a count."""
    value = numerator / denominator if denominator else None
    return Share(value=value, numerator=numerator, denominator=denominator)


def _could_be_taken(test: KnowledgeTest, first: date, last: date) -> bool:
    return test.valid_from <= last and (test.valid_to is None or test.valid_to >= first)


def _test(told: TestResults) -> TestOf:
    return TestOf(
        id=told.test.id,
        version=told.test.version,
        title=told.test.title,
        source=told.test.source,
        pass_mark=float(told.test.pass_mark),
        average=share(told.points, told.of),
        participation=share(told.took, len(told.advisers)),
        passed=share(told.passed, told.took),
        questions=[
            QuestionOf(id=each.question.id, text=each.question.text, right=share(each.right, each.of))
            for each in told.questions
        ],
        advisers=[_adviser(each) for each in told.advisers],
    )


def _adviser(one: AdviserResult) -> AdviserOf:
    best = one.best
    return AdviserOf(
        agent=one.agent,
        attempts=one.finished,
        score=share(best.grade.points, best.grade.of) if best else None,
        passed=best.grade.passed if best else None,
        day=best.day if best else None,
    )


def _session(one: StoredTraining) -> SessionOf:
    held = one.training
    return SessionOf(
        number=one.number,
        day=held.day,
        subject=held.subject,
        place=held.place,
        trainer=held.trainer,
        minutes=held.minutes,
        advisers=sorted(held.agents),
    )
