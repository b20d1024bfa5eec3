"""The campaigns of one database: drafts, the records that are called, and what came of each.

A draft has been uploaded and calls nobody. One that runs gives its records, a few at a time, to the store of promised
calls; one that is paused gives none. A record has one disposition: what an adviser typed comes before what a call says.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, case, delete, exists, func, insert, select, update
from sqlmodel import col

from callback_queue.campaign.base import Base, Counts, Exclusion, Fate, Record
from callback_queue.campaign.columns import Columns
from callback_queue.campaign.dispositions import Disposition
from core.errors import ConfigurationError
from storage.campaign_rows import columns_of, insert_records, written
from storage.campaign_tables import CampaignAnswerRow, CampaignRecordRow, CampaignRow
from storage.database import reader, table_of, take_write_lock

_PART = 500
IVR = "ivr"


class Asker(StrEnum):
    """Who asks a campaign's survey."""

    LINE = "line"
    """The line, by keys, when the adviser has hung up."""
    ADVISER = "adviser"
    """The adviser, who types what he is told."""


class CampaignState(StrEnum):
    """Where a campaign is."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCampaign:
    """What somebody asks for: a name, the line that calls, and the survey of that line that is asked, or ""."""

    name: str
    line: str
    survey: str
    file: str
    author: str
    asker: Asker = Asker.LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign. `pending` counts the records to manage that have no disposition yet."""

    id: int
    name: str
    line: str
    survey: str
    asker: Asker
    state: CampaignState
    file: str
    columns: Columns
    created_at: datetime
    author: str
    counts: Counts
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer to a question: a key of its scale, or 0 and the `text` of a comment. `author` is "ivr" for keys."""

    answer: int
    author: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record, and what came of it. `request_id` is its promised call, "" while there is none."""

    campaign_id: int
    position: int
    record: Record
    round: int
    request_id: str
    disposition: Disposition | None
    disposed_at: datetime | None
    disposed_by: str
    note: str
    answers: Mapping[str, Answered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What somebody says came of a record. `answers` by question; those given before and not again stay."""

    disposition: Disposition
    author: str
    note: str = ""
    answers: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What came of a campaign: records by disposition, and by question how often each answer was given.

    `typed` has by question how many of the answers somebody typed.
    """

    dispositions: Mapping[Disposition, int]
    questions: Mapping[str, Mapping[int, int]]
    typed: Mapping[str, int]


class Campaigns:
    """The campaigns of one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    # -- campaigns

    def add(self, new: NewCampaign, base: Base, now: datetime) -> Campaign:
        """Keep an uploaded base as a draft.

        Raises:
            ConfigurationError: there is a campaign of that name.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if connection.scalar(select(exists().where(col(CampaignRow.name) == new.name))):
                raise ConfigurationError(f"ya hay una campaña «{new.name}»; elija otro nombre")
            values = asdict(new) | {"state": CampaignState.DRAFT, "columns": written(base.columns), "created_at": now}
            connection.execute(insert(CampaignRow), values)
            campaign_id = connection.execute(select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.name == new.name)).scalar_one()
            insert_records(connection, campaign_id, base)
            return _campaigns(connection, _CAMPAIGN.c.id == campaign_id)[0]

    def replace(self, campaign_id: int, base: Base) -> Campaign | None:
        """Decide anew on the rows of a draft, as its columns were corrected; None if it is no draft any more."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            draft = (_CAMPAIGN.c.id == campaign_id) & (_CAMPAIGN.c.state == CampaignState.DRAFT)
            if not connection.execute(update(_CAMPAIGN).where(draft).values(columns=written(base.columns))).rowcount:
                return None
            connection.execute(delete(_RECORD).where(_RECORD.c.campaign_id == campaign_id))
            insert_records(connection, campaign_id, base)
            return _campaigns(connection, _CAMPAIGN.c.id == campaign_id)[0]

    def all(self) -> tuple[Campaign, ...]:
        """Read all campaigns, the newest first."""
        with self._reader.begin() as connection:
            return _campaigns(connection)

    def get(self, campaign_id: int) -> Campaign | None:
        """Read one campaign."""
        with self._reader.begin() as connection:
            return next(iter(_campaigns(connection, _CAMPAIGN.c.id == campaign_id)), None)

    def named(self, name: str) -> Campaign:
        """Read the campaign of a name.

        Raises:
            ConfigurationError: there is none; says which there are.
        """
        with self._reader.begin() as connection:
            found = _campaigns(connection)
        for campaign in found:
            if campaign.name == name:
                return campaign
        there_are = ", ".join(campaign.name for campaign in found) or "ninguna"
        raise ConfigurationError(f"no hay campaña «{name}»; las que hay son: {there_are}")

    def move(self, campaign_id: int, before: Collection[CampaignState], after: CampaignState) -> bool:
        """Bring a campaign from one of some states to another; False if it is in none of them."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            which = and_(_CAMPAIGN.c.id == campaign_id, _CAMPAIGN.c.state.in_(before))
            return connection.execute(update(_CAMPAIGN).where(which).values(state=after)).rowcount == 1

    def discard(self, campaign_id: int) -> bool:
        """Forget a draft with all its rows; False if it is none."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            draft = and_(_CAMPAIGN.c.id == campaign_id, _CAMPAIGN.c.state == CampaignState.DRAFT)
            return connection.execute(delete(_CAMPAIGN).where(draft)).rowcount == 1

    # -- records

    def records(self, campaign_id: int, after: int = 0, size: int = _PART) -> tuple[StoredRecord, ...]:
        """Read records of a campaign, in their order, from behind a position."""
        return self._records(_RECORD.c.campaign_id == campaign_id, _RECORD.c.position > after, size=size)

    def record(self, campaign_id: int, position: int) -> StoredRecord | None:
        """Read one record."""
        found = self._records(_RECORD.c.campaign_id == campaign_id, _RECORD.c.position == position, size=1)
        return next(iter(found), None)

    def of_request(self, request_id: str) -> tuple[StoredRecord, ...]:
        """Read the records that a promised call is for: one of each campaign that wanted the telephone."""
        return self._records(_RECORD.c.request_id == request_id, size=_PART)

    def to_ask(self, campaign_id: int, limit: int) -> tuple[StoredRecord, ...]:
        """Read the next records to be given to the store of promised calls."""
        return self._records(_RECORD.c.campaign_id == campaign_id, *_OPEN, _RECORD.c.request_id == "", size=limit)

    def asked(self, campaign_id: int, limit: int = _PART) -> tuple[StoredRecord, ...]:
        """Read the records that are with the store of promised calls."""
        return self._records(_RECORD.c.campaign_id == campaign_id, *_OPEN, _RECORD.c.request_id != "", size=limit)

    def give(self, record: StoredRecord, request_id: str) -> None:
        """Note which promised call a record became."""
        self._change(record, request_id=request_id)

    def take_back(self, record: StoredRecord) -> None:
        """Note that a record's promised call was taken back, so that it may be given once more."""
        self._change(record, request_id="", round=record.round + 1)

    def dispose(self, campaign_id: int, position: int, outcome: Outcome, now: datetime) -> bool:
        """Keep what came of a record; False if there is no such record to manage. The last word stands."""
        return self._dispose(campaign_id, position, outcome, now, only_open=False)

    def dispose_by_call(self, record: StoredRecord, outcome: Outcome, now: datetime) -> bool:
        """Keep what a call says of a record, unless somebody has typed it already."""
        return self._dispose(record.campaign_id, record.position, outcome, now, only_open=True)

    def results(self, campaign_id: int) -> Results:
        """Count what came of a campaign."""
        mine = _RECORD.c.campaign_id == campaign_id
        done = select(_RECORD.c.disposition, func.count()).where(mine, _RECORD.c.disposition != "")
        of_answers = _ANSWER.c.campaign_id == campaign_id
        by_hand = func.sum(case((_ANSWER.c.author != IVR, 1), else_=0))
        said = select(_ANSWER.c.question, _ANSWER.c.answer, func.count(), by_hand).where(of_answers)
        questions: dict[str, dict[int, int]] = {}
        typed: Counter[str] = Counter()
        with self._reader.begin() as connection:
            counted = connection.execute(done.group_by(_RECORD.c.disposition)).all()
            for question, answer, count, his in connection.execute(said.group_by(_ANSWER.c.question, _ANSWER.c.answer)):
                questions.setdefault(question, {})[answer] = count
                typed[question] += int(his)
        by_name = {Disposition(name): count for name, count in counted}
        return Results(
            dispositions={each: by_name[each] for each in Disposition if each in by_name},
            questions=questions,
            typed=typed,
        )

    def surveyed(self, line: str, survey: str) -> frozenset[str]:
        """Tell the telephones whose people have answered a survey in a campaign of a line."""
        query = (
            select(_RECORD.c.telephone)
            .join(_CAMPAIGN, _CAMPAIGN.c.id == _RECORD.c.campaign_id)
            .where(
                _CAMPAIGN.c.line == line,
                _CAMPAIGN.c.survey == survey,
                _RECORD.c.disposition == Disposition.SURVEY_DONE,
            )
        )
        with self._reader.begin() as connection:
            return frozenset(connection.scalars(query))

    def _records(self, *which: ColumnElement[bool], size: int) -> tuple[StoredRecord, ...]:
        query = select(_RECORD).where(*which).order_by(_RECORD.c.campaign_id, _RECORD.c.position).limit(size)
        with self._reader.begin() as connection:
            rows = connection.execute(query).all()
            answers: dict[tuple[int, int], dict[str, Answered]] = {}
            for campaign_id in {row.campaign_id for row in rows}:
                places = [row.position for row in rows if row.campaign_id == campaign_id]
                said = select(_ANSWER).where(
                    _ANSWER.c.campaign_id == campaign_id, _ANSWER.c.position.between(min(places), max(places))
                )
                for each in connection.execute(said):
                    one = Answered(answer=each.answer, author=each.author, text=each.text)
                    answers.setdefault((campaign_id, each.position), {})[each.question] = one
        return tuple(_stored(row, answers.get((row.campaign_id, row.position), {})) for row in rows)

    def _change(self, record: StoredRecord, **values: Any) -> None:  # noqa: ANN401  columns of a record
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(update(_RECORD).where(_this(record.campaign_id, record.position)).values(**values))

    def _dispose(self, campaign_id: int, position: int, outcome: Outcome, now: datetime, *, only_open: bool) -> bool:
        this = [_this(campaign_id, position), _RECORD.c.fate == Fate.TO_MANAGE]
        values = {"disposition": outcome.disposition, "disposed_at": now, "disposed_by": outcome.author}
        with self._engine.begin() as connection:
            take_write_lock(connection)
            which = [*this, _RECORD.c.disposition == ""] if only_open else this
            changed = update(_RECORD).where(*which).values(**values, note=outcome.note)
            if not connection.execute(changed).rowcount:
                return False
            for question, answer in (outcome.answers or {}).items():
                key = {"campaign_id": campaign_id, "position": position, "question": question}
                connection.execute(delete(_ANSWER).where(*(_ANSWER.c[name] == value for name, value in key.items())))
                told = {"answer": answer, "text": "", "author": outcome.author, "at": now}
                connection.execute(insert(_ANSWER), key | told)
        return True


