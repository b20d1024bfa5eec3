"""From what a caller left in the mailbox to a wish to be called. Pure."""

from callback_queue import mailbox_request
from callback_queue.mailbox_request import MailboxRequest
from callback_queue.request import Asked, Consent, Filing, Person, Place, Recording, Source


def asked_of(left: MailboxRequest, first_queue: str, consent: Consent | None = None) -> Asked:
    """Make a wish of a request that is over; `first_queue` is where those are called who waited in none.

    A caller who hung up half way leaves what was confirmed so far: it is marked incomplete, and called if a number is
    known. `consent` is what the call's history says of it.
    """
    caller = left.caller
    kept = caller.place
    return Asked(
        source=Source.KEPT_PLACE if kept else Source.MAILBOX,
        origin=f"mailbox:{left.number}",
        line=caller.line,
        telephone=left.telephone or "",
        place=_place(kept) if kept else Place(queue=first_queue, since=left.begun_at),
        language=caller.language,
        person=Person(document=left.fields.get("document", ""), nit=left.fields.get("nit", "")),
        subject=left.fields.get("subject", ""),
        recordings=tuple(
            Recording(what=what, file=speech.file, seconds=speech.seconds) for what, speech in left.speech.items()
        ),
        consent=consent,
        complete=left.complete,
        call_id=caller.call_id,
        filing=Filing(number=left.number, code=left.code),
        at=left.over_at,
    )


def _place(kept: mailbox_request.Place) -> Place:
    return Place(queue=kept.queue, since=kept.since)
