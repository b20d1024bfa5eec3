"""The offer of a callback over real calls: before the queue when the wait is long, and by key while waiting."""

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import ivr
from agi_scripts.call import utc_now
from callback_queue.mailbox_request import MailboxRequest
from callback_queue.mailbox_spool import Spool
from core.events import CallbackOffered, OfferResult
from ivr.waits import NAME, WaitsFile
from quality.metrics.history import CallHistory, Outcome, Reason
from telephony.phone import Call, Phone
from tests.attention import Attention
from tests.people import advisers_at_work, callers_phone, random_mobile
from tests.running import RunningLine, eventually, start_line

PATIENCE_SECONDS = 60
TALK_SECONDS = 900
LANGUAGES = """
languages:
  prompt: idioma
  choices:
    es: {title: Español, key: 1, voice: es-ES}
    guc: {title: Wayuunaiki, key: 2, voice: none}
"""


@pytest.fixture
def offering(tmp_path: Path) -> Iterator[RunningLine]:
    """A line with long conversations behind it, whose queue offers a callback."""
    folder = Path(tempfile.mkdtemp(prefix="contesta-", dir="/tmp"))
    (folder / "lineas-propias").mkdir()
    source = (Path(ivr.__file__).parent / "lines" / "ciudadanos.yaml").read_text(encoding="utf-8")
    source = source.replace("recording: always", f"{LANGUAGES}\nrecording: always").replace(
        '    extension: "801"\n',
        '    extension: "801"\n    offer: {mailbox: devolucion, after_seconds: 60, again_seconds: 45, key: 1}\n',
    )
    (folder / "lineas-propias" / "linea.yaml").write_text(source, encoding="utf-8")
    log = folder / "var" / "asterisk" / "log" / "queue_log"
    log.parent.mkdir(parents=True)
    log.write_text("".join(conversations(int(time.time()) - 60)), encoding="utf-8")
    try:
        with start_line(tmp_path, data_dir=folder / "var", lines_dir=str(folder / "lineas-propias")) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def conversations(ended: int) -> Iterator[str]:
    """What queue_log has of conversations that ended before."""
    for number in range(10):
        end = ended - 10 + number
        call, begin = f"{end - TALK_SECONDS - 5}.9{number}", end - TALK_SECONDS
        yield f"{begin - 5}|{call}|NONE|NONE|LLAMADA|{call}|ciudadanos|+57300555000{number}\n"
        yield f"{begin - 4}|{call}|atencion|NONE|ENTERQUEUE||+57300555000{number}|1\n"
        yield f"{begin}|{call}|atencion|Ana Ruiz|CONNECT|4|{call}1|2\n"
        yield f"{end}|{call}|atencion|Ana Ruiz|COMPLETECALLER|4|{TALK_SECONDS}|1\n"
        yield f"{end}|{call}|NONE|NONE|FIN|caller|16\n"


async def call_in_wayuunaiki(line: RunningLine, phone: Phone, number: str) -> tuple[Call, Attention]:
    """Call, choose the second language and the adviser."""
    call = await phone.dial(line.number, from_number=number)
    await call.wait_answered()
    attention = Attention(call, line.prompts)
    await attention.hears("idioma")
    await call.digits("2")
    await attention.hears("menu_principal")
    await call.digits("1")
    return call, attention


def log_has(line: RunningLine, number: str, event: str) -> list[list[str]]:
    rows = [row.split("|") for row in line.settings.queue_log.read_text(encoding="utf-8").splitlines()]
    calls = {row[1] for row in rows if row[4] == "LLAMADA" and row[7] == f"+57{number}"}
    return [row for row in rows if row[1] in calls and row[4] == event]


async def until(line: RunningLine, number: str, event: str) -> list[str]:
    found = await asyncio.to_thread(eventually, lambda: log_has(line, number, event), PATIENCE_SECONDS, event)
    return found[-1]


