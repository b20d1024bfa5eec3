"""All that is kept of a person: told as a whole, and erased as far as neither a hold nor a duty keeps it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, delete, or_, select, update
from sqlmodel import col

from callback_queue.campaign.base import Fate
from callback_queue.request import CallbackRequest
from callback_queue.sms.message import State
from core.events import ConsentAnswered, MessageLeft
from core.privacy.retention import Kind, Why
from core.privacy.subject import Subject
from storage.callback_codec import COLUMNS, request_of
from storage.callback_tables import CallbackRow, LeftAloneRow
from storage.campaign_tables import CampaignAnswerRow, CampaignRecordRow
from storage.database import reader, table_of, take_write_lock
from storage.desk_tables import DeskDraftRow, DeskWordRow
from storage.expiry import Due, Remove, forget_messages, keep
from storage.forgetting import NOBODY, forget, forget_records
from storage.holds import Reach, held, reach
from storage.ledger import Ledger
from storage.privacy_tables import ErasureRow
from storage.sms_tables import SmsOptOutRow, SmsRow
from storage.tables import CallRow, ChannelRow, EventRow, RecordingRow, SurveyAnswerRow

_ERASURE = table_of(ErasureRow)
_RECORD = table_of(CampaignRecordRow)
_SMS = table_of(SmsRow)
_ANSWER = table_of(CampaignAnswerRow)
_WORD = table_of(DeskWordRow)
_DRAFT = table_of(DeskDraftRow)
_NOT_OVER = (State.WAITING, State.SENDING)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What an erasure came to: how many were erased, are held, and are needed still because something is under way."""

    recordings: int = 0
    comments: int = 0
    requests: int = 0
    messages: int = 0
    records: int = 0
    notes: int = 0
    held: int = 0
    under_way: int = 0
    calls_kept: int = 0


