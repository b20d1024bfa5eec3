"""Wishes and requests for the tests of promised calls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from callback_queue import intake
from callback_queue.policy import Promise, Rules
from callback_queue.request import Asked, CallbackRequest, Filing, Place, Source
from callback_queue.states import Accepted, Answered, Claimed, Connected, Dialled, TalkEnded
from core.calendar import Calendar, Span
from ivr.line.callbacks import CallbackPolicy
from storage.callbacks import Callbacks

NOW = datetime(2025, 6, 3, 15, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Colombia."""

ALWAYS = Calendar(
    weekly={day: (Span(opens=0, closes=24 * 60),) for day in range(7)}, closed_on_holidays=False, special_days={}
)
ANY_HOUR = Rules(policy=CallbackPolicy(legal_hours=ALWAYS), calendar=ALWAYS)
OFFICE = Rules(
    policy=CallbackPolicy(),
    calendar=Calendar(weekly={day: (Span(opens=8 * 60, closes=17 * 60),) for day in range(5)}, special_days={}),
)
PHONE = "+573001234567"


def wish(**changes: Any) -> Asked:  # noqa: ANN401  fields of a wish
    """Make a wish; `origin` is of its telephone unless it is given."""
    usual = Asked(
        source=Source.WEB,
        origin=f"web:{changes.get('telephone', PHONE)}",
        line="anm",
        telephone=PHONE,
        place=Place(queue="atencion", since=NOW),
    )
    return replace(usual, **changes)


def begun(asked: Asked | None = None, now: datetime = NOW) -> CallbackRequest:
    """Make a request that is due now."""
    owed = Promise(promised_at=now, due_at=now, expires_at=now + timedelta(days=3), priority=5)
    return intake.begin(asked or wish(), owed, Filing(number="12506030001", code="ACEFHJ"), "r1", now)


def talked(store: Callbacks, request_id: str, agent: str, now: datetime) -> None:
    """Let a waiting request be dialled, answered and talked, all in one moment."""
    by = "worker:w"
    for event in (
        Claimed(by=by, worker="w", until=now + timedelta(minutes=1)),
        Dialled(by=by),
        Answered(by=by),
        Accepted(by=by),
        Connected(by=by, agent=agent),
        TalkEnded(by=by),
    ):
        store.step(request_id, event, now)
