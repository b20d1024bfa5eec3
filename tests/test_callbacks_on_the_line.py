"""Promised calls over a real telephone system: who hung up is called back, and what becomes of each kind of attempt."""

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from sqlalchemy import select
from sqlmodel import col

from callback_queue.campaign.columns import guess
from callback_queue.campaign.sheet import rows
from callback_queue.mailbox_request import Caller
from callback_queue.mailbox_request import Place as KeptPlace
from callback_queue.mailbox_spool import Spool
from callback_queue.policy import rules_of
from callback_queue.request import (
    Asked,
    CallbackRequest,
    Consent,
    ConsentAnswer,
    Person,
    Place,
    Reason,
    Result,
    Source,
    State,
    Window,
)
from callback_queue.states import Amended, Cancelled, Rescheduled, Taken
from contesta.callbacks.names import SpokenNames
from contesta.campaigns.desk import Desk
from contesta.lines import SHIPPED, current
from core.calendar import BOGOTA
from core.events import CallEnded, CallStarted, EndedBy, SurveyAnswered
from core.events import Source as Told
from ivr.line.model import Line
from quality.metrics.history import CallHistory
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.campaigns import CampaignState, NewCampaign
from storage.database import connect
from storage.tables import VisitRow
from telephony.phone import Account, Call, Phone
from telephony.phone.audio import tone
from tests.attention import Attention
from tests.callbacks import begun
from tests.people import ADVISER_HERTZ, advisers_at_work, callers_phone, choose_an_adviser, entered_queue, random_mobile
from tests.running import RunningLine, eventually, start_line

POLICY = """
callbacks:
  abandoned_after_seconds: 0
  abandoned_delay_seconds: 0
  follow_up_delay_minutes: 0
  ring_seconds: 10
  confirm_seconds: 5
  attempts: 1
  legal_hours:
    hours: {monday-sunday: 00:00-24:00}
    public_holidays: open
  caps: {per_number_day: 9}
"""
ADVISER_FIRST = """
  mode: adviser_first
  retries:
    no_adviser: {limit: 2, after_minutes: [60]}
"""
ENGLISH = """
  en:
    devolucion_saludo: This is the citizens line. We are returning your call.
"""
LANGUAGES = """
languages:
  prompt: idioma
  choices:
    es: {title: Español, key: 1, voice: es-ES}
    en: {title: English, key: 2, voice: en-US}

recording: always
"""
PERSON = Person(name="LUZ MARINA PÉREZ <b>")
CITIZEN_HERTZ = 500
DUE_SOON = timedelta(seconds=15)
TALK_SECONDS = 2
WAITED_SECONDS = 2.5
PATIENCE_SECONDS = 150
SECOND = "primero"
SURVEY = {"satisfaccion": 1, "percepcion": 5}
RING_STATUS = {"busy": 486, "refused": 603, "nobody": 404, "down": 503}


