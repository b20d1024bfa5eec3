"""A person's wrong data put right, wherever they stand: promised calls, open and past, and campaigns' records.

Who is to be left alone still is, at the right telephone too. The facts of calls are not changed: which number rang, or
called, is what happened. What is held stays as it is.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, insert, select, update
from sqlmodel import col

from callback_queue import intake
from callback_queue.campaign.columns import Columns
from callback_queue.policy import Promise
from callback_queue.request import Asked, CallbackRequest, Person, Reason, State, Wish
from callback_queue.states import Amended, Cancelled, Completed, Joined, Renumbered, advance
from callback_queue.wishes import each
from core.errors import ConfigurationError
from core.numbers import normalise
from core.privacy.subject import Subject, What, plain
from storage.callback_codec import request_of
from storage.callback_rows import REQUESTS, write
from storage.callback_tables import CallbackFilingRow, CallbackRow, LeftAloneRow
from storage.campaign_rows import columns_of
from storage.campaign_tables import CampaignRecordRow, CampaignRow
from storage.database import table_of, take_write_lock
from storage.forgetting import NOBODY
from storage.holds import held, reach
from storage.privacy_tables import DataRequestRow

_CAMPAIGN = table_of(CampaignRow)
_RECORD = table_of(CampaignRecordRow)
_REQUEST = table_of(DataRequestRow)

MayRing = Callable[[str, str], bool]
"""Tells of a line's name and a telephone whether the line may dial it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What is right: "" leaves something as it is. `document` is a plain one, `telephone` E.164."""

    name: str = ""
    document: str = ""
    telephone: str = ""


@dataclass(slots=True, kw_only=True)
class Corrected:
    """How many were corrected, `joined` another of the right number, are `busy` with a call, or are `held`."""

    requests: int = 0
    records: int = 0
    joined: int = 0
    busy: int = 0
    held: int = 0


class Corrections:
    """What is corrected in one database. `may_ring` tells which numbers a line may dial."""

    def __init__(self, engine: Engine, may_ring: MayRing) -> None:
        self._engine = engine
        self._may_ring = may_ring

    def correct(self, number: int, subject: Subject, right: Right, author: str, now: datetime) -> Corrected:
        """Correct all that is kept of a person, for the request of that number, which then names him rightly too.

        Raises:
            ConfigurationError: nothing is said to be right, or a line that is to call may not dial the telephone.
        """
        if right == Right():
            raise ConfigurationError("escriba qué dato corregir: nombre, documento o teléfono")
        done = Corrected()
        with self._engine.begin() as connection:
            take_write_lock(connection)
            of, kept = reach(connection, [subject], others=False), held(connection)
            mine, free = of.of_request(), ~kept.of_request()
            done.held += len(connection.execute(select(col(CallbackRow.id)).where(mine, ~free)).all())
            before = {subject.value} if subject.what is What.TELEPHONE else set()
            rows = connection.execute(REQUESTS.where(mine, free).with_for_update()).all()
            for request in map(request_of, rows):
                before.add(request.telephone)
                self._request(connection, request, subject, right, author, now, done)
            query = (
                select(_RECORD, _CAMPAIGN.c.columns)
                .join(_CAMPAIGN, _CAMPAIGN.c.id == _RECORD.c.campaign_id)
                .where(of.of_record(), _RECORD.c.cells != NOBODY["cells"])
            )
            done.held += len(connection.execute(query.where(kept.of_record())).all())
            for row in connection.execute(query.where(~kept.of_record())).all():
                before.add(row.telephone)
                done.records += _record(connection, row, right)
            if right.telephone:
                _leave_alone(connection, before, right.telephone)
            value = {What.TELEPHONE: right.telephone, What.DOCUMENT: right.document}.get(subject.what)
            if value:
                connection.execute(update(_REQUEST).where(_REQUEST.c.id == number).values(value=value))
        return done

    def _request(
        self,
        connection: Connection,
        request: CallbackRequest,
        subject: Subject,
        right: Right,
        author: str,
        now: datetime,
        done: Corrected,
    ) -> None:
        if request.ended_at and not request.telephone and request.person == Person():
            return  # forgotten
        person, wishes = _person(request.person, right), _wishes(request.wishes, subject, right)
        moves = right.telephone not in {"", request.telephone}
        if moves and (request.state is State.CLAIMED or request.state.in_attempt):
            done.busy += 1
            return
        amended = (person, wishes) != (request.person, request.wishes)
        if not amended and not moves:
            return
        if amended:
            request, _ = advance(replace(request, wishes=wishes), Amended(by=author, person=person), now)
        if moves and request.ended_at is None:
            if not self._may_ring(request.line, right.telephone):
                raise ConfigurationError(
                    f"la línea «{request.line}» no puede marcar ese teléfono; escriba un celular o un fijo de Colombia"
                )
            other = _open_of(connection, request.line, right.telephone)
            if other is not None:
                _join(connection, request, other, right.telephone, author, now)
                done.joined += 1
                return
        if moves:
            completes = request.state is State.HELD
            event = (
                Completed(by=author, telephone=right.telephone)
                if completes
                else Renumbered(by=author, telephone=right.telephone)
            )
            request, _ = advance(request, event, now)
        write(connection, [request])
        done.requests += 1


