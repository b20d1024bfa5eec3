"""Which calls somebody asks for, as conditions on the ledger's tables.

What is asked of visits is asked of one and the same visit, and its period is that in which the caller entered: so the
list of a figure has the calls that the figure counts (`quality.metrics.figures.count`), and no other.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, not_, or_, select, tuple_
from sqlalchemy.orm import Mapped
from sqlmodel import col

from core.events import RingResult
from quality.metrics.visits import Outcome
from storage.codec import storable
from storage.said_filter import AnswerAsked, DeedAsked, answer_conditions, deed_conditions
from storage.tables import CallRow, DeedRow, LegRow, RingRow, SurveyAnswerRow, VisitRow

VisitKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls: those of a line that began in [since, until). None means any.

    If anything is asked of a visit: those with one visit that is as told in all, and that was entered in
    [since, until), as figures count it. Visits abandoned within `ghost_seconds` are ghosts. A visit whose wait nobody
    told has waited for nothing, as figures count it. `waiting_now` leaves out who is known to have left.
    `talk_known` asks for a conversation whose length was told, one of `agent` if he is asked for; `unanswered_by` for a
    ring that this agent let pass. `as_of` asks for visits as they were at that moment, whatever became of them.
    `answered_by` is asked of the call, whatever else is: it has a conversation with that agent. So are `number`
    and `passage`, from one place to the next on the call's way.

    With `answer`, period, queue and agent are those of the contact that results of surveys count the answer with; with
    `deed` alone, the period is that in which the call began, as the funnel counts it.
    """

    since: datetime | None = None
    until: datetime | None = None
    line: str | None = None
    queue: str | None = None
    outcomes: frozenset[Outcome] | None = None
    waiting_now: bool = False
    agent: str | None = None
    wait_at_most_ms: int | None = None
    wait_more_than_ms: int | None = None
    talk_known: bool = False
    unanswered_by: str | None = None
    as_of: datetime | None = None
    answered_by: str | None = None
    answer: AnswerAsked | None = None
    deed: DeedAsked | None = None
    number: str | None = None
    passage: str | None = None
    ghost_seconds: int = 5

    @property
    def of_visits(self) -> bool:
        """Whether anything is asked of a visit."""
        names = (self.unanswered_by, *((self.queue, self.agent) if self.answer is None else ()))
        asked = (*names, self.outcomes, self.wait_at_most_ms, self.wait_more_than_ms, self.as_of)
        return self.waiting_now or self.talk_known or any(one is not None for one in asked)

    @property
    def may_be_unheard(self) -> bool:
        """Whether a visit of which nothing more was heard may be among those asked for."""
        return self.of_visits and (self.outcomes is None or not self.outcomes.isdisjoint(UNHEARD))


UNHEARD = frozenset({Outcome.WAITING, Outcome.LOST})


def call_conditions(wanted: CallFilter, passed_on: Collection[VisitKey]) -> Iterator[ColumnElement[bool]]:
    """Yield what a row of `call` must fulfil. Visits that are `passed_on` count for nothing: another goes on with them.

    A database finds the visits of a period, or of an agent, by an index; all others it tries along the list of calls.
    """
    yield from _of_call(wanted)
    if wanted.answer is not None:
        yield col(CallRow.id).in_(select(col(SurveyAnswerRow.call_id)).where(*_answer_conditions(wanted)))
    if wanted.deed is not None:
        yield exists().where(col(DeedRow.call_id) == col(CallRow.id), *deed_conditions(wanted.deed)).correlate(CallRow)
    if not wanted.of_visits:
        if wanted.answer is None:
            yield from _period(wanted, col(CallRow.started_at))
        return
    visit = visit_conditions(wanted, passed_on)
    if wanted.since is not None or wanted.agent is not None:
        yield col(CallRow.id).in_(select(col(VisitRow.call_id)).where(*visit))
    else:
        yield exists().where(col(VisitRow.call_id) == col(CallRow.id), *visit).correlate(CallRow)


def visits(wanted: CallFilter, passed_on: Collection[VisitKey]) -> Select[int]:
    """Select a 1 for each visit asked for."""
    return _of_calls(wanted, select(1).select_from(VisitRow).where(*visit_conditions(wanted, passed_on)))


def conversations(wanted: CallFilter, passed_on: Collection[VisitKey]) -> Select[int]:
    """Select a 1 for each conversation of the agent asked for."""
    found = select(1).select_from(VisitRow).join(LegRow, and_(*_of_visit(LegRow), *_leg_conditions(wanted)))
    return _of_calls(wanted, found.where(*visit_conditions(wanted, passed_on)))


def rings(wanted: CallFilter, passed_on: Collection[VisitKey]) -> Select[int]:
    """Select a 1 for each ring that the agent asked for let pass."""
    found = select(1).select_from(VisitRow).join(RingRow, and_(*_of_visit(RingRow), *_ring_conditions(wanted)))
    return _of_calls(wanted, found.where(*visit_conditions(wanted, passed_on)))


def answers(wanted: CallFilter, passed_on: Collection[VisitKey]) -> Select[int]:
    """Select a 1 for each answer asked for."""
    found = select(1).select_from(SurveyAnswerRow).join(CallRow, col(CallRow.id) == col(SurveyAnswerRow.call_id))
    return found.where(*_answer_conditions(wanted), *call_conditions(wanted, passed_on))


