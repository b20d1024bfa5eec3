"""What a line's policy makes of a request: when it may be dialled, what follows a result, whether a number may ring.

Pure: `now` is an argument, and each decision is a value.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TypeAlias

from callback_queue.request import Asked, CallbackRequest, Reason, Result, Source, Window
from callback_queue.states import AttemptFailed, GaveUp
from core.calendar import BOGOTA, Calendar
from core.numbers import COUNTRY_CODE, Origin, origin
from ivr.line.callbacks import CallbackPolicy
from ivr.line.model import Line

BROKEN_AFTER = timedelta(minutes=10)
"""A call that is due for so long, and was not made, is a broken promise."""

_ROUNDS = 800
_LAST_RESULTS = {Result.WRONG_NUMBER: Reason.WRONG_NUMBER, Result.INVALID_NUMBER: Reason.INVALID_NUMBER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A line's policy, and its own hours."""

    policy: CallbackPolicy
    calendar: Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """When a request may be dialled first, from when on it is owed, until when, and how urgent it is."""

    promised_at: datetime
    due_at: datetime
    expires_at: datetime
    priority: int


class Cap(StrEnum):
    """What bounds how much a line dials."""

    HOUR = "hour"
    DAY = "day"
    MONEY = "money"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many more calls a line may make now, None if nothing bounds them; `reached` are the caps that allow none."""

    calls: int | None = None
    reached: tuple[Cap, ...] = ()


def rules_of(line: Line | None) -> Rules:
    """Give the rules of a line. Of one that is no longer published: what is usual, by which nothing is dialled."""
    if line is None:
        policy = CallbackPolicy(enabled=False)
        return Rules(policy=policy, calendar=policy.legal_hours)
    return Rules(policy=line.callbacks, calendar=line.calendar)


Failed: TypeAlias = AttemptFailed | GaveUp


def next_allowed(rules: Rules, moment: datetime, not_after: datetime | None = None) -> datetime | None:
    """Return the first moment, `moment` or later, in the line's hours and the legal hours; None if there is none.

    The legal hours are law: on Sundays and public holidays they have none, whatever the line's own hours are.
    """
    found = moment
    for _ in range(_ROUNDS):
        opening = rules.calendar.next_opening(found)
        legal = opening and rules.policy.legal_hours.next_opening(opening)
        if opening is None or legal is None or (not_after is not None and legal > not_after):
            return None
        if legal == opening:
            return opening
        found = legal
    return None


def promise(rules: Rules, asked: Asked, now: datetime) -> Promise:
    """Say when somebody who asks now will be called.

    A window in which there is no allowed moment gives a `due_at` at its end: the request expires then, and says so.
    """
    policy = rules.policy
    delay = {
        Source.ABANDONED: timedelta(seconds=policy.abandoned_delay_seconds),
        Source.FOLLOW_UP: timedelta(minutes=policy.follow_up_delay_minutes),
    }.get(asked.source, timedelta())
    owed = asked.window.not_before or ((asked.at or now) + delay)
    first = next_allowed(rules, max(owed, now), asked.window.not_after)
    expires = asked.window.not_after or (first or owed) + timedelta(hours=policy.expiry_hours)
    return Promise(
        promised_at=owed,
        due_at=first or expires,
        expires_at=expires,
        priority=policy.priorities.get(asked.source, 0),
    )


def appointment(rules: Rules, window: Window, now: datetime) -> datetime | None:
    """Return the first allowed moment in a window that somebody chooses; None if there is none."""
    return next_allowed(rules, max(window.not_before or now, now), window.not_after)


def after(
    rules: Rules, request: CallbackRequest, result: Result, now: datetime, *, by: str, detail: str = ""
) -> Failed:
    """Say what follows an attempt that ended with `result`: another one, not before an allowed moment, or none."""
    if reason := _LAST_RESULTS.get(result):
        return GaveUp(by=by, reason=reason, result=result, detail=detail)
    if result is Result.NOT_DIALLED:
        return AttemptFailed(by=by, result=result, retry_at=now, detail=detail)
    retry = rules.policy.retries.get(result)
    same = 1 + sum(attempt.result is result for attempt in request.attempts[:-1])
    over = request.dialled >= rules.policy.attempts and result is not Result.NO_ADVISER
    if retry is None or same >= retry.limit or over:
        return GaveUp(by=by, reason=Reason.TOO_MANY_ATTEMPTS, result=result, detail=detail)
    minutes = retry.after_minutes[min(same, len(retry.after_minutes)) - 1]
    wanted = now + timedelta(minutes=minutes)
    again = next_allowed(rules, wanted, request.expires_at)
    if again is None:
        return GaveUp(by=by, reason=Reason.EXPIRED, result=result, detail=detail)
    return AttemptFailed(by=by, result=result, retry_at=again, detail=detail)


def may_ring(policy: CallbackPolicy, telephone: str) -> bool:
    """Tell whether a number is of a Colombian range that the line may dial: mobile or fixed, and on its list.

    Free, premium and short numbers and other countries never are.
    """
    if origin(telephone) not in {Origin.MOBILE, Origin.FIXED}:
        return False
    return telephone.removeprefix(f"+{COUNTRY_CODE}").startswith(policy.ranges)


def midnight(now: datetime) -> datetime:
    """Return when the day began in Colombia."""
    return datetime.combine(now.astimezone(BOGOTA).date(), time(), BOGOTA)
