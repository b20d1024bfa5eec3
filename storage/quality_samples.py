"""The conversations there are to audit, and the samples that were drawn of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select
from sqlmodel import Session, col

from core.events import ConsentAnswer, ConsentAnswered
from quality.matrix.lifecycle import State
from quality.matrix.sampling import Conversation, Exclusion, Sample
from quality.metrics.visits import Leg
from storage.codec import decode
from storage.database import reader, table_of, take_write_lock
from storage.listing import Recording, StoredCall, stored
from storage.projection import RecordingState, in_parts
from storage.quality_tables import AuditRow, SampledRow, SampleRow
from storage.tables import CallRow, ChannelRow, EventRow, LegRow

_SAMPLE = table_of(SampleRow)
_SAMPLED = table_of(SampledRow)
_SLACK = timedelta(seconds=2)  # between the log's seconds of a connection and of its recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a sample was asked of: a line and local days, both included; by whom and when."""

    line: str
    first: date
    last: date
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSample:
    """A sample as it was drawn. `drawn` are in their places, from 1."""

    id: int
    of: Draw
    size: str
    seed: str
    population: Mapping[str, int]
    drawn: tuple[Conversation, ...]
    excluded: tuple[Conversation, ...]


class Samples:
    """The samples in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def conversations(self, line: str, since: datetime, until: datetime) -> tuple[Conversation, ...]:
        """Read the conversations of a line that began in [since, until), each with what keeps it from being drawn.

        Whether files are there is for whoever knows their folder.
        """
        began = (col(LegRow.connected_at) >= since, col(LegRow.connected_at) < until, col(CallRow.line) == line)
        query = select(col(LegRow.call_id)).join(CallRow, col(CallRow.id) == col(LegRow.call_id)).where(*began)
        found: list[Conversation] = []
        with Session(self._reader) as session:
            for part in in_parts(set(session.connection().scalars(query))):
                calls = stored(session, session.scalars(select(CallRow).where(col(CallRow.id).in_(part))).all())
                answers, audited = _consents(session, part), _audited(session, part)
                for call in calls:
                    for leg in (leg for visit in call.visits for leg in visit.legs):
                        if since <= leg.connected_at < until:
                            known = (call.call_id, leg.agent, leg.connected_at) in audited
                            found.append(_conversation(call, leg, answers.get(call.call_id), audited=known))
        return tuple(found)

    def add(self, sample: Sample, of: Draw) -> int:
        """Keep a sample, and give its number."""
        values = {
            "line": of.line,
            "first": of.first,
            "last": of.last,
            "size": str(sample.size),
            "seed": sample.seed,
            "population": json.dumps(dict(sample.population), ensure_ascii=False),
            "made_by": of.made_by,
            "made_at": of.made_at,
        }
        told = [each.conversation for each in sample.drawn] + list(sample.excluded)
        with self._engine.begin() as connection:
            take_write_lock(connection)
            number = connection.execute(insert(_SAMPLE).returning(_SAMPLE.c.id), values).scalar_one()
            rows = [_row(number, place, one) for place, one in enumerate(told, start=1)]
            if rows:
                connection.execute(insert(_SAMPLED), rows)
        return int(number)

    def find(self, number: int) -> StoredSample | None:
        """Read one sample."""
        with self._reader.begin() as connection:
            row = connection.execute(select(_SAMPLE).where(_SAMPLE.c.id == number)).one_or_none()
            if row is None:
                return None
            of_sample = select(_SAMPLED).where(_SAMPLED.c.sample_id == number).order_by(_SAMPLED.c.place)
            told = [_read(one, row.line) for one in connection.execute(of_sample)]
        return StoredSample(
            id=row.id,
            of=Draw(line=row.line, first=row.first, last=row.last, made_by=row.made_by, made_at=row.made_at),
            size=row.size,
            seed=row.seed,
            population=json.loads(row.population),
            drawn=tuple(one for one in told if one.exclusion is None),
            excluded=tuple(one for one in told if one.exclusion is not None),
        )

    def latest(self, most: int = 20) -> tuple[StoredSample, ...]:
        """Read the last samples, newest first."""
        with self._reader.begin() as connection:
            numbers = connection.scalars(select(_SAMPLE.c.id).order_by(_SAMPLE.c.id.desc()).limit(most)).all()
        return tuple(sample for number in numbers if (sample := self.find(number)))


def recording_of(recordings: Iterable[Recording], leg: Leg) -> Recording | None:
    """Find the recording of a conversation: the first of its agent that began within it."""
    for one in recordings:
        ended = leg.ended_at is not None and one.at > leg.ended_at + _SLACK
        if one.agent == leg.agent and one.at >= leg.connected_at - _SLACK and not ended:
            return one
    return None


def _conversation(call: StoredCall, leg: Leg, consent: ConsentAnswer | None, *, audited: bool) -> Conversation:
    recording, ended_at = recording_of(call.recordings, leg), leg.ended_at or call.ended_at
    exclusion = None
    if audited:
        exclusion = Exclusion.AUDITED
    elif ended_at is None or (recording is not None and recording.state is RecordingState.RUNNING):
        exclusion = Exclusion.GOES_ON
    elif consent not in {None, ConsentAnswer.ACCEPTED}:
        exclusion = Exclusion.NOT_AUTHORISED
    elif recording is None:
        exclusion = Exclusion.NO_RECORDING
    return Conversation(
        call_id=call.call_id,
        line=call.line,
        agent=leg.agent,
        at=leg.connected_at,
        seconds=((ended_at or leg.connected_at) - leg.connected_at) // timedelta(seconds=1),
        file=recording.file if recording else "",
        exclusion=exclusion,
    )


def _consents(session: Session, calls: list[str]) -> dict[str, ConsentAnswer]:
    """Read the last answer of each call to the request for authorisation."""
    query = (
        select(col(ChannelRow.call_id), EventRow)
        .join(EventRow, col(EventRow.channel_id) == col(ChannelRow.channel_id))
        .where(col(ChannelRow.call_id).in_(calls), col(EventRow.kind) == ConsentAnswered.__name__)
        .order_by(col(EventRow.at), col(EventRow.ord))
    )
    found: dict[str, ConsentAnswer] = {}
    for call_id, row in session.execute(query):
        event = decode(row.model_dump(), call_id)
        if isinstance(event, ConsentAnswered):
            found[call_id] = event.answer
    return found


def _audited(session: Session, calls: list[str]) -> set[tuple[str, str, datetime]]:
    """Tell which conversations have an audit, or are in a sample to get one."""
    made = select(col(AuditRow.call_id), col(AuditRow.agent), col(AuditRow.at)).where(
        col(AuditRow.call_id).in_(calls), col(AuditRow.state) != State.DISCARDED
    )
    drawn = select(col(SampledRow.call_id), col(SampledRow.agent), col(SampledRow.at)).where(
        col(SampledRow.call_id).in_(calls), col(SampledRow.exclusion) == ""
    )
    return {(of, agent, at) for query in (made, drawn) for of, agent, at in session.execute(query)}


def _row(number: int, place: int, one: Conversation) -> dict[str, Any]:
    return {
        "sample_id": number,
        "place": place,
        "call_id": one.call_id,
        "agent": one.agent,
        "at": one.at,
        "seconds": one.seconds,
        "disposition": one.disposition,
        "file": one.file,
        "exclusion": one.exclusion or "",
    }


def _read(row: Row[Any], line: str) -> Conversation:
    return Conversation(
        call_id=row.call_id,
        line=line,
        agent=row.agent,
        at=row.at,
        seconds=row.seconds,
        disposition=row.disposition,
        file=row.file,
        exclusion=Exclusion(row.exclusion) if row.exclusion else None,
    )