def deeds(wanted: CallFilter, passed_on: Collection[VisitKey]) -> Select[int]:
    """Select a 1 for each thing done that is asked for."""
    found = select(1).select_from(DeedRow).join(CallRow, col(CallRow.id) == col(DeedRow.call_id))
    return found.where(*deed_conditions(wanted.deed or DeedAsked()), *call_conditions(wanted, passed_on))


def visit_conditions(wanted: CallFilter, passed_on: Collection[VisitKey]) -> Iterator[ColumnElement[bool]]:
    """Yield what a row of `visit` must fulfil."""
    yield from _period(wanted, col(VisitRow.entered_at))
    over = is_over(wanted)
    if wanted.as_of is not None:
        yield and_(col(VisitRow.entered_at) <= wanted.as_of, or_(over, not_(col(VisitRow.entry_inferred))))
    if wanted.queue is not None:
        yield col(VisitRow.queue) == storable(wanted.queue)
    if wanted.outcomes is not None:
        ended = (_outcome(one, wanted.ghost_seconds * 1000) for one in sorted(wanted.outcomes - {Outcome.WAITING}))
        yield or_(and_(over, or_(false(), *ended)), _waits(over) if Outcome.WAITING in wanted.outcomes else false())
    if wanted.waiting_now:
        yield and_(_waits(over), not_(over))
    wait_ms = case((over, func.coalesce(col(VisitRow.wait_ms), 0)), else_=0)
    if wanted.wait_at_most_ms is not None:
        yield wait_ms <= wanted.wait_at_most_ms
    if wanted.wait_more_than_ms is not None:
        yield wait_ms > wanted.wait_more_than_ms
    if leg := list(_leg_conditions(wanted)):
        yield exists().where(*_of_visit(LegRow), *leg).correlate(VisitRow)
    if ring := list(_ring_conditions(wanted)):
        yield exists().where(*_of_visit(RingRow), *ring).correlate(VisitRow)
    if passed_on:
        yield tuple_(col(VisitRow.call_id), col(VisitRow.queue), col(VisitRow.ordinal)).not_in(passed_on)


def is_over(wanted: CallFilter) -> ColumnElement[bool]:
    """Tell whether the caller had left the queue, at the moment that is asked about."""
    left_at = col(VisitRow.left_at)
    return left_at.is_not(None) if wanted.as_of is None else func.coalesce(left_at <= wanted.as_of, false())


def _waits(over: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(col(VisitRow.result) == Outcome.WAITING, not_(over))


def _of_calls(wanted: CallFilter, found: Select[int]) -> Select[int]:
    of_call = list(_of_call(wanted))
    return found.join(CallRow, col(CallRow.id) == col(VisitRow.call_id)).where(*of_call) if of_call else found


def _of_call(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.line is not None:
        yield col(CallRow.line) == storable(wanted.line)
    if wanted.number is not None:
        yield col(CallRow.number) == storable(wanted.number)
    if wanted.passage is not None:  # LIKE would not mind the case on one database
        yield func.replace(col(CallRow.way), f"\n{storable(wanted.passage)}\n", "") != col(CallRow.way)
    if wanted.answered_by is not None:
        answered = select(col(LegRow.call_id)).where(col(LegRow.agent) == storable(wanted.answered_by))
        yield col(CallRow.id).in_(answered)


def _answer_conditions(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    yield from answer_conditions(wanted.answer or AnswerAsked())
    yield from _period(wanted, col(SurveyAnswerRow.contact_at))
    if wanted.queue is not None:
        yield col(SurveyAnswerRow.queue) == storable(wanted.queue)
    if wanted.agent is not None:
        yield col(SurveyAnswerRow.agent) == storable(wanted.agent)


def _period(wanted: CallFilter, time: Mapped[datetime]) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield time >= wanted.since
    if wanted.until is not None:
        yield time < wanted.until


def _of_visit(part: type[LegRow | RingRow]) -> Iterator[ColumnElement[bool]]:
    yield col(part.call_id) == col(VisitRow.call_id)
    yield col(part.queue) == col(VisitRow.queue)
    yield col(part.ordinal) == col(VisitRow.ordinal)


def _leg_conditions(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.agent is not None:
        yield col(LegRow.agent) == storable(wanted.agent)
    if wanted.talk_known:
        yield col(LegRow.talk_ms).is_not(None)
    if wanted.as_of is not None and (wanted.agent is not None or wanted.talk_known):
        yield (col(LegRow.ended_at) if wanted.talk_known else col(LegRow.connected_at)) <= wanted.as_of


def _ring_conditions(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.unanswered_by is not None:
        yield col(RingRow.agent) == storable(wanted.unanswered_by)
        yield col(RingRow.result) == RingResult.NO_ANSWER
        if wanted.as_of is not None:
            yield col(RingRow.at) <= wanted.as_of


def _outcome(outcome: Outcome, ghost_ms: int) -> ColumnElement[bool]:
    result = col(VisitRow.result)
    if outcome is Outcome.GHOST:
        return and_(result == Outcome.ABANDONED, col(VisitRow.wait_ms) <= ghost_ms)
    if outcome is Outcome.ABANDONED:
        return and_(result == outcome, or_(col(VisitRow.wait_ms) > ghost_ms, col(VisitRow.wait_ms).is_(None)))
    return result == outcome
