"""Who came back: of the contacts that an adviser typified as solved, those whose person contacted the line again.

It stands beside first contact resolution, which is what advisers say (domain, section 2). Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from .figures import Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One call of a person who is known by the number. `subject` is its last disposition, "" if nobody said one.

    `placed`: the line called, so that the person did not come back by it. `ended_at` None: nobody saw the end.
    """

    line: str
    number: str
    began_at: datetime
    ended_at: datetime | None
    subject: str = ""
    solved: bool = False
    placed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Solved contacts of a period after which so many `days` are over, and how many of them came back within those.

    After `pending` more the days are not over yet: they have no part in the figure.
    """

    days: int
    solved: int
    came_back: int
    pending: int

    @property
    def share(self) -> Ratio:
        """Those who came back, of those who were told that it was solved."""
        return Ratio(self.came_back, self.solved)


def repeats(
    contacts: Iterable[Contact], since: datetime | None, until: datetime | None, now: datetime, days: int
) -> Repeats:
    """Count those of [since, until), by line and number; `contacts` come with each person's together, the oldest first.

    Who calls about something else does not come back. A contact of which nobody said the subject counts as the same.
    """
    within, solved, came_back, pending = timedelta(days=days), 0, 0, 0
    for _, of_person in groupby(contacts, lambda one: (one.line, one.number)):
        person = tuple(of_person)
        for place, one in enumerate(person):
            ended_at = one.ended_at or one.began_at
            if not one.solved or (since and one.began_at < since) or (until and one.began_at >= until):
                continue
            if now < ended_at + within:
                pending += 1
                continue
            solved += 1
            came_back += _again(person[place + 1 :], one.subject, ended_at + within)
    return Repeats(days=days, solved=solved, came_back=came_back, pending=pending)


def _again(later: Sequence[Contact], subject: str, until: datetime) -> bool:
    return any(one.subject in {"", subject} and not one.placed and one.began_at <= until for one in later)
