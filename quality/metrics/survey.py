"""What callers answered after they were attended: response rate, top two, mean and distribution of each question.

Of a published report only counts are known; of our own calls, each contact. Both add up in the same `Result`, so that
a consolidated figure pools people and never averages percentages (ANM, monthly reports of 2024 and 2025).
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import NamedTuple, Self, TypeVar

from core.events import SurveyAnswered

from .figures import Ratio
from .visits import CallHistory, Outcome, Visit

_K = TypeVar("_K", bound=Hashable)


class Asked(NamedTuple):
    """A question of a survey, by their names."""

    survey: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How a question is read: `top` answers speak well of the service (4 and 5 of 1 to 5; yes of yes or no).

    `answers` are those there can be, lowest first, with their words; none of a spoken comment.
    """

    asked: Asked
    title: str
    top: frozenset[int]
    answers: Mapping[int, str] = field(default_factory=dict)
    has_mean: bool = True


SPOKEN = 0
"""An answer that is no number: a comment, or one of a report that does not tell its single answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One attended contact: an answered visit, by the local day of its entry, and what was asked after it.

    `answers` has each question that was put to the caller; None was put in vain. `typed` are those that an adviser
    typed. `agent` is who talked last. Without a queue nobody attended: menus led to the survey, and it counts in no
    response rate.
    """

    call_id: str
    day: date
    line: str
    queue: str
    agent: str
    answers: Mapping[Asked, int | None] = field(default_factory=dict)
    typed: frozenset[Asked] = frozenset()

    @property
    def attended(self) -> bool:
        """Whether an adviser did."""
        return bool(self.queue)


class Comment(NamedTuple):
    """What a caller said to a question; `file` is below the folder of messages, `position` among the call's answers."""

    at: datetime
    contact: Contact
    asked: Asked
    file: str
    position: int


@dataclass(slots=True, kw_only=True)
class Result:
    """What one question came to: `attended` contacts, of which `asked` heard it; `answers` counts each answer.

    `typed` of them were typed by advisers.
    """

    attended: int = 0
    asked: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    top_answers: int = 0
    typed: int = 0

    @classmethod
    def published(cls, *, top_answers: int, answered: int, attended: int) -> Self:
        """Return what a report printed of a question, whose single answers it does not tell."""
        return cls(attended=attended, asked=answered, answers=Counter({SPOKEN: answered}), top_answers=top_answers)

    def __add__(self, other: "Result") -> "Result":
        """Pool the people of both."""
        return Result(
            attended=self.attended + other.attended,
            asked=self.asked + other.asked,
            answers=self.answers + other.answers,
            top_answers=self.top_answers + other.top_answers,
            typed=self.typed + other.typed,
        )

    @property
    def answered(self) -> int:
        """How many answered."""
        return self.answers.total()

    @property
    def response_rate(self) -> Ratio:
        """Answered of the attended: 179 of 799 by telephone in ANM's report of February 2024."""
        return Ratio(self.answered, self.attended)

    @property
    def completion_rate(self) -> Ratio:
        """Answered of those who were asked."""
        return Ratio(self.answered, self.asked)

    @property
    def top_share(self) -> Ratio:
        """Share of the answers that speak well of the service (top two of a scale of five)."""
        return Ratio(self.top_answers, self.answered)

    @property
    def mean(self) -> Ratio:
        """Mean answer; over nothing where single answers are not known."""
        if SPOKEN in self.answers:
            return Ratio(0, 0)
        return Ratio(sum(answer * count for answer, count in self.answers.items()), self.answered)


def results(contacts: Iterable[Contact], questions: Iterable[Question]) -> dict[Asked, Result]:
    """Return what each question came to over all contacts."""
    return by(contacts, questions, lambda _: None).get(None) or {one.asked: Result() for one in questions}


