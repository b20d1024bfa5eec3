"""Call scenarios on real telephones: SIPp calls, a real Asterisk and queue, the real scripts, an ear at the receiver.

A caller follows what is said: the test sees each command of the scripts on its way to Asterisk, and gives the caller
the cue for what the scenario has them do at just that point. No key depends on a clock. The scripts run in the test's
process, each call on a desk of its own with the hour and the expected wait of its scenario.
"""

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from agi_scripts import FLOWS
from agi_scripts.call import Desk, Flow, play
from callback_queue.mailbox_spool import Spool
from contesta.lines import published
from core.numbers import ANONYMOUS
from ivr.answered import AnsweredFile
from ivr.dialogs.offer import NobodyKnows, Wait
from ivr.line.exchange import END, LANGUAGE, RECORD, STANDS
from ivr.line.model import Line
from telephony.agi import Channel, Writer
from telephony.phone import Call, State
from telephony.phone.audio import decoded
from tests.call_flow import ADVISER, HANGS_UP, OFFER_KEY, Told, Waits, moment
from tests.call_scenarios import Scenario
from tests.line_stage import Stage
from tests.listening import Ear, Heard
from tests.ports import free_port
from tests.scripted_asterisk import Actions, prompt_in, words
from tests.sipp.receivers import Receivers
from tests.sipp.runner import Callers
from tests.sipp.scenario import Cue, dial, obey, scenario

SIP_CALL = "${CHANNEL(pjsip,call-id)}"
CUTS_SHORT_AFTER_SECONDS = 1.0
SPEAKS_SECONDS = 1.5
TALKS_SECONDS = 1.0
LOOKS_EVERY_SECONDS = 0.1
CALLS_A_SECOND = 8.0
LONGEST_SECONDS = 400
ADVISERS = 3
OF_SCRIPTS = {"IDIOMA", "CONSENTIMIENTO", "MENU", "TEXTO", "OFERTA", "BUZON", "ENCUESTA"}
"""What scripts write to queue_log; the rest is the dialplan's and the queue's."""


@dataclass
class Caller:
    """Somebody who does what a scenario says, on `line`, and what came of it so far."""

    scenario: Scenario
    line: Line
    number: str
    desk: Desk
    cue: Callable[[Cue, str], None]
    call_id: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    wants_adviser: bool = False

    def __post_init__(self) -> None:
        self._actions = Actions(self.scenario.actions)

    def takes_in(self, command: bytes) -> None:
        """Do what the scenario says at a command of the scripts that Asterisk is just given."""
        match words(command):
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
            case ["STREAM", "FILE", file, keys, "0"] if keys:
                key, _ = self._actions.while_said(prompt_in(file))
                if key:
                    self._later(CUTS_SHORT_AFTER_SECONDS, Cue.PRESS, key)
            case ["WAIT", "FOR", "DIGIT", _]:
                self._answer(self._actions.next())
            case ["RECORD", "FILE", *_]:
                self._speak(self._actions.next())

    def enters_queue(self) -> None:
        """Do what the scenario says while waiting."""
        action = self._actions.between_scripts()
        if action is None:
            self.cue(Cue.HANG_UP, "")
        elif action == ADVISER:
            self.wants_adviser = True
        elif action == OFFER_KEY and self.line.queue.offer:
            self._later(CUTS_SHORT_AFTER_SECONDS, Cue.PRESS, self.line.queue.offer.key)

    def _answer(self, action: str | None) -> None:
        key = (action or "").partition("@")[0]
        if action is None:
            self.cue(Cue.HANG_UP, "")
        elif key != "-":
            self.cue(Cue.PRESS, key)

    def _speak(self, action: str | None) -> None:
        """Speak, for not as long as the scenario says: what matters is who ends it, the caller's key or silence."""
        spoken = re.fullmatch(r"~(\d+)([*#]?)", action or "~9")
        assert spoken, f"the line records, the caller is to do {action}"
        self.cue(Cue.SPEAK if int(spoken[1]) else Cue.BE_SILENT, "")
        if action is None:
            self._later(SPEAKS_SECONDS, Cue.HANG_UP)
        elif spoken[2]:
            self._later(SPEAKS_SECONDS, Cue.PRESS, spoken[2])

    def _later(self, seconds: float, cue: Cue, key: str = "") -> None:
        threading.Timer(seconds, self.cue, (cue, key)).start()


@dataclass
class _Tap:
    """The end of a channel on which scripts write, with somebody who reads along."""

    channel: Writer
    reader: Callable[[bytes], None]

    def write(self, data: bytes, /) -> object:
        written = self.channel.write(data)
        self.reader(data.removesuffix(b"\n"))
        return written


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """What became of a call, and what was heard in it: `told.heard` and `told.cut` are from the audio."""

    told: Told
    heard: list[Heard]
    audio: bytes


