"""What the worker does not dial, and when it dials after all: each rule on both databases, over a manager interface."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Engine

from callback_queue.policy import rules_of
from callback_queue.refusals import IN_CALL_PAUSE, OWNERS_TIME
from callback_queue.request import Attempt, Consent, ConsentAnswer, Place, Reason, Result, Source, State
from callback_queue.states import Cancelled, Taken
from callback_queue.told import told_to_adviser
from callback_queue.worker import Worker, ring_of
from core.events import (
    CallEnded,
    CallStarted,
    Connected,
    EndedBy,
    Event,
    LanguageChosen,
    QueueEntered,
)
from core.events import Source as Told
from ivr.line.callbacks import CallbackPolicy, Caps, Mode, Retry
from ivr.line.model import Consent as LineConsent
from ivr.line.model import Line
from storage.callback_facts import CallbackFacts
from storage.callbacks import Callbacks
from storage.dialling import Dialling
from storage.ledger import Ledger
from telephony.ami.client import Client
from telephony.ami.connection import Account, Snapshot
from telephony.dialler import Dialler
from tests import killed_diallers
from tests.callbacks import ALWAYS, NOW, OFFICE, PHONE, begun, wish
from tests.fake_manager import SECRET, USER, FakeManager, fake_manager

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TOMORROW = datetime(2025, 6, 4, 5, 0, tzinfo=UTC)
"""Midnight in Colombia after NOW."""

AFTER = NOW + timedelta(seconds=61)
"""When a call that was dialled NOW has taken two begun minutes."""


ATTEMPT = Attempt(ordinal=1, channel_id="cb-r1-1", committed_at=NOW)
DIALLED = (CallStarted, {"line": "ciudadanos", "number": PHONE})


@cache
def shipped() -> Line:
    return killed_diallers.line()


def line(**changes: Any) -> Line:  # noqa: ANN401  fields of a policy
    usual = CallbackPolicy(
        legal_hours=ALWAYS,
        retries={"busy": Retry(limit=9, after_minutes=(1,))},
        caps=Caps(per_hour=None, per_day=None),
    )
    return replace(shipped(), callbacks=replace(usual, **changes), calendar=ALWAYS)


@dataclass
class Office:
    """A worker with three free advisers, and its clock."""

    engine: Engine
    line: Line
    now: datetime = NOW
    advisers: int = 3
    told: int = 0
    asked: int = 0
    worker: Worker | None = None
    sent: str = ""

    @property
    def store(self) -> Callbacks:
        return Callbacks(self.engine)

    def ask(self, telephone: str = PHONE, **changes: Any) -> str:  # noqa: ANN401  fields of a wish
        """Take in a wish, a second after the one before, in the minute until now."""
        self.asked += 1
        place = Place(queue=self.line.queue.name, since=NOW)
        asked = wish(telephone=telephone, origin=f"web:{self.asked}", line=self.line.name, place=place, **changes)
        at = self.now - MINUTE + timedelta(seconds=self.asked)
        return self.store.ask(asked, rules_of(self.line), at).request.id

    def tell(self, call_id: str, *facts: tuple[type[Event], dict[str, Any]]) -> None:
        """Bring into the ledger what queue_log has of a call, as happening now."""
        events = []
        for kind, fields in facts:
            self.told += 1
            said: dict[str, Any] = {
                "call_id": call_id,
                "channel_id": call_id,
                "source": Told.QUEUE_LOG,
                "order": self.told,
            }
            events.append(kind(at=self.now, **said, **fields))
        Ledger(self.engine).apply(events)

    def end(self, channel_ids: Sequence[str], cause: int = 17) -> None:
        """Let attempts end, busy: the citizens were dialled."""
        for channel_id in channel_ids:
            self.tell(channel_id, DIALLED, (CallEnded, {"by": EndedBy.SYSTEM, "cause": cause}))

    def calls_in(self, telephone: str, *, attended: bool) -> None:
        """Let a citizen call the line himself."""
        queue = self.line.queue.name
        talk = ((Connected, {"queue": queue, "agent": "Ana Ruiz", "wait_seconds": 1}),) if attended else ()
        started = (CallStarted, {"line": self.line.name, "number": telephone})
        self.tell("1.1", started, (QueueEntered, {"queue": queue}), *talk)

    def works(self, *moments: datetime) -> list[list[str]]:
        """Do a round at each moment; returns what each dialled, by attempt."""
        return asyncio.run(self._work(moments))

    async def _work(self, moments: Sequence[datetime]) -> list[list[str]]:
        rounds: list[list[str]] = []
        async with fake_manager() as manager:
            manager.members = [(f"Asesora {number}", 1, "") for number in range(self.advisers)]
            async with Client(Account(port=manager.port, username=USER, secret=SECRET)) as client:
                told = client.events()
                while not isinstance(await anext(told), Snapshot):
                    pass
                worker = self._working(Dialler(client))
                for self.now in moments:
                    await worker.round()
                    rounds.append(originated(manager)[sum(len(each) for each in rounds) :])
                self.sent = manager.received.decode()
        return rounds

    def _working(self, dialler: Dialler) -> Worker:
        if self.worker is None:
            self.worker = Worker(
                name="w",
                store=self.store,
                facts=CallbackFacts(self.engine),
                dialler=dialler,
                lines=lambda: {self.line.name: self.line},
                now=lambda: self.now,
            )
        self.worker.dialler, self.worker.dials = dialler, lambda: Dialling(self.engine).stopped() is None
        return self.worker

    def state(self, request_id: str) -> tuple[State, Reason | None]:
        request = self.store.get(request_id)
        assert request
        return request.state, request.reason


def originated(manager: FakeManager) -> list[str]:
    return [found.decode().strip() for found in re.findall(rb"\r\nChannelId: (.*)\r\n", manager.received)]


def attempts(*request_ids: str, ordinal: int = 1) -> list[str]:
    return [f"cb-{request_id}-{ordinal}" for request_id in request_ids]


def numbers(count: int) -> list[str]:
    return [f"+57300000000{digit}" for digit in range(count)]


def test_who_called_in_and_was_attended_is_not_dialled(engine: Engine) -> None:
    office = Office(engine, line())
    before, attended, other = (office.ask(number) for number in numbers(3))
    office.now += MINUTE
    office.calls_in(numbers(2)[1], attended=True)
    assert office.works(NOW + 2 * MINUTE) == [attempts(before, other)]
    request = office.store.get(attended)
    assert request
    assert (request.state, request.reason, request.attended_call) == (State.SUPERSEDED, Reason.CALLED_IN, "1.1")


def test_who_is_calling_in_is_dialled_only_if_nobody_attended(engine: Engine) -> None:
    office = Office(engine, line())
    asked = office.ask()
    office.calls_in(PHONE, attended=False)
    assert office.works(NOW, NOW + IN_CALL_PAUSE - MINUTE) == [[], []]
    office.tell("1.1", (CallEnded, {"by": EndedBy.CALLER, "cause": 16}))
    assert office.works(NOW + IN_CALL_PAUSE) == [attempts(asked)]


def test_who_was_attended_before_asking_again_is_dialled(engine: Engine) -> None:
    office = Office(engine, line())
    office.calls_in(PHONE, attended=True)
    office.tell("1.1", (CallEnded, {"by": EndedBy.CALLER, "cause": 16}))
    office.now += MINUTE
    asked = office.ask()
    assert office.works(office.now) == [attempts(asked)]


def test_who_wants_to_be_left_alone_is_called_only_if_he_asks_himself(engine: Engine) -> None:
    office = Office(engine, line())
    unasked, himself = numbers(2)
    for number in (unasked, himself):
        office.store.leave_alone(number, "citizen", "SMS", NOW)
    office.now += MINUTE
    campaign, web = office.ask(unasked, source=Source.CAMPAIGN), office.ask(himself)
    assert office.works(office.now) == [attempts(web)]
    assert office.state(campaign) == (State.CANCELLED, Reason.LEFT_ALONE)


def test_cancelled_is_not_dialled(engine: Engine) -> None:
    office = Office(engine, line())
    asked = office.ask()
    office.store.step(asked, Cancelled(by="citizen", reason=Reason.BY_CITIZEN), NOW)
    assert office.works(NOW, NOW + DAY) == [[], []]
    assert office.state(asked) == (State.CANCELLED, Reason.BY_CITIZEN)


def test_one_telephone_is_rung_so_often_in_a_day_and_then_tomorrow(engine: Engine) -> None:
    office = Office(engine, line(caps=Caps(per_number_day=2, per_hour=None, per_day=None)))
    asked = office.ask()
    for ordinal in (1, 2):
        assert office.works(office.now) == [attempts(asked, ordinal=ordinal)]
        office.end(attempts(asked, ordinal=ordinal))
        office.works(office.now)
        office.now += 2 * MINUTE
    assert office.works(office.now) == [[]]
    waiting = office.store.get(asked)
    assert waiting
    assert waiting.due_at == TOMORROW
    assert office.works(TOMORROW - MINUTE, TOMORROW) == [[], attempts(asked, ordinal=3)]


@pytest.mark.parametrize(
    ("caps", "room_again"),
    [
        ({"per_hour": 2}, NOW + HOUR + MINUTE),
        ({"per_day": 2}, TOMORROW),
        ({"pesos_per_day": 400}, TOMORROW),
        ({"pesos_per_day": 401}, AFTER),
    ],
    ids=["hour", "day", "money", "less money than the cap"],
)
def test_caps_of_a_line_hold_back_until_their_time_is_over(
    engine: Engine, caps: dict[str, int], room_again: datetime
) -> None:
    office = Office(
        engine,
        line(attempts=1, caps=replace(Caps(per_hour=None, per_day=None, mobile_pesos_per_minute=100), **caps)),
        advisers=2,
    )
    first, second, third = (office.ask(number) for number in numbers(3))
    assert office.works(NOW) == [attempts(first, second)]
    for channel in attempts(first, second):  # two minutes each at 100 pesos
        office.tell(channel, (LanguageChosen, {"language": "es"}))
    office.now = AFTER
    office.end(attempts(first, second), cause=16)
    early = [] if room_again == AFTER else [AFTER, room_again - MINUTE]
    assert office.works(*early, room_again) == [*([[]] * len(early)), attempts(third)]


@pytest.mark.parametrize("switch", ["of all", "of the line"])
def test_the_kill_switch_dials_nothing_and_follows_what_goes_on(engine: Engine, switch: str) -> None:
    office = Office(engine, line(attempts=1))
    first = office.ask()
    assert office.works(NOW) == [attempts(first)]
    waits = office.ask(numbers(1)[0])
    if switch == "of all":
        assert Dialling(engine).turn(dials=False, author="ana.ruiz", reason="Prueba", now=NOW)
    else:
        office.line = line(attempts=1, enabled=False)
    office.end(attempts(first))
    assert office.works(NOW + MINUTE) == [[]]
    assert office.state(first) == (State.FAILED, Reason.TOO_MANY_ATTEMPTS)
    Dialling(engine).turn(dials=True, author="ana.ruiz", reason="Ya pasó", now=NOW + MINUTE)
    office.line = line()
    assert office.works(NOW + 2 * MINUTE) == [attempts(waits)]


def test_no_more_are_dialled_than_advisers_free_less_the_reserve(engine: Engine) -> None:
    office = Office(engine, line(reserve=1, attempts=1))
    asked = [office.ask(number) for number in numbers(4)]
    assert office.works(NOW, NOW) == [attempts(*asked[:2]), []]
    office.end(attempts(asked[0]))
    assert office.works(NOW, NOW) == [attempts(asked[2]), []]
    office.advisers = 0
    office.end(attempts(asked[1]))
    assert office.works(NOW) == [[]]


def test_numbers_outside_the_ranges_of_the_line_never_ring(engine: Engine) -> None:
    office = Office(engine, line(ranges=("60",)))
    mobile, fixed = office.ask(), office.ask("+576012345678")
    assert office.works(NOW) == [attempts(fixed)]
    assert office.state(mobile) == (State.FAILED, Reason.NUMBER_NOT_ALLOWED)


def test_what_is_over_its_time_is_not_dialled(engine: Engine) -> None:
    office = Office(engine, line(expiry_hours=2))
    asked = office.ask()
    assert office.works(NOW + 2 * HOUR) == [[]]
    assert office.state(asked) == (State.FAILED, Reason.EXPIRED)


@pytest.mark.parametrize(
    ("asked_at", "opens"),
    [
        ("2025-06-03T17:30", "2025-06-04T08:00"),  # the evening of a Tuesday
        ("2025-06-20T17:30", "2025-06-24T08:00"),  # Monday 23 is Corpus Christi
    ],
    ids=["night", "weekend and public holiday"],
)
def test_outside_hours_nothing_rings_until_the_line_opens(engine: Engine, asked_at: str, opens: str) -> None:
    at, opening = (datetime.fromisoformat(f"{text}-05:00").astimezone(UTC) for text in (asked_at, opens))
    office = Office(engine, replace(line(expiry_hours=200), calendar=OFFICE.calendar), now=at)
    asked = office.ask()
    nights = [at + n * 4 * HOUR for n in range((opening - at) // (4 * HOUR) + 1)]
    assert office.works(*nights, opening - MINUTE, opening) == [*([[]] * (len(nights) + 1)), attempts(asked)]


def test_a_request_that_came_due_too_early_is_not_dialled_outside_hours(engine: Engine) -> None:
    """The line's hours were changed after the promise: the request is due, and the line is closed."""
    office = Office(engine, line())
    asked = office.ask()
    office.line = replace(line(), calendar=OFFICE.calendar)
    evening = NOW + 9 * HOUR  # 19:00
    assert office.works(evening, NOW + 22 * HOUR) == [[], attempts(asked)]


