"""What somebody asks of callers' answers to surveys, and of what they did on their way, as conditions on the tables."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_
from sqlmodel import col

from core.events import Stage
from quality.metrics.funnel import Did
from storage.codec import storable
from storage.tables import DeedRow, SurveyAnswerRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAsked:
    """A question that was put to a caller, one of `questions`. None means any.

    `given` tells whether it was answered, by key or voice; `values` with which keys; `attended` whether an adviser
    attended before.
    """

    survey: str | None = None
    questions: frozenset[str] | None = None
    values: frozenset[int] | None = None
    given: bool | None = None
    attended: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedAsked:
    """Something that a caller did on the way. None means any."""

    did: Did | None = None
    stage: Stage | None = None
    name: str | None = None
    key: str | None = None


def answer_conditions(asked: AnswerAsked) -> Iterator[ColumnElement[bool]]:
    """Yield what a row of `survey_answer` must fulfil."""
    yield col(SurveyAnswerRow.counts).is_(True)
    if asked.survey is not None:
        yield col(SurveyAnswerRow.survey) == storable(asked.survey)
    if asked.questions is not None:
        yield col(SurveyAnswerRow.question).in_(map(storable, asked.questions))
    if asked.values is not None:
        yield col(SurveyAnswerRow.file) == ""
        yield col(SurveyAnswerRow.answer).in_(asked.values)
    if asked.given is not None:
        given = or_(col(SurveyAnswerRow.answer).is_not(None), col(SurveyAnswerRow.file) != "")
        yield given if asked.given else ~given
    if asked.attended is not None:
        attended = col(SurveyAnswerRow.queue) != ""
        yield attended if asked.attended else ~attended


def deed_conditions(asked: DeedAsked) -> Iterator[ColumnElement[bool]]:
    """Yield what a row of `deed` must fulfil."""
    if asked.did is not None:
        yield col(DeedRow.did) == asked.did
    if asked.stage is not None:
        yield col(DeedRow.stage) == asked.stage
    if asked.name is not None:
        yield col(DeedRow.name) == storable(asked.name)
    if asked.key is not None:
        yield col(DeedRow.key) == storable(asked.key)
