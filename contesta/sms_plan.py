"""Which messages calls and appointments ask for: read from the ledger, decided by the rules, kept in the outbox.

A message is kept when it is due, not before; the outbox withdraws one whose appointment is cancelled or moved until it
is sent. An appointment is any promised call with an hour that the citizen chose, whatever it came from.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from callback_queue.request import CallbackRequest
from callback_queue.request import ConsentAnswer as Answer
from callback_queue.sms.message import Message
from callback_queue.sms.rules import Appointment, EndedCall, confirmation, invitation, reminder
from core.events import ConsentAnswer, ConsentAnswered, EndedBy
from ivr.line.messages import Kind
from ivr.line.model import Line
from quality.metrics.history import CallHistory, Visit
from storage.call_filter import CallFilter
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.ledger import Ledger
from storage.sms import SmsOutbox

_LONGEST_CALL = timedelta(hours=4)
_PAGE = 500


class Planner:
    """Plans the messages of one database."""

    def __init__(self, engine: Engine) -> None:
        self._outbox = SmsOutbox(engine)
        self._ledger = Ledger(engine)
        self._callbacks = Callbacks(engine)
        self._lists = CallbackLists(engine)

    def plan(self, lines: Iterable[Line], now: datetime) -> int:
        """Keep the messages that are due; tell how many were new."""
        return sum(
            self._outbox.add(messages, now)
            for line in lines
            for messages in (self._invitations(line, now), self._of_appointments(line, now))
        )

    def _invitations(self, line: Line, now: datetime) -> Sequence[Message]:
        rule = line.messages.survey_invitation
        if rule is None:
            return ()
        calls = self._ended(line, now - timedelta(hours=rule.within_hours), now)
        due = [message for call in calls if (message := invitation(call, line)) and _is_due(message, now)]
        wanted = {message.number: message for message in reversed(due)}
        quiet = now - timedelta(days=rule.quiet_days)
        had = self._outbox.had_since(wanted, Kind.SURVEY_INVITATION, quiet) if wanted else ()
        alone = self._callbacks.left_alone_since(wanted) if wanted else ()
        return [message for number, message in wanted.items() if number not in had and number not in alone]

    def _of_appointments(self, line: Line, now: datetime) -> Iterator[Message]:
        if not (line.messages.appointment_confirmation or line.messages.appointment_reminder):
            return
        wanted = CallbackFilter(line=line.name, open_only=True)
        page = self._lists.page(wanted, size=_PAGE)
        while True:
            for request in page.requests:
                if (appointment := appointment_of(request)) is None:
                    continue
                for message in (confirmation(appointment, line), reminder(appointment, line)):
                    if message and _is_due(message, now):
                        yield message
            if page.next is None:
                return
            page = self._lists.page(wanted, page.next, _PAGE)

    def _ended(self, line: Line, since: datetime, now: datetime) -> Iterator[EndedCall]:
        """Yield the calls of a line that ended since then, newest first."""
        asked = CallFilter(line=line.name, since=since - _LONGEST_CALL, until=now)
        page = self._ledger.calls(asked, size=_PAGE)
        while True:
            for each in page.calls:
                if each.ended_at and each.ended_at >= since and _hung_up_first(each.visits):
                    call = self._ledger.call(each.call_id)
                    if call and call.ended_at:
                        yield ended_call(call, call.ended_at)
            if page.next is None:
                return
            page = self._ledger.calls(asked, page.next, _PAGE)


def ended_call(call: CallHistory, ended_at: datetime) -> EndedCall:
    """Give what the rules ask of a call. The last answer to the request for authorisation is the one that holds."""
    consents = [event for event in call.events if isinstance(event, ConsentAnswered)]
    return EndedCall(
        call_id=call.call_id,
        number=call.number,
        ended_at=ended_at,
        hung_up_first=_hung_up_first(call.visits),
        authorised=bool(consents) and consents[-1].answer is ConsentAnswer.ACCEPTED,
        survey_answers=sum(answer.answer is not None or bool(answer.file) for answer in call.survey),
    )


def appointment_of(request: CallbackRequest) -> Appointment | None:
    """Give what the rules ask of a promised call, if it has a time that the citizen chose."""
    if request.window.not_before is None or not request.telephone:
        return None
    return Appointment(
        id=request.id,
        request=request.filing.number,
        number=request.telephone,
        at=request.window.not_before,
        asked_at=request.chosen_at or request.asked_at,
        code=request.filing.code,
        authorised=request.consent is not None and request.consent.answer is Answer.ACCEPTED,
    )


def _is_due(message: Message, now: datetime) -> bool:
    return message.not_before <= now < message.expires_at


def _hung_up_first(visits: Sequence[Visit]) -> bool:
    """Tell whether the last conversation was ended by the caller."""
    legs = sorted((leg for visit in visits for leg in visit.legs), key=lambda leg: leg.connected_at)
    return bool(legs) and legs[-1].ended_by is EndedBy.CALLER