def by(
    contacts: Iterable[Contact], questions: Iterable[Question], group: Callable[[Contact], _K]
) -> dict[_K, dict[Asked, Result]]:
    """Return what each question came to, by day, queue, agent or whatever `group` tells of a contact."""
    read = tuple(questions)
    table: dict[_K, dict[Asked, Result]] = {}
    for contact in contacts:
        row = table.setdefault(group(contact), {one.asked: Result() for one in read})
        for question in read:
            result = row[question.asked]
            result.attended += contact.attended
            if question.asked not in contact.answers:
                continue
            result.asked += 1
            answer = contact.answers[question.asked]
            if answer is not None:
                result.answers[answer] += 1
                result.top_answers += answer in question.top
                result.typed += question.asked in contact.typed
    return table


def pooled(parts: Iterable[Result]) -> Result:
    """Return the consolidated result of several questions or channels."""
    return sum(parts, start=Result())


class Placed(NamedTuple):
    """An answer and the contact it belongs to: the last that began before it; without one, nobody had attended.

    What an adviser typed belongs to a contact of his. Of a contact's answers to a question one `counts`: the last that
    the caller gave himself, or else the last that was typed.
    """

    said: SurveyAnswered
    visit: Visit | None
    counts: bool


def placed(call: CallHistory) -> tuple[Placed, ...]:
    """Tell the contact of each answer of a call, in order of time."""
    attended = _attended(call)
    told = [(said, _before(attended, said)) for said in call.survey]
    counting: dict[tuple[int | None, str, str], SurveyAnswered] = {}
    for said, place in sorted(told, key=lambda pair: _weight(pair[0])):
        counting[place, said.survey, said.question] = said
    return tuple(
        Placed(said, None if place is None else attended[place], counting[place, said.survey, said.question] is said)
        for said, place in told
    )


def contacts(call: CallHistory, zone: tzinfo) -> Iterator[Contact]:
    """Yield the contacts of a call, with what was asked after each."""
    told = [(said, visit) for said, visit, counts in placed(call) if counts]
    for visit in _attended(call):
        yield _contact(call, visit, zone, [said for said, its in told if its is visit])
    if unattended := [said for said, its in told if its is None]:
        yield _contact(call, None, zone, unattended)


def comments(call: CallHistory, zone: tzinfo) -> Iterator[Comment]:
    """Yield what was said, not keyed, in a call."""
    for position, (said, visit, _) in enumerate(placed(call)):
        if said.file:
            contact = _contact(call, visit, zone, [])
            yield Comment(said.at, contact, Asked(said.survey, said.question), said.file, position)


def answer_of(said: SurveyAnswered) -> int | None:
    """Give an answer as it is counted."""
    return SPOKEN if said.file else said.answer


def _attended(call: CallHistory) -> list[Visit]:
    answered = (visit for visit in call.visits if visit.result is Outcome.ANSWERED and visit.legs)
    return sorted(answered, key=lambda visit: visit.legs[0].connected_at)


def _before(attended: list[Visit], said: SurveyAnswered) -> int | None:
    begun = [place for place, visit in enumerate(attended) if visit.legs[0].connected_at <= said.at]
    his = [place for place in begun if said.by and any(leg.agent == said.agent for leg in attended[place].legs)]
    return max(his or begun, default=None)


def _weight(said: SurveyAnswered) -> int:
    """Tell what counts before what: what the caller answered, what was typed, a question that was put in vain."""
    if said.by:
        return 1
    return 0 if answer_of(said) is None else 2


def _contact(call: CallHistory, visit: Visit | None, zone: tzinfo, told: Iterable[SurveyAnswered]) -> Contact:
    answers = {Asked(said.survey, said.question): said for said in told}
    return Contact(
        call_id=call.call_id,
        day=(visit.entered_at if visit else call.started_at).astimezone(zone).date(),
        line=call.line,
        queue=visit.queue if visit else "",
        agent=visit.legs[-1].agent if visit else "",
        answers={asked: answer_of(said) for asked, said in answers.items()},
        typed=frozenset(asked for asked, said in answers.items() if said.by),
    )
