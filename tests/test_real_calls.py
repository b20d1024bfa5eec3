"""Sixty real calls of eight kinds, at least twenty at once; then the ledger is held against what the callers did."""

import asyncio
import contextlib
import itertools
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest

import ivr
from contesta.comparison import differences
from core.events import EndedBy, RingResult
from quality.metrics.history import CallHistory, Outcome
from storage.call_filter import CallFilter
from telephony.phone import Account, Call, Phone, State
from tests.attention import Attention
from tests.people import callers_phone
from tests.running import RunningLine, eventually, start_line
from tests.sipp.runner import Callers, Deeds
from tests.sipp.scenario import Cue, be_hung_up, be_silent, cue, dial, hang_up, pause, press_until_cued, scenario

GHOST_SECONDS = 5
RING_SECONDS = 1.0
TALK_SECONDS = 4.0
EVERY_SECONDS = 3.0
PATIENCE_SECONDS = 8.0
LOOK_SECONDS = 0.05
QUESTIONS = ("satisfaccion", "percepcion", "confianza")
BRIEF = """
voice: {first_silence_seconds: 2, next_silence_seconds: 2}
texts:
  es:
    bienvenida: Le damos la bienvenida.
    menu_principal: Para un asesor … marque 1. Para que le llamemos … marque 3.
    cerrado: No hay asesores.
    buzon_subject: Trámite … 1. Solicitud … 2. Otro … 3.
    encuesta_satisfaccion: ¿Le atendieron bien? Del 1 al 5.
    encuesta_percepcion: ¿Qué opina del servicio? Del 1 al 5.
    encuesta_confianza: ¿Confía en nosotros? Del 1 al 5.
"""


class Kind(StrEnum):
    """What callers do."""

    SURVEY_COMPLETE = "survey complete"
    SURVEY_CUT_SHORT = "survey cut short"
    CALLER_FIRST = "caller hangs up first"
    ABANDONED = "abandoned at 8 s"
    GHOST = "ghost at 2 s"
    WRONG_KEY = "wrong key, then right"
    SILENT = "silence to the end"
    SECOND_ADVISER = "a second adviser answers"


COUNTS = {
    Kind.SILENT: 6,
    Kind.SURVEY_COMPLETE: 8,
    Kind.SURVEY_CUT_SHORT: 8,
    Kind.CALLER_FIRST: 8,
    Kind.ABANDONED: 8,
    Kind.GHOST: 7,
    Kind.WRONG_KEY: 8,
    Kind.SECOND_ADVISER: 7,
}
LEAVES_AFTER_SECONDS = {Kind.ABANDONED: 8.0, Kind.GHOST: 2.0}
ANSWERS: Mapping[Kind, Sequence[int | None]] = {
    Kind.SURVEY_COMPLETE: (5, 4, 5),
    Kind.SURVEY_CUT_SHORT: (3,),
    Kind.WRONG_KEY: (1, 2, 3),
    Kind.SECOND_ADVISER: (5, 5, 1),
    Kind.SILENT: (None, None, None),
}
BY_SIPP = {
    Kind.SILENT: scenario(dial("rtpstream_audio_port"), be_silent(), be_hung_up()),
    Kind.CALLER_FIRST: scenario(dial(), pause(1), press_until_cued("1"), cue(), pause(TALK_SECONDS), hang_up()),
    Kind.ABANDONED: scenario(dial(), pause(1), press_until_cued("1"), cue(), hang_up()),
    Kind.GHOST: scenario(dial(), pause(1), press_until_cued("1"), cue(), hang_up()),
}
"""What callers of SIPp do: they hear nothing, and the others listen."""


async def listen(line: RunningLine, phone: Phone, kind: Kind, number: str) -> Deeds:
    """Call as somebody who does what they are asked; return what they did, and when."""
    did: dict[str, list[datetime]] = defaultdict(list)
    call = await phone.dial(line.number, from_number=number)
    await call.wait_answered()
    did["answered"].append(datetime.now(UTC))
    attention = Attention(call, line.prompts)
    await attention.hears("menu_principal")
    if kind is Kind.WRONG_KEY:
        await call.digits("7")
        await attention.hears("otra_tecla_1")
    await call.digits("1")
    for question, answer in zip(QUESTIONS, ANSWERS[kind], strict=False):
        await attention.hears(f"encuesta_{question}")
        await call.digits(str(answer))
    if kind is Kind.SURVEY_CUT_SHORT:
        await attention.hears(f"encuesta_{QUESTIONS[len(ANSWERS[kind])]}")
        call.hang_up()
    await call.wait_ended()
    did["hung-up" if call.ended_here else "was-hung-up"].append(datetime.now(UTC))
    return did


