"""Why a claimed request is not dialled now. Pure: what is known is an argument."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from callback_queue.policy import Rules, may_ring, midnight, next_allowed
from callback_queue.request import CallbackRequest, Reason
from callback_queue.states import Cancelled, Event, GaveUp, Released, Superseded

IN_CALL_PAUSE = timedelta(minutes=2)
OWNERS_TIME = timedelta(minutes=10)
"""So long a call that an adviser promised is left to him, from its time on; then whoever is free makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of some telephones.

    Since when they are to be left alone, in which call they were attended after they asked the line, which are in a
    call with us now, and how often each was dialled today; and `present`, the advisers whose telephones are there.
    """

    left_alone: Mapping[str, datetime] = field(default_factory=dict)
    attended: Mapping[str, str] = field(default_factory=dict)
    in_a_call: AbstractSet[str] = frozenset()
    present: AbstractSet[str] = frozenset()
    dialled_today: Mapping[str, int] = field(default_factory=dict)


def refusal(request: CallbackRequest, rules: Rules, known: Known, now: datetime, *, by: str) -> Event | None:  # noqa: PLR0911  a rule each, in the order of its weight
    """Say why a request is not dialled now, if it is not."""
    policy, number = rules.policy, request.telephone
    if not may_ring(policy, number):
        return GaveUp(by=by, reason=Reason.NUMBER_NOT_ALLOWED)
    if request.expires_at is not None and request.expires_at <= now:
        return GaveUp(by=by, reason=Reason.EXPIRED)
    alone = known.left_alone.get(number)
    if alone is not None and not (request.wished_at and request.wished_at > alone):
        return Cancelled(by=by, reason=Reason.LEFT_ALONE)
    if call_id := known.attended.get(number):
        return Superseded(by=by, call_id=call_id)
    if number in known.in_a_call:
        return Released(by=by, why="in_call", due_at=now + IN_CALL_PAUSE)
    if known.dialled_today.get(number, 0) >= policy.caps.per_number_day:
        tomorrow = next_allowed(rules, midnight(now) + timedelta(days=1))
        return Released(by=by, why="cap", due_at=tomorrow or now + timedelta(days=1))
    if not request.taken_by and request.owner in known.present and now < owners_until(request):
        return Released(by=by, why="owner", due_at=owners_until(request))
    return None


def owners_until(request: CallbackRequest) -> datetime:
    """Tell until when a request is left to the adviser who promised it; one that nobody promised never is."""
    return request.promised_at + OWNERS_TIME if request.owner and not request.attempts else request.promised_at
