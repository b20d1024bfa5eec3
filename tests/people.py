"""Callers and advisers of the tests: real telephones that speak SIP and RTP to a running line."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from telephony.phone import Account, Call, Phone, State
from telephony.phone.audio import tone
from tests.attention import Attention
from tests.running import RunningLine

ADVISER_HERTZ = 1000
MOBILE_PREFIXES = (*range(300, 306), *range(310, 325))


def random_mobile(chance: random.Random) -> str:
    """A Colombian mobile number, with a prefix that is in use: another is not known to be a telephone's."""
    return f"{chance.choice(MOBILE_PREFIXES)}{chance.randint(1_000_000, 9_999_999)}"


@contextlib.asynccontextmanager
async def advisers_at_work(
    line: RunningLine, talk_seconds: float, count: int = 3, on_call: Callable[[Call], Awaitable[None]] | None = None
) -> AsyncIterator[list[Phone]]:
    """Sign in the scripted advisers; each answers, says a tone and hangs up after `talk_seconds`."""

    async def answer(call: Call) -> None:
        call.answer()
        call.play(tone(ADVISER_HERTZ, 1.0), repeat=True)
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(talk_seconds)
        call.hang_up()

    server = (line.settings.host, line.settings.sip_port)
    async with contextlib.AsyncExitStack() as stack:
        phones = []
        for adviser in line.accounts.scripted[:count]:
            account = Account(user=adviser.account, secret=adviser.secret, name=adviser.name)
            phone = await stack.enter_async_context(Phone(account, server, on_call=on_call or answer))
            await phone.register()
            phones.append(phone)
        yield phones


@contextlib.asynccontextmanager
async def callers_phone(line: RunningLine) -> AsyncIterator[Phone]:
    """A telephone on the public side; it can make any number of calls."""
    server = (line.settings.host, line.settings.sip_port)
    async with Phone(Account(user="trunk", secret="", name=""), server) as phone:
        yield phone


@dataclass
class Fate:
    """What became of a caller: whether the queue was reached, and what was heard until then (mu-law, 8 kHz)."""

    number: str
    reached_queue: bool
    heard: bytes


def entered_queue(line: RunningLine) -> set[str]:
    """Numbers that queue_log says have entered the queue."""
    if not line.settings.queue_log.exists():
        return set()
    fields = (row.split("|") for row in line.settings.queue_log.read_text().splitlines())
    return {row[6].removeprefix("+57") for row in fields if len(row) > 6 and row[4] == "ENTERQUEUE"}


async def choose_an_adviser(line: RunningLine, call: Call) -> None:
    """Press 1 once the line speaks."""
    await call.wait_answered()
    await Attention(call, line.prompts).hears("bienvenida")
    await call.digits("1")


async def call_until_queued(
    line: RunningLine, phone: Phone, number: str, *, press_after: float | None = None, patience: float = 90
) -> Fate:
    """Call, press 1 once the line speaks or, deaf to it, after some seconds, and hang up once in the queue."""
    call = await phone.dial(line.number, from_number=number)
    if press_after is None:
        await choose_an_adviser(line, call)
    else:
        await call.wait_answered()
        await asyncio.sleep(press_after)
        await call.digits("1")
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        reached = number in await asyncio.to_thread(entered_queue, line)
        if reached or call.state is State.ENDED or asyncio.get_running_loop().time() > deadline:
            call.hang_up()
            return Fate(number=number, reached_queue=reached, heard=call.heard)
        await asyncio.sleep(0.25)
