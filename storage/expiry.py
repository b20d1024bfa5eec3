"""What was said and written and is too old: erased, but for what is held. What the figures are made of stays.

A part of it is one transaction that has the write lock: what is due and not held, its files gone, and that they are,
written down. Whoever is killed in between has erased files of which it is not written yet; they are due still, and the
next round writes it. No hold can be set in the midst of it.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, exists, insert, or_, select, text, update
from sqlalchemy.orm import Mapped
from sqlmodel import col

from callback_queue.sms.message import State
from core.privacy.retention import Kind, Retention, Why
from storage.callback_codec import COLUMNS, request_of
from storage.callback_tables import CallbackRow
from storage.database import reader, table_of, take_write_lock
from storage.holds import Reach, held
from storage.privacy_tables import ErasureRow
from storage.projection import in_parts
from storage.sms_tables import SmsRow
from storage.tables import CallRow, ChannelRow, EventRow, RecordingRow, SurveyAnswerRow

AT_ONCE = 50
_SWEPT_AT_ONCE = 5_000
_ERASURE = table_of(ErasureRow)
_OVER = tuple(state for state in State if state not in {State.WAITING, State.SENDING})

Remove = Callable[[Kind, str], bool]
"""Deletes a file of a kind and all that was made of it; tells whether it was there. Raises OSError if it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A file to erase; of a call, or of a promised call. `line` is whose rule it is."""

    kind: Kind
    file: str
    about: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """That a file is gone: when, and why. `days` is the rule's, 0 without one."""

    kind: Kind
    file: str
    about: str
    at: datetime
    why: Why
    days: int


@dataclass(slots=True, kw_only=True)
class Expired:
    """What a round came to: how many of each kind were erased, and the files that could not be."""

    counts: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    failed: list[str] = field(default_factory=list)
    again: int = 0
    """Files that had been erased before and were there again, as after a backup was restored."""


class Expiry:
    """Erases in one database. `now` is when a round looks."""

    def __init__(self, engine: Engine, remove: Remove) -> None:
        self._engine = engine
        self._reader = reader(engine)
        self._remove = remove

    def due(self, rules: Retention, now: datetime) -> dict[Kind, int]:
        """Count what a round would erase now, and erase nothing."""
        with self._reader.begin() as connection:
            kept = held(connection)
            files = {kind: sum(1 for _ in _due(connection, kind, rules, now, kept)) for kind in _SOURCES}
            messages = connection.execute(select(col(SmsRow.id)).where(_old_messages(rules, now, kept))).all()
        return files | {Kind.SMS: len(messages)}

    def expire(self, rules: Retention, now: datetime, told: Callable[[Expired], object] = lambda _: None) -> Expired:
        """Erase what is due. `told` hears after every part how far it is."""
        done = Expired()
        for kind in _SOURCES:
            while self._part(kind, rules, now, done):
                told(done)
        while self._messages(rules, now, done):
            told(done)
        done.again = self._sweep()
        return done

    def _part(self, kind: Kind, rules: Retention, now: datetime, done: Expired) -> bool:
        with self._engine.begin() as connection:
            take_write_lock(connection)
            found = list(_due(connection, kind, rules, now, held(connection), done.failed, AT_ONCE))
            erased = []
            for about, files in groupby(found, attrgetter("about")):
                erased += _gone(self._remove, about, list(files), done)
            keep(connection, erased, now, Why.RULE, rules)
        done.counts[kind] += len(erased)
        return bool(found)

    def _messages(self, rules: Retention, now: datetime, done: Expired) -> bool:
        with self._engine.begin() as connection:
            take_write_lock(connection)
            old = select(col(SmsRow.id)).where(_old_messages(rules, now, held(connection))).limit(AT_ONCE)
            numbers = connection.scalars(old).all()
            forget_messages(connection, col(SmsRow.id).in_(numbers))
        done.counts[Kind.SMS] += len(numbers)
        return bool(numbers)

    def _sweep(self) -> int:
        again, after = 0, ("", "")
        while True:
            place = or_(_ERASURE.c.kind > after[0], and_(_ERASURE.c.kind == after[0], _ERASURE.c.file > after[1]))
            query = (
                select(_ERASURE.c.kind, _ERASURE.c.file)
                .where(place)
                .order_by(_ERASURE.c.kind, _ERASURE.c.file)
                .limit(_SWEPT_AT_ONCE)
            )
            with self._reader.begin() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                again += self._remove(Kind(row.kind), row.file)
            if len(rows) < _SWEPT_AT_ONCE:
                return again
            after = (rows[-1].kind, rows[-1].file)