def test_an_attempt_that_no_adviser_took_counts_for_no_cap_and_is_tried_again(engine: Engine) -> None:
    caps = Caps(per_number_day=1, per_hour=1, per_day=1)
    office = Office(engine, line(mode=Mode.ADVISER_FIRST, caps=caps, retries={"no_adviser": Retry(limit=3)}))
    asked = office.ask()
    for ordinal in (1, 2):
        assert office.works(office.now) == [attempts(asked, ordinal=ordinal)]
        for channel_id in attempts(asked, ordinal=ordinal):
            office.tell(channel_id, (CallEnded, {"by": EndedBy.SYSTEM, "cause": 16}))
        assert office.works(office.now) == [[]]
        office.now += HOUR / 2
    assert office.works(office.now) == [attempts(asked, ordinal=3)]
    office.end(attempts(asked, ordinal=3))
    office.works(office.now)
    request = office.store.get(asked)
    assert request
    assert [attempt.result for attempt in request.attempts] == [Result.NO_ADVISER, Result.NO_ADVISER, Result.BUSY]
    assert request.dialled == 1


def test_a_call_that_an_adviser_promised_is_left_to_him_for_a_while_if_he_is_there(engine: Engine) -> None:
    office = Office(engine, line(attempts=9))
    mine, absent = office.ask(owner="Asesora 1"), office.ask(numbers(1)[0], owner="Nadie")
    assert office.works(NOW) == [attempts(absent)], "whose owner is not there is for whoever is free"
    left = office.store.get(mine)
    assert left
    owed = left.promised_at + OWNERS_TIME
    assert (left.state, left.due_at, left.steps[-1].detail) == (State.WAITING, owed, "owner")
    office.end(attempts(absent), cause=1)
    assert office.works(owed - MINUTE, owed) == [[], attempts(mine)], "and then it is for the queue"