def _person(person: Person, right: Right) -> Person:
    if right.name:
        person = replace(person, name=right.name)
    return replace(person, document=right.document) if right.document else person


def _wishes(wishes: tuple[Wish, ...], subject: Subject, right: Right) -> tuple[Wish, ...]:
    """Correct what was told under each filing number: of a document by whoever told it, of a telephone by all of it."""
    return tuple(
        replace(wish, said=replace(wish.said, person=_person(wish.said.person, right)))
        if wish.said.person != Person()
        and (subject.what is not What.DOCUMENT or plain(wish.said.person.document) == subject.value)
        else wish
        for wish in wishes
    )


def _open_of(connection: Connection, line: str, telephone: str) -> CallbackRequest | None:
    query = REQUESTS.where(
        col(CallbackRow.line) == line, col(CallbackRow.telephone) == telephone, col(CallbackRow.ended_at).is_(None)
    )
    row = connection.execute(query.with_for_update()).one_or_none()
    return request_of(row) if row else None


def _join(
    connection: Connection, request: CallbackRequest, other: CallbackRequest, telephone: str, author: str, now: datetime
) -> None:
    """Let a request become a part of the open one of the right number: there is one for each number and line."""
    asked = Asked(
        source=request.source,
        origin="",  # it was taken in before
        line=request.line,
        telephone=telephone,
        place=request.place,
        language=request.language,
        person=request.person,
        subject=request.subject,
        description=request.description,
        recordings=request.recordings,
        window=request.window,
        consent=request.consent,
        complete=request.complete,
        call_id=next(iter(request.came_from), ""),
        at=request.asked_at,
        survey=request.survey,
        owner=request.owner,
    )
    owed = Promise(
        promised_at=request.promised_at,
        due_at=max(request.due_at, now),
        expires_at=request.expires_at or request.promised_at,
        priority=request.priority,
    )
    becomes = intake.join(other, asked, owed, None, now)
    becomes = replace(becomes, filings=(*other.filings, *request.filings), wishes=(*each(other), *each(request)))
    joined, _ = advance(other, Joined(by=author, asked=asked, becomes=becomes), now)
    ended, _ = advance(request, Cancelled(by=author, reason=Reason.BY_STAFF), now)
    ended, _ = advance(ended, Renumbered(by=author, telephone=telephone), now)
    write(connection, [joined, ended])
    moved = col(CallbackFilingRow.request_id) == request.id
    connection.execute(update(CallbackFilingRow).where(moved).values(request_id=other.id))


def _leave_alone(connection: Connection, before: set[str], telephone: str) -> None:
    """Leave the right telephone alone if one that was wrong was to be, as that was noted; that one stays noted too."""
    alone = table_of(LeftAloneRow)
    noted = {row.telephone: row for row in connection.execute(select(alone).where(alone.c.telephone.in_(before)))}
    if not noted or connection.execute(select(alone).where(alone.c.telephone == telephone)).first():
        return
    last = max(noted.values(), key=lambda row: row.at)
    connection.execute(insert(alone).values(last._asdict() | {"telephone": telephone}))


def _record(connection: Connection, row: Row[Any], right: Right) -> int:
    """Correct a campaign's record, in its own cells too; returns how many it was."""
    columns, cells = columns_of(row.columns), list(json.loads(row.cells))
    values: dict[str, str] = {}
    if right.name:
        values["name"] = right.name
        for place, name in zip(columns.names, (right.name, *("" for _ in columns.names[1:])), strict=True):
            _put(cells, place, name)
    if right.document:
        values["document"] = right.document
        if columns.document is not None:
            _put(cells, columns.document, right.document)
    if right.telephone:
        national = right.telephone.removeprefix("+57")
        values |= {"telephone": right.telephone, "written": national}
        _put(cells, _place_of(row.telephone, cells, columns), national)
    this = and_(_RECORD.c.campaign_id == row.campaign_id, _RECORD.c.position == row.position)
    written = json.dumps(cells, ensure_ascii=False)
    return connection.execute(update(_RECORD).where(this).values(**values, cells=written)).rowcount


def _place_of(telephone: str, cells: list[str], columns: Columns) -> int:
    """Tell in which column of a row its telephone stands."""
    holding = (place for place in columns.telephones if place < len(cells) and normalise(cells[place]) == telephone)
    return next(holding, columns.telephones[0])


def _put(cells: list[str], place: int, value: str) -> None:
    if place < len(cells):
        cells[place] = value