class Telephones:
    """Plays scenarios, all at once; each is given with the line that it calls. `folder` keeps what comes of them."""

    def __init__(self, stage: Stage, calls: Sequence[tuple[Scenario, Line]], folder: Path) -> None:
        self._stage, self._calls, self._folder = stage, calls, folder
        self._by_call_id: dict[str, Caller] = {}

    def play(self, ears: Mapping[str, Ear]) -> Mapping[str, Listened]:
        """Play them and listen to each with the ear of its line; return what came of them by name."""
        with Receivers(len(self._calls)) as receivers:
            self._sipp = Callers(
                folder=self._folder / "sipp",
                scenario=scenario(dial("auto_media_port+4"), obey()),
                numbers=[number_of(each, order) for order, (each, _) in enumerate(self._calls)],
                server=self._stage.server,
                dialled=[line.numbers[0] for _, line in self._calls],
                rate=CALLS_A_SECOND,
                limit_seconds=LONGEST_SECONDS,
                ports=(free_port(), receivers.port),
            )
            self._callers = {
                number: self._caller(number, *call)
                for number, call in zip(self._sipp.numbers, self._calls, strict=True)
            }
            scripts = {name: partial(self._script, flow) for name, flow in FLOWS.items()}
            with self._stage.scripts(scripts):
                return asyncio.run(self._call(receivers, ears))

    async def _call(self, receivers: Receivers, ears: Mapping[str, Ear]) -> Mapping[str, Listened]:
        """Let all call, and listen to each call that is over while others still go on."""
        listened: dict[str, Listened] = {}
        async with contextlib.AsyncExitStack() as stack:
            for index in range(ADVISERS):
                phone = await stack.enter_async_context(self._stage.adviser(index, self._attend))
                await phone.register()
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            watching = tasks.create_task(self._watch_queues(), name="queues")
            tasks.create_task(self._sipp.run(), name="sipp")
            while len(listened) < len(self._callers):
                await asyncio.sleep(LOOKS_EVERY_SECONDS)
                ended = {row[1] for row in self._stage.facts("FIN")}
                for order, caller in enumerate(self._callers.values()):
                    if caller.call_id in ended and caller.scenario.name not in listened:
                        heard = partial(self._listened, caller, receivers.heard(order), ears[caller.line.name])
                        listened[caller.scenario.name] = await asyncio.to_thread(heard)
            watching.cancel()
        return listened

    async def _watch_queues(self) -> None:
        entered = 0
        while True:
            rows = self._stage.facts("ENTERQUEUE")
            for row in rows[entered:]:
                self._by_call_id[row[1]].enters_queue()
            entered = len(rows)
            await asyncio.sleep(LOOKS_EVERY_SECONDS)

    async def _attend(self, call: Call) -> None:
        """Answer those who want an adviser; let it ring for the others."""
        call.ring()
        caller = self._callers.get(call.number[-10:])
        while call.state is State.RINGING:
            if caller and caller.wants_adviser:
                call.answer()
                await asyncio.sleep(TALKS_SECONDS)
                call.hang_up()
                return
            await asyncio.sleep(LOOKS_EVERY_SECONDS)

    def _script(self, flow: Flow, channel: Channel) -> None:
        caller = self._callers[self._sipp.number_of(channel.get_full_variable(SIP_CALL))]
        caller.call_id = channel.env["agi_uniqueid"]
        self._by_call_id[caller.call_id] = caller
        channel.stdout = _Tap(channel.stdout, caller.takes_in)
        play(flow, caller.desk, channel)

    def _caller(self, number: str, each: Scenario, line: Line) -> Caller:
        at = moment(each.at)
        desk = Desk(
            lines=published(self._stage.settings),
            requests=Spool(self._folder / f"buzon-{number}", now=lambda: at),
            expected_wait=Waits(Wait(*each.wait)) if each.wait else NobodyKnows(),
            answered=AnsweredFile(self._folder / "respondidas.json"),
            now=lambda: at,
        )
        return Caller(scenario=each, line=line, number=number, desk=desk, cue=partial(self._sipp.cue, number))

    def _listened(self, caller: Caller, audio: bytes, ear: Ear) -> Listened:
        heard = ear.hear(np.asarray(decoded(audio) / 32_768, np.float32))
        rows = [row for row in self._stage.rows() if row[1] == caller.call_id]
        (end,) = (row for row in rows if row[4] == "FIN")
        told = Told(
            line=caller.line,
            heard=[each.prompt for each in heard],
            story=[],
            log=["|".join(row[4:]) for row in rows if row[4] in OF_SCRIPTS],
            events=[],
            ends=END if end[5] == "system" else HANGS_UP,
            records=caller.variables.get(RECORD, ""),
            language=caller.variables.get(LANGUAGE, "es"),
            requests=list(caller.desk.requests.requests()),
            stands=caller.variables.get(STANDS, ""),
            queues=[row[2] for row in rows if row[4] == "ENTERQUEUE"],
            cut=[each.prompt for each in heard if each.missing],
        )
        return Listened(told=told, heard=heard, audio=audio)


def number_of(each: Scenario, order: int) -> str:
    """Return the number that a scenario's caller calls from: each its own, or what the trunk says of one withheld."""
    return f"{each.number}-{order}" if each.number == ANONYMOUS else f"311{4_000_000 + order}"
