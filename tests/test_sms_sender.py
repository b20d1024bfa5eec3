"""Text messages over a real SMPP connection, and an outbox from which nothing is sent twice."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from typer.testing import CliRunner

from callback_queue.sms.gateway import Answer, Delivery, Fate, Receipt, Segment
from callback_queue.sms.message import Message
from contesta import cli
from contesta.sms_sender import Pace, Sender
from core.errors import NotAvailableError
from core.sms import Encoding
from ivr.line.messages import Kind
from storage.database import connect
from storage.sms import Billed, SmsOutbox
from telephony.smpp import read
from tests.running import eventually
from tests.smpp_gateway import FakeOperator

NOW = datetime(2026, 6, 2, 17, tzinfo=UTC)
QUICK = Pace(per_second=500, idle_seconds=0.05, first_pause_seconds=0.05, longest_pause_seconds=0.2)


def message(text: str, number: int = 1, **other: object) -> Message:
    usual: dict[str, object] = {
        "key": f"key:{number}",
        "line": "anm",
        "purpose": Kind.SURVEY_INVITATION,
        "number": f"+573{number:09}",
        "sender": "890123",
        "not_before": NOW,
        "expires_at": NOW + timedelta(hours=1),
    }
    return Message(text=text, **(usual | other))  # type: ignore[arg-type]  # each has the type of its field


@asynccontextmanager
async def sending(outbox: SmsOutbox, operator: FakeOperator, pace: Pace = QUICK) -> AsyncIterator[None]:
    """A sender at work; its clock stands at NOW."""
    sender = Sender(outbox, operator.gateway(), now=lambda: NOW, lines_open=lambda _now: ("anm",), pace=pace)
    task = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        sender.stop()
        await task


async def until_settled(outbox: SmsOutbox) -> dict[str, int]:
    """Wait until no message waits or is being sent; give the count of each state."""
    for _ in range(600):
        states = await asyncio.to_thread(outbox.states)
        if not states.keys() & {"waiting", "sending"}:
            return states
        await asyncio.sleep(0.05)
    pytest.fail(f"messages were not settled: {states}")


def test_messages_are_sent_once_and_receipts_are_kept_whenever_they_come(
    sqlite_engine: Engine, operator: FakeOperator
) -> None:
    outbox = SmsOutbox(sqlite_engine)
    long = "Mañana es día festivo y no atendemos. " * 4
    texts = ["plain", "early #early", "late #late", "no #refuse", "throttled #busy", long]
    outbox.add((message(text, number) for number, text in enumerate(texts)), NOW)

    async def scenario() -> None:
        async with sending(outbox, operator):
            assert await until_settled(outbox) == {"sent": 5, "refused": 1}

    asyncio.run(scenario())
    counts = {text: operator.texts().count(text) for text in texts[:5]}
    assert counts == {"plain": 1, "early #early": 1, "late #late": 1, "no #refuse": 1, "throttled #busy": 3}
    parts = [each for each in operator.told if each.get("header")]
    assert [each["text"] for each in parts] == [long[:67], long[67:134], long[134:]]
    assert {each["coding"] for each in parts} == {8}
    assert [each["header"][-4:] for each in parts] == ["0301", "0302", "0303"]
    assert {each["to"] for each in operator.told if each.get("text") == "plain"} == {"573000000000"}
    (billed,) = outbox.bill(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert billed == Billed(line="anm", purpose="survey_invitation", messages=5, segments=7, uncertain=0, delivered=1)


def test_broken_connection_leaves_a_segment_uncertain_and_the_rest_goes_on(
    sqlite_engine: Engine, operator: FakeOperator
) -> None:
    outbox = SmsOutbox(sqlite_engine)
    outbox.add([message("one #drop", 1), message("two", 2), message("three", 3)], NOW)

    async def scenario() -> None:
        async with sending(
            outbox, operator, Pace(per_second=500, window=1, idle_seconds=0.05, first_pause_seconds=0.05)
        ):
            assert await until_settled(outbox) == {"uncertain": 1, "sent": 2}

    asyncio.run(scenario())
    assert operator.texts() == ["one #drop", "two", "three"]
    assert [each["command"] for each in operator.told].count("bind") == 2, "it connected again"


def test_gateway_that_is_away_is_asked_again_until_it_is_there(sqlite_engine: Engine, operator: FakeOperator) -> None:
    outbox = SmsOutbox(sqlite_engine)
    outbox.add([message("one")], NOW)
    operator.kill()

    async def scenario() -> None:
        async with sending(outbox, operator):
            await asyncio.sleep(0.3)
            assert await asyncio.to_thread(outbox.states) == {"waiting": 1}
            await asyncio.to_thread(operator.start)
            assert await until_settled(outbox) == {"sent": 1}

    asyncio.run(scenario())


def test_gateway_that_does_not_know_us_says_so(operator: FakeOperator) -> None:
    with pytest.raises(NotAvailableError, match="no recibe"):
        asyncio.run(operator.gateway(password="otra").connect())


def test_reply_that_asks_to_stop_ends_what_still_waits(sqlite_engine: Engine, operator: FakeOperator) -> None:
    outbox = SmsOutbox(sqlite_engine)

    async def scenario() -> None:
        async with sending(outbox, operator):
            await asyncio.to_thread(eventually, lambda: operator.told[-1]["command"] == "bind")
            await asyncio.to_thread(operator.reply, "573000000001", "Bája, por favor")
            await asyncio.to_thread(operator.reply, "573000000002", "gracias")
            await asyncio.to_thread(eventually, outbox.opted_out)
            late = NOW + timedelta(minutes=5)
            outbox.add([message("no more", 1), message("still", 2, not_before=late)], NOW)

    asyncio.run(scenario())
    assert outbox.opted_out() == {"+573000000001"}
    assert outbox.states() == {"waiting": 1}, "the message to whoever stopped was not even kept"
    outbox.opt_out("+573000000002", "ana.ruiz", NOW)
    outbox.expire(NOW)
    assert outbox.states() == {"opted_out": 1}


KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from contesta.sms_sender import Pace, Sender
from storage.database import connect
from storage.sms import SmsOutbox
from telephony.smpp import SmppGateway

now = lambda: datetime(2026, 6, 2, 17, tzinfo=UTC)
gateway = SmppGateway(
    host="127.0.0.1", port=int(sys.argv[2]), system_id="contesta", password="secreta", now=now, window=4
)
outbox = SmsOutbox(connect(sys.argv[1]))
pace = Pace(per_second=500, window=4, idle_seconds=0.05)
asyncio.run(Sender(outbox, gateway, now=now, lines_open=lambda _now: ("anm",), pace=pace).run())
"""


