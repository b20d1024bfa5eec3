"""Scripted people on the line: advisers and callers who use it over SIP like anybody else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import soundfile as sf

from contesta import lines
from contesta.accounts import Adviser
from contesta.plans import Plan
from contesta.settings import LOCALHOST, Settings
from core.errors import NotAvailableError
from ivr.line.model import SPANISH
from ivr.sounds import SPANISH_VOICE
from ivr.synthesis import LINE_HZ, WIDE_HZ, even_loudness, resampled, speak
from telephony.phone import Account, Call, CallRefusedError, Phone, State, audio

SIGN_IN_SECONDS = 3.0
LONGEST_CALL_SECONDS = 900.0
LISTENS_SECONDS = 2.0  # into a prompt, before a key is pressed
BETWEEN_KEYS_SECONDS = 3.5
BREATH_SECONDS = 0.5
SPEECH_DBFS = -40.0

_EVERYWHERE = "0.0.0.0"  # noqa: S104  # compared with, not listened on
_NATIONAL_DIGITS = 10
_MOMENT = audio.RATE_HZ // 10  # samples
_CONVERSATION = (
    ("adviser", "Buenos días. ¿En qué le puedo ayudar?"),
    ("caller", "Quisiera saber cómo va mi solicitud."),
    ("adviser", "Está en estudio. Le respondemos por escrito esta semana."),
    ("caller", "Muchas gracias."),
    ("adviser", "Con gusto. Que esté muy bien."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """A conversation in mu-law: each side's part, silent while the other speaks."""

    adviser: bytes
    caller: bytes

    @property
    def seconds(self) -> float:
        """How long the conversation lasts."""
        return len(self.adviser) / audio.RATE_HZ


@dataclass(slots=True)
class _Meeting:
    """Where the scripts of a caller and of the adviser who got the call wait for each other."""

    plan: Plan
    rings: int = 0
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    parted: asyncio.Event = field(default_factory=asyncio.Event)

    def dissolve(self) -> None:
        self.connected.set()
        self.parted.set()


def conversation() -> Voices:
    """Speak a short conversation."""
    tracks = {"adviser": b"", "caller": b""}
    for who, text in _CONVERSATION:
        loud = resampled(even_loudness(speak(text, SPANISH_VOICE)), WIDE_HZ, LINE_HZ)
        samples = np.round(loud * 32_767).astype(np.int16)
        said = audio.encoded(samples) + audio.SILENCE * round(BREATH_SECONDS * audio.RATE_HZ)
        for track in tracks:
            tracks[track] += said if track == who else audio.SILENCE * len(said)
    return Voices(**tracks)


