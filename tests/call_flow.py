"""Whole calls in milliseconds: the real scripts against a scripted Asterisk, with what the dialplan does between."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agi_scripts import FLOWS
from agi_scripts.call import Desk, play
from callback_queue.mailbox_request import MailboxRequest
from callback_queue.mailbox_spool import Spool
from core.errors import CallEndedError
from core.events import Event
from ivr import prompts
from ivr.answered import AnsweredFile
from ivr.dialogs.offer import ExpectedWait, NobodyKnows, Wait
from ivr.line.exchange import DESTINATION, END, ENTRY, LANGUAGE, MAILBOX, OFFER, QUEUE, RECORD, STANDS, SURVEY
from ivr.line.model import Line, ToMailbox, ToQueue
from ivr.line.published import Published
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds
from tests.scripted_asterisk import CALL_ID, CALLER, Actions, Call, channel_of

ADVISER, OFFER_KEY, OVERFLOW = "[asesor]", "[tecla]", "[desborda]"
"""What may happen in a queue: an adviser talks and hangs up, the caller presses the offer's key, or waits too long."""
HANGS_UP = "hangs up"
MOST_STAGES = 12


@dataclass(frozen=True)
class Waits:
    """Every queue has the same wait."""

    wait: Wait | None

    def of(self, queue: str) -> Wait | None:
        return self.wait if queue else None


@dataclass
class Told:
    """What became of a call.

    `heard` are prompts, `log` the entries of queue_log without queue and channel, `events` what they are read to say,
    `ends` is how it ended, `records` the dialplan's word for recording it,
    `stands` what the dialplan knows the caller was hearing at its end. `cut` are prompts not heard to their end.
    """

    line: Line
    heard: list[str]
    story: list[str]
    log: list[str]
    events: list[Event]
    ends: str
    records: str
    language: str
    requests: list[MailboxRequest]
    stands: str
    queues: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)

    @property
    def left(self) -> str:
        """Tell the request in the mailbox: confirmed fields, what was spoken, how it ended, a place that is kept."""
        return "; ".join(map(_told, self.requests))


class Telephone:
    """Lines that can be called. `folder` holds what callers leave behind."""

    def __init__(self, lines: dict[str, tuple[Line, str]], folder: Path) -> None:
        self._lines = {name: line for name, (line, _) in lines.items()}
        self._published = Published(folder / "lineas", prompts.shared())
        self._published.add({name: (line.edition, source) for name, (line, source) in lines.items()})
        self._folder = folder
        self._calls = 0

    def call(
        self,
        name: str,
        actions: str,
        *,
        at: datetime,
        wait: Wait | None = None,
        number: str = CALLER,
        anybody: bool = False,
        never_hangs_up: bool = False,
    ) -> Told:
        """Call a line and do what `actions` say, until the caller or the line hangs up.

        `anybody` does not care whether they make sense.
        """
        self._calls += 1
        line = self._lines[name]
        spool = Spool(self._folder / f"buzon-{self._calls}", now=lambda: at)
        waits: ExpectedWait = Waits(wait) if wait else NobodyKnows()
        answered = AnsweredFile(self._folder / "respondidas.json")
        desk = Desk(lines=self._published, requests=spool, expected_wait=waits, answered=answered, now=lambda: at)
        doing = Actions(actions, never_hangs_up=never_hangs_up)
        call = Call(doing, messages=self._folder / "mensajes", careless=anybody)
        dialplan = _Dialplan(line, call, desk, number)
        ends = HANGS_UP
        with suppress(CallEndedError):
            ends = dialplan.run()
        return Told(
            line=line,
            heard=call.heard,
            story=call.story,
            log=[written.split(",", 3)[3].replace(",", "|") for written in call.queue_log],
            events=list(_events(call.queue_log)),
            ends=ends,
            records=call.variables.get(RECORD, ""),
            language=call.variables.get(LANGUAGE, "es"),
            requests=list(spool.requests()),
            stands=call.variables.get(STANDS, ""),
            queues=dialplan.queues,
            cut=call.cut,
        )


class _Dialplan:
    """What the dialplan does between scripts, as far as callers notice."""

    def __init__(self, line: Line, call: Call, desk: Desk, number: str) -> None:
        self._line, self._call, self._desk, self._number = line, call, desk, number
        self.queues: list[str] = []

    def run(self) -> str:
        stage = self._script(ENTRY)
        for _ in range(MOST_STAGES):
            kind, _, name = stage.partition(":")
            if kind == END:
                return END
            stage = self._queue(name) if kind == QUEUE else self._script(kind, name)
        return stage

    def _script(self, kind: str, about: str = "") -> str:
        assert kind in {ENTRY, MAILBOX, OFFER, SURVEY}
        self._call.variables[DESTINATION] = ""
        args = [self._line.name, self._line.edition, *filter(None, [about])]
        play(FLOWS[kind], self._desk, channel_of(self._call, kind, *args, number=self._number))
        return self._call.variables[DESTINATION]

    def _queue(self, name: str) -> str:
        self.queues.append(name)
        queue = self._line.queues[name]
        match self._call.actions.between_scripts():
            case "[asesor]":
                return f"{SURVEY}:{queue.survey}" if queue.survey else END
            case "[tecla]" if queue.offer:
                return self._script(OFFER, name)
            case "[desborda]" if isinstance(queue.overflow, ToMailbox):
                return f"{MAILBOX}:{queue.overflow.mailbox}"
            case "[desborda]" if isinstance(queue.overflow, ToQueue):
                return f"{QUEUE}:{queue.overflow.queue}"
        raise CallEndedError


def _told(request: MailboxRequest) -> str:
    ended = ("complete" if request.complete else "incomplete") if request.finished else "left"
    place = request.caller.place
    fields = [f"{what}={value}" for what, value in sorted(request.fields.items())]
    return " ".join([*fields, *request.speech, ended, *([f"place={place.queue}"] if place else [])])


def _events(log: list[str]) -> Iterator[Event]:
    """Read what was written to queue_log as the ledger does."""
    for written in log:
        queue, channel, agent, event, data = written.split(",")
        assert channel == CALL_ID
        decoded = Seconds().events(f"1767280000|{channel}|{queue}|{agent}|{event}|{data}".encode())
        assert not isinstance(decoded, DamagedLine), written
        yield from decoded


def moment(text: str) -> datetime:
    """Read a local time in Bogota, as "2025-06-03 09:00"."""
    return datetime.fromisoformat(f"{text}:00-05:00").astimezone(UTC)
