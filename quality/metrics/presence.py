"""How long each agent was logged in and paused, from what is told of his presence in order of time.

An agent is logged in while he is in any queue and his telephone is not known to be absent, and paused while, logged in,
he is paused in every queue he is in. A log tells nothing of telephones and nothing of static members, who never log in:
by a log alone they have no time here until they pause. The manager interface tells of all of them.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from core.events import AgentPresence, PresenceChange

from .agents import Member, Telephone


@dataclass(slots=True)
class Presence:
    """One agent's times in milliseconds, and his state: for each queue he is in, whether paused."""

    logged_in_ms: int = 0
    paused_ms: int = 0
    queues: dict[str, bool] = field(default_factory=dict)
    reachable: bool = True
    since: float = float("-inf")

    def pass_time(self, until: float, begin: float, end: float) -> None:
        """Let time run up to the Unix time `until`; what lies between `begin` and `end` counts."""
        if self.queues and self.reachable:
            ms = max(0, round((min(until, end) - max(self.since, begin)) * 1000))
            self.logged_in_ms += ms
            self.paused_ms += ms if all(self.queues.values()) else 0
        self.since = until

    def change(self, event: AgentPresence) -> None:
        """Come, go, pause or return; without a queue, in all of them."""
        queues = [event.queue] if event.queue else list(self.queues) or [""]
        for queue in queues:
            if event.change is PresenceChange.LOGGED_OUT:
                self.queues.pop(queue, None)
            else:
                self.queues[queue] = event.change is PresenceChange.PAUSED

    def see(self, member: Member) -> None:
        """Be in a queue as the manager interface tells it."""
        if member.telephone is None:
            self.queues.pop(member.queue, None)
        else:
            self.queues[member.queue] = member.paused
            self.reachable = member.telephone is not Telephone.ABSENT


class Presences:
    """The presence of all agents between two Unix times."""

    def __init__(self, begin: float = float("-inf"), end: float = float("inf")) -> None:
        self._begin = begin
        self._end = end
        self._agents: defaultdict[str, Presence] = defaultdict(Presence)

    def take(self, told: AgentPresence | Member) -> None:
        """Take what is told next. What lies before what was taken already is a repetition and is passed over."""
        agent = self._agents[told.agent]
        at = told.at.timestamp()
        if at >= agent.since:
            agent.pass_time(at, self._begin, self._end)
            if isinstance(told, Member):
                agent.see(told)
            else:
                agent.change(told)

    def until(self, at: float) -> dict[str, Presence]:
        """Let time run up to the Unix time `at` and return each agent's presence."""
        for agent in self._agents.values():
            agent.pass_time(max(at, agent.since), self._begin, self._end)
        return dict(self._agents)
