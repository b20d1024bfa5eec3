"""What the telephone system says of the members of queues: each time one changes, and of all in a snapshot."""

from dataclasses import replace
from datetime import datetime

from core.errors import ProtocolError
from quality.metrics.agents import Member, Telephone
from telephony.ami.codec import Message
from telephony.ami.connection import Snapshot
from telephony.ami.decode import timestamp

_TELEPHONES = {
    "0": Telephone.FREE,  # AST_DEVICE_UNKNOWN: some technologies never tell more, and the queue rings them
    "1": Telephone.FREE,
    "2": Telephone.BUSY,
    "3": Telephone.BUSY,
    "4": Telephone.ABSENT,
    "5": Telephone.ABSENT,
    "6": Telephone.RINGING,
    "7": Telephone.BUSY,  # it rings while in use
    "8": Telephone.BUSY,  # on hold
}


_EVENTS = {"QueueMemberStatus", "QueueMemberAdded", "QueueMemberPause", "QueueMemberRemoved"}


def member(message: Message) -> Member | None:
    """Read an event about a member; None for any other message, and for one that cannot be read."""
    if message.event not in _EVENTS:
        return None
    try:
        told = _member(message, timestamp(message))
    except ProtocolError:
        return None
    return replace(told, telephone=None) if told and message.event == "QueueMemberRemoved" else told


def members(snapshot: Snapshot) -> list[Member]:
    """Read all members of all queues."""
    told = (_member(message, snapshot.at) for message in snapshot.queues if message.event == "QueueMember")
    return [one for one in told if one]


def _member(message: Message, at: datetime) -> Member | None:
    agent, queue = message.get("MemberName") or message.get("Name"), message.get("Queue")
    telephone = _TELEPHONES.get(message.get("Status"))
    if not agent or not queue or telephone is None:
        return None
    return Member(
        at=at,
        queue=queue,
        agent=agent,
        telephone=telephone,
        paused=message.get("Paused") == "1",
        reason=message.get("PausedReason"),
    )
