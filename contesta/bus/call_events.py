"""Call events as other systems get them: one model a kind, with what may leave the house and nothing else.

A kind that is not here is not told, nor is a field that its model lacks. Where both the telephone system's log and its
manager interface tell a fact, the log's account is the one that is passed on, so that each fact is told once.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

from contesta.bus.topics import Payload
from core import events
from core.events import EndedBy, ExitReason, MailboxStep, OfferResult, RingResult, Source, StepResult
from storage.outbox import Entry, Skip

Key = Annotated[str, BeforeValidator(lambda keyed: keyed if len(keyed) <= 1 else "")]
"""One key. Whatever is longer may be somebody's number and is left out."""


class CallEvent(Payload):
    """A fact about one call."""

    kind: str
    sequence: int
    """Number of the event. It grows, with holes."""
    previous: int
    """Number of the event before it, 0 if there is none. Who has not seen that one has missed something."""
    at: datetime
    call: str
    """Name of the call, which says nothing about who calls. Calls may turn out to be one: each name stays good."""


class OfQueue(CallEvent):
    """A fact about a call in a queue."""

    queue: str


class OfAdviser(OfQueue):
    """A fact about a call and an adviser."""

    adviser: str
    """A pseudonym: the same for the same adviser of this line, and without a meaning elsewhere."""


class CallStarted(CallEvent):
    """A call reached a line."""

    kind: Literal["call_started"] = "call_started"
    line: str


class MenuStepped(CallEvent):
    """One answer to one menu, or none."""

    kind: Literal["menu_stepped"] = "menu_stepped"
    menu: str
    key: Key
    """What was pressed, if it was one key."""
    result: StepResult


class Rejected(OfQueue):
    """A queue did not take the caller."""

    kind: Literal["rejected"] = "rejected"
    status: str
    """Asterisk's QUEUESTATUS."""


class QueueEntered(OfQueue):
    """A caller began to wait."""

    kind: Literal["queue_entered"] = "queue_entered"
    position: int | None


class AgentRang(OfAdviser):
    """An adviser's telephone began to ring."""

    kind: Literal["agent_rang"] = "agent_rang"


class RingEnded(OfAdviser):
    """An adviser's telephone stopped ringing, unanswered."""

    kind: Literal["ring_ended"] = "ring_ended"
    ring_ms: int
    result: RingResult


class Connected(OfAdviser):
    """An adviser answered."""

    kind: Literal["connected"] = "connected"
    wait_seconds: int | None
    ring_seconds: int


class Recorded(OfAdviser):
    """A recording of the conversation began."""

    kind: Literal["recorded"] = "recorded"


class HoldChanged(CallEvent):
    """An adviser put the caller on hold, or took the caller back."""

    kind: Literal["hold_changed"] = "hold_changed"
    on: bool


class Completed(OfAdviser):
    """A conversation ended."""

    kind: Literal["completed"] = "completed"
    wait_seconds: int | None
    talk_seconds: int | None
    """Hold included."""
    by: EndedBy


class QueueExited(OfQueue):
    """A caller left a queue without having been answered."""

    kind: Literal["queue_exited"] = "queue_exited"
    reason: ExitReason
    wait_seconds: int | None
    key: Key
    """The key by which the caller left, if so."""


class CallbackOffered(OfQueue):
    """A caller was offered to be called back without losing the place, or answered that."""

    kind: Literal["callback_offered"] = "callback_offered"
    result: OfferResult


class MailboxStepped(CallEvent):
    """A caller began to leave a request to be called, or finished it."""

    kind: Literal["mailbox_stepped"] = "mailbox_stepped"
    step: MailboxStep


class MessageLeft(CallEvent):
    """A caller was asked to speak after the tone."""

    kind: Literal["message_left"] = "message_left"


class SurveyAnswered(CallEvent):
    """An answer to a question of a survey; null: asked and not answered, or answered by speaking.

    0 is a comment that an adviser typed.
    """

    kind: Literal["survey_answered"] = "survey_answered"
    survey: str
    question: str
    answer: int | None
    adviser: str = ""
    """The pseudonym of the adviser who typed it; empty if the caller answered the line himself."""


class CallVanished(CallEvent):
    """The call was found to be no longer there; nothing told its end."""

    kind: Literal["call_vanished"] = "call_vanished"


class CallEnded(CallEvent):
    """The call is over."""

    kind: Literal["call_ended"] = "call_ended"
    by: EndedBy | None
    cause: int
    """Cause of Q.850, 0 if unknown."""


class SystemRestarted(CallEvent):
    """The telephone system began anew: whatever went on before is over. `call` is empty."""

    kind: Literal["system_restarted"] = "system_restarted"


class Gap(Payload):
    """Events were left out because too many had piled up: those after `previous`, up to and with `sequence`.

    The ledger has them: `GET /api/v1/events?after=<previous>`.
    """

    kind: Literal["gap"] = "gap"
    sequence: int
    previous: int
    skipped: int
    """How many."""


AnyCallEvent = (
    CallStarted
    | MenuStepped
    | Rejected
    | QueueEntered
    | AgentRang
    | RingEnded
    | Connected
    | Recorded
    | HoldChanged
    | Completed
    | QueueExited
    | CallbackOffered
    | MailboxStepped
    | MessageLeft
    | SurveyAnswered
    | CallVanished
    | CallEnded
    | SystemRestarted
)
MODELS: Mapping[type[events.Event], type[AnyCallEvent]] = MappingProxyType(
    {getattr(events, model.__name__): model for model in get_args(AnyCallEvent)}
)
"""The model of each kind of fact: it has its name."""

_NOT_IN_THE_LOG = {
    events.AgentRang: Source.AMI,
    events.HoldChanged: Source.AMI,
    events.CallVanished: Source.INFERRED,
}
SOURCES: Mapping[type[events.Event], Source] = MappingProxyType(
    {kind: _NOT_IN_THE_LOG.get(kind, Source.QUEUE_LOG) for kind in MODELS}
)
"""Whose account of each kind of fact is passed on."""


def pseudonyms(secret: str) -> Callable[[str], str]:
    """Give a function from advisers' names to pseudonyms, which nobody without the secret can undo."""
    key = blake2b(secret.encode(), person=b"bus-advisers").digest()
    return lambda name: blake2b(name.encode(), key=key, digest_size=8).hexdigest()


def told(entry: Entry, pseudonym: Callable[[str], str]) -> AnyCallEvent:
    """Write a fact of the feed as it is told."""
    event = entry.event
    model = MODELS[type(event)]
    own = {field.name: getattr(event, field.name) for field in fields(event) if field.name in model.model_fields}
    if agent := getattr(event, "agent", None):
        own["adviser"] = pseudonym(agent)
    return model.model_validate(own | {"sequence": entry.sequence, "previous": entry.previous, "call": event.call_id})


def gap(skip: Skip) -> Gap:
    """Write what was left out."""
    return Gap(sequence=skip.sequence, previous=skip.previous, skipped=skip.count)