def notices_come_soon(line: RunningLine) -> None:
    """Let the line say its notice each 4 s: nobody may write so little in its file."""
    queues = line.settings.asterisk_dir / "etc" / "queues.conf"
    text = queues.read_text(encoding="utf-8")
    assert "periodic-announce-frequency = 45\n" in text
    queues.write_text(text.replace("frequency = 45\n", "frequency = 4\n"), encoding="utf-8")
    line.asterisk.console("queue reload all")


async def scene(line: RunningLine, talks: str, takes: str, waits: str) -> tuple[MailboxRequest, MailboxRequest]:
    known = WaitsFile(line.settings.data_dir / NAME, utc_now)
    async with advisers_at_work(line, TALK_SECONDS, count=1), callers_phone(line) as phone:
        await asyncio.to_thread(
            eventually, lambda: (wait := known.of(line.queue)) and wait.most_seconds == 0, PATIENCE_SECONDS, "free"
        )
        first, _ = await call_in_wayuunaiki(line, phone, talks)
        await until(line, talks, "CONNECT")
        assert not log_has(line, talks, "OFERTA"), "somebody was free"
        await asyncio.to_thread(
            eventually, lambda: (wait := known.of(line.queue)) and wait.most_seconds > 60, PATIENCE_SECONDS, "a wait"
        )

        second, attention = await call_in_wayuunaiki(line, phone, takes)
        await attention.hears("oferta_espera")
        await attention.hears("oferta_devolucion")
        await second.digits("1")
        await attention.hears("buzon_document")
        before = request_of(line, takes)
        second.hang_up()
        await until(line, takes, "FIN")

        third, attention = await call_in_wayuunaiki(line, phone, waits)
        await attention.hears("oferta_devolucion")
        await third.digits("2")
        await until(line, waits, "ENTERQUEUE")
        await attention.hears("oferta_devolucion_tecla")  # some seconds of waiting, which must count
        await third.digits("1")
        await attention.hears("buzon_document")
        meanwhile = request_of(line, waits)
        third.hang_up()
        await until(line, waits, "FIN")
        first.hang_up()
    return before, meanwhile


def request_of(line: RunningLine, number: str) -> MailboxRequest:
    spool = Spool(line.settings.data_dir / "buzon", now=utc_now)
    (request,) = (request for request in spool.requests() if request.caller.number == f"+57{number}")
    return request


def history_of(line: RunningLine, number: str) -> CallHistory:
    (call_id,) = {row[1] for row in log_has(line, number, "LLAMADA")}
    ledger = line.ledger()

    def over() -> CallHistory | None:
        history = ledger.call(call_id)
        return history if history and history.ended_at else None

    found = eventually(over, PATIENCE_SECONDS, "the call in the ledger")
    assert found
    return found


def offers(history: CallHistory) -> list[OfferResult]:
    return [event.result for event in history.events if isinstance(event, CallbackOffered)]


def test_a_callback_is_offered_before_the_queue_and_taken_by_key_while_waiting(offering: RunningLine) -> None:
    chance = random.Random()
    talks, takes, waits = (random_mobile(chance) for _ in range(3))
    notices_come_soon(offering)
    taken, left = asyncio.run(scene(offering, talks, takes, waits))

    before = history_of(offering, takes)
    assert before.visits == ()
    assert offers(before) == [OfferResult.MADE, OfferResult.ACCEPTED]
    assert taken.caller.place
    assert (taken.caller.place.queue, taken.caller.language) == (offering.queue, "guc")

    waited = history_of(offering, waits)
    (visit,) = waited.visits
    assert (visit.result, visit.reason, visit.key) == (Outcome.OVERFLOW, Reason.KEY, "1")
    assert offers(waited) == [OfferResult.MADE, OfferResult.DECLINED, OfferResult.ACCEPTED]
    assert left.caller.place
    assert (left.caller.place.queue, left.caller.language) == (offering.queue, "guc")
    assert abs((left.caller.place.since - visit.entered_at).total_seconds()) < 2
    assert (left.begun_at - left.caller.place.since).total_seconds() >= 2
