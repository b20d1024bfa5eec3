"""What callers answered after they were attended: response rate, top two, mean and distribution of each question.

Of a published report only counts are known; of our own calls, each contact. Both add up in the same `Result`, so that
a consolidated figure pools people and never averages percentages (ANM, monthly reports of 2024 and 2025).
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, Self, TypeVar

from .figures import Ratio

_K = TypeVar("_K", bound=Hashable)


class Asked(NamedTuple):
    """A question of a survey, by their names."""

    survey: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How a question is read: `top` answers speak well of the service (4 and 5 of 1 to 5; yes of yes or no)."""

    asked: Asked
    title: str
    top: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One attended contact: an answered visit, by the local day of its entry, and what was asked after it.

    `answers` has each question that was put to the caller; None was put in vain. `agent` is who talked last.
    """

    call_id: str
    day: date
    line: str
    queue: str
    agent: str
    answers: Mapping[Asked, int | None] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Result:
    """What one question came to: `attended` contacts, of which `asked` heard it; `answers` counts each answer."""

    attended: int = 0
    asked: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    top_answers: int = 0

    @classmethod
    def published(cls, *, top_answers: int, answered: int, attended: int) -> Self:
        """Return what a report printed of a question, whose single answers it does not tell."""
        return cls(attended=attended, asked=answered, answers=Counter({0: answered}), top_answers=top_answers)

    def __add__(self, other: "Result") -> "Result":
        """Pool the people of both."""
        return Result(
            attended=self.attended + other.attended,
            asked=self.asked + other.asked,
            answers=self.answers + other.answers,
            top_answers=self.top_answers + other.top_answers,
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
        if 0 in self.answers:
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
            result.attended += 1
            if question.asked not in contact.answers:
                continue
            result.asked += 1
            answer = contact.answers[question.asked]
            if answer is not None:
                result.answers[answer] += 1
                result.top_answers += answer in question.top
    return table


def pooled(parts: Iterable[Result]) -> Result:
    """Return the consolidated result of several questions or channels."""
    return sum(parts, start=Result())
