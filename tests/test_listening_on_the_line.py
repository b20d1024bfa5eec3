"""Listening to a conversation that goes on: real telephones, the real page, and what is written down of it."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, async_playwright, expect

from contesta.comparison import differences
from contesta.web import sessions
from contesta.web.access import Action, Role
from core.events import Listened, ListenStep
from storage.call_filter import CallFilter
from storage.database import connect
from storage.people import Acceptance, Invitation, NewPerson, People
from storage.people_access_log import AccessFilter, AccessLog
from storage.people_sessions import Browser, Lifetime, Sessions
from telephony.phone import Account, Call, Phone, audio
from tests.people import advisers_at_work, callers_phone, choose_an_adviser, random_mobile
from tests.running import RunningLine, eventually
from tests.test_web_campaigns import PICTURES
from tests.web import CHROMIUM, CHROMIUM_OPTIONS

CALLER_HERTZ, ADVISER_HERTZ, LISTENER_HERTZ = 440, 700, 1300
LONGEST_MS = 60_000


def shares(call: Call) -> dict[int, float]:
    """Which share of the last half second's power is each tone's."""
    return {hertz: audio.share_at(call.heard[-4000:], hertz) for hertz in (CALLER_HERTZ, ADVISER_HERTZ, LISTENER_HERTZ)}


async def until_hears(call: Call, *wanted: int) -> None:
    """Wait until these tones, and no other, are heard for half a second."""
    async with asyncio.timeout(60):
        while len(call.heard) < 4000 or not _heard(shares(call), wanted):  # noqa: ASYNC110  heard, not told
            await asyncio.sleep(0.05)


def _heard(told: dict[int, float], wanted: tuple[int, ...]) -> bool:
    loud = {hertz for hertz, share in told.items() if share > 0.15}
    faint = {hertz for hertz, share in told.items() if share < 0.01}
    return loud == set(wanted) and loud | faint == set(told)


def supervisor(line: RunningLine, login: str, extension: str) -> str:
    """Make a supervisor with a telephone for listening, and give the cookie of a session."""
    engine, now = connect(line.settings.ledger_url), datetime.now(UTC)
    people, invitation, token = People(engine), sessions.new_secret(), sessions.new_secret()
    new = NewPerson(login=login, name="Sofía Supervisa", role=Role.SUPERVISOR, extension=extension)
    people.add(new, Invitation(digest=invitation.digest, expires_at=now + timedelta(days=1)), now)
    chosen = Acceptance(name=new.name, password_hash="-", factor_seed=None, factor_step=0)
    accepted = people.accept(invitation.digest, chosen, now)
    assert accepted is not None
    Sessions(engine, Lifetime()).open(token.digest, accepted.id, Browser(address="127.0.0.1", name="test"), now)
    engine.dispose()
    return token.text


@contextlib.asynccontextmanager
async def telephone(line: RunningLine, taken: "asyncio.Queue[Call]") -> AsyncIterator[None]:
    """A supervisor's telephone, which answers and says its tone."""

    async def answer(call: Call) -> None:
        call.answer()
        call.play(audio.tone(LISTENER_HERTZ, 1.0), repeat=True)
        await taken.put(call)

    account = line.accounts.listening[0]
    server = (line.settings.host, line.settings.sip_port)
    async with Phone(Account(user=account.account, secret=account.secret), server, on_call=answer) as phone:
        await phone.register()
        yield


