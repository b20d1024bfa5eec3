"""What promises calls, taken into the store: requests of the mailbox.

Each is taken in by its origin, which the store knows for ever, and only then is it forgotten where it came from: killed
anywhere in between, the next round takes it in again, and nothing is changed by it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from callback_queue.mailbox_intake import asked_of
from callback_queue.mailbox_request import MailboxRequest
from callback_queue.mailbox_spool import Spool
from callback_queue.policy import Rules
from callback_queue.request import Consent, ConsentAnswer
from core.events import ConsentAnswered
from ivr.line.callbacks import CallbackPolicy
from ivr.line.model import Line
from quality.metrics.history import CallHistory
from storage.callbacks import Callbacks
from storage.ledger import Ledger

LISTENING = timedelta(seconds=3)
"""How long whoever came to the end may still be listening to the filing number."""

LEDGER_PATIENCE = timedelta(seconds=30)
"""How long a request waits for the ledger to know its call, and so its consent."""

log = structlog.get_logger()

Lines = Callable[[], Mapping[str, Line]]
"""Gives the lines that are published, by name."""


def rules_of(line: Line | None) -> Rules:
    """Give the rules of a line. Of one that is no longer published: what is usual, by which nothing is dialled."""
    if line is None:
        policy = CallbackPolicy(enabled=False)
        return Rules(policy=policy, calendar=policy.legal_hours)
    return Rules(policy=line.callbacks, calendar=line.calendar)


class MailboxIntake:
    """Takes what callers left in the mailbox into the store."""

    def __init__(self, spool: Spool, store: Callbacks, ledger: Ledger, lines: Lines) -> None:
        self._spool = spool
        self._store = store
        self._ledger = ledger
        self._lines = lines

    def take_in(self, now: datetime) -> int:
        """Take in every request that is over; returns how many were new."""
        new = 0
        lines = self._lines()
        for left in self._spool.requests():
            if not left.is_over(now) or (left.over_at is not None and now - left.over_at < LISTENING):
                continue
            if left.is_worth_keeping:
                history = self._ledger.call(left.caller.call_id)
                if history is None and left.over_at is not None and now - left.over_at < LEDGER_PATIENCE:
                    continue
                new += self._keep(left, lines.get(left.caller.line), history, now)
            self._spool.settle(left.number)
        return new

    def _keep(self, left: MailboxRequest, line: Line | None, history: CallHistory | None, now: datetime) -> bool:
        asked = asked_of(left, line.queue.name if line else "", consent_of(history))
        taken = self._store.ask(asked, rules_of(line), now)
        if left.damaged_lines:
            log.warning("a request of the mailbox was damaged", request=left.number, lines=left.damaged_lines)
        log.info("mailbox request taken in", request=left.number, callback=taken.request.id, joined=taken.joined)
        return not taken.known


def consent_of(history: CallHistory | None) -> Consent | None:
    """Tell what the caller answered to the request for authorisation, as the call's history has it."""
    answers = [event for event in history.events if isinstance(event, ConsentAnswered)] if history else []
    if not answers:
        return None
    last = answers[-1]
    return Consent(version=last.version, answer=ConsentAnswer(last.answer.value), at=last.at)
