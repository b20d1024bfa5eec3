"""Who listens to what at this moment.

Each beginning, change and end is in the access log: a beginning that cannot be written there is none.
It remembers nothing that lasts: who listened while this process died is hung up when it is back.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from contesta.listening.conversations import Conversation, ListeningRefusedError
from contesta.listening.manager import MARK, Manager, Mode
from core.errors import ContestaError

LOOK_SECONDS: Final = 0.5
_BEING_PLACED: Final = timedelta(seconds=5)

_NOBODY_ANSWERED: Final = "Su teléfono de escucha no contestó. Revise que esté conectado."

MODE_WORDS: Final = {Mode.LISTEN: "solo escucha", Mode.WHISPER: "susurro al asesor"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who listens. `who`, `role` and `address` are for the access log; `extension` is the telephone."""

    who: str
    role: str
    address: str
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody's listening to one conversation. `answered_at` None: the telephone still rings."""

    channel_id: str
    listener: Listener
    to: Conversation
    mode: Mode
    asked_at: datetime
    answered_at: datetime | None = None


class Step:
    """What is written of a session."""

    BEGAN: Final = "began"
    CHANGED: Final = "changed"
    ENDED: Final = "ended"


Write = Callable[[str, Listener, str, datetime], None]
"""Writes a step of a listener into the access log: which, whose, about what, when."""


class Room:
    """All who listen, one conversation each. `may` tells whether somebody may still listen so."""

    def __init__(
        self, manager: Manager, write: Write, may: Callable[[str, Mode], bool], clock: Callable[[], datetime]
    ) -> None:
        self.manager = manager
        self.sessions: dict[str, Session] = {}
        self.said: dict[str, str] = {}
        self._write = write
        self._may = may
        self._clock = clock
        self._cleared = False
        self._busy = asyncio.Lock()

    async def run(self) -> None:
        """Keep it so until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.manager.run(), name="listening: manager")
            tasks.create_task(self._look_on(), name="listening: look")

    async def begin(self, listener: Listener, to: Conversation, mode: Mode) -> None:
        """Let the listener's telephone ring, and whoever takes the call hear the conversation.

        Raises:
            ListeningRefusedError: it may not be done.
            NotAvailableError: it cannot be done now.
        """
        async with self._busy:
            if listener.who in self.sessions:
                raise ListeningRefusedError("usted ya escucha una conversación; termine primero esa")
            if not self.manager.has_telephone(listener.extension):
                raise ListeningRefusedError("su cuenta no tiene un teléfono de escucha; pídalo a quien administra")
            if any(one.listener.extension == listener.extension for one in self.sessions.values()):
                raise ListeningRefusedError("su teléfono de escucha lo está usando otra persona")
            if to.refusal:
                raise ListeningRefusedError(to.refusal)
            now = self._clock()
            one = Session(channel_id=f"{MARK}{secrets.token_hex(8)}", listener=listener, to=to, mode=mode, asked_at=now)
            await self._tell(Step.BEGAN, one, MODE_WORDS[mode])
            try:
                await self.manager.ring(one.channel_id, listener.extension, to, listener.who, mode)
            except ContestaError:
                self._cleared = False  # it may ring all the same
                await self._tell(Step.ENDED, one, "no se pudo")
                raise
            self.said.pop(listener.who, None)
            self.sessions[listener.who] = one

    async def switch(self, who: str, mode: Mode) -> None:
        """Change between only listening and whispering.

        Raises:
            ListeningRefusedError: nobody listens there.
            NotAvailableError: it cannot be done now.
        """
        async with self._busy:
            one = self._of(who)
            channel = (await self.manager.channels()).get(one.channel_id)
            if channel is None or not channel.answered:
                raise ListeningRefusedError("conteste primero su teléfono de escucha")
            if mode is one.mode:
                return
            await self._tell(Step.CHANGED, one, MODE_WORDS[mode])
            await self.manager.switch(channel, mode)
            self.sessions[who] = replace(self.sessions[who], mode=mode)

    async def stop(self, who: str) -> None:
        """Stop listening. Raises: as `switch`."""
        async with self._busy:
            one = self._of(who)
            channel = (await self.manager.channels()).get(one.channel_id)
            if channel is not None:
                await self.manager.hang_up(channel)
            await self._end(one, "la persona terminó", "Dejó de escuchar.")

    def _of(self, who: str) -> Session:
        found = self.sessions.get(who)
        if found is None:
            raise ListeningRefusedError("usted no está escuchando ninguna conversación")
        return found

    async def _look_on(self) -> None:
        while True:
            try:
                if self.sessions or not self._cleared:
                    async with self._busy:
                        await self._look()
            except (ContestaError, SQLAlchemyError) as error:
                if self.sessions:
                    log.warning("listening cannot be looked at", error=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        now, channels = self._clock(), await self.manager.channels()
        known = {one.channel_id for one in self.sessions.values()}
        for strange in channels.keys() - known:
            await self.manager.hang_up(channels[strange])
        self._cleared = True
        for who, one in list(self.sessions.items()):
            channel = channels.get(one.channel_id)
            if channel is None:
                if one.answered_at:
                    await self._end(one, "terminó la conversación o colgó", "La escucha terminó.")
                elif now - one.asked_at > _BEING_PLACED:
                    await self._end(one, "no contestó su teléfono", _NOBODY_ANSWERED)
                continue
            if channel.answered and one.answered_at is None:
                one = self.sessions[who] = replace(one, answered_at=now)  # noqa: PLW2901  as it is now
            if not await asyncio.to_thread(self._may, who, one.mode):
                await self.manager.hang_up(channel)
                await self._end(one, "ya no tiene permiso", "Ya no tiene permiso para escuchar.")

    async def _end(self, one: Session, why: str, said: str) -> None:
        await self._tell(Step.ENDED, one, why)
        del self.sessions[one.listener.who]
        self.said[one.listener.who] = said

    async def _tell(self, step: str, one: Session, what: str) -> None:
        about = f"{one.to.call_id} {one.to.agent}: {what}"
        await asyncio.to_thread(self._write, step, one.listener, about, self._clock())
