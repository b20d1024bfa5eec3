"""A real telephone on a real line: what its adviser did is in the ledger as it was."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from contesta.stats_ledger import add_ledger
from quality.metrics.agents import Member, Telephone
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.figures import AgentTally
from storage.database import connect
from storage.presence import PresenceBook
from storage.told import NO_END
from telephony.phone import Account, Call, Phone
from tests.people import callers_phone, choose_an_adviser, random_mobile
from tests.running import RunningLine

PATIENCE_SECONDS = 60
VISITOR = "Prueba de paso"


@dataclass
class Adviser:
    """The last of the line's scripted advisers, who works for other tests too."""

    line: RunningLine

    def __post_init__(self) -> None:
        self.account = self.line.accounts.scripted[-1]
        self.interface = f"PJSIP/{self.account.account}"
        self.book = PresenceBook(connect(self.line.settings.ledger_url))

    def told(self, agent: str = "") -> list[Member]:
        watch = self.book.at(NO_END)
        name = agent or self.account.name
        return [one for one in watch.members if one.agent == name] if watch else []

    async def becomes(self, holds: Callable[[Member], bool], agent: str = "") -> datetime:
        """Wait until the ledger's last word of him is so, and return the time now."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                told = await asyncio.to_thread(self.told, agent)
                if told and holds(told[-1]):
                    return datetime.now(UTC)
                await asyncio.sleep(0.1)

    async def console(self, command: str) -> None:
        await asyncio.to_thread(self.line.asterisk.console, command)

    def tally(self) -> AgentTally:
        zone = ZoneInfo(self.line.settings.timezone)
        today = datetime.now(zone).date()
        figures = Aggregate(zone, period=Period(first=today, last=today))
        add_ledger(figures, self.line.settings.ledger_url, datetime.now(UTC))
        return figures.by_agent.get(self.account.name, AgentTally())


def pauses_in_log(adviser: Adviser) -> list[int]:
    """Seconds at which the log has the adviser pause and return."""
    fields = [row.split("|") for row in adviser.line.settings.queue_log.read_text(encoding="utf-8").splitlines()]
    return [int(row[0]) for row in fields if row[3] == adviser.account.name and row[4] in {"PAUSE", "UNPAUSE"}]


async def one_call(adviser: Adviser, phone: Phone) -> datetime:
    """Call, talk to the adviser, hang up once he did, and return when he is free again."""
    call = await phone.dial(adviser.line.number, from_number=random_mobile(random.Random()))
    await choose_an_adviser(adviser.line, call)
    await adviser.becomes(lambda one: one.telephone is Telephone.BUSY)
    free_again = await adviser.becomes(lambda one: one.telephone is Telephone.FREE)
    call.hang_up()
    return free_again


def test_what_an_adviser_did_is_in_the_ledger(line: RunningLine) -> None:
    adviser, queue = Adviser(line), line.queue
    before = adviser.tally()

    async def answer(call: Call) -> None:
        call.answer()
        await asyncio.sleep(2)
        call.hang_up()

    async def scene() -> tuple[int, float, float]:
        await adviser.becomes(lambda one: one.telephone is Telephone.ABSENT)
        earlier = len(adviser.told())
        account = Account(user=adviser.account.account, secret=adviser.account.secret, name=adviser.account.name)
        coming = datetime.now(UTC)
        async with Phone(account, (line.settings.host, line.settings.sip_port), on_call=answer) as phone:
            await phone.register()
            came = await adviser.becomes(lambda one: one.telephone is Telephone.FREE)
            await adviser.console(f"queue pause member {adviser.interface} queue {queue} reason almuerzo")
            await adviser.becomes(lambda one: one.paused and one.reason == "almuerzo")
            await asyncio.sleep(2)
            await adviser.console(f"queue unpause member {adviser.interface} queue {queue}")
            await adviser.becomes(lambda one: not one.paused)
            async with callers_phone(line) as caller:
                going = await one_call(adviser, caller)
        gone = await adviser.becomes(lambda one: one.telephone is Telephone.ABSENT)
        return earlier, (going - came).total_seconds() * 1000, (gone - coming).total_seconds() * 1000

    earlier, at_least_ms, at_most_ms = asyncio.run(scene())
    told = adviser.told()[earlier:]
    changes = [(one.telephone, one.paused) for one in told]
    free, busy = (Telephone.FREE, False), (Telephone.BUSY, False)
    assert changes[-1] == (Telephone.ABSENT, False)
    assert changes.index(free) < changes.index((Telephone.FREE, True)) < changes.index(busy)
    assert [one.at for one in told] == sorted(one.at for one in told)
    tally = adviser.tally()
    logged_in_ms, paused_ms = tally.logged_in_ms - before.logged_in_ms, tally.paused_ms - before.paused_ms
    assert at_least_ms <= logged_in_ms <= at_most_ms
    paused_at, returned_at = pauses_in_log(adviser)[-2:]
    assert abs(paused_ms - 1000 * (returned_at - paused_at)) <= 1000, "the log has whole seconds"
    assert tally.answered == before.answered + 1
    assert tally.occupancy.numerator - before.occupancy.numerator == tally.talk_ms - before.talk_ms
    assert tally.occupancy.denominator == tally.logged_in_ms - tally.paused_ms


def test_who_joins_a_queue_and_leaves_it(line: RunningLine) -> None:
    adviser, queue = Adviser(line), line.queue

    async def scene() -> None:
        await adviser.console(f'queue add member Local/nadie@ninguno to {queue} penalty 9 as "{VISITOR}"')
        await adviser.becomes(lambda one: one.telephone is not None, VISITOR)
        await adviser.console(f"queue remove member Local/nadie@ninguno from {queue}")
        await adviser.becomes(lambda one: one.telephone is None, VISITOR)

    asyncio.run(scene())
