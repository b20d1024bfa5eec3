"""The line at one moment, as the live engine tells it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from .agents import AgentNow, AgentState
from .aggregate import Aggregate
from .figures import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A caller in a queue."""

    call_id: str
    number: str
    queue: str
    entered_at: datetime
    wait_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueNow:
    """One queue: its figures of today, who waits in it, longest first, and who serves it.

    `free` advisers can take a call at once; `present` ones are free, ringing or talking.
    """

    today: Tally
    waiting: tuple[Waiting, ...]
    free: int
    present: int
    expected_wait_ms: int | None

    @property
    def longest_wait_ms(self) -> int | None:
        """Wait of whoever has waited longest by now; None if nobody waits."""
        return max((caller.wait_ms for caller in self.waiting), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The line at the moment `at`. `today` gives every table of the local day; visits belong to the day of their entry.

    Who waits was told to wait: a caller who is known to have left, but not why, counts as waiting in `today` only.
    """

    at: datetime
    day: date
    today: Aggregate
    queues: Mapping[str, QueueNow]
    agents: tuple[AgentNow, ...]
    open_calls: int
    late: int

    @property
    def total(self) -> Tally:
        """The figures of all queues."""
        return self.today.total()

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """Everybody who waits, longest first."""
        return tuple(sorted((one for queue in self.queues.values() for one in queue.waiting), key=longest_first))

    @property
    def agents_by_state(self) -> Mapping[AgentState, int]:
        """How many agents do what; each counts once."""
        found = Counter(agent.state for agent in self.agents)
        return {state: found[state] for state in AgentState}

    @property
    def balances(self) -> bool:
        """Whether the identity of section 1 holds in total and in each queue, and both are the same calls."""
        tables = [queue.today for queue in self.queues.values()]
        total = self.total
        return total.offered == sum(one.offered for one in tables) and not any(
            one.remainder for one in (total, *tables)
        )


def expected_wait_ms(waiting: int, free: int, present: int, talk_ms: float | None) -> int | None:
    """Return how long whoever entered the queue now would wait, None where nothing tells.

    Nothing while there are more free advisers than callers. Otherwise every caller ahead, and he himself, needs one of
    the `present` advisers to end a conversation, and they end one every `talk_ms` / `present`; `talk_ms` is the mean of
    the queue's last conversations. It leaves out who gives up, so it errs on the long side.
    """
    if free > waiting:
        return 0
    if not present or talk_ms is None:
        return None
    return round((waiting + 1 - free) * talk_ms / present)


def longest_first(caller: Waiting) -> tuple[datetime, str]:
    """Put whoever has waited longest first."""
    return caller.entered_at, caller.call_id
