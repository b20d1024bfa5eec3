"""What each agent is doing, from what is told of his telephone, of his queues and of his calls.

The manager interface tells all of it; a log alone tells who came, went and paused. An agent whom only his calls show is
taken to be in the queue that rang him until something says that he left. Whatever is told in whatever order, the
latest telling about each thing is believed.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from core.events import AgentPresence, PresenceChange


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
    """An agent in one queue from one moment on, as the manager interface tells it. `telephone` None: he has left it."""

    at: datetime
    queue: str
    agent: str
    telephone: Telephone | None
    paused: bool = False
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


class Engagement(NamedTuple):
    """What one call shows of an agent: since when he talks in it, or it rings him."""

    talking: datetime | None = None
    ringing: datetime | None = None


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


@dataclass(slots=True, eq=False)
class _Agent:
    """What is known of one agent: in which queues he is, in which he pauses, his telephone, and his calls."""

    membership: dict[str, _Told] = field(default_factory=dict)
    pause: dict[str, _Told] = field(default_factory=dict)
    telephone: _Told | None = None
    calls: dict[Hashable, Engagement] = field(default_factory=dict)

    def now(self, name: str) -> AgentNow | None:
        """Conclude what he is doing; None if only pauses or a telephone were told of him."""
        talks_since = max((call.talking for call in self.calls.values() if call.talking), default=None)
        rings_since = max((call.ringing for call in self.calls.values() if call.ringing), default=None)
        if not (self.membership or talks_since or rings_since):
            return None
        queues = tuple(sorted(queue for queue, told in self.membership.items() if told.value == _IN))
        pauses = {queue: pause for queue in queues if (pause := self._pause_in(queue))}
        serving = tuple(queue for queue in queues if queue not in pauses or pauses[queue].value != _PAUSED)
        telephone, reason = self.telephone, ""
        if talks_since or rings_since:
            state = AgentState.TALKING if talks_since else AgentState.RINGING
            shown = [at for at in (talks_since or rings_since,) if at]
        elif telephone and (busy := _STATES.get(Telephone(telephone.value))):
            state, shown = busy, [telephone.at]
        elif telephone and queues and telephone.value == Telephone.ABSENT:
            state, shown = AgentState.SIGNED_OUT, [telephone.at]
        elif not queues:
            state, shown = AgentState.SIGNED_OUT, [told.at for told in self.membership.values()]
        elif not serving:
            state, reason = AgentState.PAUSED, max(pauses.values()).reason
            shown = [told.at for told in pauses.values()]
        else:
            state = AgentState.AVAILABLE
            told = [*pauses.values(), *([telephone] if telephone else [])] or self.membership.values()
            shown = [one.at for one in told]
        return AgentNow(agent=name, state=state, since=max(shown), reason=reason, queues=queues, serving=serving)

    def _pause_in(self, queue: str) -> _Told | None:
        told = (self.pause.get(queue), self.pause.get(_EVERY_QUEUE))
        return max((one for one in told if one), default=None)


class Agents:
    """The agents of all queues. What is kept grows with agents and queues; who did not change costs nothing."""

    def __init__(self) -> None:
        self._agents: dict[str, _Agent] = {}
        self._changed: dict[str, None] = {}
        self._now: dict[str, AgentNow] = {}
        self._shown: tuple[AgentNow, ...] = ()

    def take(self, event: AgentPresence) -> None:
        """Take a change of presence; a pause without a queue is one in every queue that the agent is in."""
        told, agent = _Told(event.at, event.order, _VALUES[event.change], event.reason), self._change(event.agent)
        if told.value in {_IN, _OUT}:
            agent.membership[event.queue] = _latest(agent.membership.get(event.queue), told)
            return
        agent.pause[event.queue] = _latest(agent.pause.get(event.queue), told)
        if event.queue != _EVERY_QUEUE:
            self.worked(event.agent, event.queue, event.at)

    def worked(self, agent: str, queue: str, at: datetime) -> None:
        """Conclude that the agent was in the queue then: it rang him, or he paused in it."""
        membership = self._change(agent).membership
        membership[queue] = _latest(membership.get(queue), _Told(at, 0, _IN))

    def see(self, member: Member) -> None:
        """Take what the telephone system says of a member of a queue."""
        agent, queue = self._change(member.agent), member.queue
        there = _Told(member.at, 0, _OUT if member.telephone is None else _IN)
        agent.membership[queue] = _latest(agent.membership.get(queue), there)
        if member.telephone is not None:
            paused = _Told(member.at, 0, _PAUSED if member.paused else _SERVING, member.reason)
            agent.pause[queue] = _latest_change(agent.pause.get(queue), paused)
            agent.telephone = _latest_change(agent.telephone, _Told(member.at, 0, member.telephone.value))

    def see_all(self, members: Iterable[Member], at: datetime) -> None:
        """Take the list of all members at one moment: whoever is not in it has left."""
        listed = {(member.agent, member.queue): member for member in members}
        for name, agent in self._agents.items():
            for queue, told in agent.membership.items():
                if (name, queue) not in listed and told.value != _OUT:
                    self.see(Member(at=at, queue=queue, agent=name, telephone=None))
        for member in listed.values():
            self.see(member)

    def learn(self, other: "Agents") -> None:
        """Take all that another was told, but of calls."""
        for name, told in other._agents.items():  # noqa: SLF001 - one of its own kind
            agent = self._change(name)
            for mine, theirs in ((agent.membership, told.membership), (agent.pause, told.pause)):
                for queue, one in theirs.items():
                    mine[queue] = _latest(mine.get(queue), one)
            if told.telephone:
                agent.telephone = _latest(agent.telephone, told.telephone)

    def engage(self, call: Hashable, engaged: Mapping[str, Engagement], before: Iterable[str] = ()) -> None:
        """Take whom a call engages now; `before` are those it engaged until now."""
        for name in before:
            if name not in engaged:
                self._change(name).calls.pop(call, None)
        for name, engagement in engaged.items():
            self._change(name).calls[call] = engagement

    def now(self) -> tuple[AgentNow, ...]:
        """Return all agents by name."""
        if not self._changed:
            return self._shown
        for name in self._changed:
            if now := self._agents[name].now(name):
                self._now[name] = now
            else:
                self._now.pop(name, None)
        self._changed.clear()
        self._shown = tuple(self._now[name] for name in sorted(self._now))
        return self._shown

    def _change(self, name: str) -> _Agent:
        self._changed[name] = None
        if name not in self._agents:
            self._agents[name] = _Agent()
        return self._agents[name]


def _latest(before: _Told | None, told: _Told) -> _Told:
    return told if before is None else max(told, before)


def _latest_change(before: _Told | None, told: _Told) -> _Told:
    """Believe what differs; what is said again began when it was first said."""
    if before and (before.value, before.reason) == (told.value, told.reason):
        return before
    return _latest(before, told)