_CAMPAIGN = table_of(CampaignRow)
_RECORD = table_of(CampaignRecordRow)
_ANSWER = table_of(CampaignAnswerRow)
_OPEN = (_RECORD.c.fate == Fate.TO_MANAGE, _RECORD.c.disposition == "")


def _this(campaign_id: int, position: int) -> ColumnElement[bool]:
    return and_(_RECORD.c.campaign_id == campaign_id, _RECORD.c.position == position)


def _campaigns(connection: Connection, *which: ColumnElement[bool]) -> tuple[Campaign, ...]:
    rows = connection.execute(select(_CAMPAIGN).where(*which).order_by(_CAMPAIGN.c.id.desc())).all()
    open_ones = func.sum(case((_RECORD.c.disposition == "", 1), else_=0))
    of = (_RECORD.c.campaign_id, _RECORD.c.fate)
    counted = select(*of, func.count(), open_ones).where(_RECORD.c.campaign_id.in_([row.id for row in rows]))
    by_fate: dict[tuple[int, str], int] = {}
    pending: dict[int, int] = {}
    for campaign_id, fate, count, still_open in connection.execute(counted.group_by(*of)):
        by_fate[campaign_id, fate] = count
        if fate == Fate.TO_MANAGE:
            pending[campaign_id] = int(still_open)
    return tuple(_campaign(row, {fate: by_fate.get((row.id, fate), 0) for fate in Fate}, pending) for row in rows)


