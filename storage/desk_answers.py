"""What citizens answer advisers to a campaign's survey: kept with the record that was called, and told to queue_log.

What the citizen keyed himself stands before what was typed, question by question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, delete, insert, select, union, update

from callback_queue.campaign.dispositions import OF_SURVEY
from core.events import Source, SurveyAnswered
from storage.campaign_tables import CampaignAnswerRow, CampaignRecordRow, CampaignRow
from storage.campaigns import IVR, Answered
from storage.database import reader, table_of, take_write_lock
from storage.desk_tables import DeskAnswerRow, DeskDraftRow

_TYPED = table_of(DeskAnswerRow)
_DRAFT = table_of(DeskDraftRow)
_CAMPAIGN = table_of(CampaignRow)
_RECORD = table_of(CampaignRecordRow)
_ANSWER = table_of(CampaignAnswerRow)
_COMMENT = 0
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What somebody typed that a citizen answered in the conversation of `agent`; None: nothing, after all."""

    channel_id: str
    queue: str
    agent: str
    survey: str
    question: str
    answer: int | str | None
    at: datetime
    author: str

    @property
    def value(self) -> int | None:
        """The answer as it is counted: a comment is 0."""
        return _COMMENT if isinstance(self.answer, str) else self.answer

    @property
    def fact(self) -> SurveyAnswered:
        """The fact that queue_log is told: no text, which is personal data."""
        return SurveyAnswered(
            at=self.at,
            call_id=self.channel_id,
            channel_id=self.channel_id,
            source=Source.QUEUE_LOG,
            question=self.question,
            answer=self.value,
            survey=self.survey,
            agent=self.agent,
            by=self.author,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A campaign's record that a promised call is for, and the survey that it wants answered."""

    campaign_id: int
    position: int
    campaign: str
    survey: str


class DeskAnswers:
    """The answers in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def wanted(self, request_id: str) -> tuple[Wanted, ...]:
        """Read the records that a promised call is for, of campaigns that have a survey."""
        query = (
            select(_RECORD.c.campaign_id, _RECORD.c.position, _CAMPAIGN.c.name.label("campaign"), _CAMPAIGN.c.survey)
            .join(_CAMPAIGN, _CAMPAIGN.c.id == _RECORD.c.campaign_id)
            .where(_RECORD.c.request_id == request_id, _CAMPAIGN.c.survey != "")
            .order_by(_RECORD.c.campaign_id)
        )
        with self._reader.begin() as connection:
            return tuple(Wanted(**row._asdict()) for row in connection.execute(query))

    def of(self, wanted: Wanted) -> dict[str, Answered]:
        """Read what a record's person answered by now, by question, whoever noted it."""
        mine = and_(_ANSWER.c.campaign_id == wanted.campaign_id, _ANSWER.c.position == wanted.position)
        with self._reader.begin() as connection:
            return {
                row.question: Answered(answer=row.answer, author=row.author, text=row.text)
                for row in connection.execute(select(_ANSWER).where(mine))
            }

    def save(self, typed: Sequence[Typed], wanted: Sequence[Wanted]) -> None:
        """Keep answers with the records that want them, which come out anew if a call alone had told how.

        Of a record that somebody has disposed of, the disposition stays.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            for one in typed:
                values = {
                    "channel_id": one.channel_id,
                    "queue": one.queue,
                    "agent": one.agent,
                    "at": one.at,
                    "author": one.author,
                    "survey": one.survey,
                    "question": one.question,
                    "answer": one.value,
                    "told_at": None,
                }
                connection.execute(insert(_TYPED), values)
                for record in wanted:
                    if record.survey == one.survey:
                        _note(connection, record, one)

    def untold(self) -> tuple[tuple[int, Typed], ...]:
        """Read the first answers that queue_log was not told yet, with their numbers."""
        query = select(_TYPED).where(_TYPED.c.told_at.is_(None)).order_by(_TYPED.c.id).limit(_AT_ONCE)
        names = ("channel_id", "queue", "agent", "survey", "question", "answer", "at", "author")
        with self._reader.begin() as connection:
            rows = [row._mapping for row in connection.execute(query)]  # noqa: SLF001  a row's public name for it
        return tuple((row["id"], Typed(**{name: row[name] for name in names})) for row in rows)

    def told(self, numbers: Sequence[int], now: datetime) -> None:
        """Remember that queue_log was told some answers."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(update(_TYPED).where(_TYPED.c.id.in_(numbers)).values(told_at=now))

    def channels(self, since: datetime) -> frozenset[str]:
        """Tell the channels of conversations in which the adviser was answered something since then, saved or not."""
        drafts = select(_DRAFT.c.channel_id).where(_DRAFT.c.saved_at >= since, _DRAFT.c.answers != "[]")
        saved = select(_TYPED.c.channel_id).where(_TYPED.c.at >= since)
        with self._reader.begin() as connection:
            return frozenset(connection.scalars(union(drafts, saved)))


def _note(connection: Connection, record: Wanted, one: Typed) -> None:
    this = and_(_RECORD.c.campaign_id == record.campaign_id, _RECORD.c.position == record.position)
    key = {"campaign_id": record.campaign_id, "position": record.position, "question": one.question}
    mine = and_(*(_ANSWER.c[name] == value for name, value in key.items()))
    if connection.scalar(select(_ANSWER.c.author).where(mine)) == IVR:
        return
    connection.execute(delete(_ANSWER).where(mine))
    if one.answer is not None:
        text = one.answer if isinstance(one.answer, str) else ""
        values = {"answer": one.value, "text": text, "author": one.author, "at": one.at}
        connection.execute(insert(_ANSWER), key | values)
    by_call = and_(this, _RECORD.c.disposed_by == IVR, _RECORD.c.disposition.in_(OF_SURVEY))
    connection.execute(update(_RECORD).where(by_call).values(disposition="", disposed_at=None, disposed_by=""))
