"""What the ledger tells of calls that asks for a callback, or makes one needless; and how much was dialled."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, and_, func, select
from sqlmodel import col

from callback_queue.policy import Cap, Room, midnight
from callback_queue.request import ATTEMPT
from core.events import Event, Source
from core.numbers import ANONYMOUS, Origin, origin
from ivr.line.callbacks import Caps
from quality.metrics.history import Outcome
from storage.callback_codec import COLUMNS, request_of
from storage.callback_tables import CallbackChannelRow, CallbackRow
from storage.codec import decode
from storage.database import reader, table_of
from storage.projection import in_parts
from storage.tables import CallRow, EventRow, LegRow, SurveyAnswerRow, VisitRow

_EVENT = table_of(EventRow).columns
_FACT = tuple(_EVENT[name] for name in ("kind", "source", "at", "ord", "call_id", "channel_id", "data"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """A call that is over, and whose last stay in a queue was abandoned."""

    call_id: str
    line: str
    number: str
    queue: str
    entered_at: datetime
    left_at: datetime
    wait_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to one question of a survey."""

    call_id: str
    line: str
    number: str
    at: datetime
    question: str
    answer: int


class CallbackFacts:
    """The facts of one ledger. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._reader = reader(engine)

    def abandoned(self, since: datetime) -> list[Abandoned]:
        """Read calls with a number that were abandoned, of those that entered a queue from `since` on; not our own."""
        last = (
            select(col(VisitRow.call_id), func.max(col(VisitRow.entered_at)).label("entered_at"))
            .where(col(VisitRow.entered_at) >= since)
            .group_by(col(VisitRow.call_id))
            .subquery()
        )
        query = (
            select(
                col(VisitRow.call_id),
                col(CallRow.line),
                col(CallRow.number),
                col(VisitRow.queue),
                col(VisitRow.entered_at),
                col(VisitRow.left_at),
                col(VisitRow.wait_ms),
            )
            .join(last, and_(last.c.call_id == VisitRow.call_id, last.c.entered_at == VisitRow.entered_at))
            .join(CallRow, col(CallRow.id) == col(VisitRow.call_id))
            .where(
                col(VisitRow.result) == Outcome.ABANDONED.value,
                col(CallRow.ended_at).is_not(None),
                col(VisitRow.wait_ms).is_not(None),
                col(VisitRow.left_at).is_not(None),
                col(CallRow.number).not_in(("", ANONYMOUS)),
                col(VisitRow.call_id).not_like(f"{ATTEMPT}%"),
            )
            .order_by(col(VisitRow.entered_at))
        )
        with self._reader.begin() as connection:
            return [Abandoned(**row._asdict()) for row in connection.execute(query)]

    def answers(self, since: datetime, at_most: int) -> list[Answer]:
        """Read answers of at most so much that were given since then, by callers with a number."""
        query = (
            select(
                col(SurveyAnswerRow.call_id),
                col(CallRow.line),
                col(CallRow.number),
                col(SurveyAnswerRow.at),
                col(SurveyAnswerRow.question),
                col(SurveyAnswerRow.answer),
            )
            .join(CallRow, col(CallRow.id) == col(SurveyAnswerRow.call_id))
            .where(
                col(CallRow.started_at) >= since,
                col(SurveyAnswerRow.answer) <= at_most,
                col(CallRow.number).not_in(("", ANONYMOUS)),
            )
            .order_by(col(SurveyAnswerRow.at))
        )
        with self._reader.begin() as connection:
            return [Answer(**row._asdict()) for row in connection.execute(query)]

    def of_channels(self, channel_ids: Collection[str]) -> dict[str, list[Event]]:
        """Read what queue_log told of some channels, in its order; those of which it told nothing are left out."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        with self._reader.begin() as connection:
            for part in in_parts(channel_ids):
                query = (
                    select(*_FACT)
                    .where(_EVENT.channel_id.in_(part), _EVENT.source == Source.QUEUE_LOG.value)
                    .order_by(_EVENT.at, _EVENT.ord)
                )
                for row in connection.execute(query):
                    found[row.channel_id].append(decode(row._asdict()))
        return found

    def in_a_call(self, telephones: Collection[str], since: datetime) -> set[str]:
        """Tell which telephones are in a call with us now, of the calls that began from `since` on."""
        with self._reader.begin() as connection:
            going_on: set[str] = set()
            for part in in_parts(telephones):
                query = select(col(CallRow.number)).where(
                    col(CallRow.number).in_(part), col(CallRow.ended_at).is_(None), col(CallRow.started_at) >= since
                )
                going_on.update(connection.scalars(query))
            return going_on

    def attended_since(self, wanted: Iterable[tuple[str, str, datetime]]) -> dict[tuple[str, str], str]:
        """Tell which of some lines and telephones were attended in a call after their moment, and in which call."""
        asked = {(line, number): at for line, number, at in wanted}
        found: dict[tuple[str, str], str] = {}
        with self._reader.begin() as connection:
            for part in in_parts({number for _, number in asked}):
                query = (
                    select(col(CallRow.line), col(CallRow.number), col(CallRow.id), col(LegRow.connected_at))
                    .join(LegRow, col(LegRow.call_id) == col(CallRow.id))
                    .where(col(CallRow.number).in_(part), col(LegRow.connected_at) >= min(asked.values()))
                )
                for line, number, call_id, connected_at in connection.execute(query):
                    if (at := asked.get((line, number))) and connected_at > at:
                        found[line, number] = call_id
        return found

    # -- how much was dialled

    def room(self, line: str, caps: Caps, now: datetime) -> Room:
        """Tell how many more calls a line may make by its caps."""
        day, left = midnight(now), dict[Cap, int]()
        if caps.per_hour is not None:
            left[Cap.HOUR] = caps.per_hour - self.dialled_since(now - timedelta(hours=1), line=line)
        if caps.per_day is not None:
            left[Cap.DAY] = caps.per_day - self.dialled_since(day, line=line)
        if caps.pesos_per_day is not None:
            prices = caps.mobile_pesos_per_minute, caps.fixed_pesos_per_minute
            if self.pesos_since(day, line, *prices, now) >= caps.pesos_per_day:
                left[Cap.MONEY] = 0
        calls = max(0, min(left.values())) if left else None
        return Room(calls=calls, reached=tuple(cap for cap, count in left.items() if count <= 0))

    def dialled_since(self, since: datetime, *, line: str | None = None) -> int:
        """Count attempts that were committed since then, of a line or of all."""
        query = (
            select(func.count()).select_from(CallbackChannelRow).where(col(CallbackChannelRow.committed_at) >= since)
        )
        if line is not None:
            query = query.where(col(CallbackChannelRow.line) == line)
        with self._reader.begin() as connection:
            return connection.scalar(query) or 0

    def dialled_of(self, telephones: Collection[str], since: datetime) -> dict[str, int]:
        """Count attempts that were committed since then by telephone; those without any are left out."""
        found: dict[str, int] = {}
        with self._reader.begin() as connection:
            for part in in_parts(telephones):
                query = (
                    select(col(CallbackChannelRow.telephone), func.count())
                    .where(col(CallbackChannelRow.telephone).in_(part), col(CallbackChannelRow.committed_at) >= since)
                    .group_by(col(CallbackChannelRow.telephone))
                )
                found.update((row[0], row[1]) for row in connection.execute(query))
        return found

    def pesos_since(self, since: datetime, line: str, mobile: int, fixed: int, now: datetime) -> int:
        """Add up what calls of a line cost that were dialled since then: begun minutes, by the prices of a minute."""
        mine = select(col(CallbackChannelRow.request_id)).where(
            col(CallbackChannelRow.line) == line, col(CallbackChannelRow.committed_at) >= since
        )
        with self._reader.begin() as connection:
            rows = connection.execute(select(*COLUMNS).where(col(CallbackRow.id).in_(mine))).all()
        pesos = 0
        for request in map(request_of, rows):
            price = mobile if origin(request.telephone) is Origin.MOBILE else fixed
            for attempt in request.attempts:
                if attempt.answered_at and attempt.committed_at >= since:
                    seconds = ((attempt.ended_at or now) - attempt.answered_at).total_seconds()
                    pesos += price * max(1, math.ceil(seconds / 60))
        return pesos
