"""What listening may ask of the telephone system: to ring a telephone, to change how it listens, and to hang it up.

It has a manager user of its own, which hears no events. Which channel is listened to is looked up when it is asked for;
the dialplan's own context (`escucha`) does the rest, and writes into queue_log what is done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contesta.accounts import Accounts
from contesta.listening.conversations import Conversation, ListeningRefusedError
from contesta.own_user import OwnUser

MARK: Final = "esc-"
"""What the channel id of whoever listens begins with."""
RING_SECONDS: Final = 30
_UP: Final = "6"


class Mode(StrEnum):
    """How somebody listens: heard by nobody, or by the adviser alone."""

    LISTEN = "listen"
    WHISPER = "whisper"


_EXTENSIONS: Final = {Mode.LISTEN: "oir", Mode.WHISPER: "susurrar"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel of whoever listens. `answered`: he has taken the call."""

    name: str
    answered: bool


class Manager:
    """Listening's connection, kept up by `run`. Methods raise NotAvailableError when something cannot be done now."""

    def __init__(self, read_accounts: Callable[[], Accounts], port: int) -> None:
        self._user = OwnUser(read_accounts, port, lambda known: (known.listen_user, known.listen_secret))

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await self._user.run()

    def has_telephone(self, extension: str) -> bool:
        """Tell whether an account is that of a telephone for listening. An adviser's never is."""
        known = self._user.accounts
        return known is not None and any(one.account == extension for one in known.listening)

    async def ring(self, channel_id: str, extension: str, to: Conversation, who: str, mode: Mode) -> None:
        """Let a telephone for listening ring; who takes the call hears the conversation."""
        spied = await self._adviser_channel(to)
        await self._user.action(
            "Originate",
            ("Channel", f"PJSIP/{extension}"),
            ("ChannelId", channel_id),
            ("Context", "escucha"),
            ("Exten", _EXTENSIONS[mode]),
            ("Priority", "1"),
            ("Timeout", str(RING_SECONDS * 1000)),
            ("Async", "true"),
            ("CallerID", f"Escuchar a {to.agent} <{extension}>"),
            ("Variable", f"ESC_CANAL={spied}"),
            ("Variable", f"ESC_LLAMADA={to.channel_id}"),
            ("Variable", f"ESC_COLA={to.queue}"),
            ("Variable", f"ESC_ASESOR={to.agent}"),
            ("Variable", f"ESC_QUIEN={who}"),
        )

    async def switch(self, channel: Channel, mode: Mode) -> None:
        """Let whoever listens whisper, or only listen."""
        await self._user.action(
            "Redirect",
            ("Channel", channel.name),
            ("Context", "escucha"),
            ("Exten", _EXTENSIONS[mode]),
            ("Priority", "1"),
        )

    async def hang_up(self, channel: Channel) -> None:
        """End a channel of whoever listens."""
        await self._user.action("Hangup", ("Channel", channel.name))

    async def channels(self) -> Mapping[str, Channel]:
        """Give the channels of all who listen, by id."""
        told = await self._user.collect("CoreShowChannels")
        return {
            message.get("Uniqueid"): Channel(name=message.get("Channel"), answered=message.get("ChannelState") == _UP)
            for message in told
            if message.get("Uniqueid").startswith(MARK)
        }

    async def _adviser_channel(self, of: Conversation) -> str:
        """Find the one channel on which the adviser talks in a conversation.

        Raises:
            ListeningRefusedError: there is none any more, or it is not certain which.
        """
        members = self._user.accounts.members if self._user.accounts else ()
        account = next((member.account for member in members if member.name == of.agent), None)
        found = [
            message.get("Channel")
            for message in await self._user.collect("CoreShowChannels")
            if message.get("Linkedid") in {of.call_id, of.channel_id}
            and message.get("Channel").startswith(f"PJSIP/{account}-")
            and message.get("ChannelState") == _UP
        ]
        if account is None or len(found) != 1:
            raise ListeningRefusedError("la conversación ya terminó, o está pasando a otra persona")
        return found[0]
