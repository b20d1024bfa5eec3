"""The telephone system as whoever calls back needs it: who is free, one ring under an id, what is still there."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from callback_queue.pacing import Advisers
from telephony.ami.client import Client
from telephony.ami.codec import Message

_FREE = {"0", "1"}
_GONE = {"4", "5"}
_MARGIN_MS = 15_000
_ADVISER_MS = 180_000
"""Longer than an adviser may take by the dialplan: to be found, to listen twice, and to press a key."""

_CODECS = ("ulaw", "alaw")
_CODEC = ("Variable", "CONTESTA_CODEC")
"""Where the dialplan keeps what the trunk spoke when a citizen answered last. The two halves of the local channel have
one codec between them. Where it is another than the citizen's, all he hears goes through one translation, and Debian's
Asterisk (22.10) takes a change from prompts, which have no sequence numbers, to an adviser and back for packets that
come too late: with most telephones the citizen hears no survey, with the others not even the adviser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One ring. `telephone` is national, ten digits; `variables` are for the dialplan.

    `adviser_first`: an adviser is rung, and the citizen's telephone once he has taken the call.
    """

    channel_id: str
    telephone: str
    ring_seconds: int
    variables: Mapping[str, str]
    adviser_first: bool = False


class Dialler:
    """Acts through one manager client.

    Methods raise NotAvailableError when there is no connection, no answer in time, or Asterisk refused.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def advisers(self) -> Advisers:
        """Tell which advisers are free, and how many wait for one."""
        told = await self._client.collect("QueueStatus")
        members = [message for message in told if message.event == "QueueMember"]
        free: dict[str, set[str]] = {}
        telephones: dict[str, str] = {}
        for message in filter(_is_free, members):
            telephones[_name(message)] = message.get("Location").removeprefix("PJSIP/")
            free.setdefault(message.get("Queue"), set()).add(_name(message))
        waiting = Counter(message.get("Queue") for message in told if message.event == "QueueEntry")
        present = {_name(message) for message in members if message.get("Status") not in _GONE}
        return Advisers(free=free, waiting=waiting, telephones=telephones, present=present)

    async def ring(self, ring: Ring) -> None:
        """Let the citizen's telephone ring once; what comes of it is written in queue_log by the dialplan."""
        codec = (await self._client.action("Getvar", _CODEC)).get("Value")
        rings, answered, wait_ms = f"{ring.telephone}@saliente", "devolucion", ring.ring_seconds * 1000
        if ring.adviser_first:
            rings, answered, wait_ms = "s@asesor-primero", "ciudadano-segundo", _ADVISER_MS
        await self._client.action(
            "Originate",
            ("Channel", f"Local/{rings}/n"),
            ("ChannelId", ring.channel_id),
            ("OtherChannelId", f"{ring.channel_id}-m"),
            ("Context", answered),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Timeout", str(wait_ms + _MARGIN_MS)),
            ("Async", "true"),
            ("Codecs", codec if codec in _CODECS else _CODECS[0]),
            ("Variable", f"DEV={ring.channel_id}"),
            *(("Variable", f"{name}={value}") for name, value in ring.variables.items()),
        )

    async def channels(self) -> set[str]:
        """Read the ids of all channels there are."""
        told = await self._client.collect("CoreShowChannels")
        return {message.get("Uniqueid") for message in told if message.event == "CoreShowChannel"}

    async def mark(self, channel_id: str) -> None:
        """Write a line into queue_log, as the end of a channel that never was: what was written before is before it."""
        await self._client.action(
            "QueueLog",
            ("Queue", "NONE"),
            ("Event", "FIN"),
            ("Uniqueid", channel_id),
            ("Interface", "NONE"),
            ("Message", "system|0"),
        )


def _name(message: Message) -> str:
    return message.get("Name") or message.get("MemberName")


def _is_free(message: Message) -> bool:
    return message.get("Status") in _FREE and message.get("Paused") == "0" and message.get("InCall") in {"", "0"}
