"""A user of the manager interface that one part of the pages has to itself: connected while the part runs."""

import asyncio
from collections.abc import Callable

import structlog

from contesta.accounts import Accounts
from contesta.settings import LOCALHOST
from core.errors import ConfigurationError, NotAvailableError
from telephony.ami.client import Client
from telephony.ami.codec import Message
from telephony.ami.connection import Account, LoginRefusedError

REFUSED_PAUSE_SECONDS = 10.0

log = structlog.get_logger()


class OwnUser:
    """The connection, kept up by `run`; `accounts` are those that it was made with, None before the first time.

    `login` says with which user and secret. Such a user hears no events.
    """

    def __init__(
        self, read_accounts: Callable[[], Accounts], port: int, login: Callable[[Accounts], tuple[str, str]]
    ) -> None:
        self.accounts: Accounts | None = None
        self._read_accounts = read_accounts
        self._port = port
        self._login = login
        self._client: Client | None = None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            user = ""
            try:
                known = self.accounts = await asyncio.to_thread(self._read_accounts)
                user, secret = self._login(known)
                account = Account(host=LOCALHOST, port=self._port, username=user, secret=secret)
                async with Client(account) as client:
                    self._client = client
                    async for _ in client.events():
                        pass
            except (LoginRefusedError, ConfigurationError) as error:
                log.warning("cannot reach the telephone system", user=user, error=str(error))
            finally:
                self._client = None
            await asyncio.sleep(REFUSED_PAUSE_SECONDS)

    async def action(self, name: str, *headers: tuple[str, str]) -> None:
        """Do one action.

        Raises:
            NotAvailableError: it could not be done now.
        """
        await self._connected().action(name, *headers)

    async def collect(self, name: str) -> tuple[Message, ...]:
        """Do an action that answers with a list, and give the list. Raises: as `action`."""
        return await self._connected().collect(name)

    def _connected(self) -> Client:
        if self._client is None:
            raise NotAvailableError("La central no responde en este momento. Intente de nuevo")
        return self._client
