"""The outbox of text messages: what is to be sent is kept before it is, and nothing is offered to a gateway twice.

A segment is committed as `submitting` before the gateway is offered it. Whoever starts to send calls `recover` first:
what was being submitted when the last sender died is uncertain from then on, and stays so.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, exists, func, insert, select, update
from sqlmodel import col

from callback_queue.sms.gateway import Answer, Delivery, Fate, Receipt, Segment
from callback_queue.sms.message import Message, SegmentState, State
from core.sms import Encoding, compose
from storage.callback_codec import COLUMNS, request_of
from storage.callback_tables import CallbackRow
from storage.database import reader, table_of, take_write_lock
from storage.sms_tables import SmsOptOutRow, SmsReceiptRow, SmsRow, SmsSegmentRow

_AFTER: dict[Fate, SegmentState] = {
    Fate.ACCEPTED: SegmentState.SENT,
    Fate.REFUSED: SegmentState.REFUSED,
    Fate.BUSY: SegmentState.PENDING,
    Fate.UNKNOWN: SegmentState.UNCERTAIN,
}
_BILLED = (SegmentState.SENT, SegmentState.UNCERTAIN)
_OPTED_OUT = exists().where(col(SmsOptOutRow.number) == col(SmsRow.number))
_ARRIVED = exists().where(
    col(SmsReceiptRow.gateway_id) == col(SmsSegmentRow.gateway_id),
    col(SmsReceiptRow.delivery) == Delivery.DELIVERED,
    col(SmsSegmentRow.gateway_id) != "",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A segment that was committed, and is to be offered to the gateway now."""

    sms_id: int
    segment: Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """What one line sent for one purpose: segments that gateways took, of which `uncertain` may not have been.

    `delivered` counts segments that the network says have arrived.
    """

    line: str
    purpose: str
    messages: int
    segments: int
    uncertain: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message as a history tells it. `at` is when it came to its state, `delivered` what the network says."""

    number: str
    purpose: str
    text: str
    state: State
    at: datetime
    segments: int
    delivered: bool


class SmsOutbox:
    """The messages in one database. One program sends; any number may add."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def add(self, messages: Iterable[Message], now: datetime) -> int:
        """Keep messages to be sent; those whose key is known, or whose number wants none, are left out."""
        added = 0
        with self._engine.begin() as connection:
            take_write_lock(connection)
            for message in messages:
                known = exists().where(col(SmsRow.key) == message.key)
                unwanted = exists().where(col(SmsOptOutRow.number) == message.number)
                if not connection.scalar(select(known | unwanted)):
                    _insert(connection, message, now)
                    added += 1
        return added

    def had_since(self, numbers: Collection[str], purpose: str, since: datetime) -> frozenset[str]:
        """Tell which numbers have had, or will have, a message for a purpose since then."""
        had = (
            select(col(SmsRow.number))
            .where(col(SmsRow.number).in_(numbers), col(SmsRow.purpose) == purpose, col(SmsRow.created_at) >= since)
            .distinct()
        )
        with self._reader.begin() as connection:
            return frozenset(connection.scalars(had))

    def recover(self, now: datetime) -> int:
        """Settle what a sender that died left: its segments are uncertain. Tell how many there were."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            submitting = col(SmsSegmentRow.state) == SegmentState.SUBMITTING
            of = select(col(SmsSegmentRow.sms_id)).where(submitting)
            uncertain = connection.scalars(of.distinct()).all()
            count = connection.execute(
                update(SmsSegmentRow).where(submitting).values(state=SegmentState.UNCERTAIN)
            ).rowcount
            if uncertain:
                _move(connection, col(SmsRow.id).in_(uncertain), State.UNCERTAIN, now)
            _move(connection, col(SmsRow.state) == State.SENDING, State.WAITING, now)
        return count

    def expire(self, now: datetime) -> None:
        """Give up what is too late, and what is no longer wanted."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            waiting = col(SmsRow.state) == State.WAITING
            _move(connection, and_(waiting, _OPTED_OUT), State.OPTED_OUT, now)
            _move(connection, and_(waiting, col(SmsRow.expires_at) <= now), State.EXPIRED, now)

    def next(self, now: datetime, lines: Collection[str]) -> Ready | None:
        """Commit the first segment that may be sent now, of the lines that are within their hours; None if none may.

        A message whose first segments were taken goes on before another begins. One that tells of an appointment that
        was moved or taken back is withdrawn instead.
        """
        may = and_(
            col(SmsRow.state) == State.WAITING,
            col(SmsRow.not_before) <= now,
            col(SmsRow.expires_at) > now,
            col(SmsRow.line).in_(lines),
            ~_OPTED_OUT,
        )
        first = select(table_of(SmsRow)).where(may).order_by(col(SmsRow.not_before), col(SmsRow.id)).limit(1)
        with self._engine.begin() as connection:
            take_write_lock(connection)
            while True:
                found = connection.execute(first).one_or_none()
                if found is None:
                    return None
                pending = and_(col(SmsSegmentRow.sms_id) == found.id, col(SmsSegmentRow.state) == SegmentState.PENDING)
                position = connection.execute(select(func.min(col(SmsSegmentRow.position))).where(pending)).scalar_one()
                begun, at = position > 1, found.appointment_at
                if begun or at is None or _stands(connection, found.about, at):
                    break
                _move(connection, col(SmsRow.id) == found.id, State.WITHDRAWN, now)
            connection.execute(
                update(SmsSegmentRow)
                .where(pending, col(SmsSegmentRow.position) == position)
                .values(state=SegmentState.SUBMITTING, submitted_at=now)
            )
            _move(connection, col(SmsRow.id) == found.id, State.SENDING, now)
        texts = compose(found.text).segments
        return Ready(
            sms_id=found.id,
            segment=Segment(
                number=found.number,
                sender=found.sender,
                text=texts[position - 1],
                encoding=Encoding(found.encoding),
                position=position,
                total=len(texts),
                reference=found.id % 256,
            ),
        )

    def answered(self, sent: Ready, answer: Answer, now: datetime) -> None:
        """Keep a gateway's answer to a segment."""
        state = _AFTER[answer.fate]
        with self._engine.begin() as connection:
            take_write_lock(connection)
            mine = col(SmsSegmentRow.sms_id) == sent.sms_id
            connection.execute(
                update(SmsSegmentRow)
                .where(mine, col(SmsSegmentRow.position) == sent.segment.position)
                .values(state=state, gateway_id=answer.gateway_id, status=answer.status)
            )
            more = sent.segment.position < sent.segment.total
            after = {
                Fate.ACCEPTED: State.WAITING if more else State.SENT,
                Fate.REFUSED: State.REFUSED,
                Fate.BUSY: State.WAITING,
                Fate.UNKNOWN: State.UNCERTAIN,
            }[answer.fate]
            _move(connection, col(SmsRow.id) == sent.sms_id, after, now)

    def told(self, receipt: Receipt) -> None:
        """Keep what the network told; twice is once."""
        same = exists().where(
            col(SmsReceiptRow.gateway_id) == receipt.gateway_id, col(SmsReceiptRow.delivery) == receipt.delivery
        )
        values = {"delivery": receipt.delivery, "detail": receipt.detail, "at": receipt.at}
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if not connection.scalar(select(same)):
                connection.execute(insert(SmsReceiptRow), {"gateway_id": receipt.gateway_id} | values)

    def opt_out(self, number: str, author: str, now: datetime) -> None:
        """Send nothing more to a number."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if not connection.scalar(select(exists().where(col(SmsOptOutRow.number) == number))):
                connection.execute(insert(SmsOptOutRow), {"number": number, "at": now, "author": author})

    def opted_out(self) -> frozenset[str]:
        """Tell the numbers that get no more messages."""
        with self._reader.begin() as connection:
            return frozenset(connection.scalars(select(col(SmsOptOutRow.number))))

    def about(self, *what: str) -> tuple[Told, ...]:
        """Read the messages about calls or promised calls, in the order in which they came to be."""
        these = col(SmsRow.about).in_(what)
        of = select(table_of(SmsRow)).where(these).order_by(col(SmsRow.created_at), col(SmsRow.id))
        parts = (
            select(col(SmsSegmentRow.sms_id), func.count(), func.sum(case((_ARRIVED, 1), else_=0)))
            .join(SmsRow, col(SmsSegmentRow.sms_id) == col(SmsRow.id))
            .where(these)
            .group_by(col(SmsSegmentRow.sms_id))
        )
        with self._reader.begin() as connection:
            rows = connection.execute(of).all()
            counts = {sms_id: (count, arrived) for sms_id, count, arrived in connection.execute(parts)} if rows else {}
        return tuple(
            Told(
                number=row.number,
                purpose=row.purpose,
                text=row.text,
                state=State(row.state),
                at=row.changed_at,
                segments=counts[row.id][0],
                delivered=counts[row.id][0] == counts[row.id][1],
            )
            for row in rows
        )

    def states(self) -> dict[str, int]:
        """Count messages by state."""
        counted = select(col(SmsRow.state), func.count()).group_by(col(SmsRow.state))
        with self._reader.begin() as connection:
            return {str(state): int(count) for state, count in connection.execute(counted)}

    def bill(self, since: datetime, until: datetime) -> tuple[Billed, ...]:
        """Count what was submitted in a period, by line and purpose."""
        uncertain = case((col(SmsSegmentRow.state) == SegmentState.UNCERTAIN, 1), else_=0)
        of = (col(SmsRow.line), col(SmsRow.purpose))
        counted = (
            select(
                *of,
                func.count(col(SmsRow.id).distinct()),
                func.count(),
                func.sum(uncertain),
                func.sum(case((_ARRIVED, 1), else_=0)),
            )
            .join(SmsSegmentRow, col(SmsSegmentRow.sms_id) == col(SmsRow.id))
            .where(
                col(SmsSegmentRow.state).in_(_BILLED),
                col(SmsSegmentRow.submitted_at) >= since,
                col(SmsSegmentRow.submitted_at) < until,
            )
            .group_by(*of)
            .order_by(*of)
        )
        names = ("line", "purpose", "messages", "segments", "uncertain", "delivered")
        with self._reader.begin() as connection:
            return tuple(Billed(**dict(zip(names, row, strict=True))) for row in connection.execute(counted))


def _insert(connection: Connection, message: Message, now: datetime) -> None:
    composed = message.composed
    values = {
        "key": message.key,
        "line": message.line,
        "purpose": message.purpose,
        "number": message.number,
        "sender": message.sender,
        "text": message.text,
        "encoding": composed.encoding,
        "created_at": now,
        "not_before": message.not_before,
        "expires_at": message.expires_at,
        "state": State.WAITING,
        "changed_at": now,
        "about": message.about,
        "appointment_at": message.appointment_at,
    }
    connection.execute(insert(SmsRow), values)
    sms_id = connection.execute(select(col(SmsRow.id)).where(col(SmsRow.key) == message.key)).scalar_one()
    segment = {"sms_id": sms_id, "state": SegmentState.PENDING, "submitted_at": None, "gateway_id": "", "status": 0}
    connection.execute(
        insert(SmsSegmentRow), [segment | {"position": number} for number in range(1, len(composed.segments) + 1)]
    )


def _stands(connection: Connection, request_id: str, at: datetime) -> bool:
    """Tell whether a promised call is still owed at a time that the citizen chose."""
    row = connection.execute(select(*COLUMNS).where(col(CallbackRow.id) == request_id)).one_or_none()
    request = request_of(row) if row else None
    return request is not None and not request.state.final and request.window.not_before == at


def _move(connection: Connection, which: ColumnElement[bool], state: State, now: datetime) -> None:
    connection.execute(update(SmsRow).where(which).values(state=state, changed_at=now))
