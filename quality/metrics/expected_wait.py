"""How long whoever enters a queue now will wait, and between which bounds.

The model is Whitt's for many servers and impatient callers (QL_m in Ibrahim and Whitt, "Real-time delay estimation in
overloaded multiserver queues with abandonments", Management Science 55 (10), 2009). Everybody ahead must be served or
give up. While i callers are ahead, one leaves the queue every 1 / (μ + i θ) seconds on average: μ is how often an
adviser becomes free, θ how often a waiting caller gives up. The wait is the sum of these steps. Both rates come from
the queue's own recent history, and from how long the conversations that go on have lasted already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import scipy  # its parts load when they are used: a process starts sooner

LEAST_TALKS = 5
SHARE_BELOW_LOW = 0.25
SHARE_BELOW_HIGH = 0.80
_FLOOR_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What a queue has seen of late.

    `handle_seconds` are talk and after-call work of its last conversations. `abandoned` callers gave up in the
    `waited_seconds` that all callers, answered or not, spent waiting meanwhile.
    """

    handle_seconds: Sequence[float]
    abandoned: int = 0
    waited_seconds: float = 0.0

    @property
    def giving_up_rate(self) -> float:
        """How often one waiting caller gives up, per second (maximum likelihood for exponential patience).

        Where less than a second was waited, nothing tells.
        """
        return self.abandoned / self.waited_seconds if self.waited_seconds >= _FLOOR_SECONDS else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """Who serves the queue: `free` advisers, and those who talk, by how long they have (seconds)."""

    free: int
    talking_seconds: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedWait:
    """Seconds: the mean, and bounds within which somewhat more than half of the waits fall."""

    mean_seconds: float
    low_seconds: float
    high_seconds: float


NOTHING = ExpectedWait(mean_seconds=0.0, low_seconds=0.0, high_seconds=0.0)


def expected_wait(ahead: int, staffing: Staffing, recent: Recent) -> ExpectedWait | None:
    """Tell the wait of a caller with `ahead` others before him; None where nothing tells.

    Nothing tells when nobody serves the queue, or when fewer than LEAST_TALKS conversations are known.
    """
    if staffing.free > ahead:
        return NOTHING
    if len(recent.handle_seconds) < LEAST_TALKS or not (staffing.free or staffing.talking_seconds):
        return None
    mean_handle = max(_FLOOR_SECONDS, sum(recent.handle_seconds) / len(recent.handle_seconds))
    ending = sum(1 / _remaining(elapsed, recent.handle_seconds) for elapsed in staffing.talking_seconds)
    talking = len(staffing.talking_seconds)
    steps: list[float] = []
    for others in range(ahead - staffing.free, -1, -1):
        new = min(len(steps), talking)  # who has taken another call meanwhile talks as long as is usual
        served = (ending * (talking - new) / talking if talking else 0) + (new + staffing.free) / mean_handle
        steps.append(1 / (served + others * recent.giving_up_rate))
    mean, deviation = sum(steps), sqrt(sum(step * step for step in steps))
    shape = (mean / deviation) ** 2
    return ExpectedWait(
        mean_seconds=mean,
        low_seconds=float(scipy.special.gammaincinv(shape, SHARE_BELOW_LOW)) * mean / shape,
        high_seconds=float(scipy.special.gammaincinv(shape, SHARE_BELOW_HIGH)) * mean / shape,
    )


def _remaining(elapsed: float, handle_seconds: Sequence[float]) -> float:
    """Mean of what is left of a conversation that has lasted `elapsed`, as recent ones that lasted longer tell it."""
    left = [handle - elapsed for handle in handle_seconds if handle > elapsed]
    if not left:  # longer than all: it goes on for as long again as is usual
        return max(_FLOOR_SECONDS, sum(handle_seconds) / len(handle_seconds))
    return max(_FLOOR_SECONDS, sum(left) / len(left))
