"""Personal data whose time is over: taken out of promised calls that ended and of campaigns' bases, for good.

What figures are made of stays: times, states, results, dispositions, answers, and from which call a request came. What
is gone is who it was: number, name, document, company, what was said and written, and the recordings of the mailbox.
Whoever asked to be left alone still is. What is held stays.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select, tuple_, update
from sqlmodel import col

from callback_queue.campaign.base import Fate
from callback_queue.request import CallbackRequest, Person, Said
from storage.callback_codec import COLUMNS, request_of, values
from storage.callback_tables import CallbackChannelRow, CallbackRow
from storage.campaign_tables import CampaignAnswerRow, CampaignRecordRow, CampaignRow
from storage.campaigns import CampaignState
from storage.database import reader, table_of, take_write_lock
from storage.holds import held

AT_ONCE = 200
NOBODY = {"telephone": "", "written": "", "name": "", "document": "", "cells": json.dumps([]), "note": ""}


class Forgetting:
    """Forgets in one database. `remove` deletes a recording by its file's name, also if it is no longer there."""

    def __init__(self, engine: Engine, remove: Callable[[str], None]) -> None:
        self._engine = engine
        self._reader = reader(engine)
        self._remove = remove

    def callbacks(self, ended_before: datetime) -> int:
        """Forget the people of requests that ended before then; returns how many requests.

        Recordings go first: killed in between, it is done once more.
        """
        count = 0
        while requests := self._ended(ended_before):
            for recording in (recording for request in requests for recording in request.recordings):
                self._remove(recording.file)
            with self._engine.begin() as connection:
                for request in requests:
                    forget(connection, request)
            count += len(requests)
        return count

    def bases(self, uploaded_before: datetime) -> int:
        """Forget the people of bases that were uploaded before then, but for those still to be called.

        Returns how many records.
        """
        record = table_of(CampaignRecordRow).columns
        old = select(col(CampaignRow.id)).where(col(CampaignRow.created_at) < uploaded_before)
        drafts = old.where(col(CampaignRow.state) == CampaignState.DRAFT.value)
        over = or_(record.campaign_id.in_(drafts), record.fate != Fate.TO_MANAGE.value, record.disposition != "")
        with self._engine.begin() as connection:
            take_write_lock(connection)
            known = and_(record.cells != NOBODY["cells"], ~held(connection).of_record())
            which = and_(record.campaign_id.in_(old), over, known)
            return forget_records(connection, which)

    def _ended(self, before: datetime) -> list[CallbackRequest]:
        telephone = col(CallbackRow.telephone)
        with self._reader.begin() as connection:
            query = (
                select(*COLUMNS)
                .where(col(CallbackRow.ended_at) < before, or_(telephone.is_(None), telephone != ""))
                .where(~held(connection).of_request())
                .limit(AT_ONCE)
            )
            return [request_of(row) for row in connection.execute(query)]


def forget_records(connection: Connection, which: ColumnElement[bool]) -> int:
    """Leave of some records of campaigns what tells of nobody, and of their answers no text; returns how many."""
    record, answer = table_of(CampaignRecordRow).columns, table_of(CampaignAnswerRow).columns
    mine = tuple_(answer.campaign_id, answer.position).in_(select(record.campaign_id, record.position).where(which))
    connection.execute(update(CampaignAnswerRow).where(answer.text != "", mine).values(text=""))
    return connection.execute(update(CampaignRecordRow).where(which).values(NOBODY)).rowcount


def forget(connection: Connection, request: CallbackRequest) -> None:
    """Leave of an ended request what tells of nobody; its telephone "" is that of one that was forgotten."""
    solution = request.solution and replace(request.solution, text="")
    wishes = tuple(replace(wish, said=Said(subject=wish.said.subject)) for wish in request.wishes)
    nobody = replace(
        request, telephone="", person=Person(), description="", recordings=(), solution=solution, wishes=wishes
    )
    changed = values(nobody) | {"telephone": ""}
    connection.execute(update(CallbackRow).where(col(CallbackRow.id) == request.id).values(changed))
    channels = col(CallbackChannelRow.request_id) == request.id
    connection.execute(update(CallbackChannelRow).where(channels).values(telephone=""))