def test_killed_sender_leaves_what_it_was_offering_uncertain_and_sends_nothing_twice(
    sqlite_engine: Engine, operator: FakeOperator
) -> None:
    outbox = SmsOutbox(sqlite_engine)
    held = [message(f"n{number} #hold", number) for number in range(4)]
    outbox.add([*held, *(message(f"n{number}", number) for number in range(4, 9))], NOW)
    url = str(sqlite_engine.url)
    sender = subprocess.Popen([sys.executable, "-c", KILLED, url, str(operator.port)], cwd=Path(__file__).parents[1])
    eventually(lambda: len(operator.texts()) == 4, what="four segments offered, none answered")
    os.kill(sender.pid, signal.SIGKILL)
    sender.wait()
    assert outbox.states() == {"sending": 4, "waiting": 5}

    async def scenario() -> None:
        async with sending(outbox, operator):
            assert await until_settled(outbox) == {"uncertain": 4, "sent": 5}

    asyncio.run(scenario())
    assert sorted(operator.texts()) == sorted(
        [*(each.text for each in held), *(f"n{number}" for number in range(4, 9))]
    )
    (billed,) = outbox.bill(NOW, NOW + timedelta(days=1))
    assert (billed.segments, billed.uncertain) == (9, 4)


def test_outbox_keeps_order_hours_and_keys(engine: Engine) -> None:
    outbox = SmsOutbox(engine)
    two = "á" * 100
    later = message("later", 2, not_before=NOW + timedelta(minutes=1))
    assert outbox.add([message(two, 1), later, message("again", 1)], NOW) == 2, "one key, one message"
    assert outbox.next(NOW, ()) is None, "no line is within its hours"
    first = outbox.next(NOW, ("anm",))
    assert first is not None
    assert (first.segment.position, first.segment.total, first.segment.text) == (1, 2, two[:67])
    assert outbox.next(NOW, ("anm",)) is None, "its second segment waits for the answer, the other for its time"
    outbox.answered(first, Answer(fate=Fate.ACCEPTED, gateway_id="a"), NOW)
    second = outbox.next(NOW, ("anm",))
    assert second is not None
    assert (second.segment.position, second.segment.reference) == (2, first.segment.reference)
    outbox.answered(second, Answer(fate=Fate.BUSY, status=0x58), NOW)
    again = outbox.next(NOW, ("anm",))
    assert again == second, "what the gateway did not take is offered again, and only that"
    outbox.answered(second, Answer(fate=Fate.ACCEPTED, gateway_id="b"), NOW)
    assert outbox.had_since(["+573000000001", "+573000000009"], "survey_invitation", NOW) == {"+573000000001"}
    for gateway_id in ("b", "a", "a", "other"):
        outbox.told(Receipt(gateway_id=gateway_id, delivery=Delivery.DELIVERED, detail="DELIVRD", at=NOW))
    (billed,) = outbox.bill(NOW, NOW + timedelta(days=1))
    assert (billed.messages, billed.segments, billed.delivered) == (1, 2, 2)
    outbox.expire(NOW + timedelta(hours=2))
    assert outbox.states() == {"sent": 1, "expired": 1}
    assert outbox.bill(NOW + timedelta(days=1), NOW + timedelta(days=2)) == ()


