"""Keeps what every adviser has before him, pauses who is to classify a call, and tells queue_log what was saved.

It remembers nothing that cannot be found out anew: after a restart, what is to be classified is in the ledger, what was
written in the desk's tables, and who is paused in the telephone system.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from contesta.board.hub import Feed
from contesta.desk.contact import TYPING, Current, Phase, after, engaged, pause
from contesta.desk.manager import Manager
from core.errors import ContestaError
from ivr.line.model import Line
from quality.metrics.agents import AgentNow
from storage.desk import RECENT, DeskBook, Word
from storage.desk_answers import DeskAnswers

LOOK_SECONDS: Final = 0.2
TELL_SECONDS: Final = 2.0
LINES_SECONDS: Final = 20.0
AGAIN: Final = timedelta(seconds=2)
SYSTEM: Final = "Contesta"

log = structlog.get_logger()


class Keeper:
    """One for the process. `current` is what each adviser has before him."""

    def __init__(
        self,
        book: DeskBook,
        typed: DeskAnswers,
        manager: Manager,
        feed: Callable[[], Feed],
        lines: Callable[[], tuple[Line, ...]],
        clock: Callable[[], datetime],
    ) -> None:
        self.current: dict[str, Current] = {}
        self.manager = manager
        self.book = book
        self._typed = typed
        self.lines: Mapping[str, Line] = {}
        self._feed = feed
        self._read_lines = lines
        self._clock = clock
        self._kept: dict[str, Current] = {}
        self._known: set[str] = set()
        self._asked: dict[str, datetime] = {}
        self._news = asyncio.Event()

    def line_of(self, name: str, queue: str) -> Line | None:
        """Give the line of that name, or else the one that has the queue."""
        by_queue = (line for line in self.lines.values() if queue in line.queues)
        return self.lines.get(name) or next(by_queue, None)

    def agent(self, name: str) -> AgentNow | None:
        """Tell what an adviser is doing."""
        return next((one for one in self._feed().engine.agents.now() if one.agent == name), None)

    def connected(self) -> bool:
        """Tell whether the telephone system tells what happens."""
        return self._feed().connected.is_set()

    async def run(self) -> None:
        """Keep it so until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.manager.run(), name="desk: manager")
            tasks.create_task(self._follow_lines(), name="desk: lines")
            tasks.create_task(self._tell(), name="desk: tell the log")
            tasks.create_task(self._look_on(), name="desk: look")

    async def say(self, word: Word) -> None:
        """Keep a word, and let the adviser go if it is about what he has before him."""
        await asyncio.to_thread(self.book.save, word)
        self._kept.pop(word.agent, None)
        current = self.current.get(word.agent)
        if current and current.channel_id == word.channel_id and current.phase in {Phase.WRAP_UP, Phase.LATE}:
            del self.current[word.agent]
        self._news.set()

    def tell_soon(self) -> None:
        """Have queue_log told what was saved."""
        self._news.set()

    async def end_wrap_up(self, agent: str) -> None:
        """End an adviser's time to classify: what he has written stays with him."""
        current = self.current.get(agent)
        if current and current.phase is Phase.WRAP_UP:
            self.current[agent] = replace(current, phase=Phase.LATE, until=None)
            await self._release(agent, current)

    async def _look_on(self) -> None:
        while True:
            try:
                await self._look()
            except (ContestaError, SQLAlchemyError) as error:
                log.warning("the desk cannot look", error=str(error))
                await asyncio.sleep(TELL_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        if not self.lines:
            return
        now, engine = self._clock(), self._feed().engine
        agents = engine.agents.now()
        busy = engaged(engine.going_on())
        for agent in agents:
            name = agent.agent
            if name not in self._known:
                await self._recall(name, now)
            before = self.current.get(name)
            rings = busy.get(name)
            if before and before.phase in {Phase.WRAP_UP, Phase.LATE} and rings and rings.phase is Phase.RINGING:
                self._kept[name] = before
            line = self.line_of(before.line, before.queue) if before else None
            found = after(before, rings, line.wrap_up_seconds if line and line.dispositions else 0, now)
            if found is None and before and before.phase is Phase.RINGING:
                found = self._kept.pop(name, None)
            if found is None:
                self.current.pop(name, None)
            else:
                self.current[name] = found
            if before and found and (before.phase, found.phase) == (Phase.WRAP_UP, Phase.LATE):
                await self._release(name, before)
            await self._hold(agent, now)

    async def _recall(self, name: str, now: datetime) -> None:
        """After a start, find what an adviser had not classified yet."""
        self._known.add(name)
        for last in await asyncio.to_thread(self.book.contacts, name, now - RECENT, 1):
            if last.leg.ended_at is None or last.leg.disposition:
                return
            words = await asyncio.to_thread(self.book.words, last.channel_id, name)
            if any(word.disposition for word in words):
                return
            line = self.line_of(last.line, last.queue)
            limit = line.wrap_up_seconds if line and line.dispositions else 0
            until = last.leg.ended_at + timedelta(seconds=limit)
            wrapping = now < until and not words
            self.current[name] = Current(
                channel_id=last.channel_id,
                call_id=last.call_id,
                queue=last.queue,
                line=last.line,
                number=last.number,
                phase=Phase.WRAP_UP if wrapping else Phase.LATE,
                since=last.leg.ended_at,
                until=until if wrapping else None,
            )
            if limit and not wrapping and not words:
                await self._release(name, self.current[name], at=until)

    async def _hold(self, agent: AgentNow, now: datetime) -> None:
        wanted = pause(self.current.get(agent.agent), agent)
        asked = self._asked.get(agent.agent)
        if wanted is None or (asked and now - asked < AGAIN):
            return
        self._asked[agent.agent] = now
        try:
            await (self.manager.pause(agent.agent, TYPING) if wanted else self.manager.let_go(agent.agent))
        except ContestaError as error:
            log.warning("an adviser's pause could not be set", agent=agent.agent, paused=wanted, error=str(error))

    async def _release(self, name: str, current: Current, at: datetime | None = None) -> None:
        """Write that an adviser's time is over."""
        line = self.line_of(current.line, current.queue)
        word = Word(
            channel_id=current.channel_id,
            queue=current.queue,
            agent=name,
            at=at or self._clock(),
            author=SYSTEM,
            limit_seconds=line.wrap_up_seconds if line else 0,
        )
        await asyncio.to_thread(self.book.save, word)
        self._news.set()

    async def _tell(self) -> None:
        """Tell queue_log each word and each answer once; twice if we die in between, which changes nothing."""
        while True:
            try:
                async with asyncio.timeout(TELL_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            try:
                for number, word in await asyncio.to_thread(self.book.untold):
                    await self.manager.write(word)
                    await asyncio.to_thread(self.book.told, [number], self._clock())
                for number, typed in await asyncio.to_thread(self._typed.untold):
                    await self.manager.write_answer(typed)
                    await asyncio.to_thread(self._typed.told, [number], self._clock())
            except (ContestaError, SQLAlchemyError) as error:
                log.warning("dispositions wait to be told", error=str(error))
                await asyncio.sleep(TELL_SECONDS)

    async def _follow_lines(self) -> None:
        while True:
            try:
                self.lines = {line.name: line for line in await asyncio.to_thread(self._read_lines)}
            except (ContestaError, OSError) as error:
                log.warning("the desk cannot read the lines", error=str(error))
            await asyncio.sleep(LINES_SECONDS)