class Citizens:
    """Many telephones behind one address: what each does when it rings, by number; and how often each rang.

    `prompts` are the folders of what is said to them: of the line that calls the citizen first, of the one that calls
    the adviser first, and of this one in English. `alone` is set when the adviser of a number is to leave.
    """

    def __init__(self) -> None:
        self.does: dict[str, str] = {}
        self.rings: Counter[str] = Counter()
        self.prompts: dict[str, Path] = {}
        self.store: Callbacks | None = None
        self.alone: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def take(self, call: Call) -> None:
        self.rings[call.called] += 1
        does = self.does.get(call.called, "stranger")
        if does in RING_STATUS:
            call.refuse(RING_STATUS[does], "No")
            return
        call.ring()
        if does == "rings alone":
            self.alone[call.called].set()
        if does in {"silent", "rings alone"}:
            await call.wait_ended()
            return
        call.answer()
        if does == "talks":
            await Attention(call, self.prompts["first"]).hears("devolucion")
            await call.digits("1")
        if does in {"greeted", "greeted in English", "hangs up greeted", "greeted alone"}:
            attention = Attention(call, self.prompts.get(does, self.prompts["greeted"]))
            await attention.hears("devolucion_saludo")
            if does == "hangs up greeted":
                call.hang_up()
            elif does == "greeted alone":
                self.alone[call.called].set()
                await attention.hears("devolucion_sin_asesor")
            else:
                call.play(tone(CITIZEN_HERTZ, 1.0), repeat=True)
        if does == "greeted":  # who is greeted in English lets the adviser hang up
            await self.talking(call.called)
            await asyncio.sleep(TALK_SECONDS)
            call.hang_up()
        if does == "greeted in English":
            await self.answers(call, attention)
        await call.wait_ended()

    async def answers(self, call: Call, attention: Attention) -> None:
        """Answer the survey but for its last question; who is called again about it wants to be left alone."""
        assert self.store
        for question, key in SURVEY.items():
            await attention.hears(f"encuesta_{question}")
            await call.digits(str(key))
        await attention.hears("encuesta_confianza")
        await asyncio.to_thread(self.store.leave_alone, f"+57{call.called}", "ana.ruiz", "", datetime.now(UTC))
        call.hang_up()

    async def talking(self, number: str) -> None:
        """Wait until a citizen whom the adviser's line called talks with the adviser."""
        assert self.store
        store = self.store

        def there() -> bool:
            request = store.open_of(f"+57{number}", SECOND)
            return request is None or request.state is State.CONNECTED

        await asyncio.to_thread(eventually, there, seconds=PATIENCE_SECONDS, what="an adviser")


class Advisers:
    """What advisers do: they hear who it is, and talk; where they are rung first, they press a key, "" for none.

    `told` is what is to be heard before, by the citizen's number.
    """

    def __init__(self, citizens: Citizens) -> None:
        self.citizens = citizens
        self.told: dict[str, list[str]] = {}
        self.presses: dict[str, list[str]] = {}
        self.heard: dict[str, list[str]] = {}

    async def take(self, call: Call) -> None:
        number, key = call.number.removeprefix("+57"), ""
        call.answer()
        if told := self.told.get(number):
            attention = Attention(call, self.citizens.prompts["greeted" if number in self.presses else "first"])
            self.heard[number] = [await attention.hears(prompt) for prompt in told]
        if keys := self.presses.get(number):
            if not (key := keys.pop(0)):
                await call.wait_ended(PATIENCE_SECONDS)
                return
            await call.digits(key)
        call.play(tone(ADVISER_HERTZ, 1.0), repeat=True)
        if key and self.citizens.does[number].endswith(" alone"):
            await self.citizens.alone[number].wait()
            call.hang_up()
        elif key and self.citizens.does[number] == "greeted in English":
            await self.citizens.talking(number)
        elif key:  # the citizen ends it, or nobody comes
            await call.wait_ended(PATIENCE_SECONDS)
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(TALK_SECONDS)
        call.hang_up()


def ask(there: Line, store: Callbacks, number: str, **changes: Any) -> str:  # noqa: ANN401  fields of a wish
    now = datetime.now(UTC)
    wish: dict[str, Any] = {
        "source": Source.WEB,
        "origin": f"web:{number}",
        "line": there.name,
        "telephone": f"+57{number}",
        "place": Place(queue=there.queue.name, since=now),
    }
    return store.ask(Asked(**wish | changes), rules_of(there), now).request.id


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


def files() -> Mapping[str, str]:
    """Give the lines' files: one that calls the citizen first, one the adviser, one that is closed today and tomorrow.

    The second speaks English too.
    """
    first = SHIPPED.read_text(encoding="utf-8")
    second, closed = (
        first.replace("name: ciudadanos", f"name: {name}")
        .replace("atencion", name)
        .replace("mailboxes:\n  devolucion:", f"mailboxes:\n  {name}:")
        .replace("mailbox: devolucion", f"mailbox: {name}")
        .replace('"018000910123"', f'"01800091012{last}"')
        .replace('"801"', f'"80{last}"')
        for name, last in ((SECOND, 4), ("cerrada", 5))
    )
    second = second.replace("\nrecording: always\n", LANGUAGES)
    today = datetime.now(BOGOTA).date()
    days = "".join(f"    {today + timedelta(days=ahead)}: closed\n" for ahead in range(2))
    closed = closed.replace("  public_holidays: open\n", f"  public_holidays: open\n  special_days:\n{days}")
    return {"1": first + POLICY, "2": second + ENGLISH + POLICY + ADVISER_FIRST, "3": closed + POLICY}