def test_who_calls_himself_is_rung_before_others_on_his_own_telephone(engine: Engine) -> None:
    office = Office(engine, line(retries={"no_adviser": Retry(limit=9)}), advisers=2)
    kept = office.ask(numbers(1)[0], source=Source.KEPT_PLACE)
    others, mine = office.ask(numbers(2)[1]), office.ask(owner="Asesora 1")
    office.store.step(mine, Taken(by="Asesora 1", agent="Asesora 1"), NOW)
    assert office.works(NOW) == [attempts(mine, kept)], "there are two advisers"
    request = office.store.get(mine)
    assert request
    rung = ring_of(request, office.line, telephone="asesor1")
    assert (rung.adviser_first, rung.variables["DEV_TELEFONO"], rung.variables["DEV_QUIEN"]) == (
        *(True, "asesor1", "Asesora 1"),
    )
    assert "Variable: DEV_TELEFONO=Asesora 1\r\n" in office.sent
    office.tell(f"cb-{mine}-1", (CallEnded, {"by": EndedBy.SYSTEM, "cause": 16}))
    office.advisers = 0
    office.works(NOW)
    not_taken = office.store.get(mine)
    assert not_taken
    assert (not_taken.state, not_taken.taken_by) == (State.WAITING, ""), "he did not answer: it is for the queue"
    assert office.state(others) == (State.WAITING, None)