class SubjectData:
    """What is kept of people in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def export(self, subject: Subject) -> dict[str, Any]:
        """Tell all that is kept under a telephone or a document, by Spanish names: whoever asks for it reads it."""
        with self._reader.begin() as connection:
            of = reach(connection, [subject], others=False)
            known = of.of_call(col(CallRow.id), col(CallRow.number))
            calls = connection.scalars(select(col(CallRow.id)).where(known).order_by(col(CallRow.started_at))).all()
            told = {
                "devoluciones": [
                    _promised(request_of(row)) for row in connection.execute(select(*COLUMNS).where(of.of_request()))
                ],
                "sms": [_message(row) for row in connection.execute(select(_SMS).where(_messages_of(of)))],
                "campanas": [
                    _record(connection, row) for row in connection.execute(select(_RECORD).where(of.of_record()))
                ],
                "notas_de_asesores": [
                    {"en": row.at.isoformat(), "nota": row.note, "solucion": row.solution}
                    for row in connection.execute(_notes_of(calls))
                ],
                "no_llamar": _noted(connection, LeftAloneRow, "telephone", of),
                "no_enviar_sms": _noted(connection, SmsOptOutRow, "number", of),
            }
        ledger = Ledger(self._engine)
        return {"llamadas": [self._call(ledger, call_id) for call_id in calls]} | told

    def erase(self, subject: Subject, remove: Remove, now: datetime) -> Outcome:
        """Erase what may be erased of a person; what cannot be deleted from the disk stops it, and it is done again.

        Raises:
            OSError: a file cannot be deleted; nothing was written down of this round.
        """
        done = Outcome()
        with self._engine.begin() as connection:
            take_write_lock(connection)
            of, kept = reach(connection, [subject], others=False), held(connection)
            gone = list(self._files(connection, of, kept, done))
            requests = [request_of(row) for row in connection.execute(select(*COLUMNS).where(of.of_request()))]
            free = set(connection.scalars(select(col(CallbackRow.id)).where(of.of_request(), ~kept.of_request())))
            for request in requests:
                if request.id not in free:
                    done.held += 1
                elif request.ended_at is None:
                    done.under_way += 1
                elif request.telephone or request.person.name or request.person.document or request.recordings:
                    gone += [
                        Due(kind=Kind.MAILBOX, file=one.file, about=request.id, line=request.line)
                        for one in request.recordings
                        if not _is_gone(connection, Kind.MAILBOX, one.file)
                    ]
                    forget(connection, request)
                    done.requests += 1
            self._messages(connection, of, kept, done)
            self._records(connection, of, kept, done)
            self._notes(connection, of, kept, done)
            for one in gone:
                remove(one.kind, one.file)
            keep(connection, gone, now, Why.SUBJECT)
        return done

    def _files(self, connection: Connection, of: Reach, kept: Reach, done: Outcome) -> Iterator[Due]:
        call_id, number, line = col(CallRow.id), col(CallRow.number), col(CallRow.line)
        mine = of.of_call(call_id, number)
        done.calls_kept = len(connection.scalars(select(call_id).where(mine)).all())
        for kind, table, name in (
            (Kind.RECORDING, RecordingRow, "recordings"),
            (Kind.COMMENT, SurveyAnswerRow, "comments"),
        ):
            file = col(table.file)
            query = select(file, call_id, line).join(CallRow, call_id == col(table.call_id)).where(mine, file != "")
            free = connection.execute(query.where(~kept.of_call(call_id, number))).all()
            done.held += len(connection.execute(query.where(kept.of_call(call_id, number))).all())
            for each, about, of_line in free:
                if not _is_gone(connection, kind, each):
                    setattr(done, name, getattr(done, name) + 1)
                    yield Due(kind=kind, file=each, about=about, line=of_line)
        left = (
            select(col(EventRow.data), call_id, line)
            .join(ChannelRow, col(ChannelRow.channel_id) == col(EventRow.channel_id))
            .join(CallRow, call_id == col(ChannelRow.call_id))
            .where(col(EventRow.kind) == MessageLeft.__name__, mine, ~kept.of_call(call_id, number))
        )
        for data, about, of_line in connection.execute(left):
            file = json.loads(data)["file"]
            if not _is_gone(connection, Kind.MAILBOX, file):
                done.recordings += 1
                yield Due(kind=Kind.MAILBOX, file=file, about=about, line=of_line)

    def _messages(self, connection: Connection, of: Reach, kept: Reach, done: Outcome) -> None:
        mine, free = _messages_of(of), ~_messages_of(kept)
        over = _SMS.c.state.not_in(_NOT_OVER)
        done.under_way += len(connection.execute(select(_SMS.c.id).where(mine, free, ~over)).all())
        done.held += len(connection.execute(select(_SMS.c.id).where(mine, ~free)).all())
        done.messages = forget_messages(connection, and_(mine, free, over, _SMS.c.number != ""))

    def _records(self, connection: Connection, of: Reach, kept: Reach, done: Outcome) -> None:
        mine, free, place = of.of_record(), ~kept.of_record(), _RECORD.c.position
        over = or_(_RECORD.c.fate != Fate.TO_MANAGE.value, _RECORD.c.disposition != "")
        done.held += len(connection.execute(select(place).where(mine, ~free)).all())
        done.under_way += len(connection.execute(select(place).where(mine, free, ~over)).all())
        known = _RECORD.c.cells != NOBODY["cells"]
        done.records = forget_records(connection, and_(mine, free, over, known))

    def _notes(self, connection: Connection, of: Reach, kept: Reach, done: Outcome) -> None:
        """Erase what advisers wrote about the person's calls; how they came out stays."""
        call_id, number = col(CallRow.id), col(CallRow.number)
        calls = select(call_id).where(of.of_call(call_id, number), ~kept.of_call(call_id, number))
        mine = select(col(ChannelRow.channel_id)).where(col(ChannelRow.call_id).in_(calls))
        written = or_(_WORD.c.note != "", _WORD.c.solution != "")
        gone = update(DeskWordRow).where(_WORD.c.channel_id.in_(mine), written).values(note="", solution="")
        done.notes = connection.execute(gone).rowcount
        connection.execute(delete(DeskDraftRow).where(_DRAFT.c.channel_id.in_(mine)))

    def _call(self, ledger: Ledger, call_id: str) -> dict[str, Any]:
        call = ledger.call(call_id)
        if call is None:
            return {"identificador": call_id}
        return {
            "identificador": call_id,
            "linea": call.line,
            "numero": call.number,
            "comenzo": call.started_at.isoformat(),
            "termino": call.ended_at.isoformat() if call.ended_at else None,
            "autorizaciones": [
                {"texto": one.version, "respuesta": one.answer, "en": one.at.isoformat()}
                for one in call.events
                if isinstance(one, ConsentAnswered)
            ],
            "grabaciones": [{"comenzo": one.at.isoformat(), "asesor": one.agent} for one in call.recordings],
            "encuesta": [
                {
                    "pregunta": one.question,
                    "respuesta": one.answer,
                    "hablada": bool(one.file),
                    "escrita_por": one.by,
                }
                for one in call.survey
            ],
        }


