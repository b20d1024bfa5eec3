"""What each of several people who have one telephone told of the call that is promised to them all. Pure.

Many may have one telephone, and there is one call for it. Each takes back only his own wish: what he told goes with
him, and the call stays, with its place, for those who still want it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from callback_queue.request import CallbackRequest, Filing, Person, Reason, Said, State, Wish


def each(request: CallbackRequest) -> tuple[Wish, ...]:
    """Give the wish of every filing number, in the order in which they came."""
    return tuple(request.wish_of(filing.number) for filing in request.filings)


def left(request: CallbackRequest, number: str, now: datetime) -> CallbackRequest:
    """Give what a request becomes when one of several does not want it any more: the words of the others."""
    wishes = tuple(
        replace(wish, left_at=now) if wish.number == number and wish.left_at is None else wish for wish in each(request)
    )
    said = together([wish.said for wish in wishes if wish.left_at is None])
    return replace(request, wishes=wishes, person=said.person, subject=said.subject, description=said.description)


def together(told: Sequence[Said]) -> Said:
    """Put together what several told, the earlier first: what is told later completes what was told before."""
    whole = Said()
    for said in told:
        whole = Said(
            person=_completed(whole.person, said.person),
            subject=said.subject or whole.subject,
            description="\n".join(dict.fromkeys(filter(None, (whole.description, said.description)))),
        )
    return whole


def as_seen(request: CallbackRequest, filing: Filing) -> CallbackRequest:
    """Give a request as whoever holds a filing number may follow it: for him it ended when he took his wish back."""
    at = request.wish_of(filing.number).left_at
    if at is None:
        return request
    before = []
    for step in request.steps:
        if step.event == "TakenBack" and step.detail == filing.number:
            before.append(replace(step, event="Cancelled", state=State.CANCELLED, detail=Reason.BY_CITIZEN.value))
            break
        before.append(step)
    return replace(
        request,
        state=State.CANCELLED,
        reason=Reason.BY_CITIZEN,
        ended_at=at,
        attempts=tuple(attempt for attempt in request.attempts if attempt.committed_at < at),
        attended_call="",
        solution=None,
        lease=None,
        steps=tuple(before),
    )


def _completed(before: Person, later: Person) -> Person:
    return Person(
        name=later.name or before.name,
        document_type=later.document_type if later.document else before.document_type,
        document=later.document or before.document,
        company=later.company or before.company,
        nit=later.nit or before.nit,
    )
