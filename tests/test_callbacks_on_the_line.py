"""Promised calls over a real telephone system: who hung up is called back, and what becomes of each kind of attempt."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from callback_queue.policy import rules_of
from callback_queue.request import Asked, CallbackRequest, Place, Reason, Result, Source, State
from callback_queue.states import Cancelled
from contesta.lines import SHIPPED, current
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.database import connect
from telephony.phone import Account, Call, Phone
from tests.attention import Attention
from tests.people import advisers_at_work, callers_phone, choose_an_adviser, entered_queue, random_mobile
from tests.running import RunningLine, eventually, start_line

POLICY = """
callbacks:
  abandoned_after_seconds: 0
  abandoned_delay_seconds: 0
  ring_seconds: 10
  confirm_seconds: 5
  attempts: 1
  legal_hours:
    hours: {monday-sunday: 00:00-24:00}
    public_holidays: open
  caps: {per_number_day: 9}
"""
TALK_SECONDS = 2
WAITED_SECONDS = 2.5
PATIENCE_SECONDS = 150
RING_STATUS = {"busy": 486, "refused": 603, "nobody": 404, "down": 503}


class Citizens:
    """Many telephones behind one address: what each does when it rings, by number; and how often each rang."""

    def __init__(self) -> None:
        self.does: dict[str, str] = {}
        self.rings: Counter[str] = Counter()
        self.prompts: Path | None = None

    async def take(self, call: Call) -> None:
        self.rings[call.called] += 1
        does = self.does.get(call.called, "stranger")
        if does in RING_STATUS:
            call.refuse(RING_STATUS[does], "No")
            return
        call.ring()
        if does == "silent":
            await call.wait_ended()
            return
        call.answer()
        assert self.prompts
        if does == "talks":
            await Attention(call, self.prompts).hears("devolucion")
            await call.digits("1")
        await call.wait_ended()


def ask(line: RunningLine, store: Callbacks, number: str) -> str:
    (there,) = current(line.settings)
    now = datetime.now(UTC)
    asked = Asked(
        source=Source.WEB,
        origin=f"web:{number}",
        line=there.name,
        telephone=f"+57{number}",
        place=Place(queue=there.queue.name, since=now),
    )
    return store.ask(asked, rules_of(there), now).request.id


def over(store: Callbacks, request_id: str) -> CallbackRequest | None:
    request = store.get(request_id)
    return request if request and request.state.final else None


async def wait_over(store: Callbacks, request_id: str) -> CallbackRequest:
    await asyncio.to_thread(
        eventually, lambda: over(store, request_id), seconds=PATIENCE_SECONDS, what=f"the end of {request_id}"
    )
    request = store.get(request_id)
    assert request
    return request


async def scenario(tmp_path: Path) -> None:
    lines = tmp_path / "lineas"
    lines.mkdir()
    (lines / "linea.yaml").write_text(SHIPPED.read_text(encoding="utf-8") + POLICY, encoding="utf-8")
    citizens, chance = Citizens(), random.Random()
    async with Phone(Account(user="red", secret="", name=""), ("127.0.0.1", 9), on_call=citizens.take) as network:
        trunk = f"127.0.0.1:{network.address[1]}"
        started = start_line(tmp_path, lines_dir=str(lines), outbound_trunk=trunk)
        line = await asyncio.to_thread(started.__enter__)
        try:
            citizens.prompts = line.prompts
            await calls_back(line, citizens, chance)
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)


async def calls_back(line: RunningLine, citizens: Citizens, chance: random.Random) -> None:
    store = Callbacks(connect(line.settings.ledger_url))
    kinds = ("busy", "refused", "nobody", "down", "silent", "machine", "cancelled")
    numbers = {kind: random_mobile(chance) for kind in kinds}
    citizens.does = {number: kind for kind, number in numbers.items()}

    hung_up = random_mobile(chance)
    citizens.does[hung_up] = "talks"
    await hang_up_waiting(line, hung_up)
    requests = {kind: ask(line, store, number) for kind, number in numbers.items()}
    store.step(requests["cancelled"], Cancelled(by="citizen", reason=Reason.BY_CITIZEN), datetime.now(UTC))
    await asyncio.to_thread(eventually, lambda: abandoned(line), what="the request of who hung up")
    assert citizens.rings == {}, "no adviser is there: nobody is dialled"

    async with advisers_at_work(line, TALK_SECONDS):
        talked = await wait_over(store, abandoned(line)[0].id)
        ended = {kind: await wait_over(store, request_id) for kind, request_id in requests.items()}

    assert (talked.state, talked.reason, talked.source) == (State.ATTENDED, Reason.TALKED, Source.ABANDONED)
    assert [step.event for step in talked.steps if step.event != "Released"] == [
        *("Asked", "Claimed", "Dialled", "Answered", "Accepted", "Connected", "TalkEnded")
    ]
    (attempt,) = talked.attempts
    ledger = line.ledger()
    inbound, outbound = ledger.call(talked.came_from[0]), ledger.call(attempt.channel_id)
    assert inbound
    assert outbound
    assert inbound.number == outbound.number == f"+57{hung_up}"
    assert [leg.agent for visit in outbound.visits for leg in visit.legs] == [attempt.agent]
    assert store.of_calls([inbound.call_id, outbound.call_id]) == dict.fromkeys(
        (inbound.call_id, outbound.call_id), talked.id
    )

    told = {kind: request.attempts[0].result if request.attempts else None for kind, request in ended.items()}
    assert told == {
        "busy": Result.BUSY,
        "refused": Result.REFUSED,
        "nobody": Result.INVALID_NUMBER,
        "down": Result.UNREACHABLE,
        "silent": Result.NO_ANSWER,
        "machine": Result.MACHINE,
        "cancelled": None,
    }
    assert citizens.rings == {number: 1 for kind, number in numbers.items() if kind != "cancelled"} | {hung_up: 1}


async def hang_up_waiting(line: RunningLine, number: str) -> None:
    async with callers_phone(line) as phone:
        call = await phone.dial(line.number, from_number=number)
        await choose_an_adviser(line, call)
        await asyncio.to_thread(eventually, lambda: number in entered_queue(line), what="the queue")
        await asyncio.sleep(WAITED_SECONDS)
        call.hang_up()


def abandoned(line: RunningLine) -> tuple[CallbackRequest, ...]:
    lists = CallbackLists(connect(line.settings.ledger_url))
    return lists.page(CallbackFilter(sources=frozenset({Source.ABANDONED}))).requests


def test_who_hung_up_is_called_back_and_each_result_is_told_apart(tmp_path: Path) -> None:
    asyncio.run(scenario(tmp_path))
