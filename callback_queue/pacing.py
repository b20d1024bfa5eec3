"""How many more calls may be dialled for a queue, so that none waits for want of an adviser. Pure.

An adviser who is free is free once, in however many queues he is.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisers:
    """Which advisers could take a call at this moment, by queue, and how many callers wait in each queue for one.

    `reserve` of each queue are to stay free. `telephones` are those of free advisers, by the adviser's name; `present`
    are the names of all whose telephones are there, free or not.
    """

    free: Mapping[str, AbstractSet[str]]
    waiting: Mapping[str, int] = field(default_factory=dict)
    reserve: int = 0
    telephones: Mapping[str, str] = field(default_factory=dict)
    present: AbstractSet[str] = frozenset()


def room(advisers: Advisers, queue: str, on_their_way: Mapping[str, int]) -> int:
    """Tell how many more calls a queue has advisers for, if `on_their_way` are so many for each queue; 0 or more.

    Whoever waits, or is on his way, in another queue may take any adviser whom both queues have, and no other of ours.
    What is left after that is left whoever takes whom: each call that is counted before has an adviser of its own, and
    so has each of these.
    """
    mine = advisers.free.get(queue, frozenset())
    taken = 0
    for other in {*advisers.waiting, *on_their_way}:
        wanted = advisers.waiting.get(other, 0) + on_their_way.get(other, 0)
        shared = len(mine & advisers.free.get(other, frozenset()))
        taken += wanted if other == queue else min(wanted, shared)
    return max(0, len(mine) - advisers.reserve - taken)
