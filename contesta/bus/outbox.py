"""The outbox: what the ledger took in and a broker has not yet. It is the ledger itself, and a position in it.

The position is written after the broker has confirmed, so whatever dies in between, each event is told at least once
and in order. Who gets an event again knows it by its number.
"""

from collections.abc import Callable
from dataclasses import dataclass

from contesta.bus import topics
from contesta.bus.bus import Message
from contesta.bus.call_events import AnyCallEvent, Gap, gap, told
from storage.outbox import Feed

READER = "mqtt"
BATCH_EVENTS = 500
BACKLOG_EVENTS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Some events to tell, in order, the position that is reached with them, and how many events were left out."""

    messages: tuple[Message, ...]
    reached: int
    skipped: int = 0


class Outbox:
    """Hands out events batch by batch. One reader; all methods block.

    When more than `backlog_events` wait, the oldest are left out, and a `Gap` says which.
    """

    def __init__(
        self,
        feed: Feed,
        line: str,
        pseudonym: Callable[[str], str],
        backlog_events: int = BACKLOG_EVENTS,
        batch_events: int = BATCH_EVENTS,
    ) -> None:
        self.skipped = 0
        self._feed = feed
        self._line = line
        self._pseudonym = pseudonym
        self._backlog_events = backlog_events
        self._batch_events = batch_events
        self._reached: int | None = None

    def next(self) -> Batch | None:
        """Read what comes next; None if nothing waits. Without a `done` it is handed out again.

        The very first time nothing waits: nobody has been promised what happened before.

        Raises:
            sqlalchemy.exc.OperationalError: the database does not answer.
        """
        reached = self._position()
        if skip := self._feed.skip(reached, self._backlog_events):
            return Batch(messages=(self._message(gap(skip)),), reached=skip.sequence, skipped=skip.count)
        entries = self._feed.after(reached, self._batch_events)
        if not entries:
            return None
        return Batch(
            messages=tuple(self._message(told(entry, self._pseudonym)) for entry in entries),
            reached=entries[-1].sequence,
        )

    def done(self, batch: Batch) -> None:
        """Remember that a batch was told.

        Raises:
            sqlalchemy.exc.OperationalError: the database does not answer; the batch is handed out again.
        """
        self._feed.reach(READER, batch.reached)
        self._reached = batch.reached
        self.skipped += batch.skipped

    def backlog(self) -> int:
        """Count the events that wait."""
        return self._feed.count_after(self._position())

    def _position(self) -> int:
        if self._reached is None:
            self._reached = self._feed.reached(READER)
        if self._reached is None:
            self._reached = self._feed.newest()
            self._feed.reach(READER, self._reached)
        return self._reached

    def _message(self, payload: AnyCallEvent | Gap) -> Message:
        return Message(topic=topics.call(self._line, payload.kind), payload=payload.model_dump_json().encode(), qos=1)
