"""A request that a caller left in the mailbox, as it was written down entry by entry while they were asked. Pure.

An entry is one JSON object on one line: `kind`, `at`, and what there is to say. Whatever can be read is kept: a line
cut off in the middle of a word was never confirmed to anybody, and a damaged one is counted.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from core.numbers import ANONYMOUS, is_normal

LONGEST_CALL_SECONDS = 1800
"""Nobody writes to a request any more that was begun so long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a queue that is kept: the caller waits there since then."""

    queue: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who began a request, and from where. `number` is the caller's own, normalised; `place` if one is kept."""

    call_id: str
    line: str
    mailbox: str
    language: str
    number: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """A file below the folder of messages. `seconds` is None if the caller was gone before it ended."""

    file: str
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxRequest:
    """What a caller left.

    `fields` are those confirmed, by kind: document, phone (E.164), nit, subject. `speech` is what was said: name,
    company, description, message. `complete` is what the caller was told: nothing required is missing. `over_at` is
    when the caller came to the end or left, None if nobody saw it. `damaged_lines` counts what could not be read.
    """

    number: str
    code: str
    caller: Caller
    begun_at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    speech: Mapping[str, Speech] = field(default_factory=dict)
    finished: bool = False
    complete: bool = False
    over_at: datetime | None = None
    damaged_lines: int = 0

    @property
    def telephone(self) -> str | None:
        """The number to call: the confirmed one, else the one the call came from; None if none is known."""
        return self.fields.get("phone") or (self.caller.number if self.caller.number != ANONYMOUS else None)

    @property
    def is_worth_keeping(self) -> bool:
        """Whether there is something in it, and somebody to call or a voice that may say whom."""
        return bool(self.fields or self.speech) and bool(self.telephone or self.speech)

    def is_over(self, now: datetime) -> bool:
        """Tell whether nothing will be added to it."""
        return self.over_at is not None or (now - self.begun_at).total_seconds() > LONGEST_CALL_SECONDS


def entry(kind: str, at: datetime, **said: Any) -> bytes:  # noqa: ANN401  as JSON has it
    """Write one entry as a line."""
    return json.dumps({"kind": kind, "at": at.astimezone(UTC).isoformat(), **said}, ensure_ascii=False).encode() + b"\n"


def begun(number: str, code: str, caller: Caller, at: datetime) -> bytes:
    """Write the first entry of a request."""
    place = caller.place and {"queue": caller.place.queue, "since": caller.place.since.astimezone(UTC).isoformat()}
    who = {name: getattr(caller, name) for name in ("call_id", "line", "mailbox", "language", "number")}
    return entry("begun", at, request=number, code=code, **who, place=place)


def read(lines: Iterable[bytes]) -> MailboxRequest | None:
    """Make a request of its lines; None where there is no beginning."""
    request: MailboxRequest | None = None
    damaged = 0
    for line in lines:
        if not line.endswith(b"\n"):
            break
        try:
            said = json.loads(line)
            request = _begin(said) if request is None else _add(request, said)
        except (ValueError, KeyError, TypeError, AttributeError):
            damaged += 1
    return request and replace(request, damaged_lines=damaged)


def _begin(said: Mapping[str, Any]) -> MailboxRequest:
    if said["kind"] != "begun" or not is_normal(said["number"]):
        raise ValueError("not a beginning")
    place = said["place"]
    return MailboxRequest(
        number=str(said["request"]),
        code=str(said["code"]),
        caller=Caller(
            **{name: str(said[name]) for name in ("call_id", "line", "mailbox", "language", "number")},
            place=place and Place(queue=str(place["queue"]), since=_moment(place["since"])),
        ),
        begun_at=_moment(said["at"]),
    )


def _add(request: MailboxRequest, said: Mapping[str, Any]) -> MailboxRequest:
    match said["kind"]:
        case "confirmed":
            return replace(request, fields={**request.fields, str(said["what"]): str(said["value"])})
        case "speaking":
            return _with_speech(request, said, seconds=None)
        case "spoke":
            return _with_speech(request, said, seconds=float(said["seconds"]))
        case "finished":
            return replace(request, finished=True, complete=bool(said["complete"]), over_at=_moment(said["at"]))
        case "left":
            return replace(request, over_at=request.over_at or _moment(said["at"]))
        case other:
            raise ValueError(f"no such entry: {other!r}")


def _with_speech(request: MailboxRequest, said: Mapping[str, Any], *, seconds: float | None) -> MailboxRequest:
    """Keep what was said; what is only being said, or turned out to be nothing, does not replace what was."""
    what, file = str(said["what"]), str(said["file"])
    before = request.speech.get(what)
    if not seconds and before and before.seconds:
        return request
    others = {name: speech for name, speech in request.speech.items() if name != what}
    spoken = {} if seconds == 0 else {what: Speech(file=file, seconds=seconds)}
    return replace(request, speech=others | spoken)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
