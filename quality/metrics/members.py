"""What is new in what the manager interface tells of the members of queues: it repeats itself at every turn."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .agents import Member


class Members:
    """The members as last told. `at` of each is since when it has been so, however often it was told again."""

    def __init__(self, known: Iterable[Member] = ()) -> None:
        self._known: dict[tuple[str, str], Member] = {}
        for member in known:
            self._keep(member)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._known.values())

    def tell(self, member: Member) -> Member | None:
        """Take what is told of one member, and return it if it is news."""
        before = self._known.get((member.agent, member.queue))
        if before is None and member.telephone is None:
            return None
        if before is not None:
            if replace(member, at=before.at) == before:
                return None
            member = replace(member, at=max(member.at, before.at))  # what is told last holds, whatever the clock did
        self._keep(member)
        return member

    def picture(self, members: Iterable[Member]) -> None:
        """Take the list of all members: whoever is not in it has left."""
        listed = {(member.agent, member.queue): member for member in members}
        for agent, queue in self._known.keys() - listed.keys():
            del self._known[agent, queue]
        for member in listed.values():
            self.tell(member)

    def _keep(self, member: Member) -> None:
        if member.telephone is None:
            self._known.pop((member.agent, member.queue), None)
        else:
            self._known[member.agent, member.queue] = member