def erasures(engine: Engine, about: str) -> tuple[Erasure, ...]:
    """Tell what was erased of a call, or of a promised call."""
    query = select(_ERASURE).where(_ERASURE.c.about == about).order_by(_ERASURE.c.at, _ERASURE.c.file)
    with reader(engine).begin() as connection:
        return tuple(_erasure(row) for row in connection.execute(query))


def erased_of_calls(engine: Engine, kind: Kind, calls: Iterable[str]) -> dict[str, Erasure]:
    """Tell of some calls what of a kind was erased last."""
    mine = select(_ERASURE).where(_ERASURE.c.kind == kind).order_by(_ERASURE.c.at)
    with reader(engine).begin() as connection:
        return {
            row.about: _erasure(row)
            for part in in_parts(set(calls))
            for row in connection.execute(mine.where(_ERASURE.c.about.in_(part)))
        }


def erased(connection: Connection, kind: Kind, files: Iterable[str]) -> dict[str, Erasure]:
    """Tell of some files which are erased."""
    mine = select(_ERASURE).where(_ERASURE.c.kind == kind)
    return {
        row.file: _erasure(row)
        for part in in_parts(set(files))
        for row in connection.execute(mine.where(_ERASURE.c.file.in_(part)))
    }


def keep(connection: Connection, gone: Iterable[Due], now: datetime, why: Why, rules: Retention | None = None) -> None:
    """Write down that files are gone; by which rule, if by one."""
    rows = {
        (one.kind, one.file, one.about): {
            "kind": one.kind,
            "file": one.file,
            "about": one.about,
            "at": now,
            "why": why,
            "days": _days(rules, one),
        }
        for one in gone
    }
    if rows:
        connection.execute(insert(_ERASURE), list(rows.values()))


def forget_messages(connection: Connection, which: ColumnElement[bool]) -> int:
    """Leave of text messages what is billed and counted; returns of how many."""
    return connection.execute(update(SmsRow).where(which).values(number="", text="")).rowcount


def _days(rules: Retention | None, one: Due) -> int:
    if rules is None:
        return 0
    return rules.by_line.get(one.line, {}).get(one.kind, rules.usual[one.kind])


def _gone(remove: Remove, about: str, files: list[Due], done: Expired) -> list[Due]:
    """Delete the files of one call or promised call; none of them counts if one could not be deleted."""
    try:
        for one in files:
            remove(one.kind, one.file)
    except OSError:
        done.failed.append(about)
        return []
    return files


def _old(kind: Kind, rules: Retention, now: datetime, at: Mapped[datetime], line: Mapped[str]) -> ColumnElement[bool]:
    """Make the condition that something of a line is too old."""
    own = rules.own(kind, now)
    of_own = (and_(line == name, at < before) for name, before in own.items())
    return or_(and_(line.not_in(own), at < rules.before(kind, now)), *of_own)


def _old_messages(rules: Retention, now: datetime, kept: Reach) -> ColumnElement[bool]:
    number, about = col(SmsRow.number), col(SmsRow.about)
    over = and_(col(SmsRow.state).in_(_OVER), number != "")
    return and_(
        over, _old(Kind.SMS, rules, now, col(SmsRow.created_at), col(SmsRow.line)), ~kept.of_message(number, about)
    )


