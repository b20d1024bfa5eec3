"""A worker through two months: holidays, nights, hours without advisers, a clock that is set back and forth."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine

from callback_queue.policy import rules_of
from callback_queue.request import CallbackRequest, Place, Reason, Source, State, Window
from callback_queue.windows import offered
from callback_queue.worker import Worker
from core.calendar import BOGOTA
from core.events import CallEnded, CallStarted, Completed, Connected, EndedBy, Event, LanguageChosen
from core.events import Source as Told
from ivr.line.callbacks import CallbackPolicy, Retry
from ivr.line.web import WebForm
from storage.callback_facts import CallbackFacts
from storage.callbacks import Callbacks
from storage.ledger import Ledger
from telephony.ami.client import Client
from telephony.ami.connection import Account, Snapshot
from telephony.dialler import Dialler
from tests import killed_diallers
from tests.callbacks import ALWAYS, wish
from tests.fake_manager import SECRET, USER, fake_manager
from tests.test_callback_worker import originated

FIRST, DAYS = date(2025, 12, 1), 62
HOLIDAYS = {date(2025, 12, 8), date(2025, 12, 25), date(2026, 1, 1), date(2026, 1, 12)}
"""The public holidays of these months, by hand: the Epiphany is kept on the Monday after it."""

LOOKS = ("06:59", "07:00", "07:59", "08:00", "12:00", "14:59", "15:00", "17:00", "18:59", "19:00", "23:00")
SET_BACK, SET_FORTH = {4: "10:30", 11: "17:40"}, {8: "18:00", 19: "06:00"}
"""On every seventh and tenth day the clock is set after a look: an hour or more back, or ahead and then right again."""

AWAY = {"12:00", "14:59", "15:00", "17:00", "18:59"}
"""Every fifth day no adviser is free at these looks: whoever is owed a call then waits into the night."""

LIVES = (("talks",), ("busy", "talks"), ("busy",))
"""What the citizens do, one after the other: the last one is always busy."""

POLICY = CallbackPolicy(retries={"busy": Retry(limit=3, after_minutes=(60,))}, expiry_hours=72)
FORM = WebForm(window_minutes=120, lead_minutes=60, days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request, when it was asked for by the number of the look, and what its citizen does."""

    id: str
    look: int
    window: Window
    does: tuple[str, ...]


def looks() -> Iterator[datetime]:
    """Yield the moments that the worker's clock shows, one after the other."""
    for day in range(DAYS):
        on = FIRST + timedelta(days=day)
        for number, look in enumerate(LOOKS):
            yield datetime.combine(on, time.fromisoformat(look), BOGOTA)
            for every, sets in ((7, SET_BACK), (10, SET_FORTH)):
                if day % every == 3 and number + 1 in {4, 8} and number + 1 in sets:
                    yield datetime.combine(on, time.fromisoformat(sets[number + 1]), BOGOTA)


def legal(moment: datetime) -> bool:
    """Tell by the text of the law whether somebody may be called."""
    local = moment.astimezone(BOGOTA)
    if local.date() in HOLIDAYS or local.weekday() == 6:
        return False
    begin, end = (8, 15) if local.weekday() == 5 else (7, 19)
    return begin <= local.hour < end


def attended(moment: datetime) -> bool:
    """Tell whether advisers are free."""
    local = moment.astimezone(BOGOTA)
    return (local.date() - FIRST).days % 5 != 1 or f"{local:%H:%M}" not in AWAY


