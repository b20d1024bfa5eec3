"""What each agent is doing, from what is told of his telephone, of his queues and of his calls.

The manager interface tells all of it; a log alone tells who came, went and paused. An agent whom only his calls show is
taken to be in the queue that rang him until something says that he left. Whatever is told in whatever order, the
latest telling about each thing is believed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar

from core.events import AgentPresence, PresenceChange

_Key = TypeVar("_Key")


class AgentState(StrEnum):
    """What an agent is doing; who talks although he is paused, talks."""

    AVAILABLE = "available"
    RINGING = "ringing"
    TALKING = "talking"
    PAUSED = "paused"
    SIGNED_OUT = "signed_out"


class Telephone(StrEnum):
    """What an agent's telephone is doing, be it for a queue or not; ABSENT: it is not registered."""

    FREE = "free"
    RINGING = "ringing"
    BUSY = "busy"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An agent in one queue at one moment, as the manager interface tells it. Unlike an event it is not kept."""

    at: datetime
    queue: str
    agent: str
    telephone: Telephone
    paused: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNow:
    """One agent, who counts once however many queues he is in.

    `since` is when what shows his state was told. `serving` are those of his queues in which he is not paused.
    """

    agent: str
    state: AgentState
    since: datetime
    reason: str = ""
    queues: tuple[str, ...] = ()
    serving: tuple[str, ...] = ()


class _Told(NamedTuple):
    """The latest telling about one thing; the greatest is the latest."""

    at: datetime
    order: int
    value: str
    reason: str = ""


_IN, _OUT, _PAUSED, _SERVING = "in", "out", "paused", "serving"
_EVERY_QUEUE = ""
_VALUES = {
    PresenceChange.LOGGED_IN: _IN,
    PresenceChange.LOGGED_OUT: _OUT,
    PresenceChange.PAUSED: _PAUSED,
    PresenceChange.UNPAUSED: _SERVING,
}
_STATES = {Telephone.BUSY: AgentState.TALKING, Telephone.RINGING: AgentState.RINGING}


class Agents:
    """The agents of all queues. What is kept grows with agents and queues."""

    def __init__(self) -> None:
        self._membership: dict[tuple[str, str], _Told] = {}
        self._pause: dict[tuple[str, str], _Told] = {}
        self._telephone: dict[str, _Told] = {}

    def take(self, event: AgentPresence) -> None:
        """Take a change of presence; a pause without a queue is one in every queue that the agent is in."""
        key, told = (event.agent, event.queue), _Told(event.at, event.order, _VALUES[event.change], event.reason)
        if told.value in {_IN, _OUT}:
            _believe(self._membership, key, told)
            return
        _believe(self._pause, key, told)
        if event.queue != _EVERY_QUEUE:
            self.worked(event.agent, event.queue, event.at)

    def worked(self, agent: str, queue: str, at: datetime) -> None:
        """Conclude that the agent was in the queue then: it rang him, or he paused in it."""
        _believe(self._membership, (agent, queue), _Told(at, 0, _IN))

    def see(self, member: Member) -> None:
        """Take what the telephone system says of a member of a queue."""
        self.worked(member.agent, member.queue, member.at)
        paused = _Told(member.at, 0, _PAUSED if member.paused else _SERVING, member.reason)
        _change(self._pause, (member.agent, member.queue), paused)
        _change(self._telephone, member.agent, _Told(member.at, 0, member.telephone.value))

    def see_all(self, members: Iterable[Member], at: datetime) -> None:
        """Take the list of all members at one moment: whoever is not in it has left."""
        listed = {(member.agent, member.queue): member for member in members}
        for key in self._membership.keys() - listed.keys():
            _believe(self._membership, key, _Told(at, 0, _OUT))
        for member in listed.values():
            self.see(member)

    def now(self, talking: Mapping[str, datetime], ringing: Mapping[str, datetime]) -> tuple[AgentNow, ...]:
        """Return all agents by name. `talking` and `ringing` tell since when, as far as calls show it."""
        names = {agent for agent, _ in self._membership} | talking.keys() | ringing.keys()
        return tuple(self._now(agent, talking.get(agent), ringing.get(agent)) for agent in sorted(names))

    def _now(self, agent: str, talks_since: datetime | None, rings_since: datetime | None) -> AgentNow:
        memberships = {queue: told for (name, queue), told in self._membership.items() if name == agent}
        queues = tuple(sorted(queue for queue, told in memberships.items() if told.value == _IN))
        pauses = {queue: pause for queue in queues if (pause := self._pause_in(agent, queue))}
        serving = tuple(queue for queue in queues if queue not in pauses or pauses[queue].value != _PAUSED)
        telephone = self._telephone.get(agent)
        reason = ""
        if talks_since or rings_since:
            state = AgentState.TALKING if talks_since else AgentState.RINGING
            shown = [at for at in (talks_since or rings_since,) if at]
        elif telephone and (busy := _STATES.get(Telephone(telephone.value))):
            state, shown = busy, [telephone.at]
        elif telephone and queues and telephone.value == Telephone.ABSENT:
            state, shown = AgentState.SIGNED_OUT, [telephone.at]
        elif not queues:
            state, shown = AgentState.SIGNED_OUT, [told.at for told in memberships.values()]
        elif not serving:
            state, reason = AgentState.PAUSED, max(pauses.values()).reason
            shown = [told.at for told in pauses.values()]
        else:
            state = AgentState.AVAILABLE
            told = [*pauses.values(), *([telephone] if telephone else [])] or memberships.values()
            shown = [one.at for one in told]
        return AgentNow(agent=agent, state=state, since=max(shown), reason=reason, queues=queues, serving=serving)

    def _pause_in(self, agent: str, queue: str) -> _Told | None:
        told = (self._pause.get((agent, queue)), self._pause.get((agent, _EVERY_QUEUE)))
        return max((one for one in told if one), default=None)


def _believe(known: dict[_Key, _Told], key: _Key, told: _Told) -> None:
    known[key] = max(told, known.get(key, told))


def _change(known: dict[_Key, _Told], key: _Key, told: _Told) -> None:
    """Believe what differs; what is said again began when it was first said."""
    before = known.get(key)
    if before is None or (before.value, before.reason) != (told.value, told.reason):
        _believe(known, key, told)
