"""What advisers do, as the manager interface tells it, told for keeping: only what is new, and only what is certain.

A watch is a time during which every change was told. It begins with the picture of all members, and ends where
something was missed, and at midnight, so that no moment's picture lies further back than a day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from .agents import Member

SIGN_OF_LIFE = timedelta(seconds=5)  # as much of a watch is lost when its writer is killed
MOST_UNWRITTEN = 20_000  # changes


@dataclass(slots=True, kw_only=True)
class Stretch:
    """A part of a watch: what was told up to `until`. With `since` a watch begins, else it goes on with the last."""

    since: datetime | None = None
    until: datetime
    members: list[Member] = field(default_factory=list)


class Attendance:
    """The members of all queues as last told. `at` of each is since when it has been so, however often it was told.

    `known` is what was told up to the last time that this was kept, in order.
    """

    def __init__(self, zone: tzinfo, known: Iterable[Member] = ()) -> None:
        self._zone = zone
        self._members: dict[tuple[str, str], Member] = {}
        for member in known:
            self._keep(member)
        self._watched_until: datetime | None = None
        self._unwritten: list[Stretch] = []

    def picture(self, members: Iterable[Member], at: datetime) -> None:
        """Begin a watch with all members as they are."""
        self.miss(at)
        listed = {(member.agent, member.queue): member for member in members}
        self._members = {key: self._as_known(member) for key, member in listed.items()}
        self._begin(at)

    def see(self, member: Member) -> None:
        """Take what is told of one member."""
        key, known = (member.agent, member.queue), self._as_known(member)
        if known is self._members.get(key) or (member.telephone is None and key not in self._members):
            return
        self._keep(known)
        if self._watched_until:
            self._last(self._watched_until).members.append(known)

    def miss(self, at: datetime) -> None:
        """End the watch, if there is one: from here on not everything is told."""
        self._reach(at)
        self._watched_until = None

    def unwritten(self, now: datetime) -> list[Stretch]:
        """Hand over what there is to write at `now`."""
        if reached := self._watched_until:
            if now.astimezone(self._zone).date() != reached.astimezone(self._zone).date():
                self._reach(now)
                self._begin(now)
            elif self._unwritten or now - reached >= SIGN_OF_LIFE:
                self._reach(now)
        stretches, self._unwritten = self._unwritten, []
        return stretches

    def put_back(self, stretches: list[Stretch]) -> None:
        """Take back what could not be written. When it is too much, it is as if all of it had been missed."""
        self._unwritten = stretches + self._unwritten
        if sum(len(stretch.members) for stretch in self._unwritten) > MOST_UNWRITTEN:
            self._unwritten = []
            if self._watched_until:
                self._begin(self._watched_until)

    def _keep(self, member: Member) -> None:
        if member.telephone is None:
            self._members.pop((member.agent, member.queue), None)
        else:
            self._members[member.agent, member.queue] = member

    def _begin(self, at: datetime) -> None:
        self._unwritten.append(Stretch(since=at, until=at, members=list(self._members.values())))
        self._watched_until = at

    def _reach(self, until: datetime) -> None:
        if self._watched_until:
            last = self._last(self._watched_until)
            last.until = self._watched_until = max(last.until, until)

    def _last(self, reached: datetime) -> Stretch:
        if not self._unwritten:
            self._unwritten.append(Stretch(until=reached))
        return self._unwritten[-1]

    def _as_known(self, member: Member) -> Member:
        """Return what is known already if this says nothing else; told last, it holds whatever the clock did."""
        known = self._members.get((member.agent, member.queue))
        if known is None:
            return member
        return known if replace(member, at=known.at) == known else replace(member, at=max(member.at, known.at))