def test_bill_of_a_month_is_told_on_the_command_line(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outbox = SmsOutbox(sqlite_engine)
    outbox.add([message("á" * 100)], NOW)
    for gateway_id in "ab":
        ready = outbox.next(NOW, ("anm",))
        assert ready is not None
        outbox.answered(ready, Answer(fate=Fate.ACCEPTED, gateway_id=gateway_id), NOW)
    monkeypatch.setenv("CONTESTA_DATABASE_URL", str(sqlite_engine.url))
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    shown = CliRunner().invoke(cli.app, ["sms", "bill", "--month", "2026-06"]).output
    assert "Invitación" in shown
    told = CliRunner().invoke(cli.app, ["sms", "bill", "--month", "2026-06", "--json"]).output
    assert '"segments": 2' in told
    assert "no se envió ningún SMS" in CliRunner().invoke(cli.app, ["sms", "bill", "--month", "2026-05"]).output
    CliRunner().invoke(cli.app, ["sms", "opt-out", "300 123 4567"])
    assert SmsOutbox(connect(str(sqlite_engine.url))).opted_out() == {"+573001234567"}


class Delivered:
    """What the library gives for a deliver_sm."""

    def __init__(self, message: bytes, esm_class: int, coding: int, source: str) -> None:
        self.short_message, self.esm_class, self.data_coding, self.source_addr = message, esm_class, coding, source
        self.source_addr_ton = 1
        self.tlvs: list[object] = []


@given(st.binary(max_size=255), st.integers(0, 255), st.integers(0, 255), st.text(max_size=21))
def test_whatever_a_gateway_delivers_is_read_or_passed_over(octets: bytes, esm: int, coding: int, source: str) -> None:
    read(Delivered(octets, esm, coding, source), NOW)  # type: ignore[arg-type]  # of the library's class there is no maker


def test_window_is_kept(operator: FakeOperator) -> None:
    async def scenario() -> None:
        session = await operator.gateway(window=2).connect()
        offers = [
            asyncio.ensure_future(
                session.send(Segment(number="+573001234567", sender="ANM", text=f"{n} #hold", encoding=Encoding.GSM7))
            )
            for n in range(5)
        ]
        await asyncio.to_thread(eventually, lambda: len(operator.texts()) == 2)
        await asyncio.sleep(0.2)
        assert len(operator.texts()) == 2
        operator.kill()
        assert {(await offer).fate for offer in offers} == {Fate.UNKNOWN}
        await session.close()

    asyncio.run(scenario())
    assert {each["from_ton"] for each in operator.told if each["command"] == "submit_sm"} == {5}, "a name, not a number"
