"""How long each agent was logged in and paused, from presence events in order of time.

An agent is logged in while in any queue, and paused while paused in every queue he is in. What a log does not tell is
not guessed: static members of a queue, who never log in, have no time here until they pause.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from core.events import AgentPresence, PresenceChange


@dataclass(slots=True)
class Presence:
    """One agent's times in milliseconds, and his state: for each queue he is in, whether paused."""

    logged_in_ms: int = 0
    paused_ms: int = 0
    queues: dict[str, bool] = field(default_factory=dict)
    since: float = float("-inf")

    def pass_time(self, until: float, begin: float, end: float) -> None:
        """Let time run up to the Unix time `until`; what lies between `begin` and `end` counts."""
        if self.queues:
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


class Presences:
    """The presence of all agents between two Unix times."""

    def __init__(self, begin: float = float("-inf"), end: float = float("inf")) -> None:
        self._begin = begin
        self._end = end
        self._agents: defaultdict[str, Presence] = defaultdict(Presence)

    def take(self, event: AgentPresence) -> None:
        """Take the next event. One that lies before what was taken already is a repetition and is passed over."""
        agent = self._agents[event.agent]
        at = event.at.timestamp()
        if at >= agent.since:
            agent.pass_time(at, self._begin, self._end)
            agent.change(event)

    def until(self, at: float) -> dict[str, Presence]:
        """Let time run up to the Unix time `at` and return each agent's presence."""
        for agent in self._agents.values():
            agent.pass_time(max(at, agent.since), self._begin, self._end)
        return dict(self._agents)
