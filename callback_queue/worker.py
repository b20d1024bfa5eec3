"""Dials what is due, and follows each attempt to its end.

A round, again and again: take over what a dead worker left, follow the attempts that go on, then claim and dial as much
as there are advisers free. What it knows is in the database: killed anywhere, another goes on from there. Nothing is
dialled before its attempt is committed, and no attempt is dialled twice: what became of one that nobody followed is
read from the ledger, and where that has nothing, only after the telephone system said that the channel is not there and
a mark written behind everything else has arrived in the ledger.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from callback_queue.pacing import Advisers
from callback_queue.policy import Rules, midnight, next_allowed, rules_of
from callback_queue.progress import progress
from callback_queue.refusals import Known, refusal
from callback_queue.request import CallbackRequest, ConsentAnswer, Source
from callback_queue.states import Dialled, Event
from callback_queue.told import national, told_to_adviser
from core.errors import ContestaError
from core.events import Event as Told
from ivr.line.callbacks import Mode
from ivr.line.exchange import NO, YES
from ivr.line.model import Line
from storage.callback_facts import CallbackFacts
from storage.callbacks import Callbacks
from telephony.dialler import Dialler, Ring

LEASE = timedelta(seconds=20)
SILENT = timedelta(seconds=10)
"""How long an attempt may tell nothing new before it is looked up whether its channel is there."""

MARK = timedelta(seconds=10)
"""How long the ledger may take to have what was written into queue_log."""

LONGEST_CALL = timedelta(hours=12)
MOST_AT_ONCE = 200
RINGS_AT_ONCE = 20
_NO_SURVEY = "-"

log = structlog.get_logger()

Lines = Callable[[], Mapping[str, Line]]

Names = Callable[[Sequence[CallbackRequest]], Mapping[str, str]]
"""Has the sounds of citizens' names made, and tells at once what each will be kept as, by request."""


def no_names(_: Sequence[CallbackRequest]) -> Mapping[str, str]:
    """Say no names."""
    return {}


def always() -> bool:
    """Say yes."""
    return True


@dataclass(slots=True)
class _Followed:
    """An attempt of ours, and when it told something last or was looked up."""

    request: CallbackRequest
    heard_at: datetime

    @property
    def channel_id(self) -> str:
        return self.request.attempts[-1].channel_id


@dataclass(frozen=True, slots=True)
class _LookUp:
    """Channels that are no longer there, and the mark behind all that the ledger will ever be told of them."""

    mark: str
    missing: frozenset[str]
    given_up_at: datetime


