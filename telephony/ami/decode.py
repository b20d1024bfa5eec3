"""Manager events into core events: a table from the event's name to the function that reads it.

What the account of whoever reads needs in manager.conf: `read = call,agent,user`, `timestampevents = yes`, and for each
name in `EVENTS` one line `eventfilter(action(include),name(NAME)) =`; all other events may stay away.

Two things a single message cannot tell. `QueueCallerAbandon` comes for every caller that leaves without an agent,
whatever the reason: see core.events.QueueLeft. `AgentComplete` with `Reason: transfer` does not say which transfer:
the target of a blind one stands in `BlindTransfer`, which comes just before it and is remembered until then. Should it
come after, the transfer is taken for an attended one until queue_log's line, which knows, takes its place.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypedDict

from core.errors import ProtocolError
from core.events import (
    AgentPresence,
    AgentRang,
    CallEnded,
    Completed,
    Connected,
    EndedBy,
    Event,
    ExitReason,
    HoldChanged,
    PresenceChange,
    QueueEntered,
    QueueExited,
    QueueLeft,
    Rejected,
    RingEnded,
    RingResult,
    Source,
    is_advisers_side,
    is_ours,
)
from telephony.ami.codec import Message

EXIT_REASONS = {
    "TIMEOUT": ExitReason.TIMEOUT,
    "LEAVEEMPTY": ExitReason.EMPTY,
    "LEAVEUNAVAIL": ExitReason.EMPTY,
    "WITHDRAW": ExitReason.WITHDRAWN,
    "": ExitReason.KEY,
}
REJECTIONS = frozenset({"FULL", "JOINEMPTY", "JOINUNAVAIL", "UNKNOWN"})
MAX_REMEMBERED_TRANSFERS = 1000


def timestamp(message: Message) -> datetime:
    """Time of a message by the telephone system's clock.

    Raises:
        ProtocolError: there is no usable `Timestamp`.
    """
    try:
        return datetime.fromtimestamp(float(message.get("Timestamp")), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ProtocolError(f"{message.event}: Timestamp") from error


class EventDecoder:
    """Decodes the events of one feed. `malformed` counts those that could not be read, by event and header."""

    def __init__(self) -> None:
        self.malformed: Counter[str] = Counter()
        self._blind_targets: dict[str, str] = {}

    def decode(self, message: Message) -> tuple[Event, ...]:
        """Core events that one message tells; none for an unknown or a malformed one. Never raises."""
        if is_advisers_side(message.get("Uniqueid")):
            return ()
        try:
            if read := _READERS.get(message.event):
                return read(message)
            if message.event == "AgentComplete":
                return self._agent_complete(message)
            if message.event == "BlindTransfer":
                self._remember(message)
        except ProtocolError as error:
            self.malformed[str(error)] += 1
        return ()

    def _remember(self, message: Message) -> None:
        if message.get("Result") != "Success":
            return
        self._blind_targets[_text(message, "TransfereeUniqueid")] = message.get("Extension")
        if len(self._blind_targets) > MAX_REMEMBERED_TRANSFERS:
            del self._blind_targets[next(iter(self._blind_targets))]

    def _agent_complete(self, message: Message) -> tuple[Event, ...]:
        fact, target = _fact(message), ""
        match message.get("Reason"):
            case "agent":
                by = EndedBy.AGENT
            case "caller":
                by = EndedBy.CALLER
            case "transfer" if fact["channel_id"] in self._blind_targets:
                by, target = EndedBy.BLIND_TRANSFER, self._blind_targets.pop(fact["channel_id"])
            case "transfer":
                by = EndedBy.ATTENDED_TRANSFER
            case _:
                raise ProtocolError("AgentComplete: Reason")
        return (
            Completed(
                **fact,
                queue=_text(message, "Queue"),
                agent=_text(message, "MemberName"),
                wait_seconds=_count(message, "HoldTime"),
                talk_seconds=_count(message, "TalkTime"),
                by=by,
                target=target,
            ),
        )


class _Fact(TypedDict):
    at: datetime
    call_id: str
    channel_id: str
    source: Source


def _fact(message: Message) -> _Fact:
    return {
        "at": timestamp(message),
        "call_id": _text(message, "Linkedid"),
        "channel_id": _text(message, "Uniqueid"),
        "source": Source.AMI,
    }


def _text(message: Message, name: str) -> str:
    if not (value := message.get(name)):
        raise ProtocolError(f"{message.event}: {name}")
    return value


def _count(message: Message, name: str) -> int:
    value = message.get(name)
    if not (value.isascii() and value.isdigit() and len(value) <= len("2147483647")):
        raise ProtocolError(f"{message.event}: {name}")
    return int(value)


def _queue_caller_join(message: Message) -> tuple[Event, ...]:
    return (QueueEntered(**_fact(message), queue=_text(message, "Queue"), position=_count(message, "Position")),)


def _queue_caller_abandon(message: Message) -> tuple[Event, ...]:
    return (QueueLeft(**_fact(message), queue=_text(message, "Queue"), wait_seconds=_count(message, "HoldTime")),)


def _queue_caller_leave(message: Message) -> tuple[Event, ...]:
    return (QueueLeft(**_fact(message), queue=_text(message, "Queue")),)


def _agent_called(message: Message) -> tuple[Event, ...]:
    return (AgentRang(**_fact(message), queue=_text(message, "Queue"), agent=_text(message, "MemberName")),)


def _agent_ring_no_answer(message: Message) -> tuple[Event, ...]:
    return (
        RingEnded(
            **_fact(message),
            queue=_text(message, "Queue"),
            agent=_text(message, "MemberName"),
            ring_ms=_count(message, "RingTime"),
            result=RingResult.NO_ANSWER,
        ),
    )


def _agent_connect(message: Message) -> tuple[Event, ...]:
    return (
        Connected(
            **_fact(message),
            queue=_text(message, "Queue"),
            agent=_text(message, "MemberName"),
            wait_seconds=_count(message, "HoldTime"),
            ring_seconds=_count(message, "RingTime"),
        ),
    )


def _user_event(message: Message) -> tuple[Event, ...]:
    """Our dialplan's `QueueExit`: the caller came out of Queue() and is still on the line."""
    if message.get("UserEvent") != "QueueExit":
        return ()
    fact, queue, status, key = _fact(message), _text(message, "Queue"), message.get("Status"), message.get("Key")
    if status in REJECTIONS:
        return (Rejected(**fact, queue=queue, status=status),)
    if status == "CONTINUE":
        return ()
    if status not in EXIT_REASONS or (status == "" and key == ""):
        raise ProtocolError("UserEvent: Status")
    return (QueueExited(**fact, queue=queue, reason=EXIT_REASONS[status], wait_seconds=None, key=key),)