@dataclass
class Conversation:
    """What was seen of one caller: in the queue by whoever reads its log, the rest by the advisers.

    The caller was not there yet at `missed_at`.
    """

    kind: Kind
    callers: Callers | None
    rung: list[str] = field(default_factory=list)
    adviser: str = ""
    missed_at: datetime | None = None
    entered_at: datetime | None = None
    begun_at: datetime | None = None
    ended_at: datetime | None = None


class Advisers:
    """Six telephones that treat each caller as its kind asks."""

    def __init__(self, conversations: Mapping[str, Conversation]) -> None:
        self._conversations = conversations

    @contextlib.asynccontextmanager
    async def at_work(self, line: RunningLine) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for member in line.accounts.members:

                async def serve(call: Call, name: str = member.name) -> None:
                    await self._serve(call, name)

                account = Account(user=member.account, secret=member.secret)
                server = (line.settings.host, line.settings.sip_port)
                phone = await stack.enter_async_context(Phone(account, server, on_call=serve))
                await phone.register()
            yield

    async def _serve(self, call: Call, name: str) -> None:
        with_caller = self._conversations[call.number[-10:]]
        with_caller.rung.append(name)
        call.ring()
        ignored = with_caller.kind in LEAVES_AFTER_SECONDS or (
            with_caller.kind is Kind.SECOND_ADVISER and len(with_caller.rung) == 1
        )
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(None if ignored else RING_SECONDS)
        call.answer()
        if call.state is not State.TALKING:
            return
        with_caller.adviser, with_caller.begun_at = name, call.answered_at
        if with_caller.kind is Kind.CALLER_FIRST and with_caller.callers:
            with_caller.callers.cue(call.number[-10:])
            await call.wait_ended()
        else:
            with contextlib.suppress(TimeoutError):
                await call.wait_ended(TALK_SECONDS)
            call.hang_up()
        with_caller.ended_at = call.ended_at


async def watch_the_queue(line: RunningLine, conversations: Mapping[str, Conversation]) -> None:
    """Note when callers enter the queue, and give those of SIPp their cues."""
    loop = asyncio.get_running_loop()
    looked_at, begun = datetime.now(UTC), dict[str, float]()
    while True:
        rows = [row.split("|") for row in line.settings.queue_log.read_text(encoding="utf-8").splitlines()]
        now = datetime.now(UTC)
        for number in [row[7][-10:] for row in rows if row[4] == "LLAMADA"]:
            begun.setdefault(number, loop.time())
        for number in [row[6][-10:] for row in rows if row[4] == "ENTERQUEUE"]:
            seen = conversations[number]
            if seen.entered_at is None:
                seen.missed_at, seen.entered_at = looked_at, now
                if seen.callers and seen.kind is not Kind.SILENT:
                    seen.callers.cue(number)
                if seen.callers and seen.kind in LEAVES_AFTER_SECONDS:
                    loop.call_later(LEAVES_AFTER_SECONDS[seen.kind], seen.callers.cue, number)
        for number, since in begun.items():
            seen = conversations[number]
            missing = seen.kind is not Kind.SILENT and not seen.entered_at
            if seen.callers and missing and loop.time() - since > PATIENCE_SECONDS:
                begun[number] = loop.time()
                seen.callers.cue(number, Cue.AGAIN)
        looked_at = now
        await asyncio.sleep(LOOK_SECONDS)


@pytest.fixture
def brief_line(tmp_path: Path) -> Iterator[RunningLine]:
    """A line whose ledger knows of no calls, which says little and does not wait long for who says nothing."""
    lines = tmp_path / "lines"
    lines.mkdir()
    example = Path(ivr.__file__).parent / "lines" / "ciudadanos.yaml"
    structure = example.read_text(encoding="utf-8").partition("\ntexts:\n")[0]
    (lines / "ciudadanos.yaml").write_text(structure + BRIEF, encoding="utf-8")
    with start_line(tmp_path, lines_dir=str(lines)) as running:
        yield running


