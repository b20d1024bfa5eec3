"""The SIP telephone on a real line: who may sign in, what is heard, hold and transfer."""

import asyncio
import contextlib
import random

import pytest

from telephony.phone import Account, Call, CallRefusedError, Phone, State, audio
from tests.people import callers_phone, random_mobile
from tests.running import RunningLine, eventually

CALLER_HERTZ = 440
ADVISER_HERTZ = 660


def tone(hertz: float) -> bytes:
    return audio.tone(hertz, 1.0)


async def until_heard(call: Call, hertz: float) -> None:
    """Wait until the last half second is this tone."""
    async with asyncio.timeout(20):
        while len(call.heard) < 4000 or audio.share_at(call.heard[-4000:], hertz) < 0.8:  # noqa: ASYNC110  # heard, not told
            await asyncio.sleep(0.05)


def test_a_wrong_secret_does_not_sign_in(line: RunningLine) -> None:
    async def run() -> int:
        adviser = line.accounts.scripted[0]
        server = (line.settings.host, line.settings.sip_port)
        async with Phone(Account(user=adviser.account, secret="wrong"), server) as phone:
            with pytest.raises(CallRefusedError) as refusal:
                await phone.register()
            return refusal.value.status

    assert asyncio.run(run()) == 401


def test_both_sides_hear_each_other_hold_plays_music_and_a_transfer_reaches_another_adviser(line: RunningLine) -> None:
    async def run() -> None:
        answered: asyncio.Queue[Call] = asyncio.Queue()

        async def answer(call: Call) -> None:
            call.ring()
            call.answer()
            if call.state is State.TALKING:
                call.play(tone(ADVISER_HERTZ), repeat=True)
                await answered.put(call)

        async with contextlib.AsyncExitStack() as stack:
            for adviser in line.accounts.scripted[:2]:
                account = Account(user=adviser.account, secret=adviser.secret)
                server = (line.settings.host, line.settings.sip_port)
                phone = await stack.enter_async_context(Phone(account, server, on_call=answer))
                await phone.register()
            caller = await stack.enter_async_context(callers_phone(line))
            number = random_mobile(random.Random())
            call = await caller.dial(line.number, from_number=number)
            await call.wait_answered()
            while audio.level_dbfs(call.heard[-1600:]) < -40:  # noqa: ASYNC110  # the welcome is heard, not told
                await asyncio.sleep(0.05)
            await call.digits("1")

            first = await asyncio.wait_for(answered.get(), 30)
            assert first.number.endswith(number)
            call.play(tone(CALLER_HERTZ), repeat=True)
            await until_heard(call, ADVISER_HERTZ)
            await until_heard(first, CALLER_HERTZ)

            await first.hold()
            async with asyncio.timeout(20):
                while audio.share_at(call.heard[-4000:], ADVISER_HERTZ) > 0.3:  # noqa: ASYNC110  # music instead
                    await asyncio.sleep(0.05)
            await first.resume()
            await until_heard(call, ADVISER_HERTZ)

            await first.transfer(line.queue)
            second = await asyncio.wait_for(answered.get(), 30)
            await until_heard(second, CALLER_HERTZ)
            assert first.transfer_status == 200
            await first.wait_ended(60)
            call.hang_up()
            await second.wait_ended(60)
            assert second.ended_here is False

    asyncio.run(run())


def test_a_caller_who_gives_up_before_any_answer_leaves_nothing_behind(line: RunningLine) -> None:
    async def run() -> None:
        async with callers_phone(line) as caller:
            calls = [await caller.dial(line.number, from_number="3001234567") for _ in range(5)]
            for call in calls:
                call.hang_up()
            for call in calls:
                await call.wait_ended(60)

    asyncio.run(run())
    eventually(lambda: "0 active channels" in line.asterisk.console("core show channels count"))
