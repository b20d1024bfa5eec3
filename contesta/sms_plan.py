"""Which messages the ledger's calls ask for: read from it, decided by the rules, kept in the outbox."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from callback_queue.sms.rules import EndedCall, invitation
from core.events import ConsentAnswer, ConsentAnswered, EndedBy
from ivr.line.messages import Kind
from ivr.line.model import Line
from quality.metrics.history import CallHistory, Visit
from storage.call_filter import CallFilter
from storage.ledger import Ledger
from storage.sms import SmsOutbox

_LONGEST_CALL = timedelta(hours=4)
_PAGE = 500


def plan(ledger: Ledger, outbox: SmsOutbox, lines: Iterable[Line], now: datetime) -> int:
    """Keep the invitations that are due of calls that ended; tell how many were new."""
    added = 0
    for line in lines:
        rule = line.messages.survey_invitation
        if rule is None:
            continue
        calls = _ended(ledger, line, now - timedelta(hours=rule.within_hours), now)
        due = [message for call in calls if (message := invitation(call, line)) and message.expires_at > now]
        wanted = {message.number: message for message in reversed(due)}
        had = outbox.had_since(wanted, Kind.SURVEY_INVITATION, now - timedelta(days=rule.quiet_days))
        added += outbox.add((each for number, each in wanted.items() if number not in had), now)
    return added


def _ended(ledger: Ledger, line: Line, since: datetime, now: datetime) -> Iterator[EndedCall]:
    """Yield the calls of a line that ended since then, newest first."""
    asked = CallFilter(line=line.name, since=since - _LONGEST_CALL, until=now)
    page = ledger.calls(asked, size=_PAGE)
    while True:
        for each in page.calls:
            if each.ended_at and each.ended_at >= since and _hung_up_first(each.visits):
                call = ledger.call(each.call_id)
                if call and call.ended_at:
                    yield ended_call(call, call.ended_at)
        if page.next is None:
            return
        page = ledger.calls(asked, page.next, _PAGE)


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


def _hung_up_first(visits: Sequence[Visit]) -> bool:
    """Tell whether the last conversation was ended by the caller."""
    legs = sorted((leg for visit in visits for leg in visit.legs), key=lambda leg: leg.connected_at)
    return bool(legs) and legs[-1].ended_by is EndedBy.CALLER