def test_a_supervisor_hears_both_whispers_to_the_adviser_alone_and_is_written_down(  # noqa: PLR0915  one story
    line: RunningLine,
) -> None:
    agent, login = line.accounts.scripted[0].name, f"sofia-{os.urandom(4).hex()}"
    cookie = supervisor(line, login, line.accounts.listening[0].account)
    number = random_mobile(random.Random())
    before = datetime.now(UTC)

    async def scenario() -> None:
        advisers: asyncio.Queue[Call] = asyncio.Queue()
        listeners: asyncio.Queue[Call] = asyncio.Queue()

        async def answer(call: Call) -> None:
            call.answer()
            call.play(audio.tone(ADVISER_HERTZ, 1.0), repeat=True)
            await advisers.put(call)

        async with (
            advisers_at_work(line, 300, count=1, on_call=answer),
            callers_phone(line) as phone,
            telephone(line, listeners),
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
            page = await _page_of(line, browser, cookie)
            call = await phone.dial(line.number, from_number=number)
            await choose_an_adviser(line, call)
            adviser = await asyncio.wait_for(advisers.get(), 60)
            call.play(audio.tone(CALLER_HERTZ, 1.0), repeat=True)
            await until_hears(adviser, CALLER_HERTZ)

            await page.goto("/tablero")
            link = page.get_by_role("link", name=f"Escuchar a {agent}")
            await expect(link).to_be_visible(timeout=LONGEST_MS)
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/tablero.png", full_page=True)
            await link.click()
            await page.get_by_role("button", name=f"Escuchar a {agent}").click(timeout=LONGEST_MS)
            listener = await asyncio.wait_for(listeners.get(), 60)
            await until_hears(listener, CALLER_HERTZ, ADVISER_HERTZ)
            await expect(page.locator(".own-listening")).to_contain_text(f"Escucha a {agent}", timeout=LONGEST_MS)
            await until_hears(adviser, CALLER_HERTZ)
            await until_hears(call, ADVISER_HERTZ)

            await page.get_by_role("button", name="Susurrar al asesor").click()
            await until_hears(adviser, CALLER_HERTZ, LISTENER_HERTZ)
            await until_hears(listener, CALLER_HERTZ, ADVISER_HERTZ)
            whispered_from = len(call.heard)
            await expect(page.locator(".own-listening")).to_contain_text("El ciudadano no", timeout=LONGEST_MS)
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/escuchar.png", full_page=True)
            await page.get_by_role("button", name="Solo escuchar").click()
            await until_hears(adviser, CALLER_HERTZ)
            assert audio.share_at(call.heard[whispered_from - 4000 :], LISTENER_HERTZ) < 0.01, (
                "the caller hears nothing"
            )

            await asyncio.to_thread(_gives, line, login, Role.ADVISER)
            await listener.wait_ended(60)
            await asyncio.to_thread(_gives, line, login, Role.SUPERVISOR)
            await expect(page.get_by_text("Ya no tiene permiso").first).to_be_visible(timeout=LONGEST_MS)
            await page.get_by_role("button", name=f"Escuchar a {agent}").click(timeout=LONGEST_MS)
            listener = await asyncio.wait_for(listeners.get(), 60)
            await until_hears(listener, CALLER_HERTZ, ADVISER_HERTZ)
            await expect(page.locator(".own-listening")).to_contain_text(f"Escucha a {agent}", timeout=LONGEST_MS)

            call.hang_up()
            await listener.wait_ended(60)
            await expect(page.get_by_text("La escucha terminó.").first).to_be_visible(timeout=LONGEST_MS)
            await browser.close()

    asyncio.run(scenario())
    _is_written_down(line, login, agent, number, before)


def _gives(line: RunningLine, login: str, role: Role) -> None:
    """Give somebody another role meanwhile."""
    engine = connect(line.settings.ledger_url)
    person = People(engine).named(login)
    assert person is not None
    People(engine).describe(person.id, role=role, agent="", extension=person.extension)
    engine.dispose()


async def _page_of(line: RunningLine, browser: Chromium, cookie: str) -> Page:
    address = line.settings.web_address.rstrip("/")
    context = await browser.new_context(base_url=address, locale="es-CO", viewport={"width": 1280, "height": 900})
    where = {"url": address.replace("http:", "https:"), "secure": True, "httpOnly": True, "sameSite": "Strict"}
    told = {"name": sessions.COOKIE, "value": cookie} | where
    await context.add_cookies([told])  # type: ignore[list-item]  # playwright's own mapping
    return await context.new_page()


def _is_written_down(line: RunningLine, login: str, agent: str, number: str, before: datetime) -> None:
    """The access log, queue_log and the call's history have it; the figures do not."""
    ledger = line.ledger()

    def told() -> list[Listened]:
        (call,) = ledger.calls(CallFilter(number=f"+57{number}"), None, 10).calls
        found = ledger.call(call.call_id)
        assert found is not None
        heard = [event for event in found.events if isinstance(event, Listened)]
        return heard if found.ended_at and len(heard) >= 6 else []

    heard = eventually(told, what="the call's history has who listened")
    assert [event.step for event in heard] == [
        ListenStep.LISTENING,
        ListenStep.WHISPERING,
        ListenStep.LISTENING,
        ListenStep.ENDED,
        ListenStep.LISTENING,
        ListenStep.ENDED,
    ]
    assert {(event.by, event.agent, event.queue) for event in heard} == {(login, agent, line.queue)}
    call_id = heard[0].call_id
    log = AccessLog(connect(line.settings.ledger_url)).read(AccessFilter(who=login, since=before)).lines
    written = [(one.action, one.what) for one in reversed(log)]
    assert written == [
        (Action.LISTENING_BEGAN, f"{call_id} {agent}: solo escucha"),
        (Action.LISTENING_CHANGED, f"{call_id} {agent}: susurro al asesor"),
        (Action.LISTENING_CHANGED, f"{call_id} {agent}: solo escucha"),
        (Action.LISTENING_ENDED, f"{call_id} {agent}: ya no tiene permiso"),
        (Action.LISTENING_BEGAN, f"{call_id} {agent}: solo escucha"),
        (Action.LISTENING_ENDED, f"{call_id} {agent}: terminó la conversación o colgó"),
    ]
    history = ledger.call(call_id)
    assert history is not None
    (visit,) = history.visits
    assert ([leg.agent for leg in visit.legs], visit.rings) == ([agent], ())
    since = ledger.calls(CallFilter(since=before - timedelta(seconds=2)), None, 100).calls
    assert [one.call_id for one in since if one.call_id.startswith("esc-")] == []
    assert differences(ledger, [line.settings.queue_log]) == []
