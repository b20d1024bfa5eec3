"""The callback mailbox over a real call: digits keyed, speech recorded, what was confirmed on the disk."""

import asyncio
import random
from collections.abc import Callable

import soundfile as sf

from agi_scripts.call import utc_now
from callback_queue.mailbox_request import MailboxRequest
from callback_queue.mailbox_spool import Spool
from telephony.phone import Call, State
from telephony.phone.audio import encoded, share_at, tone
from tests.people import callers_phone, random_mobile
from tests.running import RunningLine, eventually

SPEECH_HERTZ = 440
DOCUMENT = "1029384756"
BETWEEN_KEYS_SECONDS = 1.5
PATIENCE_SECONDS = 40

Known = Callable[[MailboxRequest], bool]


class Listener:
    """A caller who knows what the line has understood of them so far, as whoever listens to it does."""

    def __init__(self, call: Call, spool: Spool, number: str) -> None:
        self._call, self._spool, self._number = call, spool, number

    @property
    def request(self) -> MailboxRequest | None:
        mine = (request for request in self._spool.requests() if request.caller.number == f"+57{self._number}")
        return next(mine, None)

    async def press(self, keys: str, until: Known) -> None:
        """Press keys, again if nothing came of it."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not await self._is(until, BETWEEN_KEYS_SECONDS):
            assert asyncio.get_running_loop().time() < deadline, self.request
            assert self._call.state is State.TALKING
            await self._call.digits(keys)

    async def wait(self, until: Known) -> None:
        assert await self._is(until, PATIENCE_SECONDS), self.request

    async def _is(self, known: Known, seconds: float) -> bool:
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            if (request := self.request) and known(request):
                return True
            await asyncio.sleep(0.05)
        return False


async def leave_a_request(line: RunningLine, spool: Spool, number: str) -> MailboxRequest:
    async with callers_phone(line) as phone:
        call = await phone.dial(line.number, from_number=number)
        await call.wait_answered()
        caller = Listener(call, spool, number)
        await caller.press("3", lambda _: True)
        await call.digits(f"{DOCUMENT}#")
        await caller.press("1", lambda left: "document" in left.fields)
        await caller.press("1", lambda left: "phone" in left.fields)
        await caller.press("2", lambda left: "subject" in left.fields)
        await caller.wait(lambda left: "description" in left.speech)
        call.play(tone(SPEECH_HERTZ, 1.0), repeat=True)
        await asyncio.sleep(3)
        await caller.press("#", lambda left: bool(left.speech["description"].seconds))
        call.play(b"")
        await caller.press("1", lambda left: left.finished)
        request = caller.request
        call.hang_up()
    assert request
    return request


def test_request_is_left_by_keys_and_voice(line: RunningLine) -> None:
    number = random_mobile(random.Random())
    spool = Spool(line.settings.data_dir / "buzon", now=utc_now)
    before = line.settings.queue_log.read_text(encoding="utf-8")
    request = asyncio.run(leave_a_request(line, spool, number))
    assert request.fields == {"document": DOCUMENT, "phone": f"+57{number}", "subject": "solicitud"}
    assert (request.complete, request.telephone) == (True, f"+57{number}")

    speech = request.speech["description"]
    audio, rate_hz = sf.read(line.settings.messages_dir / speech.file, dtype="int16")
    assert rate_hz == 8000
    assert abs(len(audio) / rate_hz - (speech.seconds or 0)) < 0.1
    spoken = encoded(audio[rate_hz : 2 * rate_hz])
    assert share_at(spoken, SPEECH_HERTZ) > 0.9

    eventually(lambda: line.settings.queue_log.read_text().count("|FIN|") > before.count("|FIN|"), what="the end")
    written = line.settings.queue_log.read_text(encoding="utf-8").removeprefix(before)
    assert f"|BUZON|{request.number}|begun\n" in written
    assert f"|BUZON|{request.number}|finished\n" in written
    logs = [path.read_text(encoding="utf-8") for path in line.settings.log_dir.glob("*.log")]
    assert not any(DOCUMENT in text for text in (written, *logs))