class Stage:
    """The line as scripted people see it: where it is, how long its prompts are, who is to meet whom."""

    def __init__(self, settings: Settings, voices: Voices) -> None:
        host = LOCALHOST if settings.host == _EVERYWHERE else settings.host
        self._server = (host, settings.sip_port)
        self._line = line = lines.current(settings)[0]
        self.dialled = line.numbers[0]
        self._prompts = settings.sounds_dir / SPANISH / line.sounds
        self._voices = voices
        self._meetings: dict[str, _Meeting] = {}

    @contextlib.asynccontextmanager
    async def adviser(self, adviser: Adviser) -> AsyncIterator[Phone]:
        """Sign in an adviser who answers every call as its caller's plan says.

        Raises:
            NotAvailableError: the line is not there, or is another one.
        """
        account = Account(user=adviser.account, secret=adviser.secret, name=adviser.name)
        async with Phone(account, self._server, on_call=self._advise) as phone:
            where = f"{self._server[0]}:{self._server[1]}"
            try:
                async with asyncio.timeout(SIGN_IN_SECONDS):
                    await phone.register()
            except TimeoutError as error:
                raise NotAvailableError(
                    f"la línea no contesta en {where}. Iníciela primero, en otra terminal, con: make run"
                ) from error
            except CallRefusedError as error:
                raise NotAvailableError(
                    f"la central que contesta en {where} no acepta la cuenta {adviser.account} ({error}): se inició "
                    "con otra carpeta de datos. Deténgala e inicie esta línea con: make run"
                ) from error
            yield phone

    @contextlib.asynccontextmanager
    async def public(self) -> AsyncIterator[Phone]:
        """Give a telephone outside, on which any number of callers can call."""
        async with Phone(Account(user="publico"), self._server) as phone:
            yield phone

    def notice(self, number: str, *, connected: bool, parted: bool) -> None:
        """Tell the caller from `number` what became known: an adviser, perhaps a person, answered or hung up."""
        meeting = self._meetings.get(number)
        if meeting and connected:
            meeting.connected.set()
        if meeting and parted:
            meeting.parted.set()

    async def call(self, phone: Phone, plan: Plan) -> Call:
        """Live through one call as its caller; returns when it is over."""
        meeting = _Meeting(plan=plan)
        self._meetings[plan.number] = meeting
        call = await phone.dial(self.dialled, from_number=plan.number)
        ended = asyncio.create_task(call.wait_ended(), name=f"end of {plan.number}")
        ended.add_done_callback(lambda _: meeting.dissolve())
        try:
            with contextlib.suppress(CallRefusedError, TimeoutError):
                await call.wait_answered()
                await self._behave(call, meeting)
        finally:
            call.hang_up()
            ended.cancel()
            del self._meetings[plan.number]
        return call

    async def _behave(self, call: Call, meeting: _Meeting) -> None:
        plan = meeting.plan
        wait = partial(_pause, call)
        await _until_spoken_to(call)
        await self._authorise(call, plan)
        for key in plan.keys:
            await call.digits(key)
            if key != plan.keys[-1]:
                await wait(BETWEEN_KEYS_SECONDS)
        if plan.patience_seconds is not None:
            await wait(self._prompt_seconds("transferencia") + plan.patience_seconds)
            return
        await meeting.connected.wait()
        call.play(self._voices.caller, repeat=True)
        if not plan.adviser_hangs_up:
            await wait(plan.talk_seconds)
            return
        await meeting.parted.wait()
        call.play(b"")
        await _until_spoken_to(call)
        await wait(self._prompt_seconds("encuesta_intro") + LISTENS_SECONDS)
        for answer in plan.answers:
            await call.digits(answer)
            await wait(BETWEEN_KEYS_SECONDS)
        if plan.stays_to_the_end:
            await wait(LONGEST_CALL_SECONDS)

    async def _authorise(self, call: Call, plan: Plan) -> None:
        """Listen into the first menu; on the way, choose Spanish and answer what the line asks to be authorised.

        Where silence is the answer, the line asks again and goes on by itself, and so does whoever is silent.
        """
        wait, before_seconds = partial(_pause, call), self._prompt_seconds(self._line.welcome)
        if self._line.languages.asked:
            await wait(before_seconds + LISTENS_SECONDS)
            await call.digits(self._line.languages.all[0].key)
            await _until_spoken_to(call)
            before_seconds = 0.0
        if consent := self._line.consent:
            await wait(before_seconds + self._prompt_seconds(consent.core) + LISTENS_SECONDS)
            if plan.authorises is None:
                return
            await call.digits(consent.accept_key if plan.authorises else consent.decline_key)
            await _until_spoken_to(call)
            before_seconds = self._prompt_seconds(consent.accepted if plan.authorises else consent.declined)
        await wait(before_seconds + LISTENS_SECONDS)

    async def _advise(self, call: Call) -> None:
        number = call.number[-_NATIONAL_DIGITS:]
        meeting = self._meetings.get(number) or _Meeting(plan=Plan(number=number, talk_seconds=self._voices.seconds))
        meeting.rings += 1
        call.ring()
        if meeting.rings <= meeting.plan.unanswered_rings:
            await call.wait_ended()
        await _pause(call, meeting.plan.ring_seconds)
        call.answer()
        if call.state is not State.TALKING:
            return
        call.play(self._voices.adviser, repeat=True)
        meeting.connected.set()
        if meeting.plan.adviser_hangs_up:
            await _pause(call, meeting.plan.talk_seconds)
            call.hang_up()
        await call.wait_ended()
        meeting.parted.set()

    def _prompt_seconds(self, prompt: str) -> float:
        path = self._prompts / f"{prompt}.wav"
        return float(sf.info(path).duration) if path.exists() else 0.0


async def _until_spoken_to(call: Call) -> None:
    """Let time pass until the line says something: a busy machine may take a moment. Less if the call ends."""
    begin = len(call.heard) + _MOMENT
    while call.state is State.TALKING:
        heard = call.heard
        if len(heard) >= begin and audio.level_dbfs(heard[-_MOMENT:]) > SPEECH_DBFS:
            return
        await _pause(call, _MOMENT / audio.RATE_HZ)


async def _pause(call: Call, seconds: float) -> None:
    """Let time pass, less if the call ends."""
    with contextlib.suppress(TimeoutError):
        await call.wait_ended(seconds)