def _notes_of(calls: Sequence[str]) -> Select[Any]:
    mine = select(col(ChannelRow.channel_id)).where(col(ChannelRow.call_id).in_(calls))
    written = or_(_WORD.c.note != "", _WORD.c.solution != "")
    return select(_WORD).where(_WORD.c.channel_id.in_(mine), written).order_by(_WORD.c.id)


def _messages_of(of: Reach) -> ColumnElement[bool]:
    return of.of_message(col(SmsRow.number), col(SmsRow.about))


def _is_gone(connection: Connection, kind: Kind, file: str) -> bool:
    query = select(_ERASURE.c.file).where(_ERASURE.c.kind == kind, _ERASURE.c.file == file)
    return connection.execute(query).first() is not None


def _promised(request: CallbackRequest) -> dict[str, Any]:
    person, consent, solution = request.person, request.consent, request.solution
    return {
        "radicados": [filing.number for filing in request.filings],
        "linea": request.line,
        "recibida": request.asked_at.isoformat(),
        "estado": request.state,
        "telefono": request.telephone,
        "nombre": person.name,
        "documento": f"{person.document_type} {person.document}".strip(),
        "empresa": person.company,
        "nit": person.nit,
        "asunto": request.subject,
        "descripcion": request.description,
        "cada_radicado": [
            {
                "radicado": wish.number,
                "nombre": wish.said.person.name,
                "documento": wish.said.person.document,
                "descripcion": wish.said.description,
                "retirada": wish.left_at and wish.left_at.isoformat(),
            }
            for wish in request.wishes
        ],
        "grabaciones": [one.what for one in request.recordings],
        "autorizacion": consent
        and {"texto": consent.version, "respuesta": consent.answer, "en": consent.at.isoformat()},
        "solucion": solution and {"tipificacion": solution.disposition, "texto": solution.text},
    }


def _message(row: Row[Any]) -> dict[str, Any]:
    return {"numero": row.number, "texto": row.text, "estado": row.state, "creado": row.created_at.isoformat()}


def _record(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    mine = and_(_ANSWER.c.campaign_id == row.campaign_id, _ANSWER.c.position == row.position)
    return {
        "campana": row.campaign_id,
        "telefono": row.telephone,
        "nombre": row.name,
        "documento": row.document,
        "fila": json.loads(row.cells),
        "tipificacion": row.disposition,
        "nota": row.note,
        "respuestas": {one.question: one.text or one.answer for one in connection.execute(select(_ANSWER).where(mine))},
    }


def _noted(
    connection: Connection, table: type[LeftAloneRow] | type[SmsOptOutRow], name: str, of: Reach
) -> list[dict[str, Any]]:
    columns = table_of(table).c
    found = connection.execute(select(columns[name], columns.at).where(columns[name].in_(of.telephones)))
    return [{"telefono": row[0], "desde": row[1].isoformat()} for row in found]
