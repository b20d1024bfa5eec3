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
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import islice

import structlog

from callback_queue.policy import Rules, may_ring, next_allowed, rules_of
from callback_queue.progress import progress
from callback_queue.request import CallbackRequest, ConsentAnswer, Reason
from callback_queue.states import Cancelled, Dialled, Event, GaveUp, IllegalStepError, Released, Superseded
from core.calendar import BOGOTA
from core.errors import NotAvailableError
from core.events import Event as Told
from core.numbers import COUNTRY_CODE
from ivr import speech
from ivr.line.callbacks import Mode
from ivr.line.exchange import NO, YES
from ivr.line.model import Line
from storage.callback_facts import CallbackFacts
from storage.callbacks import Callbacks, LeaseLostError
from telephony.dialler import Dialler, Ring

LEASE = timedelta(seconds=20)
SILENT = timedelta(seconds=10)
"""How long an attempt may tell nothing new before it is looked up whether its channel is there."""

MARK_SECONDS = 10.0
LONGEST_CALL = timedelta(hours=12)
IN_CALL_PAUSE = timedelta(minutes=2)
MOST_AT_ONCE = 50

log = structlog.get_logger()

Lines = Callable[[], Mapping[str, Line]]


@dataclass(slots=True)
class _Followed:
    """An attempt of ours, and when it told something last or was looked up."""

    request: CallbackRequest
    heard_at: datetime


@dataclass(slots=True, kw_only=True)
class Worker:
    """One worker. `dials` no is the kill switch: attempts that go on are followed, and nothing new is dialled."""

    name: str
    store: Callbacks
    facts: CallbackFacts
    dialler: Dialler
    lines: Lines
    now: Callable[[], datetime]
    dials: bool = True
    lease: timedelta = LEASE
    silent: timedelta = SILENT
    _followed: dict[str, _Followed] = field(default_factory=dict)
    _renewed_at: datetime | None = None

    async def round(self) -> None:
        """Do one round.

        Raises:
            NotAvailableError: the telephone system does not answer.
            sqlalchemy.exc.OperationalError: the database does not.
        """
        now = self.now()
        lines = await asyncio.to_thread(self.lines)
        await self._adopt(now)
        await self._renew(now)
        await self._follow(lines)
        if self.dials:
            await self._dial(lines)

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
        told = await self._told()
        for request_id, followed in list(self._followed.items()):
            await self._step(followed, told.get(request_id, ()), lines, gone=False)
        now = self.now()
        silent = [followed for followed in self._followed.values() if now - followed.heard_at >= self.silent]
        if not silent:
            return
        gone = await self._gone(silent)
        told = await self._told()
        for followed in silent:
            followed.heard_at = now
            if followed.request.id in gone:
                await self._step(followed, told.get(followed.request.id, ()), lines, gone=True)

    async def _told(self) -> dict[str, Sequence[Told]]:
        channels = {
            followed.request.attempts[-1].channel_id: request_id for request_id, followed in self._followed.items()
        }
        facts = await asyncio.to_thread(self.facts.of_channels, list(channels)) if channels else {}
        return {channels[channel_id]: events for channel_id, events in facts.items()}

    async def _step(self, followed: _Followed, facts: Sequence[Told], lines: Mapping[str, Line], *, gone: bool) -> None:
        request = followed.request
        rules = rules_of(lines.get(request.line))
        for event, at in progress(request, facts, rules, self.now(), by=self._by, gone=gone):
            after = await self._happen(request.id, event, at)
            if after is None or not after.state.in_attempt:
                del self._followed[request.id]
                return
            followed.request, followed.heard_at = after, self.now()

    async def _gone(self, silent: Sequence[_Followed]) -> set[str]:
        """Tell which of some attempts have no channel any more, once the ledger has all that was told of them."""
        there = await self.dialler.channels()
        missing = {each.request.id for each in silent if each.request.attempts[-1].channel_id not in there}
        if not missing:
            return set()
        mark = f"cb-marca-{secrets.token_hex(6)}"
        await self.dialler.mark(mark)
        deadline = asyncio.get_running_loop().time() + MARK_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if await asyncio.to_thread(self.facts.of_channels, [mark]):
                return missing
            await asyncio.sleep(0.1)
        log.warning("the ledger is behind queue_log", waiting=len(missing))
        return set()

    # -- dialling

    async def _dial(self, lines: Mapping[str, Line]) -> None:
        free: dict[str, int] | None = None
        for line in lines.values():
            now = self.now()
            rules = rules_of(line)
            if not line.callbacks.enabled or next_allowed(rules, now) != now:
                continue
            for queue in await asyncio.to_thread(self.store.due_queues, line.name, now):
                free = await self.dialler.free() if free is None else free
                room = await asyncio.to_thread(self._room, line, now)
                most = max(0, free.get(queue, 0) - line.callbacks.reserve)
                claimed = await asyncio.to_thread(
                    self.store.claim,
                    self.name,
                    line.name,
                    queue,
                    now,
                    self.lease,
                    min(room, MOST_AT_ONCE),
                    in_flight=most,
                )
                for request in claimed:
                    await self._attempt(request, line, rules)

    def _room(self, line: Line, now: datetime) -> int:
        """Tell how many more may be dialled by the caps of the line."""
        caps = line.callbacks.caps
        room = MOST_AT_ONCE
        if caps.per_hour is not None:
            room = min(room, caps.per_hour - self.store.dialled_since(now - timedelta(hours=1), line=line.name))
        if caps.per_day is not None:
            room = min(room, caps.per_day - self.store.dialled_since(midnight(now), line=line.name))
        if caps.pesos_per_day is not None:
            spent = self.store.pesos_since(
                midnight(now), line.name, caps.mobile_pesos_per_minute, caps.fixed_pesos_per_minute, now
            )
            room = min(room, 0 if spent >= caps.pesos_per_day else room)
        return max(0, room)

    async def _attempt(self, request: CallbackRequest, line: Line, rules: Rules) -> None:
        now = self.now()
        refusal = await asyncio.to_thread(self._refusal, request, line, rules, now)
        if refusal is not None:
            await self._happen(request.id, refusal, now)
            return
        after = await self._happen(request.id, Dialled(by=self._by), now)
        if after is None:
            return
        self._followed[request.id] = _Followed(after, now)
        try:
            await self.dialler.ring(ring_of(after, line))
        except NotAvailableError as error:  # nobody knows whether it rings: it is looked up like any other
            log.warning("the ring was not confirmed", callback=request.id, error=str(error))

    def _refusal(  # noqa: PLR0911  a rule each, in the order of its weight
        self, request: CallbackRequest, line: Line, rules: Rules, now: datetime
    ) -> Event | None:
        """Say why a claimed request is not dialled now, if it is not."""
        policy, by, number = line.callbacks, self._by, request.telephone
        if not may_ring(policy, number):
            return GaveUp(by=by, reason=Reason.NUMBER_NOT_ALLOWED)
        if request.expires_at is not None and request.expires_at <= now:
            return GaveUp(by=by, reason=Reason.EXPIRED)
        alone = self.store.left_alone_since([number]).get(number)
        if alone is not None and not (request.wished_at and request.wished_at > alone):
            return Cancelled(by=by, reason=Reason.LEFT_ALONE)
        attended = self.facts.attended_since([(request.line, number, request.last_asked_at)])
        if call_id := attended.get((request.line, number)):
            return Superseded(by=by, call_id=call_id)
        if self.facts.in_a_call([number], now - LONGEST_CALL):
            return Released(by=by, why="in_call", due_at=now + IN_CALL_PAUSE)
        if self.store.dialled_since(midnight(now), telephone=number) >= policy.caps.per_number_day:
            tomorrow = next_allowed(rules, midnight(now) + timedelta(days=1))
            return Released(by=by, why="cap", due_at=tomorrow or now + timedelta(days=1))
        return None

    # -- the store

    @property
    def _by(self) -> str:
        return f"worker:{self.name}"

    async def _happen(self, request_id: str, event: Event, at: datetime) -> CallbackRequest | None:
        """Let an event happen to a request of ours; None if it is no longer ours, or somebody was quicker."""
        try:
            after, _ = await asyncio.to_thread(self.store.step, request_id, event, at, worker=self.name)
        except (LeaseLostError, IllegalStepError) as lost:
            log.warning("no longer ours", callback=request_id, step=type(event).__name__, error=str(lost))
            return None
        log.info("callback", callback=request_id, step=type(event).__name__, state=after.state)
        return after