@pytest.mark.timeout(400)
def test_sixty_real_calls_are_told_by_the_ledger_as_they_happened(brief_line: RunningLine, tmp_path: Path) -> None:
    line = brief_line
    began_at = datetime.now(UTC) - timedelta(seconds=1)
    every = (f"3{11 + order % 9}{4_000_000 + order:07}" for order in itertools.count())
    numbers = {kind: list(itertools.islice(every, count)) for kind, count in COUNTS.items()}
    groups = {
        kind: Callers(
            folder=tmp_path / kind.name.lower(),
            scenario=steps,
            numbers=numbers[kind],
            server=(line.settings.host, line.settings.sip_port),
            dialled=line.number,
            rate=1.0 if kind is Kind.SILENT else 1 / EVERY_SECONDS,
            limit_seconds=300,
        )
        for kind, steps in BY_SIPP.items()
    }
    conversations = {
        number: Conversation(kind=kind, callers=groups.get(kind)) for kind, group in numbers.items() for number in group
    }

    async def one_after_the_other(phone: Phone, kind: Kind) -> Mapping[str, Deeds]:
        async with asyncio.TaskGroup() as tasks:
            calling = {}
            for number in numbers[kind]:
                calling[number] = tasks.create_task(listen(line, phone, kind, number), name=number)
                await asyncio.sleep(EVERY_SECONDS)
        return {number: task.result() for number, task in calling.items()}

    async def everybody() -> dict[str, Deeds]:
        async with Advisers(conversations).at_work(line), callers_phone(line) as phone:
            watching = asyncio.create_task(watch_the_queue(line, conversations), name="watch the queue")
            async with asyncio.TaskGroup() as tasks:
                for kind, callers in groups.items():
                    tasks.create_task(callers.run(), name=kind)
                listening = [
                    tasks.create_task(one_after_the_other(phone, kind)) for kind in COUNTS if kind not in groups
                ]
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            return {number: did for group in listening for number, did in group.result().items()}

    deeds = asyncio.run(everybody())
    for callers in groups.values():
        deeds.update(callers.deeds())
    assert len(deeds) == sum(COUNTS.values()) == 60
    assert most_at_once(deeds.values()) >= 20

    ledger = line.ledger()

    def told() -> list[CallHistory]:
        page = ledger.calls(CallFilter(since=began_at), size=200)
        return [history for call in page.calls if (history := ledger.call(call.call_id)) is not None]

    eventually(
        lambda: all(call.ended_at for call in told()) and len(told()) >= 60, what="every call ended in the ledger"
    )
    calls = told()
    assert Counter(call.number for call in calls) == Counter(f"+57{number}" for number in deeds)
    faults = [
        f"{conversations[call.number[3:]].kind}, {call.call_id}: {fault}"
        for call in calls
        for fault in faults_of(call, conversations[call.number[3:]], deeds[call.number[3:]])
    ]
    assert not faults, "\n".join(faults)
    assert not differences(ledger, [line.settings.queue_log])


def faults_of(call: CallHistory, seen: Conversation, did: Deeds) -> Iterator[str]:
    """Where the ledger differs from what caller and adviser did."""
    if len(call.visits) != 1:
        yield f"{len(call.visits)} visits"
        return
    (visit,) = call.visits
    kind = seen.kind
    outcome = {Kind.ABANDONED: Outcome.ABANDONED, Kind.GHOST: Outcome.GHOST}.get(kind, Outcome.ANSWERED)
    left_at = seen.begun_at or did["hung-up"][0]
    yield from differs("outcome", visit.outcome(GHOST_SECONDS), outcome)
    assert seen.missed_at
    assert seen.entered_at
    yield from takes("wait", visit.wait_ms, left_at - seen.entered_at, left_at - seen.missed_at)
    yield from differs("number of legs", len(visit.legs), 1 if outcome is Outcome.ANSWERED else 0)
    for leg in visit.legs:
        assert seen.begun_at
        assert seen.ended_at
        talked = seen.ended_at - seen.begun_at
        yield from takes("talk", leg.talk_ms, talked, talked)
        yield from differs("adviser", leg.agent, seen.adviser)
        ended_by = EndedBy.CALLER if kind is Kind.CALLER_FIRST else EndedBy.AGENT
        yield from differs("end of the conversation", leg.ended_by, ended_by)
    unanswered = [ring.agent for ring in visit.rings if ring.result is RingResult.NO_ANSWER]
    yield from differs("unanswered rings", unanswered, seen.rung[:1] if kind is Kind.SECOND_ADVISER else [])
    yield from differs(
        "survey",
        [(said.question, said.answer) for said in call.survey],
        list(zip(QUESTIONS, ANSWERS.get(kind, ()), strict=False)),
    )
    ended_by = EndedBy.CALLER if "hung-up" in did else EndedBy.SYSTEM
    yield from differs("end of the call", call.ended_by, ended_by)


def takes(what: str, told_ms: int | None, least: timedelta, most: timedelta) -> Iterator[str]:
    """Whole seconds are told: they may differ by one from the truth, rounded."""
    if told_ms is None or not round(least.total_seconds()) - 1 <= told_ms // 1000 <= round(most.total_seconds()) + 1:
        yield f"{what} {told_ms} ms, was {least.total_seconds():.2f} to {most.total_seconds():.2f} s"


def differs(what: str, told: object, truth: object) -> Iterator[str]:
    if told != truth:
        yield f"{what} {told!r}, was {truth!r}"


def most_at_once(everybody: Collection[Mapping[str, Sequence[datetime]]]) -> int:
    """How many of these calls were up at the same time, at most."""
    changes = []
    for did in everybody:
        ((ended_at,),) = (did[deed] for deed in ("hung-up", "was-hung-up") if deed in did)
        changes += [(did["answered"][0], 1), (ended_at, -1)]
    return max(itertools.accumulate(change for _, change in sorted(changes)))
