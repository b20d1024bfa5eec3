"""A promised call as a row, and back."""

from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlmodel import col

from callback_queue.request import CallbackRequest, Lease, Step
from core.calendar import BOGOTA
from core.privacy.subject import plain
from storage.callback_tables import CallbackRow

COLUMNS = tuple(col(getattr(CallbackRow, name)) for name in ("id", "version", "lease_worker", "lease_until", "data"))
"""What `request_of` reads."""

_REQUEST = TypeAdapter(CallbackRequest)
_ELSEWHERE = {"steps", "version", "lease"}


def values(request: CallbackRequest) -> dict[str, Any]:
    """Give the columns of `callback`."""
    first = request.attempts[0].committed_at if request.attempts else None
    return {
        "id": request.id,
        "version": request.version,
        "line": request.line,
        "queue": request.place.queue,
        "telephone": request.telephone or None,
        "document": plain(request.person.document),
        "state": request.state.value,
        "source": request.source.value,
        "reason": request.reason.value if request.reason else "",
        "priority": request.priority,
        "asked_at": request.asked_at,
        "asked_on": day(request),
        "promised_at": request.promised_at,
        "due_at": request.due_at,
        "expires_at": request.expires_at,
        "lease_worker": request.lease.worker if request.lease else None,
        "lease_until": request.lease.until if request.lease else None,
        "dialled_at": first,
        "answered_at": _first(request, "answered_at"),
        "accepted_at": _first(request, "accepted_at"),
        "connected_at": _first(request, "connected_at"),
        "ended_at": request.ended_at,
        "attempts": len(request.attempts),
        "wait_ms": max(0, round((first - request.promised_at).total_seconds() * 1000)) if first else None,
        "data": _REQUEST.dump_json(request, exclude=_ELSEWHERE, exclude_defaults=True).decode(),
    }


def step_values(request_id: str, step: Step) -> dict[str, Any]:
    """Give the columns of `callback_step`."""
    return {
        "request_id": request_id,
        "position": step.position,
        "at": step.at,
        "author": step.author,
        "event": step.event,
        "state": step.state.value,
        "detail": step.detail,
    }


def request_of(row: Row[Any], steps: tuple[Step, ...] = ()) -> CallbackRequest:
    """Make a request of its row, and of its history as far as that was read."""
    lease = Lease(worker=row.lease_worker, until=row.lease_until) if row.lease_worker else None
    return replace(_REQUEST.validate_json(row.data), version=row.version, lease=lease, steps=steps)


def day(request: CallbackRequest) -> date:
    """Tell the day on which a request is counted: the one in Colombia when it was asked for."""
    return request.asked_at.astimezone(BOGOTA).date()


def _first(request: CallbackRequest, name: str) -> Any:  # noqa: ANN401  a time of an attempt, or None
    return next((at for attempt in request.attempts if (at := getattr(attempt, name))), None)
