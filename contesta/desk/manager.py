"""What the desk may ask of the telephone system: to pause an adviser, to let him go, and to write a line of the log.

It has a manager user of its own, which hears no events and can do nothing else.
"""

import asyncio
from collections.abc import Callable

import structlog

from contesta.accounts import Accounts
from contesta.settings import LOCALHOST
from core.errors import ConfigurationError, NotAvailableError
from storage.desk import Word
from telephony.ami.client import Client
from telephony.ami.connection import Account, LoginRefusedError
from telephony.queue_log.encode import encode_work

REFUSED_PAUSE_SECONDS = 10.0

log = structlog.get_logger()


class Manager:
    """The desk's connection, kept up by `run`."""

    def __init__(self, read_accounts: Callable[[], Accounts], port: int) -> None:
        self._read_accounts = read_accounts
        self._port = port
        self._client: Client | None = None
        self._accounts: Accounts | None = None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                known = self._accounts = await asyncio.to_thread(self._read_accounts)
                account = Account(host=LOCALHOST, port=self._port, username=known.desk_user, secret=known.desk_secret)
                async with Client(account) as client:
                    self._client = client
                    async for _ in client.events():
                        pass
            except (LoginRefusedError, ConfigurationError) as error:
                log.warning("the desk cannot reach the telephone system", error=str(error))
            finally:
                self._client = None
            await asyncio.sleep(REFUSED_PAUSE_SECONDS)

    async def pause(self, agent: str, reason: str) -> None:
        """Keep an adviser from calls, in all queues.

        Raises:
            NotAvailableError: it could not be done now.
        """
        await self._do("QueuePause", ("Interface", self._interface(agent)), ("Paused", "true"), ("Reason", reason))

    async def let_go(self, agent: str) -> None:
        """Let an adviser take calls, in all queues. Raises: as `pause`."""
        await self._do("QueuePause", ("Interface", self._interface(agent)), ("Paused", "false"))

    async def write(self, word: Word) -> None:
        """Write a word into queue_log. Raises: as `pause`."""
        entry = encode_work(word.fact)
        await self._do(
            "QueueLog",
            ("Queue", entry.queue),
            ("Event", entry.event),
            ("Uniqueid", word.channel_id),
            ("Interface", word.agent),
            ("Message", entry.data),
        )

    async def _do(self, action: str, *headers: tuple[str, str]) -> None:
        if self._client is None:
            raise NotAvailableError("La central no responde en este momento. Intente de nuevo")
        await self._client.action(action, *headers)

    def serves(self, agent: str) -> bool:
        """Tell whether an adviser has a telephone here."""
        return self._account(agent) is not None

    def _account(self, agent: str) -> str | None:
        members = self._accounts.members if self._accounts else ()
        return next((member.account for member in members if member.name == agent), None)

    def _interface(self, agent: str) -> str:
        account = self._account(agent)
        if account is None:
            raise NotAvailableError(f"{agent} no tiene teléfono en esta central")
        return f"PJSIP/{account}"
