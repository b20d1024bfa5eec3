"""The history of one call as a pure function of what was told about it.

`build` first makes one account out of the events (`coalesce`), then tells it in order of time. Repetition, order of
arrival and what is missing change nothing that the rest can tell. Rules and names are those of the domain's section 1.

Rings whose end only the live feed could tell, and time on hold, which queue_log does not know, are detail of the live
feed; every other field is, once the log was read, what the log alone gives.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from core.events import (
    AgentRang,
    CallEnded,
    CallStarted,
    CallVanished,
    Completed,
    Connected,
    EndedBy,
    Event,
    HoldChanged,
    MenuStepped,
    QueueEntered,
    QueueEvent,
    QueueExited,
    QueueLeft,
    Recorded,
    Rejected,
    RingEnded,
    Source,
    SurveyAnswered,
    WorkEnded,
    is_of_desk,
)

from .coalesce import coalesce
from .details import add_holds, add_rings, add_work
from .stays import Stay
from .visits import CallHistory, Leg, Outcome, Reason, Ring, Visit

__all__ = ["CallHistory", "Leg", "Outcome", "Reason", "Ring", "Visit", "build"]

_E = TypeVar("_E", bound=Event)


def build(events: Iterable[Event], restarts: Iterable[datetime] = ()) -> CallHistory:
    """Return the history of the call that `events` are about; `restarts` are the telephone system's.

    Raises:
        ValueError: there is no event.
    """
    told = coalesce(events)
    if not told:
        raise ValueError("a call without events has no history")
    telling = _Telling()
    ahead = sorted(restarts, reverse=True)
    for event in told:
        while ahead and ahead[-1] < event.at:
            telling.restart(ahead.pop())
        telling.take(event)
    while ahead:
        telling.restart(ahead.pop())
    return telling.history(told)


class _Telling:
    """The stays of one call, event by event."""

    def __init__(self) -> None:
        self._stays: defaultdict[str, list[Stay]] = defaultdict(list)
        self._started: CallStarted | None = None
        self._ended = False
        self._cut_at: datetime | None = None
        self._orphan_ends = 0

    def take(self, event: Event) -> None:
        match event:
            case CallStarted():
                self._started = self._started or event
            case CallEnded():
                self._ended = True
            case QueueEntered():
                self._leave_unseen(event)
                self._open(event)
            case Rejected():
                self._leave_unseen(event)
                self._open(event).reject(event)
            case QueueLeft():
                self._left(event)
            case Connected():
                stay = self._waiting(event.queue) or self._stay_of(event, event.wait_seconds)
                (stay or self._infer(event, event.wait_seconds)).connect(event)
            case Completed():
                self._completed(event)
            case QueueExited():
                self._exited(event)

    def restart(self, at: datetime) -> None:
        """Everything open is over, unless nothing was told before `at`."""
        open_stays = [stay for stay in self._all() if stay.result is Outcome.WAITING or stay.open_leg()]
        if self._ended or not (open_stays or self._started):
            return
        self._cut_at = self._cut_at or at
        for stay in open_stays:
            if stay.result is Outcome.WAITING:
                stay.end(Outcome.LOST, at, Reason.RESTART)
            stay.legs = [
                leg if leg.ended_at else replace(leg, ended_at=at, ended_by=EndedBy.SYSTEM) for leg in stay.legs
            ]

    def history(self, told: tuple[Event, ...]) -> CallHistory:
        """Conclude from the whole account and return it."""
        ended_at, ended_by, cause, lost = self._end(told)
        add_rings(self._stays, _of(AgentRang, told), _of(RingEnded, told))
        add_holds(self._all(), _of(HoldChanged, told))
        add_work(self._stays, _of(WorkEnded, told))
        call_id = (self._started or told[0]).call_id
        visits = [
            stay.visit(call_id, ordinal)
            for stays in self._stays.values()
            for ordinal, stay in enumerate(sorted(stays, key=lambda stay: stay.entered_at), start=1)
        ]
        visits.sort(key=lambda visit: (visit.entered_at, visit.queue, visit.ordinal))
        return CallHistory(
            call_id=call_id,
            line=self._started.line if self._started else "",
            number=self._started.number if self._started else "",
            started_at=min([told[0].at, *(visit.entered_at for visit in visits)]),
            ended_at=ended_at,
            ended_by=ended_by,
            cause=cause,
            lost=lost,
            visits=tuple(visits),
            menu_steps=_of(MenuStepped, told),
            survey=_of(SurveyAnswered, told),
            recordings=_of(Recorded, told),
            orphan_ends=self._orphan_ends,
            events=told,
        )

    def _end(self, told: tuple[Event, ...]) -> tuple[datetime | None, EndedBy | None, int, bool]:
        """Return when the call ended, by whom, the cause and whether it was lost; with it ends every wait."""
        ended = min(
            _of(CallEnded, told), key=lambda event: (event.source is not Source.QUEUE_LOG, event.at), default=None
        )
        if ended:
            self._end_waiting(Outcome.ABANDONED, ended.at)
            return ended.at, ended.by, ended.cause, False
        if self._cut_at:
            return self._cut_at, EndedBy.SYSTEM, 0, True
        vanished = next((event for event in reversed(told) if not is_of_desk(event)), None)
        if isinstance(vanished, CallVanished):
            self._end_waiting(Outcome.LOST, vanished.at, Reason.VANISHED)
            return vanished.at, None, 0, True
        if self._started:
            return None, None, 0, False
        return (*self._end_of_stays(), 0, False)

    def _completed(self, event: Completed) -> None:
        stays = self._stays[event.queue]
        for agent in (event.agent, ""):
            for stay in reversed(stays):
                if leg := stay.open_leg(agent):
                    stay.complete(leg, event)
                    return
        waiting = self._waiting(event.queue)
        if waiting:
            waiting.connect_unseen(event)
            waiting.complete(waiting.legs[-1], event)
        elif event.source is Source.QUEUE_LOG:
            self._orphan_ends += 1

    def _exited(self, event: QueueExited) -> None:
        stay = self._waiting(event.queue) or self._stay_of(event, event.wait_seconds)
        if stay is None:
            stay = self._infer(event, event.wait_seconds)
        if stay.result in {Outcome.WAITING, Outcome.LOST}:
            stay.exit(event)

    def _left(self, event: QueueLeft) -> None:
        """Mark a stay as left for a reason to come. A departure that is explained already tells nothing new."""
        waiting = self._waiting(event.queue)
        over = (stay for stay in self._stays[event.queue] if stay is not waiting)
        if departed := next((stay for stay in over if stay.departed_before(event.at, event.wait_seconds)), None):
            departed.departed = True
            return
        if self._stay_of(event, event.wait_seconds) not in {None, waiting}:
            return
        if waiting is None and event.wait_seconds is not None:
            waiting = self._infer(event, event.wait_seconds)
        if waiting:
            waiting.departed = True
            waiting.left_at = event.at
            waiting.wait_ms = None if event.wait_seconds is None else event.wait_seconds * 1000

    def _leave_unseen(self, event: QueueEvent) -> None:
        """Conclude that a caller who enters a queue is no longer waiting in it from before."""
        waiting = self._waiting(event.queue)
        if waiting and waiting.left_at:
            waiting.end(Outcome.OVERFLOW, waiting.left_at, Reason.LEFT)
        elif waiting:
            waiting.end(Outcome.LOST, event.at, Reason.ENTERED_AGAIN)

    def _end_waiting(self, result: Outcome, at: datetime, reason: Reason = Reason.NONE) -> None:
        for stay in self._all():
            if stay.result is Outcome.WAITING:
                stay.end(result, stay.left_at or at, reason)

    def _end_of_stays(self) -> tuple[datetime | None, EndedBy | None]:
        """Conclude the end of a call whose beginning and end no line of ours told, once all its stays are over."""
        ends: list[tuple[datetime, EndedBy | None]] = []
        for stay in self._all():
            if stay.left_at is None or stay.result is Outcome.WAITING or stay.open_leg():
                return None, None
            ends.append((stay.left_at, EndedBy.CALLER if stay.result is Outcome.ABANDONED else None))
            ends += [(leg.ended_at, leg.ended_by) for leg in stay.legs if leg.ended_at]
        at, by = max(ends, key=lambda end: end[0], default=(None, None))
        return at, by if by in {EndedBy.AGENT, EndedBy.CALLER} else None

    def _open(self, event: QueueEvent) -> Stay:
        stay = Stay(channel_id=event.channel_id, queue=event.queue, entered_at=event.at)
        self._stays[event.queue].append(stay)
        return stay

    def _infer(self, event: QueueEvent, wait_seconds: int | None) -> Stay:
        """Open the stay that `event` ends and whose beginning was not told."""
        stay = self._open(event)
        stay.entered_at -= timedelta(seconds=wait_seconds or 0)
        stay.entry_inferred = True
        return stay

    def _waiting(self, queue: str) -> Stay | None:
        return next((stay for stay in reversed(self._stays[queue]) if stay.result is Outcome.WAITING), None)

    def _stay_of(self, event: QueueEvent, wait_seconds: int | None) -> Stay | None:
        """Return the stay that `event` tells about a second time."""
        return next((stay for stay in reversed(self._stays[event.queue]) if stay.is_of(event.at, wait_seconds)), None)

    def _all(self) -> list[Stay]:
        return [stay for stays in self._stays.values() for stay in stays]


def _of(kind: type[_E], told: tuple[Event, ...]) -> tuple[_E, ...]:
    return tuple(event for event in told if isinstance(event, kind))
