"""What promises calls, taken into the store: requests of the mailbox, abandoned calls, low answers to surveys.

Each is taken in by its origin, which the store knows for ever, and only then is it forgotten where it came from: killed
anywhere in between, the next round takes it in again, and nothing is changed by it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from callback_queue.mailbox_intake import asked_of
from callback_queue.mailbox_request import MailboxRequest
from callback_queue.mailbox_spool import Spool
from callback_queue.policy import rules_of
from callback_queue.request import Asked, CallbackRequest, Consent, ConsentAnswer, Place, Source
from core.events import ConsentAnswered, LanguageChosen
from ivr.line.model import SPANISH, Line
from quality.metrics.history import CallHistory
from storage.callback_facts import CallbackFacts
from storage.callbacks import Callbacks
from storage.ledger import Ledger

LISTENING = timedelta(seconds=3)
"""How long whoever came to the end may still be listening to the filing number."""

LEDGER_PATIENCE = timedelta(seconds=30)
"""How long a request waits for the ledger to know its call, and so its consent."""

LOOK_BACK = timedelta(hours=12)
"""How old a call may be that is taken in: this service may have been away so long."""

log = structlog.get_logger()

Lines = Callable[[], Mapping[str, Line]]
"""Gives the lines that are published, by name."""


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


def covering(history: CallHistory | None, behind: CallbackRequest | None) -> Consent | None:
    """Tell which authorisation covers what is agreed on in a call: the one of that call, or of the request behind it.

    Silence in the call takes nothing back of what was answered before.
    """
    said, before = consent_of(history), behind.consent if behind else None
    if said is None or (said.answer is ConsentAnswer.NONE and before is not None):
        return before
    return said


class LedgerIntake:
    """Takes in what calls ask for without anybody's words: abandoned ones, and low answers to surveys."""

    def __init__(self, store: Callbacks, ledger: Ledger, facts: CallbackFacts, lines: Lines) -> None:
        self._store = store
        self._ledger = ledger
        self._facts = facts
        self._lines = lines
        self._declined: set[str] = set()

    def take_in(self, now: datetime) -> int:
        """Take in what the ledger tells of the last hours and the store does not know; returns how much was new."""
        lines = self._lines()
        wishes = [*self._abandoned(lines, now), *self._follow_ups(lines, now)]
        known = self._store.known(asked.origin for asked in wishes)
        new = 0
        for asked in wishes:
            if asked.origin in known | self._declined:
                continue
            history = self._ledger.call(asked.call_id)
            consent = consent_of(history)
            if consent and consent.answer is ConsentAnswer.DECLINED:
                self._declined.add(asked.origin)  # whoever declined is not called unasked
                continue
            asked = replace(asked, consent=consent, language=language_of(history))  # noqa: PLW2901  completed
            new += not self._store.ask(asked, rules_of(lines.get(asked.line)), now).known
        return new

    def _abandoned(self, lines: Mapping[str, Line], now: datetime) -> Iterator[Asked]:
        for call in self._facts.abandoned(now - LOOK_BACK):
            line = lines.get(call.line)
            if line is None or not line.callbacks.abandoned:
                continue
            if call.wait_ms > line.callbacks.abandoned_after_seconds * 1000:
                yield Asked(
                    source=Source.ABANDONED,
                    origin=f"abandoned:{call.call_id}",
                    line=call.line,
                    telephone=call.number,
                    place=Place(queue=call.queue, since=call.entered_at),
                    call_id=call.call_id,
                    at=call.left_at,
                )

    def _follow_ups(self, lines: Mapping[str, Line], now: datetime) -> Iterator[Asked]:
        limits: dict[tuple[str, str], int] = {}
        for line in lines.values():
            for survey in line.surveys.values():
                for question in survey.questions:
                    if question.follow_up_at_most is not None:
                        limits[line.name, question.name] = question.follow_up_at_most
        for answer in self._facts.answers(now - LOOK_BACK, max(limits.values())) if limits else ():
            if answer.answer <= limits.get((answer.line, answer.question), -1):
                yield Asked(
                    source=Source.FOLLOW_UP,
                    origin=f"follow_up:{answer.call_id}",
                    line=answer.line,
                    telephone=answer.number,
                    place=Place(queue=lines[answer.line].queue.name, since=answer.at),
                    description=f"Respondió {answer.answer} a «{answer.question}» en la encuesta.",
                    call_id=answer.call_id,
                    at=answer.at,
                )


def language_of(history: CallHistory | None) -> str:
    """Tell the language in which a caller was attended."""
    chosen = [event.language for event in history.events if isinstance(event, LanguageChosen)] if history else []
    return chosen[-1] if chosen else SPANISH