async def scenario(tmp_path: Path) -> None:
    lines = tmp_path / "lineas"
    lines.mkdir()
    for name, text in files().items():
        (lines / f"{name}.yaml").write_text(text, encoding="utf-8")
    citizens, chance = Citizens(), random.Random()
    async with Phone(Account(user="red", secret="", name=""), ("127.0.0.1", 9), on_call=citizens.take) as network:
        trunk = f"127.0.0.1:{network.address[1]}"
        started = start_line(tmp_path, lines_dir=str(lines), outbound_trunk=trunk)
        line = await asyncio.to_thread(started.__enter__)
        try:
            await calls_back(line, citizens, chance)
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)


async def calls_back(  # noqa: PLR0915  one office, and all that happens in it at once
    line: RunningLine, citizens: Citizens, chance: random.Random
) -> None:
    store = Callbacks(connect(line.settings.ledger_url))
    first, closed, second = sorted(current(line.settings), key=lambda each: (each.name != "ciudadanos", each.name))
    sounds = line.settings.sounds_dir
    citizens.prompts = {
        "first": sounds / "es" / first.sounds,
        "greeted": sounds / "es" / second.sounds,
        "greeted in English": sounds / "en" / second.sounds,
    }
    kinds = ("busy", "refused", "nobody", "down", "silent", "machine", "cancelled")
    numbers = {kind: random_mobile(chance) for kind in kinds}
    citizens.does = {number: kind for kind, number in numbers.items()}

    hung_up, came_first, waits = (random_mobile(chance) for _ in range(3))
    citizens.does[hung_up] = "talks"
    await hang_up_waiting(line, hung_up)
    requests = {kind: ask(first, store, number) for kind, number in numbers.items()}
    store.step(requests["cancelled"], Cancelled(by="citizen", reason=Reason.BY_CITIZEN), datetime.now(UTC))
    closed_today = ask(closed, store, waits)
    citizens.store = store
    advisers = Advisers(citizens)
    adviser_first = ask_for_advisers_first(second, store, citizens, advisers, chance)
    sources: Mapping[Source, str] = {
        source: random_mobile(chance) for source in Source if source not in {Source.WEB, Source.ABANDONED}
    }
    citizens.does |= dict.fromkeys(sources.values(), "busy")
    intake(line, first, store, sources)
    (from_queue,) = await asyncio.to_thread(eventually, lambda: abandoned(line), what="the request of who hung up")
    store.step(from_queue.id, Amended(by="ana.ruiz", person=PERSON), datetime.now(UTC))
    name = await spoken_name(line)
    advisers.told[hung_up] = ["asesor_devolucion", "asesor_abandoned", name]
    who_and_why = ["asesor_devolucion", "asesor_web", name, "asunto/primero_solicitud", "asesor_aceptar"]
    listened = ("greeted", "greeted in English", "hangs up greeted", "not taken")
    advisers.told |= {number: who_and_why for number in advisers.presses if citizens.does[number] in listened}
    to_be_told = {number: list(told) for number, told in advisers.told.items()}
    assert citizens.rings == {}, "no adviser is there: nobody is dialled"

    async with advisers_at_work(line, TALK_SECONDS, on_call=advisers.take):
        soon = Window(not_before=datetime.now(UTC) + DUE_SOON)
        superseded = ask(first, store, came_first, window=soon)
        await call_in(line, came_first)
        talked = await wait_over(store, from_queue.id)
        ended = {kind: await wait_over(store, request_id) for kind, request_id in requests.items()}
        await wait_not_taken(store, adviser_first["not taken"], citizens)
        first_ended = {kind: await wait_over(store, request_id) for kind, request_id in adviser_first.items()}
        first_ended["his own"] = await call_himself(line, second, store, citizens, advisers)
        by_source = {source: await wait_over_of(line, store, number) for source, number in sources.items()}
        overtaken = await wait_over(store, superseded)

    assert (talked.state, talked.reason, talked.source) == (State.ATTENDED, Reason.TALKED, Source.ABANDONED)
    assert [step.event for step in talked.steps if step.event != "Released"] == [
        *("Asked", "Amended", "Claimed", "Dialled", "Answered", "Accepted", "Connected", "TalkEnded")
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
    assert {source: request.source for source, request in by_source.items()} == {source: source for source in sources}
    assert {request.attempts[0].result for request in by_source.values()} == {Result.BUSY}
    assert (overtaken.state, overtaken.reason, overtaken.attempts) == (State.SUPERSEDED, Reason.CALLED_IN, ())
    waiting = store.get(closed_today)
    assert waiting
    assert waiting.state is State.WAITING
    assert waiting.due_at > datetime.now(UTC) + timedelta(hours=4), "the line is closed today"
    not_taken = first_ended["not taken"].telephone.removeprefix("+57")
    not_rung = {numbers["cancelled"], came_first, waits, not_taken}
    assert citizens.rings == dict.fromkeys(set(citizens.does) - not_rung, 1)
    assert advisers.heard == to_be_told
    advisers_were_first(line, store, first_ended)
    await asyncio.to_thread(eventually, lambda: list(line.settings.names_dir.iterdir()) == [], what="names are removed")


async def spoken_name(line: RunningLine) -> str:
    """Say the name as the worker does, elsewhere; returns the prompt."""
    folder = line.settings.data_dir / "nombre-esperado"
    names = SpokenNames(folder)
    file = folder / names.say([replace(begun(), person=PERSON)])[begun().id]
    await asyncio.to_thread(eventually, file.with_suffix(".wav").exists, what="the name is said")
    names.stop()
    return str(file)


async def call_himself(
    line: RunningLine, there: Line, store: Callbacks, citizens: Citizens, advisers: Advisers
) -> CallbackRequest:
    """Let an adviser have promised a call: it is left to him, and rings his telephone when he says so."""
    number, owner = random_mobile(random.Random()), line.accounts.scripted[1].name
    citizens.does[number], advisers.presses[number] = "greeted", ["1"]
    request_id = ask(there, store, number, owner=owner)

    def left_to_him() -> bool:
        request = store.get(request_id)
        shown = line.asterisk.console(f"queue show {there.queue.name}").splitlines()
        free = next("(Not in use)" in row for row in shown if owner in row)
        return free and bool(request and request.steps[-1].detail == "owner")

    await asyncio.to_thread(eventually, left_to_him, seconds=PATIENCE_SECONDS, what="the owner's time")
    assert citizens.rings[number] == 0
    store.step(request_id, Taken(by=owner, agent=owner), datetime.now(UTC))
    return await wait_over(store, request_id)


async def wait_not_taken(store: Callbacks, request_id: str, citizens: Citizens) -> None:
    """Wait until an adviser was rung and did not take the call: nobody was dialled. Then have it made at once."""

    def not_taken() -> CallbackRequest | None:
        request = store.get(request_id)
        return request if request and request.state is State.WAITING and request.attempts else None

    await asyncio.to_thread(eventually, not_taken, seconds=PATIENCE_SECONDS, what=f"{request_id} is not taken")
    request, now = store.get(request_id), datetime.now(UTC)
    assert request
    assert request.attempts[-1].result is Result.NO_ADVISER
    assert citizens.rings[request.telephone.removeprefix("+57")] == 0
    assert request.due_at > now, "it is not lost"
    again = Rescheduled(by="ana.ruiz", window=request.window, due_at=now, expires_at=request.expires_at)
    store.step(request_id, again, now)


def ask_for_advisers_first(
    there: Line, store: Callbacks, citizens: Citizens, advisers: Advisers, chance: random.Random
) -> dict[str, str]:
    """Ask to be called by the line that rings the adviser first; one of the calls no adviser takes."""
    consent = Consent(version="1", answer=ConsentAnswer.ACCEPTED, at=datetime.now(UTC))
    requests = {}
    greeted = ("hangs up greeted", "greeted", "greeted in English", "greeted alone")
    for does in ("not taken", *greeted, *("busy", "refused", "nobody", "down", "silent", "rings alone")):
        number = random_mobile(chance)
        citizens.does[number] = does
        advisers.presses[number] = ["", "2"] if does == "not taken" else ["1"]
        language = "en" if does == "greeted in English" else "es"
        told = {"language": language, "subject": "solicitud", "person": PERSON}
        requests[does] = ask(there, store, number, consent=consent, **told)
    return requests


def advisers_were_first(line: RunningLine, store: Callbacks, ended: Mapping[str, CallbackRequest]) -> None:
    results = {does: [attempt.result for attempt in request.attempts] for does, request in ended.items()}
    assert results == {
        "greeted": [Result.TALKED],
        "greeted in English": [Result.TALKED],
        "busy": [Result.BUSY],
        "refused": [Result.REFUSED],
        "nobody": [Result.INVALID_NUMBER],
        "down": [Result.UNREACHABLE],
        "silent": [Result.NO_ANSWER],
        "rings alone": [Result.ADVISER_LEFT],
        "greeted alone": [Result.ADVISER_LEFT],
        "not taken": [Result.NO_ADVISER, Result.NO_ADVISER],
        "hangs up greeted": [Result.HUNG_UP],
        "his own": [Result.TALKED],
    }
    assert ended["his own"].attempts[0].agent == ended["his own"].owner
    assert ended["not taken"].reason is Reason.TOO_MANY_ATTEMPTS
    for does, by in (("greeted", EndedBy.CALLER), ("greeted in English", EndedBy.AGENT)):
        request = ended[does]
        assert [step.event for step in request.steps if step.event != "Released"] == [
            *("Asked", "Claimed", "Dialled", "Answered", "Connected", "TalkEnded")
        ]
        (attempt,) = request.attempts
        call = eventually(partial(ended_call, line, attempt.channel_id), what="the end of the call")
        assert call
        ((leg,),) = (visit.legs for visit in call.visits)
        assert (call.number, leg.agent, leg.ended_by) == (request.telephone, attempt.agent, by)
        assert store.of_channel(call.call_id) == request
        assert (leg.talk_ms or 0) >= TALK_SECONDS * 1000 - 1000
        (recorded,) = call.recordings
        adviser, citizen = channels(line, recorded.file)
        assert min(loud_at(adviser, ADVISER_HERTZ), loud_at(citizen, CITIZEN_HERTZ)) > 0.5
    assert call
    asked = [event for event in call.events if isinstance(event, SurveyAnswered)]
    assert {event.question: event.answer for event in asked} == SURVEY, "who was greeted in English answered"
    assert {event.survey for event in asked} == {SECOND}
    assert leg.ended_at
    assert leg.ended_at <= min(event.at for event in asked), "nothing of the survey is talk"
    assert (call.ended_by, call.visits[0].wait_ms) == (EndedBy.CALLER, 0)
    lists = CallbackLists(connect(line.settings.ledger_url))
    low = CallbackFilter(telephone=call.number, sources=frozenset({Source.FOLLOW_UP}))
    (again,) = eventually(lambda: lists.page(low).requests, seconds=PATIENCE_SECONDS, what="the follow-up")
    assert again.came_from == (call.call_id,)
    assert line.asterisk.console("database get contesta codec").strip() == "Value: ulaw"
    with connect(line.settings.ledger_url).begin() as connection:
        visits = connection.scalars(select(col(VisitRow.call_id)).where(col(VisitRow.queue) == SECOND))
        talked = ("greeted", "greeted in English", "his own")
        assert set(visits) == {ended[does].attempts[0].channel_id for does in talked}


def ended_call(line: RunningLine, call_id: str) -> CallHistory | None:
    call = line.ledger().call(call_id)
    return call if call and call.ended_at else None


def channels(line: RunningLine, file: str) -> tuple[np.ndarray, np.ndarray]:
    path = line.settings.recordings_dir / file
    eventually(path.exists, what=file)
    samples, rate_hz = sf.read(path)
    assert rate_hz == 8000
    return samples[:, 0], samples[:, 1]


def loud_at(samples: np.ndarray, hertz: int) -> float:
    """Tell how much of the sound's power is within 20 Hz of a tone."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    at = np.abs(np.fft.rfftfreq(len(samples), 1 / 8000) - hertz) < 20
    return float(power[at].sum() / power.sum())


def intake(line: RunningLine, there: Line, store: Callbacks, numbers: Mapping[Source, str]) -> None:
    """Let wishes come in where they come from: mailbox and kept place, appointment, low answer, campaign."""
    now, ledger = datetime.now(UTC), line.ledger()

    def was_a_call(source: Source, *more: tuple[type[SurveyAnswered], dict[str, Any]]) -> str:
        call_id = f"900.{numbers[source]}"
        said: dict[str, Any] = {"at": now, "call_id": call_id, "channel_id": call_id, "source": Told.QUEUE_LOG}
        started = CallStarted(line=there.name, number=f"+57{numbers[source]}", **said)
        ended = CallEnded(by=EndedBy.CALLER, cause=16, **said)
        ledger.apply([started, *(kind(**said, **fields) for kind, fields in more), ended])
        return call_id

    spool = Spool(line.settings.data_dir / "buzon", now=lambda: datetime.now(UTC))
    for source in (Source.MAILBOX, Source.KEPT_PLACE):
        writing = spool.begin(
            Caller(
                call_id=was_a_call(source),
                line=there.name,
                mailbox="devolucion",
                language="es",
                number=f"+57{numbers[source]}",
                place=KeptPlace(queue=there.queue.name, since=now) if source is Source.KEPT_PLACE else None,
            )
        )
        writing.confirm("subject", "tramite")
        writing.finish(complete=True)
    window = Window(not_before=now + timedelta(seconds=1), not_after=now + timedelta(hours=1))
    ask(there, store, numbers[Source.APPOINTMENT], source=Source.APPOINTMENT, window=window)
    was_a_call(Source.FOLLOW_UP, (SurveyAnswered, {"question": "satisfaccion", "answer": 1, "survey": "atencion"}))
    desk = Desk(connect(line.settings.ledger_url), {there.name: there})
    base = tuple(rows(f"Nombre;Celular;Cédula\nLuz;{numbers[Source.CAMPAIGN]};1".encode()))
    new = NewCampaign(name="Septiembre", line=there.name, survey="atencion", file="base.csv", author="ana.ruiz")
    campaign = desk.campaigns.add(new, desk.prepare(base, guess(base).checked(), new), now)
    assert desk.campaigns.move(campaign.id, {CampaignState.DRAFT}, CampaignState.RUNNING)


async def wait_over_of(line: RunningLine, store: Callbacks, number: str) -> CallbackRequest:
    lists = CallbackLists(connect(line.settings.ledger_url))

    def taken_in() -> tuple[CallbackRequest, ...]:
        return lists.page(CallbackFilter(telephone=f"+57{number}")).requests

    (request,) = await asyncio.to_thread(eventually, taken_in, seconds=PATIENCE_SECONDS, what=f"a wish of {number}")
    return await wait_over(store, request.id)


async def call_in(line: RunningLine, number: str) -> None:
    """Call the line and talk with an adviser, who ends it."""
    async with callers_phone(line) as phone:
        call = await phone.dial(line.number, from_number=number)
        await choose_an_adviser(line, call)
        await call.wait_ended(PATIENCE_SECONDS)


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
