"""What advisers write about their conversations: drafts, and the words they saved, of which the last one stands."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, desc, func, insert, select, update
from sqlmodel import col

from core.events import Resolution, Source, WorkEnded
from quality.metrics.visits import Leg
from storage.database import reader, table_of, take_write_lock
from storage.desk_tables import DeskDraftRow, DeskWordRow
from storage.tables import CallRow, LegRow, VisitRow

_WORD = table_of(DeskWordRow)
_DRAFT = table_of(DeskDraftRow)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a citizen told an adviser to a question of a survey: a key of its scale, or a comment."""

    survey: str
    question: str
    answer: int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an adviser is writing about the conversation on a channel."""

    channel_id: str
    agent: str
    disposition: str = ""
    note: str = ""
    solution: str = ""
    answers: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody said of a conversation; with an empty disposition, that the adviser's time was over."""

    channel_id: str
    queue: str
    agent: str
    at: datetime
    author: str
    disposition: str = ""
    title: str = ""
    resolution: Resolution = Resolution.OTHER
    limit_seconds: int = 0
    note: str = ""
    solution: str = ""

    @property
    def fact(self) -> WorkEnded:
        """The fact that queue_log is told: no text, which is personal data."""
        return WorkEnded(
            at=self.at,
            call_id=self.channel_id,
            channel_id=self.channel_id,
            source=Source.QUEUE_LOG,
            queue=self.queue,
            agent=self.agent,
            disposition=self.disposition,
            title=self.title,
            resolution=self.resolution,
            by=self.author,
            limit_seconds=self.limit_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One conversation of an adviser, as the ledger has it."""

    call_id: str
    channel_id: str
    line: str
    number: str
    queue: str
    leg: Leg


class DeskBook:
    """The desk's tables in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def draft(self, channel_id: str, agent: str) -> Draft:
        """Read what is being written; an empty draft if nothing is."""
        wanted = (_DRAFT.c.channel_id == channel_id, _DRAFT.c.agent == agent)
        with self._reader.begin() as connection:
            row = connection.execute(select(_DRAFT).where(*wanted)).one_or_none()
        if row is None:
            return Draft(channel_id=channel_id, agent=agent)
        return Draft(
            channel_id=channel_id,
            agent=agent,
            disposition=row.disposition,
            note=row.note,
            solution=row.solution,
            answers=tuple(Said(**one) for one in json.loads(row.answers)),
        )

    def keep(self, draft: Draft, now: datetime) -> None:
        """Keep a draft in the place of the one there was."""
        values = {
            "channel_id": draft.channel_id,
            "agent": draft.agent,
            "disposition": draft.disposition,
            "note": draft.note,
            "solution": draft.solution,
            "answers": json.dumps([asdict(one) for one in draft.answers], ensure_ascii=False),
            "saved_at": now,
        }
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(
                delete(_DRAFT).where(_DRAFT.c.channel_id == draft.channel_id, _DRAFT.c.agent == draft.agent)
            )
            connection.execute(insert(_DRAFT), values)

    def save(self, word: Word) -> None:
        """Say a word. With a disposition, it takes the draft's place; without one, the draft stays."""
        values = {
            "channel_id": word.channel_id,
            "queue": word.queue,
            "agent": word.agent,
            "at": word.at,
            "author": word.author,
            "disposition": word.disposition,
            "title": word.title,
            "resolution": word.resolution.value,
            "limit_seconds": word.limit_seconds,
            "note": word.note,
            "solution": word.solution,
            "told_at": None,
        }
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(insert(_WORD), values)
            if word.disposition:
                connection.execute(
                    delete(_DRAFT).where(_DRAFT.c.channel_id == word.channel_id, _DRAFT.c.agent == word.agent)
                )

    def words(self, channel_id: str, agent: str) -> tuple[Word, ...]:
        """Read what was said of a conversation, the last word last."""
        wanted = (_WORD.c.channel_id == channel_id, _WORD.c.agent == agent)
        with self._reader.begin() as connection:
            rows = connection.execute(select(_WORD).where(*wanted).order_by(_WORD.c.id)).all()
        return tuple(_word(row) for row in rows)

    def untold(self) -> tuple[tuple[int, Word], ...]:
        """Read the first words that queue_log was not told yet, with their numbers."""
        query = select(_WORD).where(_WORD.c.told_at.is_(None)).order_by(_WORD.c.id).limit(_AT_ONCE)
        with self._reader.begin() as connection:
            return tuple((row.id, _word(row)) for row in connection.execute(query))

    def told(self, numbers: Sequence[int], now: datetime) -> None:
        """Remember that queue_log was told some words."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(update(_WORD).where(_WORD.c.id.in_(numbers)).values(told_at=now))

    def most_used(self, agent: str, since: datetime, most: int) -> tuple[str, ...]:
        """Read the dispositions that an adviser used most, the most used first."""
        query = (
            select(_WORD.c.disposition)
            .where(_WORD.c.agent == agent, _WORD.c.at >= since, _WORD.c.disposition != "")
            .group_by(_WORD.c.disposition)
            .order_by(desc(func.count()), _WORD.c.disposition)
            .limit(most)
        )
        with self._reader.begin() as connection:
            return tuple(connection.scalars(query))

    def contacts(self, agent: str, since: datetime, most: int) -> tuple[Contact, ...]:
        """Read an adviser's last conversations, the newest first."""
        return self._contacts(most, col(LegRow.agent) == agent, col(LegRow.connected_at) >= since)

    def contact(self, channel_id: str, agent: str) -> Contact | None:
        """Read an adviser's last conversation on a channel; None if there is none."""
        found = self._contacts(1, col(VisitRow.channel_id) == channel_id, col(LegRow.agent) == agent)
        return found[0] if found else None

    def _contacts(self, most: int, *wanted: object) -> tuple[Contact, ...]:
        leg = table_of(LegRow).columns
        query = (
            select(col(VisitRow.channel_id), col(CallRow.line), col(CallRow.number), *leg)
            .join(
                VisitRow,
                (col(LegRow.call_id) == col(VisitRow.call_id))
                & (col(LegRow.queue) == col(VisitRow.queue))
                & (col(LegRow.ordinal) == col(VisitRow.ordinal)),
            )
            .join(CallRow, col(CallRow.id) == col(LegRow.call_id))
            .where(*wanted)  # type: ignore[arg-type]  # conditions
            .order_by(col(LegRow.connected_at).desc())
            .limit(most)
        )
        with self._reader.begin() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Contact(
                call_id=row.call_id,
                channel_id=row.channel_id,
                line=row.line,
                number=row.number,
                queue=row.queue,
                leg=Leg(
                    agent=row.agent,
                    connected_at=row.connected_at,
                    talk_ms=row.talk_ms,
                    ended_at=row.ended_at,
                    work_ms=row.work_ms,
                    disposition=row.disposition,
                    title=row.title,
                    resolution=Resolution(row.resolution),
                ),
            )
            for row in rows
        )


RECENT = timedelta(hours=24)
"""How long back an adviser's conversations are looked for."""


def _word(row: object) -> Word:
    values = row._mapping  # type: ignore[attr-defined]  # noqa: SLF001  a row's public name for its columns
    names = (
        "channel_id",
        "queue",
        "agent",
        "at",
        "author",
        "disposition",
        "title",
        "limit_seconds",
        "note",
        "solution",
    )
    return Word(resolution=Resolution(values["resolution"]), **{name: values[name] for name in names})