@dataclass(slots=True, kw_only=True)
class Worker:
    """One worker. `dials` is the kill switch, asked each round: without it attempts that go on are only followed."""

    name: str
    store: Callbacks
    facts: CallbackFacts
    dialler: Dialler
    lines: Lines
    now: Callable[[], datetime]
    dials: Callable[[], bool] = always
    names: Names = no_names
    lease: timedelta = LEASE
    silent: timedelta = SILENT
    _followed: dict[str, _Followed] = field(default_factory=dict)
    _look_up: _LookUp | None = None
    _renewed_at: datetime | None = None

    async def round(self) -> bool:
        """Do one round; whether anything was due, so that the next may follow at once.

        Raises:
            NotAvailableError: the telephone system does not answer.
            sqlalchemy.exc.OperationalError: the database does not.
        """
        now = self.now()
        lines = await asyncio.to_thread(self.lines)
        await self._adopt(now)
        await self._renew(now)
        await self._follow(lines)
        return await self._dial(lines) if await asyncio.to_thread(self.dials) else False

    async def _adopt(self, now: datetime) -> None:
        for request, _ in await asyncio.to_thread(self.store.adopt, self.name, now, self.lease, MOST_AT_ONCE):
            log.warning("attempt adopted", callback=request.id, channel=request.attempts[-1].channel_id)
            self._followed[request.id] = _Followed(request, now - self.silent)

    async def _renew(self, now: datetime) -> None:
        if not self._followed or (self._renewed_at and now - self._renewed_at < self.lease / 4):
            return
        mine = await asyncio.to_thread(self.store.renew, self.name, list(self._followed), now + self.lease)
        self._renewed_at = now
        for request_id in self._followed.keys() - mine:
            log.error("lease lost", callback=request_id)
            del self._followed[request_id]

    # -- following

    async def _follow(self, lines: Mapping[str, Line]) -> None:
        if not self._followed:
            return
        looked = self._look_up
        channels = [followed.channel_id for followed in self._followed.values()]
        told = await asyncio.to_thread(self.facts.of_channels, [*channels, looked.mark] if looked else channels)
        gone = looked.missing if looked and looked.mark in told else frozenset()
        await self._tell(told, gone, lines)
        now = self.now()
        if looked and (gone or now >= looked.given_up_at):
            if not gone:
                log.warning("the ledger is behind queue_log", waiting=len(looked.missing))
            self._look_up = None
        silent = [followed for followed in self._followed.values() if now - followed.heard_at >= self.silent]
        if silent and self._look_up is None:
            await self._look(silent, now)

    async def _tell(
        self, told: Mapping[str, Sequence[Told]], gone: AbstractSet[str], lines: Mapping[str, Line]
    ) -> None:
        """Let happen what the ledger tells of the attempts that go on; of those that are gone, it is all there is."""
        now = self.now()
        happened: dict[str, list[tuple[Event, datetime]]] = {}
        for request_id, followed in self._followed.items():
            request, channel_id = followed.request, followed.channel_id
            rules = rules_of(lines.get(request.line))
            facts = told.get(channel_id, ())
            if events := progress(request, facts, rules, now, by=self._by, gone=channel_id in gone):
                happened[request_id] = events
        after = await self._happen(happened)
        for request_id in happened:
            if request_id in after and after[request_id].state.in_attempt:
                self._followed[request_id] = _Followed(after[request_id], now)
            else:
                del self._followed[request_id]

    async def _look(self, silent: Sequence[_Followed], now: datetime) -> None:
        """Look which attempts have no channel any more, and mark the end of what was written of them.

        What the telephone system wrote of a channel that is gone is before the mark: once the ledger has the mark, it
        has all there is. Nobody waits for it: the leases of all others are renewed meanwhile.
        """
        there = await self.dialler.channels()
        for followed in silent:
            followed.heard_at = now
        missing = frozenset(followed.channel_id for followed in silent) - there
        if missing:
            mark = f"cb-marca-{secrets.token_hex(6)}"
            await self.dialler.mark(mark)
            self._look_up = _LookUp(mark, missing, now + MARK)

    # -- dialling

    async def _dial(self, lines: Mapping[str, Line]) -> bool:
        advisers = None
        more = False
        for line in lines.values():
            now = self.now()
            rules = rules_of(line)
            if not line.callbacks.enabled or next_allowed(rules, now) != now:
                continue
            queues = [queue.name for queue in line.queues.values()]
            for queue in await asyncio.to_thread(self.store.due_queues, line.name, queues, now):
                advisers = advisers or await self.dialler.advisers()
                room = await asyncio.to_thread(self.facts.room, line.name, line.callbacks.caps, now)
                most = MOST_AT_ONCE if room.calls is None else min(MOST_AT_ONCE, room.calls)
                paced = replace(advisers, reserve=line.callbacks.reserve)
                claimed = await asyncio.to_thread(
                    self.store.claim, self.name, line.name, queue, now, self.lease, most, advisers=paced
                )
                if claimed:
                    await self._attempt(claimed, line, rules, advisers)
                more = more or bool(claimed)
        return more

    async def _attempt(self, claimed: Sequence[CallbackRequest], line: Line, rules: Rules, advisers: Advisers) -> None:
        """Commit an attempt of each claimed request that may be dialled now, all at once, and then ring."""
        now = self.now()
        known = replace(await asyncio.to_thread(self._known, claimed, now), present=advisers.present)
        dialled = Dialled(by=self._by)
        decided = {each.id: refusal(each, rules, known, now, by=self._by) or dialled for each in claimed}
        after = await self._happen({request_id: [(event, now)] for request_id, event in decided.items()})
        committed = [after[each.id] for each in claimed if each.id in after and after[each.id].state.in_attempt]
        self._followed.update({request.id: _Followed(request, now) for request in committed})
        names = self.names(committed)
        room = asyncio.Semaphore(RINGS_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for request in committed:
                telephone = advisers.telephones.get(request.taken_by, "")
                ring = ring_of(request, line, names.get(request.id, ""), telephone)
                tasks.create_task(self._ring(request, ring, room), name=request.id)

    async def _ring(self, request: CallbackRequest, ring: Ring, room: asyncio.Semaphore) -> None:
        async with room:
            if self.now() - request.attempts[-1].committed_at > self.lease / 2:  # soon another may look it up
                log.warning("too late to ring", callback=request.id)
                return
            try:
                await self.dialler.ring(ring)
            except ContestaError as error:  # nobody knows whether it rings: it is looked up like any other
                log.warning("the ring was not confirmed", callback=request.id, error=str(error))

    def _known(self, claimed: Sequence[CallbackRequest], now: datetime) -> Known:
        """Read what may speak against dialling; all are of one line, which has one open request a telephone."""
        line = claimed[0].line
        numbers = [request.telephone for request in claimed]
        attended = self.facts.attended_since((line, each.telephone, each.last_asked_at) for each in claimed)
        return Known(
            left_alone=self.store.left_alone_since(numbers),
            attended={number: call_id for (_, number), call_id in attended.items()},
            in_a_call=self.facts.in_a_call(numbers, now - LONGEST_CALL),
            dialled_today=self.facts.dialled_of(numbers, midnight(now)),
        )

    # -- the store

    @property
    def _by(self) -> str:
        return f"worker:{self.name}"

    async def _happen(self, happened: Mapping[str, Sequence[tuple[Event, datetime]]]) -> dict[str, CallbackRequest]:
        """Let events happen to requests of ours; left out are those no longer ours, or where somebody was quicker."""
        if not happened:
            return {}
        after, refused = await asyncio.to_thread(self.store.steps, self.name, happened)
        for request_id, request in after.items():
            steps = [type(event).__name__ for event, _ in happened[request_id]]
            log.info("callback", callback=request_id, steps=steps, state=request.state)
        for request_id, error in refused.items():
            log.warning("no longer ours", callback=request_id, error=str(error))
        return after


def ring_of(request: CallbackRequest, line: Line, name: str = "", telephone: str = "") -> Ring:
    """Say how the citizen of a committed attempt is rung.

    `name` is what the sound of the name is kept as, `telephone` that of the adviser who calls himself; "" if there is
    none.
    """
    policy, attempt = line.callbacks, request.attempts[-1]
    mode = Mode.ADVISER_FIRST if telephone else policy.mode
    answer = request.consent.answer if request.consent else ConsentAnswer.NONE
    answered = answer is not ConsentAnswer.NONE
    return Ring(
        channel_id=attempt.channel_id,
        telephone=national(request),
        ring_seconds=policy.ring_seconds,
        adviser_first=mode is Mode.ADVISER_FIRST,
        variables={
            "__LINEA": line.name,
            "DEV_IDENTIFICADOR": policy.caller_id or line.numbers[0],
            "DEV_CIUDADANO": request.telephone,
            "DEV_TIMBRE": str(policy.ring_seconds),
            "DEV_PLAZO": str(policy.confirm_seconds),
            "DEV_DURACION": str(policy.longest_call_seconds),
            "DEV_IDIOMA": request.language,
            "DEV_COLA": request.place.queue,
            "DEV_TELEFONO": telephone,
            "DEV_QUIEN": request.taken_by if telephone else "",
            "DEV_DICE": "-".join(told_to_adviser(request, line, mode, name)),
            "DEV_PREGUNTA": "devolucion_campana" if request.source is Source.CAMPAIGN else "devolucion",
            "DEV_GRABAR": YES if answer is ConsentAnswer.ACCEPTED else NO,
            "DEV_CONSENTIMIENTO": answer if answered else "",
            "DEV_AUTORIZAR": YES if line.consent and not answered else NO,
            "DEV_ENCUESTA": _survey(request, line),
        },
    )


def _survey(request: CallbackRequest, line: Line) -> str:
    """Name the survey that is asked after the conversation, as the dialplan has it: "" leaves it to the queue."""
    if request.survey is None:
        return ""
    return request.survey if request.survey in line.surveys else _NO_SURVEY
