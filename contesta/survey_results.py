"""What callers answered, as terminal, programs and page get it: by line, question, and day, queue or agent.

Titles and scales are those of the line's file. A question that the file no longer has keeps its name and its
distribution; which of its answers speak well of the service, nobody knows any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum

from contesta.told_calls import Span
from contesta.web.validation import Told
from ivr.line.model import Line, Scale
from quality.matrix.intervals import wilson
from quality.metrics.figures import Ratio
from quality.metrics.history import CallHistory
from quality.metrics.survey import Asked, Contact, Question, Result, by, comments, contacts, pooled, results

MOST_COMMENTS = 200

_TOP = {Scale.FIVE: {4, 5}, Scale.FOUR: {4}, Scale.YES_NO: {1}, Scale.COMMENT: set[int]()}
_WORDS = {Scale.YES_NO: {1: "Sí", 2: "No"}}


class By(StrEnum):
    """What a table of results has a row for."""

    DAY = "day"
    QUEUE = "queue"
    AGENT = "agent"


class Share(Told):
    """A share and what it is of; null over nothing."""

    numerator: int
    denominator: int
    value: float | None
    low: float | None
    high: float | None
    """Bounds within which it lies with 95 % confidence (Wilson)."""


class Answers(Told):
    """How many gave one answer."""

    answer: int
    word: str
    count: int


class QuestionResult(Told):
    """What one question came to, or all of a survey pooled (then `question` is empty)."""

    survey: str
    question: str
    pooled: list[str]
    """The questions pooled, none of a single one."""
    title: str
    asked: int
    answered: int
    typed: int
    """How many of the answered were typed by advisers."""
    response_rate: Share
    """Answered of the attended contacts."""
    top_answers: list[int]
    """Those that speak well of the service; none for pooled questions of which different answers do."""
    top: Share
    """Answers that speak well of the service: 4 and 5 of 1 to 5, 4 of 1 to 4, yes of yes or no."""
    mean: float | None
    distribution: list[Answers]


class Row(Told):
    """A day, a queue or an adviser."""

    name: str
    attended: int
    questions: list[QuestionResult]


class SpokenComment(Told):
    """Something that a caller said, in the recording of the call's `position`-th answer."""

    at: datetime
    call: str
    position: int
    queue: str
    agent: str
    question: str


class LineResults(Told):
    """What one line's callers answered."""

    line: str
    title: str
    attended: int
    questions: list[QuestionResult]
    consolidated: list[QuestionResult]
    """Each survey's questions pooled: answers, never a mean of percentages."""
    without_adviser: list[QuestionResult]
    """Answers of callers whom menus led to the survey: nobody attended them."""
    rows: list[Row]
    comments: list[SpokenComment]


class SurveyResults(Told):
    """What callers answered in a period, by line."""

    first: date | None
    last: date | None
    by: By
    lines: list[LineResults]


def questions_of(line: Line) -> tuple[Question, ...]:
    """Read the questions of a line's surveys."""
    return tuple(
        Question(
            asked=Asked(survey.name, one.name),
            title=one.title,
            top=frozenset(_TOP[one.scale]),
            answers={value: _WORDS.get(one.scale, {}).get(value, str(value)) for value in range(1, one.scale.top + 1)},
            has_mean=one.scale in {Scale.FIVE, Scale.FOUR},
        )
        for survey in line.surveys.values()
        for one in survey.questions
    )


def results_of(calls: Iterable[CallHistory], lines: Sequence[Line], span: Span, group: By) -> SurveyResults:
    """Add up what callers answered."""
    told: dict[str, list[Contact]] = {line.name: [] for line in lines if span.line in {"", line.name}}
    said: dict[str, list[SpokenComment]] = {}
    for call in calls:
        told.setdefault(call.line, []).extend(one for one in contacts(call, span.zone) if span.holds(one.day))
        for at, contact, asked, _, position in comments(call, span.zone):
            if span.holds(contact.day):
                said.setdefault(call.line, []).append(
                    SpokenComment(
                        at=at,
                        call=call.call_id,
                        position=position,
                        queue=contact.queue,
                        agent=contact.agent,
                        question=asked.question,
                    )
                )
    known = {line.name: line for line in lines}
    return SurveyResults(
        first=span.first,
        last=span.last,
        by=group,
        lines=[
            _line(name, known.get(name), of_line, group, said.get(name, []))
            for name, of_line in told.items()
            if of_line or name in known
        ],
    )


