"""The callback mailbox over a real call: digits keyed, speech recorded, and the call that is promised by it."""

import asyncio
import random
from pathlib import Path

import soundfile as sf

from agi_scripts.call import utc_now
from callback_queue.mailbox_request import MailboxRequest
from callback_queue.mailbox_spool import Spool
from callback_queue.request import Source
from ivr.speech import TONE
from storage.callbacks import Callbacks
from storage.database import connect
from telephony.phone.audio import encoded, share_at, tone
from tests.attention import Attention
from tests.people import callers_phone, random_mobile
from tests.running import RunningLine, eventually

SPEECH_HERTZ = 440
SPEECH_SECONDS = 2.2
LIMIT_SECONDS = 120
BYTES_A_SECOND = 16_000
DOCUMENT = "1029384756"
BETWEEN_DIGITS_MS = 300


def left_by(number: str, spool: Spool) -> MailboxRequest:
    (request,) = (request for request in spool.requests() if request.caller.number == f"+57{number}")
    return request


def spoken_seconds(recording: Path) -> float:
    return recording.stat().st_size / BYTES_A_SECOND if recording.exists() else 0.0


async def leave_a_request(line: RunningLine, spool: Spool, number: str) -> MailboxRequest:
    async with callers_phone(line) as phone:
        call = await phone.dial(line.number, from_number=number)
        await call.wait_answered()
        attention = Attention(call, line.prompts)
        for asked, answer in (
            ("bienvenida", "3"),
            ("buzon_document", f"{DOCUMENT}#"),
            ("buzon_marco", "1"),
            ("buzon_llama_desde", "1"),
            ("buzon_subject", "2"),
        ):
            await attention.hears(asked)
            await call.digits(answer, off_ms=BETWEEN_DIGITS_MS)
        await attention.hears("buzon_description")
        await attention.hears(TONE)
        call.play(tone(SPEECH_HERTZ, 1.0), repeat=True)
        first = line.settings.messages_dir / left_by(number, spool).speech["description"].file
        await until_recorded(first)
        await call.digits("#")
        await attention.hears("buzon_grabado")
        await call.digits("2")  # again, and falls silent: this telephone then sends nothing at all
        await attention.hears(TONE)
        await until_recorded(first.with_name(first.name.replace("-1.wav", "-2.wav")))
        call.mute()
        async with asyncio.timeout(LIMIT_SECONDS - 20):  # nobody waits for it
            await attention.hears("buzon_grabado")
        await call.digits("1")
        await attention.hears("buzon_listo")
        call.hang_up()
    return left_by(number, spool)


async def until_recorded(recording: Path) -> None:
    await asyncio.to_thread(eventually, lambda: spoken_seconds(recording) > SPEECH_SECONDS, what="speech recorded")


def test_request_is_left_by_keys_and_voice(line: RunningLine) -> None:
    number = random_mobile(random.Random())
    spool = Spool(line.settings.data_dir / "buzon", now=utc_now)
    before = line.settings.queue_log.read_text(encoding="utf-8")
    request = asyncio.run(leave_a_request(line, spool, number))
    store = Callbacks(connect(line.settings.ledger_url))
    eventually(lambda: store.filed(request.number, request.code) is not None, what="the promised call")
    promised = store.filed(request.number, request.code)
    assert promised
    assert (promised.person.document, promised.subject) == (DOCUMENT, "solicitud")
    assert (promised.complete, promised.telephone) == (True, f"+57{number}")
    assert (promised.source, promised.came_from) == (Source.MAILBOX, (request.caller.call_id,))

    (speech,) = promised.recordings
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