def _due(
    connection: Connection,
    kind: Kind,
    rules: Retention,
    now: datetime,
    kept: Reach,
    but: Iterable[str] = (),
    limit: int | None = None,
) -> Iterator[Due]:
    """Yield the files that are due; those of one call or promised call stand together.

    `but` names calls and promised calls to leave out, `limit` bounds the rows that each source looks at.
    """
    look = _Look(kind=kind, rules=rules, now=now, kept=kept, but=tuple(but), limit=limit)
    for source in _SOURCES[kind]:
        yield from source(connection, look)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one look asks for."""

    kind: Kind
    rules: Retention
    now: datetime
    kept: Reach
    but: tuple[str, ...]
    limit: int | None

    def old(self, at: Mapped[datetime], line: Mapped[str]) -> ColumnElement[bool]:
        """Make the condition that something of a line is too old."""
        return _old(self.kind, self.rules, self.now, at, line)


def _files_in(
    table: type[RecordingRow] | type[SurveyAnswerRow],
) -> Callable[[Connection, _Look], Iterator[Due]]:
    """Make what yields the files that calls have in one table."""
    file, call_id, at, line = col(table.file), col(table.call_id), col(table.at), col(CallRow.line)

    def found(connection: Connection, look: _Look) -> Iterator[Due]:
        gone = exists().where(_ERASURE.c.kind == look.kind, _ERASURE.c.file == file)
        query = (
            select(file, call_id, line)
            .join(CallRow, col(CallRow.id) == call_id)
            .where(file != "", look.old(at, line), ~gone, call_id.not_in(look.but))
            .where(~look.kept.of_call(call_id, col(CallRow.number)))
            .order_by(call_id, file)
            .limit(look.limit)
        )
        for name, about, of_line in connection.execute(query):
            yield Due(kind=look.kind, file=name, about=about, line=of_line)

    return found


def _of_mailbox(connection: Connection, look: _Look) -> Iterator[Due]:
    """Yield what was said in promised calls that ended."""
    request_id, ended_at = col(CallbackRow.id), cast("Mapped[datetime]", col(CallbackRow.ended_at))
    query = (
        select(*COLUMNS)
        .where(ended_at.is_not(None), look.old(ended_at, col(CallbackRow.line)))
        .where(col(CallbackRow.data).contains('"recordings":'), ~_gone_of(request_id))
        .where(request_id.not_in(look.but), ~look.kept.of_request())
        .order_by(request_id)
        .limit(look.limit)
    )
    for row in connection.execute(query):
        request = request_of(row)
        for recording in request.recordings:
            yield Due(kind=look.kind, file=recording.file, about=request.id, line=request.line)


def _after_the_tone(connection: Connection, look: _Look) -> Iterator[Due]:
    """Yield what callers said after the tone, when no script answered."""
    call_id, line = col(CallRow.id), col(CallRow.line)
    query = (
        select(col(EventRow.data), call_id, line)
        .join(ChannelRow, col(ChannelRow.channel_id) == col(EventRow.channel_id))
        .join(CallRow, call_id == col(ChannelRow.call_id))
        .where(text("event.kind = 'MessageLeft'"), look.old(col(EventRow.at), line), ~_gone_of(call_id))
        .where(call_id.not_in(look.but), ~look.kept.of_call(call_id, col(CallRow.number)))
        .order_by(call_id)
        .limit(look.limit)
    )
    for data, about, of_line in connection.execute(query):
        yield Due(kind=look.kind, file=json.loads(data)["file"], about=about, line=of_line)


def _gone_of(about: Mapped[str]) -> ColumnElement[bool]:
    return exists().where(_ERASURE.c.kind == Kind.MAILBOX, _ERASURE.c.about == about)


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(kind=Kind(row.kind), file=row.file, about=row.about, at=row.at, why=Why(row.why), days=row.days)


_SOURCES: dict[Kind, tuple[Callable[[Connection, _Look], Iterator[Due]], ...]] = {
    Kind.RECORDING: (_files_in(RecordingRow),),
    Kind.MAILBOX: (_of_mailbox, _after_the_tone),
    Kind.COMMENT: (_files_in(SurveyAnswerRow),),
}
"""Where the files of each kind are written down."""
