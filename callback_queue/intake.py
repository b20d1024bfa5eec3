"""How a wish to be called becomes a request, or a part of the one there is. Pure.

There is one open request for each telephone and line. A second wish joins the first and keeps the earlier place.
"""

from dataclasses import replace
from datetime import datetime

from callback_queue.policy import Promise
from callback_queue.request import Asked, CallbackRequest, Filing, Recording, Said, State, Step, Window, Wish
from callback_queue.wishes import each, together


def begin(asked: Asked, promise: Promise, filing: Filing, request_id: str, now: datetime) -> CallbackRequest:
    """Make a request of a wish; without a telephone number it is held for somebody to complete it."""
    state = State.WAITING if asked.telephone else State.HELD
    at = asked.at or now
    step = Step(position=1, at=now, author=author(asked), event="Asked", state=state, detail=asked.source)
    return CallbackRequest(
        id=request_id,
        source=asked.source,
        line=asked.line,
        telephone=asked.telephone,
        state=state,
        place=asked.place,
        asked_at=at,
        last_asked_at=at,
        promised_at=promise.promised_at,
        due_at=promise.due_at,
        expires_at=promise.expires_at,
        priority=promise.priority,
        filings=(filing,),
        wished_at=at if asked.source.asked_by_citizen else None,
        language=asked.language,
        person=asked.person,
        subject=asked.subject,
        description=asked.description,
        recordings=asked.recordings,
        window=asked.window,
        chosen_at=None if asked.window == Window() else at,
        consent=asked.consent,
        complete=asked.complete,
        came_from=(asked.call_id,) if asked.call_id else (),
        survey=asked.survey,
        owner=asked.owner,
        steps=(step,),
        version=1,
    )


def join(
    request: CallbackRequest, asked: Asked, promise: Promise, filing: Filing | None, now: datetime
) -> CallbackRequest:
    """Give what an open request becomes by another wish of the same person; its history has one step more by `advance`.

    The earlier place, the earlier moment and the higher priority are kept; what is told later completes what was told
    before. `filing` is one that the citizen was already given for the second wish. A time that the citizen chose stays
    as it is when the second wish is not his own: a campaign or a survey never moves an appointment.
    """
    calls = (*request.came_from, asked.call_id) if asked.call_id else request.came_from
    waits = request.state is State.WAITING and not request.attempts
    at = asked.at or now
    told = Said(person=asked.person, subject=asked.subject, description=asked.description)
    before = Said(person=request.person, subject=request.subject, description=request.description)
    whole = together([before, told])
    if request.window != Window() and not asked.source.asked_by_citizen:
        window, promised_at, due_at = request.window, request.promised_at, request.due_at
        expires_at = request.expires_at
    else:
        window = _wider(request.window, asked.window)
        promised_at = min(request.promised_at, promise.promised_at)
        due_at = min(request.due_at, promise.due_at) if waits else request.due_at
        expires_at = _later(request.expires_at, promise.expires_at)
    return replace(
        request,
        place=min(request.place, asked.place, key=lambda place: place.since),
        last_asked_at=max(request.last_asked_at, at),
        wished_at=at if asked.source.asked_by_citizen else request.wished_at,
        promised_at=promised_at,
        due_at=due_at,
        expires_at=expires_at,
        priority=max(request.priority, promise.priority),
        filings=(*request.filings, filing) if filing else request.filings,
        person=whole.person,
        subject=whole.subject,
        description=whole.description,
        recordings=_all(request.recordings, asked.recordings),
        window=window,
        chosen_at=request.chosen_at if window == request.window else at,
        consent=asked.consent or request.consent,
        complete=request.complete or asked.complete,
        owner=request.owner or asked.owner,
        wishes=(*each(request), Wish(number=filing.number, said=told)) if filing else request.wishes,
        joined=(*request.joined, asked.source),
        came_from=tuple(dict.fromkeys(calls)),
        survey=request.survey if asked.survey is None else asked.survey,
    )


def author(asked: Asked) -> str:
    """Tell who is the author of a wish: the citizen, or the system that saw to it."""
    return "citizen" if asked.source.asked_by_citizen else "system"


def _all(before: tuple[Recording, ...], later: tuple[Recording, ...]) -> tuple[Recording, ...]:
    return tuple(dict.fromkeys((*before, *later)))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)


def _wider(one: Window, other: Window) -> Window:
    """Give the window that holds both; who sets no bound is not bound by the other's."""
    begins = None if one.not_before is None or other.not_before is None else min(one.not_before, other.not_before)
    return Window(not_before=begins, not_after=_later(one.not_after, other.not_after))