class Months:
    """The worker, its clock, what citizens do, and each ring with the look at which it came."""

    def __init__(self, engine: Engine) -> None:
        self.line = replace(killed_diallers.line(), callbacks=POLICY, calendar=ALWAYS)
        self.store, self.ledger = Callbacks(engine), Ledger(engine)
        self.facts = CallbackFacts(engine)
        self.moments = list(looks())
        self.now = self.moments[0]
        self.wishes: list[Wish] = []
        self.rings: dict[str, int] = {}

    def ask(self, look: int) -> None:
        """Take in a wish; every third one is an appointment in a window that the page offers two days later."""
        number = len(self.wishes)
        window, rules = Window(), rules_of(self.line)
        if number % 3 == 2:
            later = self.now + timedelta(days=2)
            window = next(
                each for each in offered(rules, FORM, self.now) if each.not_before and each.not_before > later
            )
        asked = wish(
            telephone=f"+57300{number:07}",
            origin=f"web:{number}",
            line=self.line.name,
            place=Place(queue=self.line.queue.name, since=self.now),
            source=Source.WEB if window == Window() else Source.APPOINTMENT,
            window=window,
        )
        request = self.store.ask(asked, rules, self.now).request
        self.wishes.append(Wish(id=request.id, look=look, window=window, does=LIVES[number // 3 % len(LIVES)]))

    def answer(self, channel_id: str) -> None:
        """Let the citizen of an attempt do what he does, and queue_log tell it."""
        request = self.store.of_channel(channel_id)
        assert request
        does = next(each.does for each in self.wishes if each.id == request.id)
        talks = does[min(len(request.attempts), len(does)) - 1] == "talks"
        told: list[tuple[type[Event], dict[str, Any]]] = [
            (CallStarted, {"line": self.line.name, "number": request.telephone})
        ]
        if talks:
            there = {"queue": self.line.queue.name, "agent": "Asesora 1", "wait_seconds": 1}
            told += [
                (LanguageChosen, {"language": "es"}),
                (Connected, there),
                (Completed, there | {"talk_seconds": 5, "by": EndedBy.AGENT}),
            ]
        told.append((CallEnded, {"by": EndedBy.SYSTEM, "cause": 16 if talks else 17}))
        said: dict[str, Any] = {
            "at": self.now,
            "call_id": channel_id,
            "channel_id": channel_id,
            "source": Told.QUEUE_LOG,
        }
        self.ledger.apply([kind(order=order, **said, **fields) for order, (kind, fields) in enumerate(told, 1)])

    async def pass_by(self) -> None:
        """Look at every moment; each evening and each noon somebody asks for a call."""
        async with (
            fake_manager() as manager,
            Client(Account(port=manager.port, username=USER, secret=SECRET)) as client,
        ):
            told = client.events()
            while not isinstance(await anext(told), Snapshot):
                pass
            worker = Worker(
                name="w",
                store=self.store,
                facts=self.facts,
                dialler=Dialler(client),
                lines=lambda: {self.line.name: self.line},
                now=lambda: self.now,
            )
            for look, moment in enumerate(self.moments):
                self.now = moment
                if look % 7 == 0 and look < len(self.moments) - 9 * len(LOOKS):
                    self.ask(look)
                manager.members = [(f"Asesora {number}", 1, "") for number in range(3 * attended(moment))]
                await worker.round()
                while new := originated(manager)[len(self.rings) :]:
                    for channel_id in new:
                        assert channel_id not in self.rings, "one ring an attempt"
                        self.rings[channel_id] = look
                        self.answer(channel_id)
                    await worker.round()
                self.store.expire(self.now)


def test_two_months_of_holidays_and_a_clock_that_is_set(sqlite_engine: Engine) -> None:
    months = Months(sqlite_engine)
    asyncio.run(months.pass_by())
    assert len(months.wishes) > 60
    assert all(legal(months.moments[look]) for look in months.rings.values())
    for each in months.wishes:
        request = months.store.get(each.id)
        assert request
        judge(months, each, request)


def judge(months: Months, asked: Wish, request: CallbackRequest) -> None:
    """See that a request was rung as soon as it might be, as often as the policy says, and that it has its end."""
    begins, ends = asked.window.not_before, asked.window.not_after
    rung = [months.rings[attempt.channel_id] for attempt in request.attempts]
    may = [
        look
        for look in range(asked.look, len(months.moments))
        if legal(months.moments[look])
        and attended(months.moments[look])
        and (begins is None or begins <= months.moments[look])
        and (ends is None or months.moments[look] < ends)
    ]
    assert rung[:1] == may[:1], "as soon as it may be"
    assert all(begins <= months.moments[look] < ends for look in rung if begins and ends)
    talked = asked.does[-1] == "talks" and len(rung) == len(asked.does)
    assert (request.state, request.reason in {Reason.TOO_MANY_ATTEMPTS, Reason.EXPIRED}) == (
        (State.ATTENDED, False) if talked else (State.FAILED, True)
    )
    if not asked.window.not_after:
        assert len(rung) == (3 if asked.does == ("busy",) else len(asked.does))