def _hangup(message: Message) -> tuple[Event, ...]:
    """Take the caller's channel only, which is the one that the call began with.

    Of a promised call, the dialplan alone tells the end: the citizen may be answering the survey, on another channel.
    """
    fact = _fact(message)
    if fact["channel_id"] != fact["call_id"] or is_ours(fact["channel_id"]):
        return ()
    return (CallEnded(**fact, by=None, cause=_count(message, "Cause")),)


def _hold(message: Message) -> tuple[Event, ...]:
    """Leave out the channel that a call began with: a caller who holds, an agent's own consultation call."""
    fact = _fact(message)
    if fact["channel_id"] == fact["call_id"]:
        return ()
    return (HoldChanged(**fact, on=message.event == "Hold"),)


def _presence(message: Message) -> tuple[Event, ...]:
    match message.event, message.get("Paused"):
        case "QueueMemberAdded", _:
            change = PresenceChange.LOGGED_IN
        case "QueueMemberRemoved", _:
            change = PresenceChange.LOGGED_OUT
        case _, "0":
            change = PresenceChange.UNPAUSED
        case _, "1":
            change = PresenceChange.PAUSED
        case _:
            raise ProtocolError("QueueMemberPause: Paused")
    return (
        AgentPresence(
            at=timestamp(message),
            call_id="",
            channel_id="",
            source=Source.AMI,
            queue=_text(message, "Queue"),
            agent=_text(message, "MemberName"),
            change=change,
            reason=message.get("PausedReason"),
        ),
    )


_READERS: dict[str, Callable[[Message], tuple[Event, ...]]] = {
    "QueueCallerJoin": _queue_caller_join,
    "QueueCallerAbandon": _queue_caller_abandon,
    "QueueCallerLeave": _queue_caller_leave,
    "AgentCalled": _agent_called,
    "AgentRingNoAnswer": _agent_ring_no_answer,
    "AgentConnect": _agent_connect,
    "UserEvent": _user_event,
    "Hangup": _hangup,
    "Hold": _hold,
    "Unhold": _hold,
    "QueueMemberAdded": _presence,
    "QueueMemberRemoved": _presence,
    "QueueMemberPause": _presence,
}

EVENTS = (*_READERS, "AgentComplete", "BlindTransfer", "QueueMemberStatus")
"""Names of all events that are read here and in `members`."""

READ = ("call", "agent", "user")
"""Classes of events that an account must be allowed to read for them."""
