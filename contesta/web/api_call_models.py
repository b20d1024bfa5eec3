"""Calls as programs get them. No number of a caller is in them: it is masked, and asked for by itself."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from contesta.call_list import shown_number
from contesta.narrative import gaps, sentence, timeline
from contesta.web.validation import Told
from core.events import EndedBy, StepResult
from quality.metrics.history import CallHistory, Leg, Outcome, Reason, Visit
from storage.callbacks import Beside
from storage.listing import Counts, Page, StoredCall, stored_of
from storage.projection import RecordingState


class MenuStep(Told):
    """What the caller did in one menu."""

    at: datetime
    menu: str
    key: str
    """What was pressed; empty if nothing was."""
    result: StepResult


class Conversation(Told):
    """One adviser's conversation with the caller."""

    adviser: str
    connected_at: datetime
    ended_at: datetime | None
    talk_seconds: float | None
    """Hold included; null while it goes on, or if nothing told it."""
    hold_seconds: float
    ended_by: EndedBy | None
    target: str
    """Where it was transferred to; empty if it was not."""


class QueueVisit(Told):
    """One stay in one queue."""

    queue: str
    ordinal: int
    """Counts the stays of the call in this queue, from 1."""
    entered_at: datetime
    entry_inferred: bool
    """Whether nobody told the entry: its moment was concluded from the wait."""
    wait_seconds: float | None
    outcome: Outcome
    reason: Reason
    """Why it ended so, where the outcome alone does not say; empty otherwise."""
    key: str
    """The key by which the caller left, if so."""
    conversations: list[Conversation]


class Answer(Told):
    """An answer to a question of the survey; null: asked and not answered."""

    question: str
    answer: int | None


class RecordingOf(Told):
    """The recording of one conversation."""

    at: datetime
    queue: str
    adviser: str
    state: RecordingState


class Call(Told):
    """One call."""

    id: str
    line: str
    """Empty if it reached none of ours."""
    number: str = Field(examples=["300 *** **67"])
    """Masked. The whole one: `POST /api/v1/calls/{call_id}/reveal`, which is written to the access log."""
    started_at: datetime
    ended_at: datetime | None
    ended_by: EndedBy | None
    lost: bool
    """Whether it was cut off by a restart, or was gone after a gap."""
    menu_steps: list[MenuStep]
    visits: list[QueueVisit]
    survey: list[Answer]
    recordings: list[RecordingOf]
    disposition: str | None
    callback: str | None
    """The promised call that it gave rise to, or was an attempt of: `/api/v1/callbacks/{id}`."""


class Counted(Told):
    """How many calls are asked for, on all pages. Nothing is counted beyond 10 000: that many is as many or more."""

    calls: int
    visits: int | None
    """Stays in queues, which is what figures count; null if nothing is asked of one."""
    conversations: int | None
    """Conversations of the adviser; null if none is asked for."""
    unanswered_rings: int | None
    """Rings that the adviser let pass; null if that is not asked for."""
    answers: int | None
    """Questions put after a contact, which is what survey results count; null if none is asked for."""
    deeds: int | None
    """Times that something was done, which is what the funnel counts; null if that is not asked for."""


class Calls(Told):
    """A page of calls, newest first."""

    calls: list[Call]
    next: str | None
    """The `after` of the next page; null if there is none."""
    count: Counted


class Fact(Told):
    """One line of a call's timeline, in words for people."""

    at: datetime
    since_start_seconds: float
    actor: str
    fact: str
    source: str = Field(examples=["queue_log", "AMI", "inferido"])


class CallStory(Told):
    """One call with its timeline."""

    call: Call
    sentence: str = Field(examples=["Esperó 2:10, habló 4:31 con A. Ruiz; colgó el ciudadano."])
    gaps: list[str]
    """What nobody saw of it, so that nobody takes it for what did not happen."""
    timeline: list[Fact]


class Number(Told):
    """The number of a caller."""

    number: str = Field(examples=["+573001234567", "anonymous"])
    """E.164, "anonymous", or empty if nothing told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTeller:
    """Writes calls of the ledger as models. Visits abandoned within `ghost_seconds` are ghosts.

    `callbacks` are the promised calls that they have to do with, by call.
    """

    ghost_seconds: int
    callbacks: Mapping[str, Beside]

    def page(self, page: Page, counts: Counts) -> Calls:
        """Write a page of calls."""
        return Calls(
            calls=[self.call(call) for call in page.calls],
            next=None if page.next is None else str(page.next),
            count=Counted(
                calls=counts.calls,
                visits=counts.visits,
                conversations=counts.conversations,
                unanswered_rings=counts.unanswered_rings,
                answers=counts.answers,
                deeds=counts.deeds,
            ),
        )

    def call(self, call: StoredCall) -> Call:
        """Write a call of the list."""
        return Call(
            id=call.call_id,
            line=call.line,
            number=shown_number(call.number),
            started_at=call.started_at,
            ended_at=call.ended_at,
            ended_by=call.ended_by,
            lost=call.lost,
            menu_steps=[MenuStep(at=one.at, menu=one.menu, key=one.key, result=one.result) for one in call.steps],
            visits=[self._visit(visit) for visit in call.visits],
            survey=[Answer(question=question, answer=answer) for question, answer in call.survey],
            recordings=[
                RecordingOf(at=one.at, queue=one.queue, adviser=one.agent, state=one.state) for one in call.recordings
            ],
            disposition=next(
                (leg.title for visit in reversed(call.visits) for leg in reversed(visit.legs) if leg.disposition), None
            ),
            callback=self.callbacks[call.call_id].request_id if call.call_id in self.callbacks else None,
        )

    def story(self, call: CallHistory, gone: Container[str] = ()) -> CallStory:
        """Write a call and its timeline; `gone` are the files of recordings that were erased."""
        return CallStory(
            call=self.call(stored_of(call, gone)),
            sentence=sentence(call, self.ghost_seconds),
            gaps=list(gaps(call)),
            timeline=[
                Fact(
                    at=step.at,
                    since_start_seconds=step.since_start.total_seconds(),
                    actor=step.actor,
                    fact=step.fact,
                    source=step.source,
                )
                for step in timeline(call)
            ],
        )

    def _visit(self, visit: Visit) -> QueueVisit:
        return QueueVisit(
            queue=visit.queue,
            ordinal=visit.ordinal,
            entered_at=visit.entered_at,
            entry_inferred=visit.entry_inferred,
            wait_seconds=_seconds(visit.wait_ms),
            outcome=visit.outcome(self.ghost_seconds),
            reason=visit.reason,
            key=visit.key,
            conversations=[_conversation(leg) for leg in visit.legs],
        )


def _conversation(leg: Leg) -> Conversation:
    return Conversation(
        adviser=leg.agent,
        connected_at=leg.connected_at,
        ended_at=leg.ended_at,
        talk_seconds=_seconds(leg.talk_ms),
        hold_seconds=leg.hold_ms / 1000,
        ended_by=leg.ended_by,
        target=leg.target,
    )


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
