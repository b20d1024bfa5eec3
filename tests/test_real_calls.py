"""Sixty real calls of eight kinds, at least twenty at once; then the ledger is held against what the callers did."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest
import soundfile as sf

from contesta.comparison import differences
from core.events import EndedBy, RingResult
from ivr.line.model import Voice
from quality.metrics.history import CallHistory, Outcome
from storage.call_filter import CallFilter
from telephony.phone import Account, Call, Phone, State
from tests.running import RunningLine, eventually
from tests.sipp.runner import Callers
from tests.sipp.scenario import be_hung_up, be_silent, cue, dial, hang_up, pause, press, scenario

GHOST_SECONDS = 5
RING_SECONDS = 1.0
TALK_SECONDS = 4.0
QUESTIONS = ("satisfaccion", "percepcion", "confianza")


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
LAST_KEY = {Kind.WRONG_KEY: ("7", "1")}


@dataclass
class Prompts:
    """How long the line speaks."""

    folder: Path

    def seconds(self, *prompts: str) -> float:
        return sum(float(sf.info(self.folder / f"{prompt}.wav").duration) for prompt in prompts)

    def until_a_silent_caller_is_queued(self) -> float:
        said = self.seconds("bienvenida", *["menu_principal"] * 3, "silencio_1", "silencio_2", "respaldo")
        return said + Voice().first_silence_seconds + 2 * Voice().next_silence_seconds


def script(kind: Kind, prompts: Prompts) -> str:
    """What callers of a kind do, step by step."""
    if kind is Kind.SILENT:
        return scenario(dial("rtpstream_audio_port"), be_silent(), be_hung_up())
    keys = LAST_KEY.get(kind, ("1",))
    enter = [dial(), pause(1), *itertools.chain.from_iterable((press(key), pause(1.5)) for key in keys)][:-1]
    if kind in LEAVES_AFTER_SECONDS:
        wait = prompts.seconds("transferencia") + LEAVES_AFTER_SECONDS[kind]
        return scenario(*enter, pause(wait), hang_up())
    if kind is Kind.CALLER_FIRST:
        return scenario(*enter, cue(), pause(TALK_SECONDS), hang_up())
    survey = [pause(prompts.seconds("encuesta_intro") + 1.5)]
    for answer in ANSWERS[kind]:
        survey += [press(str(answer)), pause(2)]
    return scenario(*enter, cue(), *survey, hang_up() if kind is Kind.SURVEY_CUT_SHORT else be_hung_up())


@dataclass
class Conversation:
    """What the advisers saw of one caller."""

    kind: Kind
    callers: Callers
    rung: list[str] = field(default_factory=list)
    adviser: str = ""
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
        number = call.number[-10:]
        if with_caller.kind is Kind.CALLER_FIRST:
            with_caller.callers.cue(number)
            await call.wait_ended()
        else:
            with contextlib.suppress(TimeoutError):
                await call.wait_ended(TALK_SECONDS)
            call.hang_up()
            if with_caller.kind is not Kind.SILENT:
                with_caller.callers.cue(number)
        with_caller.ended_at = call.ended_at


@pytest.mark.timeout(400)
def test_sixty_real_calls_are_told_by_the_ledger_as_they_happened(own_line: RunningLine, tmp_path: Path) -> None:
    line = own_line  # whose ledger knows of no other calls
    prompts = Prompts(line.settings.sounds_dir / "es" / line.line.sounds)
    began_at = datetime.now(UTC) - timedelta(seconds=1)
    numbers = (f"3{11 + order % 9}{4_000_000 + order:07}" for order in itertools.count())
    groups = {
        kind: Callers(
            folder=tmp_path / kind.name.lower(),
            scenario=script(kind, prompts),
            numbers=list(itertools.islice(numbers, count)),
            server=(line.settings.host, line.settings.sip_port),
            dialled=line.number,
            rate=1.0 if kind is Kind.SILENT else 0.2,
            limit_seconds=300,
        )
        for kind, count in COUNTS.items()
    }
    conversations = {
        number: Conversation(kind=kind, callers=callers)
        for kind, callers in groups.items()
        for number in callers.numbers
    }

    async def everybody() -> None:
        async with Advisers(conversations).at_work(line), asyncio.TaskGroup() as tasks:
            for kind, callers in groups.items():
                tasks.create_task(callers.run(), name=kind)

    asyncio.run(everybody())
    deeds = {number: did for callers in groups.values() for number, did in callers.deeds().items()}
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
        for fault in faults_of(call, conversations[call.number[3:]], deeds[call.number[3:]], prompts)
    ]
    assert not faults, "\n".join(faults)
    assert not differences(ledger, [line.settings.queue_log])


def faults_of(
    call: CallHistory, seen: Conversation, did: Mapping[str, Sequence[datetime]], prompts: Prompts
) -> Iterator[str]:
    """Where the ledger differs from what caller and adviser did."""
    if len(call.visits) != 1:
        yield f"{len(call.visits)} visits"
        return
    (visit,) = call.visits
    kind = seen.kind
    outcome = {Kind.ABANDONED: Outcome.ABANDONED, Kind.GHOST: Outcome.GHOST}.get(kind, Outcome.ANSWERED)
    left_at = seen.begun_at or did["hung-up"][0]
    yield from differs("outcome", visit.outcome(GHOST_SECONDS), outcome)
    yield from takes("wait", visit.wait_ms, left_at - entered_at(kind, did, prompts))
    yield from differs("number of legs", len(visit.legs), 1 if outcome is Outcome.ANSWERED else 0)
    for leg in visit.legs:
        assert seen.begun_at
        assert seen.ended_at
        yield from takes("talk", leg.talk_ms, seen.ended_at - seen.begun_at)
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


def entered_at(kind: Kind, did: Mapping[str, Sequence[datetime]], prompts: Prompts) -> datetime:
    """When the caller came into the queue."""
    if kind is Kind.SILENT:
        return did["answered"][0] + timedelta(seconds=prompts.until_a_silent_caller_is_queued())
    return did["pressed-1"][0] + timedelta(seconds=prompts.seconds("transferencia"))


def takes(what: str, told_ms: int | None, truth: timedelta) -> Iterator[str]:
    """Whole seconds are told: they may differ by one from the truth, rounded."""
    if told_ms is None or abs(told_ms // 1000 - round(truth.total_seconds())) > 1:
        yield f"{what} {told_ms} ms, was {truth.total_seconds():.2f} s"


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