def ring_of(request: CallbackRequest, line: Line) -> Ring:
    """Say how the citizen of a committed attempt is rung."""
    policy, attempt = line.callbacks, request.attempts[-1]
    consented = request.consent is not None and request.consent.answer is ConsentAnswer.ACCEPTED
    return Ring(
        channel_id=attempt.channel_id,
        telephone=national(request),
        ring_seconds=policy.ring_seconds,
        adviser_first=policy.mode is Mode.ADVISER_FIRST,
        variables={
            "__LINEA": line.name,
            "DEV_IDENTIFICADOR": policy.caller_id or line.numbers[0],
            "DEV_CIUDADANO": request.telephone,
            "DEV_TIMBRE": str(policy.ring_seconds),
            "DEV_PLAZO": str(policy.confirm_seconds),
            "DEV_DURACION": str(policy.longest_call_seconds),
            "DEV_IDIOMA": request.language,
            "DEV_COLA": request.place.queue,
            "DEV_DICE": "-".join(told_to_adviser(request, line)),
            "DEV_GRABAR": YES if consented else NO,
        },
    )


def national(request: CallbackRequest) -> str:
    """Give the ten digits of a Colombian telephone."""
    return request.telephone.removeprefix(f"+{COUNTRY_CODE}")


def told_to_adviser(request: CallbackRequest, line: Line) -> tuple[str, ...]:
    """Name the prompts by which an adviser hears who is to be called, and why, before he takes the call."""
    subjects = (
        mailbox.subject_prompt(subject)
        for mailbox in line.mailboxes.values()
        for subject in mailbox.subjects.values()
        if subject.name == request.subject
    )
    number = map(speech.prompt, speech.telephone(national(request)))
    return ("asesor_devolucion", f"asesor_{request.source}", *islice(subjects, 1), *number, "asesor_aceptar")


def midnight(now: datetime) -> datetime:
    """Return when the day began in Colombia."""
    return datetime.combine(now.astimezone(BOGOTA).date(), time(), BOGOTA)
