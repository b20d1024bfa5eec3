"""What happened within or after a stay and decides no outcome: rings that came to nothing, holds, after-call work."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.events import AgentRang, HoldChanged, RingEnded, WorkEnded

from .stays import SAME_MOMENT, Stay
from .visits import Leg, Ring


def add_rings(
    stays_of_queue: Mapping[str, Sequence[Stay]], began: Sequence[AgentRang], ended: Sequence[RingEnded]
) -> None:
    """Give each stay its rings: those that ended unanswered, and those whose end nobody told."""
    for end in ended:
        ring = Ring(agent=end.agent, at=end.at - timedelta(milliseconds=end.ring_ms), ms=end.ring_ms, result=end.result)
        _add(stays_of_queue.get(end.queue, ()), ring, end.at)
    for beginning in began:
        stays = stays_of_queue.get(beginning.queue, ())
        if not _is_told(beginning, stays):
            _add(stays, Ring(agent=beginning.agent, at=beginning.at), beginning.at)


def add_holds(stays: Sequence[Stay], changes: Sequence[HoldChanged]) -> None:
    """Add to each conversation the time that its agent kept the caller on hold. A hold not ended yet is not counted."""
    held_since: dict[str, datetime] = {}
    for change in changes:
        if change.on:
            held_since.setdefault(change.channel_id, change.at)
        elif since := held_since.pop(change.channel_id, None):
            _hold(stays, since, change.at)
    for since in held_since.values():
        _hold(stays, since, None)


def add_work(stays_of_queue: Mapping[str, Sequence[Stay]], told: Sequence[WorkEnded]) -> None:
    """Give each conversation the work after it, and its disposition: `told` is in order of time, the last word stands.

    What is told belongs to the last conversation of that agent, in that queue, that had begun by then.
    """
    of_leg: dict[tuple[str, int, int], list[WorkEnded]] = {}
    for end in told:
        begun = [
            (leg.connected_at, place, position)
            for place, stay in enumerate(stays_of_queue.get(end.queue, ()))
            for position, leg in enumerate(stay.legs)
            if leg.agent == end.agent and leg.connected_at <= end.at
        ]
        if begun:
            of_leg.setdefault((end.queue, *max(begun)[1:]), []).append(end)
    for (queue, place, position), ends in of_leg.items():
        legs = stays_of_queue[queue][place].legs
        legs[position] = _worked(legs[position], ends)


def _worked(leg: Leg, ends: Sequence[WorkEnded]) -> Leg:
    last = next((end for end in reversed(ends) if end.disposition), None)
    if leg.ended_at is not None:
        first = ends[0]
        lasted_ms = max(0, round((first.at - leg.ended_at) / timedelta(milliseconds=1)))
        leg = replace(leg, work_ms=min(lasted_ms, first.limit_seconds * 1000))
    if last is None:
        return leg
    return replace(leg, disposition=last.disposition, title=last.title, resolution=last.resolution)


def _add(stays: Sequence[Stay], ring: Ring, at: datetime) -> None:
    """Give a ring to the last stay that had begun by then, or to the first."""
    begun = [stay for stay in stays if stay.entered_at <= at]
    if stays:
        max(begun or stays[:1], key=lambda stay: stay.entered_at).rings.append(ring)


def _is_told(beginning: AgentRang, stays: Sequence[Stay]) -> bool:
    """Tell whether a ring's end, or the conversation it led to, is known."""
    unanswered = (ring.at for stay in stays for ring in stay.rings if ring.agent == beginning.agent and ring.result)
    answered = (
        leg.connected_at - timedelta(seconds=leg.ring_seconds)
        for stay in stays
        for leg in stay.legs
        if leg.agent == beginning.agent
    )
    return any(abs(at - beginning.at) <= SAME_MOMENT for at in (*unanswered, *answered))


def _hold(stays: Sequence[Stay], since: datetime, until: datetime | None) -> None:
    """Add a hold to the conversation it fell in. One that nobody took back ended with the conversation."""
    legs = ((stay, leg) for stay in stays for leg in stay.legs if leg.connected_at <= since)
    stay, leg = max(legs, key=lambda pair: pair[1].connected_at, default=(None, None))
    if stay is None or leg is None or (leg.ended_at and since > leg.ended_at + SAME_MOMENT):
        return
    ends = [end for end in (until, leg.ended_at) if end]
    if ends:
        held_ms = max(0, round((min(ends) - since) / timedelta(milliseconds=1)))
        stay.legs[stay.legs.index(leg)] = _held(leg, held_ms)


def _held(leg: Leg, held_ms: int) -> Leg:
    return replace(leg, hold_ms=leg.hold_ms + held_ms)
