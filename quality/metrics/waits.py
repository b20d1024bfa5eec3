"""The expected wait of each queue at one moment, from who waits, who serves it and what it has seen of late.

An adviser who rings is still free for the caller who is counted as waiting. Who pauses, or is signed out, serves
nobody. Advisers of several queues are shared: of those who wait in another queue, this one's callers find as many ahead
as is the share of that queue's advisers who serve this one as well.
"""

from collections.abc import Callable
from datetime import timedelta

from .agents import AgentNow, AgentState
from .expected_wait import ExpectedWait, Recent, Staffing, expected_wait
from .snapshot import Snapshot

_SECOND = timedelta(seconds=1)
_FREE = {AgentState.AVAILABLE, AgentState.RINGING}


def expected_waits(line: Snapshot, recent: Callable[[str], Recent]) -> dict[str, ExpectedWait]:
    """Tell how long whoever enters each queue now will wait; a queue of which nothing tells is left out."""
    serving = {
        queue: [
            agent for agent in line.agents if queue in agent.serving and agent.state in {*_FREE, AgentState.TALKING}
        ]
        for queue in line.queues
    }
    told: dict[str, ExpectedWait] = {}
    for queue, advisers in serving.items():
        staffing = Staffing(
            free=sum(agent.state in _FREE for agent in advisers),
            talking_seconds=[
                max(0.0, (line.at - agent.since) / _SECOND) for agent in advisers if agent.state is AgentState.TALKING
            ],
        )
        ahead = sum(
            len(line.queues[other].waiting) * _share(others, advisers)
            for other, others in serving.items()
            if other == queue or others
        )
        if (wait := expected_wait(round(ahead), staffing, recent(queue))) is not None:
            told[queue] = wait
    return told


def _share(others: list[AgentNow], advisers: list[AgentNow]) -> float:
    """Tell what part of another queue's advisers serve this one as well; its own callers all are ahead."""
    if others is advisers:
        return 1.0
    names = {agent.agent for agent in advisers}
    return sum(agent.agent in names for agent in others) / len(others)