def test_an_adviser_hears_where_it_comes_from_who_it_is_and_why_and_if_he_is_rung_first_the_number() -> None:
    subject = wish(source=Source.ABANDONED, subject="solicitud", telephone="+573104567891")
    why = ("asesor_devolucion", "asesor_abandoned", "nombre/r1_0a", "asunto/devolucion_solicitud")
    assert told_to_adviser(begun(subject), shipped(), Mode.CITIZEN_FIRST, "r1_0a") == why
    assert told_to_adviser(begun(subject), shipped(), Mode.ADVISER_FIRST) == (
        *("asesor_devolucion", "asesor_abandoned", "asunto/devolucion_solicitud", "voz/tres", "voz/uno", "voz/cero"),
        *("voz/pausa", "voz/cuatro", "voz/cinco", "voz/seis", "voz/pausa", "voz/siete", "voz/ocho", "voz/nueve"),
        *("voz/uno", "asesor_aceptar"),
    )
    assert ring_of(replace(begun(subject), attempts=(ATTEMPT,)), line(mode=Mode.ADVISER_FIRST)).adviser_first
    assert not ring_of(replace(begun(subject), attempts=(ATTEMPT,)), line()).adviser_first


@pytest.mark.parametrize(
    ("source", "survey", "answer", "told"),
    [
        (Source.CAMPAIGN, "atencion", None, ("devolucion_campana", "atencion", "", "si", "no")),
        (Source.CAMPAIGN, "", None, ("devolucion_campana", "-", "", "si", "no")),
        (Source.CAMPAIGN, "taken_out_of_the_line", None, ("devolucion_campana", "-", "", "si", "no")),
        (Source.WEB, None, ConsentAnswer.ACCEPTED, ("devolucion", "", "accepted", "no", "si")),
        (Source.MAILBOX, None, ConsentAnswer.DECLINED, ("devolucion", "", "declined", "no", "no")),
        (Source.ABANDONED, None, ConsentAnswer.NONE, ("devolucion", "", "", "si", "no")),
    ],
)
def test_the_dialplan_is_told_what_to_ask_the_citizen_and_whether_to_ask_for_an_authorisation(
    source: Source, survey: str | None, answer: ConsentAnswer | None, told: tuple[str, ...]
) -> None:
    consent = answer and Consent(version="1", answer=answer, at=NOW)
    request = replace(begun(wish(source=source, survey=survey, consent=consent)), attempts=(ATTEMPT,))
    names = ("DEV_PREGUNTA", "DEV_ENCUESTA", "DEV_CONSENTIMIENTO", "DEV_AUTORIZAR", "DEV_GRABAR")

    def asked(there: Line) -> tuple[str, ...]:
        return tuple(ring_of(request, there).variables[name] for name in names)

    assert asked(replace(line(), consent=LineConsent(version="1"))) == told
    assert asked(line())[3] == "no", "a line that asks for none"