def _line(
    name: str, line: Line | None, told: Sequence[Contact], group: By, said: Sequence[SpokenComment]
) -> LineResults:
    questions = _with_unknown(questions_of(line) if line else (), told)
    attended = [contact for contact in told if contact.attended]
    others = [contact for contact in told if not contact.attended]
    whole = results(attended, questions)
    rows = by(attended, questions, _GROUPS[group])
    return LineResults(
        line=name,
        title=line.title if line else name,
        attended=len(attended),
        questions=_told(questions, whole),
        consolidated=_pooled(questions, whole, line),
        without_adviser=_told(questions, results(others, questions)) if others else [],
        rows=[
            Row(
                name=row,
                attended=sum(_GROUPS[group](contact) == row for contact in attended),
                questions=_told(questions, found),
            )
            for row, found in sorted(rows.items())
        ],
        comments=sorted(said, key=lambda one: one.at, reverse=True)[:MOST_COMMENTS],
    )


_GROUPS = {
    By.DAY: lambda contact: contact.day.isoformat(),
    By.QUEUE: lambda contact: contact.queue,
    By.AGENT: lambda contact: contact.agent,
}


def _with_unknown(known: Sequence[Question], told: Iterable[Contact]) -> tuple[Question, ...]:
    asked = {asked for contact in told for asked in contact.answers} - {question.asked for question in known}
    return (*known, *(Question(asked=one, title=one.question, top=frozenset()) for one in sorted(asked)))


def _told(questions: Iterable[Question], found: Mapping[Asked, Result]) -> list[QuestionResult]:
    return [_question(question, found[question.asked]) for question in questions]


def _pooled(questions: Sequence[Question], found: Mapping[Asked, Result], line: Line | None) -> list[QuestionResult]:
    """Pool the questions of each survey that has several whose good answers are known."""
    rated = [question for question in questions if question.top]
    surveys: dict[str, list[Question]] = {}
    for question in rated:
        surveys.setdefault(question.asked.survey, []).append(question)
    return [
        _question(
            Question(
                asked=Asked(survey, ""),
                title=line.surveys[survey].title if line and survey in line.surveys else survey,
                top=frozenset({1}),
                has_mean=False,
            ),
            pooled(found[question.asked] for question in questions),
            questions,
        )
        for survey, questions in surveys.items()
        if len(questions) > 1
    ]


def _question(question: Question, result: Result, of: Sequence[Question] = ()) -> QuestionResult:
    """Tell what a question came to, or several pooled, which it is `of`."""
    tops = {one.top for one in of or [question]}
    answers = dict(question.answers) or {value: str(value) for value in sorted(result.answers) if value}
    return QuestionResult(
        survey=question.asked.survey,
        question=question.asked.question,
        pooled=[one.asked.question for one in of],
        title=question.title,
        asked=result.asked,
        answered=result.answered,
        typed=result.typed,
        response_rate=share(result.response_rate),
        top_answers=sorted(*tops) if len(tops) == 1 else [],
        top=share(result.top_share if question.top else Ratio(0, 0)),
        mean=result.mean.value if question.has_mean else None,
        distribution=[Answers(answer=value, word=word, count=result.answers[value]) for value, word in answers.items()]
        if question.asked.question
        else [],
    )


def share(ratio: Ratio) -> Share:
    """Tell a share with its bounds."""
    bounds = wilson(*ratio)
    return Share(
        numerator=ratio.numerator,
        denominator=ratio.denominator,
        value=ratio.value,
        low=bounds and bounds.low,
        high=bounds and bounds.high,
    )
