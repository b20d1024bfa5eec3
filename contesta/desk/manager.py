"""What the desk may ask of the telephone system: to pause an adviser, to let him go, to have him in a queue, the log.

It has a manager user of its own, which hears no events and can do nothing else.
"""

from collections.abc import Callable

from contesta.accounts import Accounts
from contesta.own_user import OwnUser
from core.errors import NotAvailableError
from storage.desk import Word
from storage.desk_answers import Typed
from telephony.queue_log.encode import Entry, encode_typed, encode_work


class Manager:
    """The desk's connection, kept up by `run`."""

    def __init__(self, read_accounts: Callable[[], Accounts], port: int) -> None:
        self._user = OwnUser(read_accounts, port, lambda known: (known.desk_user, known.desk_secret))

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await self._user.run()

    async def pause(self, agent: str, reason: str) -> None:
        """Keep an adviser from calls, in all queues.

        Raises:
            NotAvailableError: it could not be done now.
        """
        interface = self._interface(agent)
        await self._user.action("QueuePause", ("Interface", interface), ("Paused", "true"), ("Reason", reason))

    async def let_go(self, agent: str) -> None:
        """Let an adviser take calls, in all queues. Raises: as `pause`."""
        await self._user.action("QueuePause", ("Interface", self._interface(agent)), ("Paused", "false"))

    async def join(self, agent: str, queue: str) -> None:
        """Have a queue ring an adviser too. Raises: as `pause`, also if he is in it already."""
        interface = self._interface(agent)
        headers = ("Queue", queue), ("Interface", interface), ("StateInterface", interface), ("MemberName", agent)
        await self._user.action("QueueAdd", *headers)

    async def leave(self, agent: str, queue: str) -> None:
        """Have a queue ring an adviser no more. Raises: as `pause`, also if the line's file has him in it."""
        await self._user.action("QueueRemove", ("Queue", queue), ("Interface", self._interface(agent)))

    async def write(self, word: Word) -> None:
        """Write a word into queue_log. Raises: as `pause`."""
        await self._log(encode_work(word.fact), word.channel_id, word.agent)

    async def write_answer(self, typed: Typed) -> None:
        """Write what a citizen answered an adviser into queue_log. Raises: as `pause`."""
        await self._log(encode_typed(typed.fact, typed.queue), typed.channel_id, typed.agent)

    async def _log(self, entry: Entry, channel_id: str, agent: str) -> None:
        await self._user.action(
            "QueueLog",
            ("Queue", entry.queue),
            ("Event", entry.event),
            ("Uniqueid", channel_id),
            ("Interface", agent),
            ("Message", entry.data),
        )

    def serves(self, agent: str) -> bool:
        """Tell whether an adviser has a telephone here."""
        return self.account(agent) is not None

    def account(self, agent: str) -> str | None:
        """Give the account of an adviser's telephone; None if he has none."""
        members = self._user.accounts.members if self._user.accounts else ()
        return next((member.account for member in members if member.name == agent), None)

    def _interface(self, agent: str) -> str:
        account = self.account(agent)
        if account is None:
            raise NotAvailableError(f"{agent} no tiene teléfono en esta central")
        return f"PJSIP/{account}"