def _campaign(row: Row[Any], fates: Mapping[Fate, int], pending: Mapping[int, int]) -> Campaign:
    return Campaign(
        id=row.id,
        name=row.name,
        line=row.line,
        survey=row.survey,
        asker=Asker(row.asker),
        state=CampaignState(row.state),
        file=row.file,
        columns=columns_of(row.columns),
        created_at=row.created_at,
        author=row.author,
        counts=Counts(
            initial=sum(fates.values()),
            invalid=fates[Fate.INVALID],
            duplicates=fates[Fate.DUPLICATE],
            no_data=fates[Fate.NO_DATA],
            excluded=fates[Fate.EXCLUDED],
            to_manage=fates[Fate.TO_MANAGE],
        ),
        pending=pending.get(row.id, 0),
    )


def _stored(row: Row[Any], answers: Mapping[str, Answered]) -> StoredRecord:
    return StoredRecord(
        campaign_id=row.campaign_id,
        position=row.position,
        record=Record(
            row=row.row,
            fate=Fate(row.fate),
            telephones=(row.telephone,) if row.telephone else (),
            written=row.written,
            name=row.name,
            document=row.document,
            cells=tuple(json.loads(row.cells)),
            exclusion=Exclusion(row.exclusion) if row.exclusion else None,
            of_row=row.of_row,
        ),
        round=row.round,
        request_id=row.request_id,
        disposition=Disposition(row.disposition) if row.disposition else None,
        disposed_at=row.disposed_at,
        disposed_by=row.disposed_by,
        note=row.note,
        answers=answers,
    )
