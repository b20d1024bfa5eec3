"""The board in a real browser: what it shows, how far it is to be believed, and that everybody can use it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page

from contesta.board.view import Board, Mode
from quality.metrics.limits import Level
from tests.board_scenes import BUSY, EMPTY, EMPTY_DAY, NOW, QUEUES, next_of
from tests.board_stage import Stage, Theatre, sees, sees_no, silence, turn, violations
from tests.web import overflows

PHONE = {"width": 320, "height": 720}
DESK = {"width": 1280, "height": 900}
REPLAY = next_of(BUSY, mode=Mode.REPLAY, source="repaso de queue_log-20250603.gz")
NO_CENTRAL = next_of(BUSY, connected=False, connected_at=NOW - timedelta(seconds=20))
FILLED = ".ok, .card.warn, .card.bad, .figure.warn, .figure.bad, .alert"


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    opened = Theatre()
    yield opened
    opened.close()


async def focused(page: Page) -> str:
    return str(await page.evaluate("() => document.activeElement.innerText.trim() || document.activeElement.id"))


def order_of(names: list[str]) -> list[str]:
    return [name.split("\n")[0].strip() for name in names]


async def queues_in(page: Page) -> list[str]:
    return order_of(await page.locator("#colas tbody th").all_inner_texts())


def test_every_figure_is_shown_leads_to_its_calls_and_tells_what_it_means(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "Línea 01 8000 910 123", "h1")
            shown = await page.locator(".card").all_inner_texts()
            assert [one.split("\n")[0] for one in shown] == [card.title for card in BUSY.cards]
            assert "Fuera de meta" in shown[1]
            assert "¿Por qué está rojo?" in shown[1]
            assert "88,05 %" in shown[3]
            assert "899/1.021" in shown[3]
            balance = " ".join((await page.locator(".balance p").inner_text()).split())
            assert balance == (
                "Recibidas 1.142 = contestadas 1.020 + abandonadas 61 + fantasmas 40 + desbordadas 14 + en espera 7 "
                "● Cuadra"
            )
            links = await page.locator("a.figure").evaluate_all("all => all.map(one => one.getAttribute('href'))")
            told = [card.calls for card in BUSY.cards if card.calls]
            told += [part.calls for part in BUSY.identity.parts if part.count]
            for row in BUSY.queues:
                told += [row.waiting.calls, row.longest_wait.calls, row.service_level.calls]
                told += [row.abandonment.calls, row.offered.calls]
            for adviser in BUSY.advisers:
                told += [adviser.answered.calls, adviser.tmo.calls]
            assert links[: len(told)] == told

            figure = page.locator(".card a.figure").nth(3)
            await figure.hover()
            tip = page.get_by_role("tooltip")
            await turn(page, tip.is_visible, "no meaning on hover")
            assert "de las recibidas sin fantasmas, 899/1.021" in await tip.inner_text()
            assert await figure.get_attribute("aria-describedby") == await tip.get_attribute("id")
            await tip.hover()
            await silence(page, 1)
            assert await tip.is_visible(), "it can be pointed at"
            await page.keyboard.press("Escape")
            assert not await tip.is_visible()
            await figure.focus()
            assert await tip.is_visible()
            await figure.press("Enter")
            await sees(page, "Llamadas: cifra=service_level")

    theatre.play(scenario)


def test_times_run_by_the_servers_clock_in_the_lines_zone(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        stage.board = next_of(BUSY, at=NOW + timedelta(hours=3))
        async with stage.page(viewport=DESK) as page:
            await sees(page, "13:42:0", ".clock")
            stage.beat(NOW + timedelta(hours=3))
            longest = page.locator(".card a.figure").nth(1)
            before = await longest.inner_text()
            assert "3:02:4" in before
            await silence(page, 4)
            assert await longest.inner_text() != before
            assert "13:42:1" in await page.locator(".clock").inner_text()
            steps = page.locator("#asesores .steps")
            assert await steps.first.get_attribute("data-step") == "3"

    theatre.play(scenario)


def test_time_in_a_state_shows_its_step(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "A. Ruiz")
            steps = await page.locator("#asesores .steps").evaluate_all("all => all.map(one => one.dataset.step)")
            assert steps == ["0", "2", "0", "1", "3", "3", "3", "2", "3"]
            stage.beat(NOW + timedelta(seconds=4))
            await silence(page, 4)
            assert await page.locator("#asesores .steps").first.get_attribute("data-step") == "1"

    theatre.play(scenario)


def test_silence_is_told_after_five_and_after_thirty_seconds(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "En vivo", ".trust")
            assert await page.locator(FILLED).count() > 6
            stage.mute = True
            clock = page.locator(".clock")
            await silence(page, 4)
            await sees(page, "En vivo", ".trust")
            await silence(page, 1.5)
            await sees(page, "Sin señal hace", ".trust")
            await sees(page, "Sin señal, hace", ".card .band")
            assert await page.locator(FILLED).count() == 0, "what is not current is not green, nor red"
            assert "gradient" in await page.locator(".card .figure").first.evaluate(
                "one => getComputedStyle(one).backgroundImage"
            )
            assert await page.locator(".banner").count() == 0
            running = await clock.inner_text()
            await silence(page, 20)
            assert await clock.inner_text() != running, "times still run"
            await silence(page, 6)
            await sees(page, "Sin datos desde las 10:42:07. Estas cifras no son actuales.", ".banner")
            assert await page.locator(".banner").evaluate("one => one.getBoundingClientRect().width") == DESK["width"]
            await sees(page, "Sin datos desde las 10:42:07", "[role=status]")
            standing = await page.locator(".board").inner_text()
            await silence(page, 5)
            assert await page.locator(".board").inner_text() == standing, "times stop"
            assert await page.locator(FILLED).count() == 0
            assert await violations(page) == []

            stage.mute = False
            await page.get_by_role("button", name="Intentar ya").click()
            await sees(page, "En vivo", ".trust")
            await sees_no(page, "Estas cifras no son actuales", "#tablero")
            await silence(page, 2)
            assert await page.locator(FILLED).count() > 6

    theatre.play(scenario)


def test_a_dead_telephone_system_is_a_state_of_its_own(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "En vivo", ".trust")
            stage.tell(NO_CENTRAL)
            await sees(page, "Central sin conexión desde las 10:41:47. Estas cifras no son actuales.", ".banner")
            await sees(page, "Central sin conexión", ".trust")
            assert await page.locator(FILLED).count() == 0
            assert await page.locator(".clock").inner_text() == "10:41:47"
            assert await violations(page) == []
            stage.tell(next_of(NO_CENTRAL, trouble="Asterisk cortó la conexión del manager."))
            await sees(page, "no son actuales. Asterisk cortó la conexión del manager.", ".banner")
            stage.tell(next_of(NO_CENTRAL, connected_at=None))
            await sees(page, "Central sin conexión. Todavía no hay datos de este momento.", ".banner")
            stage.tell(BUSY)
            await sees(page, "En vivo", ".trust")
            assert await page.locator(".banner").count() == 0

    theatre.play(scenario)


def test_a_broken_stream_comes_back_by_itself_after_pauses_that_grow(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "En vivo", ".trust")
            await page.evaluate(
                """() => {
                    window.opened = 0;
                    const Real = EventSource;
                    window.EventSource = class extends Real {
                        constructor(...of) {
                            super(...of);
                            window.opened += 1;
                        }
                    };
                }"""
            )
            stage.refusal = 503
            stage.hang_up()
            pauses, last, opened = [], 0, 0
            for quarter_seconds in range(1, 200):
                await page.clock.run_for(250)
                await asyncio.sleep(0.02)
                if await page.evaluate("() => opened") > opened:
                    pauses.append((quarter_seconds - last) / 4)
                    last, opened = quarter_seconds, opened + 1
                    await stage.until_asked_why(opened)
            await sees(page, "Sin datos desde las 10:42:0", ".banner")
            await sees(page, "Nuevo intento en", ".banner")
            assert pauses[0] >= 0.25
            assert sum(pauses[:4]) <= 5, "a server that starts anew is found soon"
            assert pauses[1] < pauses[3] < pauses[5] < pauses[-1] <= 20
            stage.refusal = None
            await page.evaluate("() => dispatchEvent(new Event('online'))")
            await sees(page, "En vivo", ".trust")
            assert stage.watched == 1

    theatre.play(scenario)


@pytest.mark.parametrize("how", ["told", "refused"])
def test_the_end_of_a_session_is_told_and_nobody_knocks_again(theatre: Theatre, how: str) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "En vivo", ".trust")
            if how == "told":
                stage.end("Su sesión terminó.", again=False)
            else:
                stage.refusal = 401
                stage.hang_up()
                await silence(page, 2)
            await sees(page, "Su sesión terminó", ".banner")
            opened = stage.opened
            await silence(page, 120)
            assert stage.opened == opened
            assert await page.get_by_role("link", name="Ingresar").get_attribute("href") == "/ingreso"
            assert await page.locator(FILLED).count() == 0

    theatre.play(scenario)


def test_order_of_queues_waits_until_nobody_points_at_them(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        turned = next_of(BUSY, queues=[QUEUES[3], *QUEUES[:3]])
        wanted = [row.name for row in turned.queues]
        first = [row.name for row in QUEUES]
        async with stage.page(viewport=DESK) as page:
            await sees(page, "tramites", "#colas")
            assert await queues_in(page) == first
            await page.locator("#colas").hover()
            stage.tell(turned)
            await sees(page, "1 cambio de orden · Aplicar", "#colas")
            assert await queues_in(page) == first
            await page.get_by_role("button", name="Aplicar").click()
            await sees_no(page, "Aplicar", "#colas")
            assert await queues_in(page) == wanted

            stage.tell(next_of(turned, queues=list(reversed(QUEUES))))
            await sees(page, "2 cambios de orden · Aplicar", "#colas")
            await page.mouse.move(5, 5)
            await page.locator("h1").click()
            await sees_no(page, "Aplicar", "#colas")
            assert await queues_in(page) == first[::-1]

            await page.locator("#colas a.figure").first.focus()
            stage.tell(next_of(BUSY))
            await sees(page, "3 cambios de orden · Aplicar", "#colas")
            assert await queues_in(page) == first[::-1]
            await page.locator(".card a").first.focus()
            await sees_no(page, "Aplicar", "#colas")
            assert await queues_in(page) == first

    theatre.play(scenario)


def test_why_a_figure_is_red_is_answered(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "¿Por qué está rojo?")
            button = page.get_by_role("button", name="¿Por qué está rojo? Espera más larga", exact=True)
            await button.focus()
            await page.keyboard.press("Enter")
            await sees(page, "los 8 asesores de la cola están ocupados", "dialog")
            assert await violations(page) == []
            assert (
                await page.get_by_role("link", name="Ver esas llamadas").get_attribute("href")
                == "/llamadas?cola=tramites"
            )
            await page.keyboard.press("Escape")
            await turn(page, page.locator("dialog").is_hidden, "the dialog stays")
            assert await button.evaluate("one => one === document.activeElement")

    theatre.play(scenario)


def test_a_past_moment_is_marked_as_past_and_has_its_address(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "En vivo", ".trust")
            await page.get_by_role("button", name="Otro momento").click()
            field = page.get_by_label("Fecha y hora")
            await turn(page, field.is_visible, "no field")
            assert await field.input_value() == "2025-06-03T10:42", "the line's time, not the browser's"
            await field.fill("2025-06-03T09:15")
            await page.get_by_role("button", name="Ver", exact=True).click()
            await sees(page, "Así estaba el tablero el martes 3 de junio de 2025 a las 09:15:00. No es este momento.")
            await sees(page, "Momento pasado", ".trust")
            assert page.url.endswith("/tablero?momento=2025-06-03T09%3A15%3A00-05%3A00")
            await stage.until(lambda: stage.watched == 0)
            assert await page.locator(FILLED).count() == 0
            still = await page.locator(".board").inner_text()
            await silence(page, 60)
            assert await page.locator(".board").inner_text() == still
            assert await violations(page) == []

            await page.get_by_role("button", name="+15 min").click()
            await sees(page, "a las 09:30:00")
            await page.go_back()
            await sees(page, "a las 09:15:00")
            await page.get_by_role("button", name="Volver a ahora").click()
            await sees(page, "En vivo", ".trust")
            assert page.url.endswith("/tablero")
            await sees_no(page, "Así estaba el tablero")

    theatre.play(scenario)


def test_the_address_of_a_past_moment_opens_it_and_a_wrong_one_says_so(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page("/tablero?momento=2025-06-03T14:15:00Z", viewport=DESK) as page:
            await sees(page, "Así estaba el tablero el martes 3 de junio de 2025 a las 09:15:00.")
            assert stage.opened == 0
            await page.goto("/tablero?momento=2025-06-03T16:15:00Z")
            await sees(page, "No se puede mostrar ese momento. Ese momento aún no ha pasado.")
            await page.get_by_role("button", name="Volver a ahora").click()
            await sees(page, "En vivo", ".trust")

    theatre.play(scenario)


def test_sound_is_off_until_asked_for_and_sounds_once_when_something_becomes_bad(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        bad = BUSY.alerts[0]
        quiet = next_of(BUSY, alerts=[])
        stage.board = quiet
        async with stage.page(viewport=DESK) as page:
            await page.evaluate(
                """() => {
                    window.tones = 0;
                    const start = OscillatorNode.prototype.start;
                    OscillatorNode.prototype.start = function (...of) {
                        window.tones += 1;
                        return start.apply(this, of);
                    };
                }"""
            )
            await sees(page, "Sin sonido")
            stage.tell(next_of(BUSY))
            await sees(page, bad.text, ".notices")
            assert await page.evaluate("() => tones") == 0
            stage.tell(quiet)
            await sees_no(page, bad.text, ".notices")
            await page.get_by_role("button", name="Sin sonido").click()
            await sees(page, "Con sonido")
            assert await page.evaluate("() => tones") == 1, "so that it is known how it sounds"
            warned = bad.model_copy(update={"level": Level.WARN})
            other = bad.model_copy(update={"id": "other", "text": "Otra cola también."})
            for alerts, tones in (([warned], 1), ([bad, other], 2), ([bad], 2), ([warned], 2), ([bad], 3)):
                stage.tell(next_of(BUSY, alerts=alerts, notices=[f"vez {tones} {len(alerts)} {alerts[0].level}"]))
                await sees(page, f"vez {tones} {len(alerts)} {alerts[0].level}")
                assert await page.evaluate("() => tones") == tones

    theatre.play(scenario)


def test_the_status_speaks_at_most_every_ten_seconds(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        quiet = next_of(BUSY, alerts=[])
        stage.board = quiet
        async with stage.page(viewport=DESK) as page:
            await sees(page, "En vivo", ".trust")
            stage.tell(BUSY)
            await sees(page, BUSY.alerts[0].text, "[role=status]")
            stage.tell(quiet)
            await sees_no(page, BUSY.alerts[0].text, ".notices")
            stage.beat(NOW)
            await silence(page, 4)
            assert await page.locator("[role=status]").inner_text() == BUSY.alerts[0].text
            stage.beat(NOW + timedelta(seconds=4))
            await silence(page, 4)
            stage.beat(NOW + timedelta(seconds=8))
            await silence(page, 3)
            await sees(page, f"Terminó la alerta: {BUSY.alerts[0].text}", "[role=status]")

    theatre.play(scenario)


def test_all_is_done_by_keyboard_and_single_keys_can_be_switched_off(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=DESK) as page:
            await sees(page, "A. Ruiz")
            await page.keyboard.press("a")
            assert await page.evaluate("() => document.activeElement.id") == "asesores"
            await page.keyboard.press("?")
            await sees(page, "Usar atajos de una tecla", "dialog")
            assert "Según las últimas conversaciones" in await page.locator("dialog").inner_text()
            assert await violations(page) == []
            await page.get_by_label("Usar atajos de una tecla").press("Space")
            await page.keyboard.press("Escape")
            await turn(page, page.locator("dialog").is_hidden, "the dialog stays")
            await page.locator("h1").click()
            await page.keyboard.press("c")
            assert await page.evaluate("() => document.activeElement.id") != "colas"
            await page.reload()
            await sees(page, "A. Ruiz")
            await page.keyboard.press("c")
            assert await page.evaluate("() => document.activeElement.id") != "colas", "it is remembered"

            reached: list[str] = []
            for _ in range(120):
                await page.keyboard.press("Tab")
                reached.append(await focused(page))
                seen = await page.evaluate(
                    """() => {
                        const box = document.activeElement.getBoundingClientRect();
                        const line = getComputedStyle(document.activeElement).outlineStyle;
                        return document.activeElement === document.body || (box.width > 0 && line !== 'none');
                    }"""
                )
                assert seen, reached[-1]
            for wanted in ("Otro momento", "Sin sonido", "Ayuda", "Las mismas cifras en una tabla", "300 *** **40"):
                assert any(one.startswith(wanted) for one in reached), wanted

    theatre.play(scenario)


def test_nothing_is_too_small_for_a_finger_and_nothing_is_wider_than_a_phone(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(viewport=PHONE, has_touch=True) as page:
            await sees(page, "A. Ruiz")
            await page.get_by_text("Las mismas cifras en una tabla").click()
            await sees(page, "Recibidas antes")
            assert not await overflows(page)
            columns = await page.locator(".cards").evaluate(
                "one => getComputedStyle(one).gridTemplateColumns.split(' ').length"
            )
            assert columns == 2
            assert await violations(page) == []
            small = await page.evaluate(
                """() => [...document.querySelectorAll('#tablero :is(a, button, summary, input)')].filter((one) => {
                    one.scrollIntoView({block: 'center'});
                    const box = one.getBoundingClientRect();
                    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
                    return [[x, y - 21], [x, y + 21]].some(([left, top]) => {
                        const hit = document.elementFromPoint(left, top);
                        return hit?.closest('a, button, summary, input') !== one;
                    });
                }).map((one) => one.outerHTML.slice(0, 100))"""
            )
            assert small == []

    theatre.play(scenario)


@pytest.mark.parametrize(
    ("board", "options"),
    [
        (BUSY, {}),
        (BUSY, {"color_scheme": "dark"}),
        (BUSY, {"reduced_motion": "reduce", "forced_colors": "active"}),
        (EMPTY, {}),
        (EMPTY, {"color_scheme": "dark", "viewport": PHONE}),
        (REPLAY, {}),
    ],
    ids=["light", "dark", "forced colours", "empty", "empty on a dark phone", "replay"],
)
def test_everybody_can_use_it(theatre: Theatre, board: Board, options: dict[str, Any]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.board = board
        if board is EMPTY:
            stage.day = EMPTY_DAY
        async with stage.page(**({"viewport": DESK} | options)) as page:
            await sees(page, "El día por cuartos de hora")
            await sees(page, "tuvieron llamadas" if board is EMPTY else "Las mismas cifras en una tabla")
            assert await violations(page) == []
            assert not await overflows(page)
            if board is REPLAY:
                assert "repaso de queue_log-20250603.gz" in await page.locator(".trust").inner_text()
            if board is EMPTY:
                for said in ("Ninguna cola ha tenido", "Nadie espera", "Ningún asesor", "Recibidas 0"):
                    await sees(page, said)

    theatre.play(scenario)


def test_what_comes_late_shows_its_place_and_a_dead_server_its_words(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        stage.mute = True
        async with stage.page(viewport=DESK) as page:
            await turn(page, page.locator(".skeleton").first.is_visible, "no skeleton")
            assert (
                await page.locator(".skeleton").first.evaluate("one => getComputedStyle(one).animationDelay") == "0.3s"
            )
            await stage.until(lambda: stage.watched == 1)
            await silence(page, 12)
            await sees(page, "El servidor no responde. Compruebe la red.")
            assert await violations(page) == []
            stage.mute = False
            stage.tell(BUSY)  # to the page if it has come back already
            await silence(page, 2)
            await sees(page, "En vivo", ".trust")
            assert stage.opened == 2

    theatre.play(scenario)


def test_without_scripts_the_page_says_what_to_do(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        context = await stage.browser.new_context(base_url=stage.address, java_script_enabled=False)
        page = await context.new_page()
        for address in ("/tablero", "/pared/x"):
            await page.goto(address)
            assert "necesita JavaScript, que está apagado" in await page.locator("body").inner_text()
        await context.close()

    theatre.play(scenario)


def test_hostile_text_stays_text(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        evil = "<img src=x onerror=alert(1)><script>alert(1)</script>javascript:alert(1)"
        row = QUEUES[0].model_copy(update={"name": evil})
        adviser = BUSY.advisers[0].model_copy(update={"name": evil, "word": evil, "reason": evil, "queues": [evil]})
        card = BUSY.cards[0].model_copy(update={"title": evil, "shown": evil, "detail": evil, "meaning": evil})
        stage.board = next_of(
            BUSY, title=evil, queues=[row], advisers=[adviser], cards=[card, *BUSY.cards[1:]], notices=[evil]
        )
        async with stage.page(viewport=PHONE) as page:
            await sees(page, evil, "h1")
            await page.locator(".card a.figure").first.focus()
            assert await page.locator("#tablero img, #tablero script, .tip img").count() == 0
            assert not await overflows(page)

    theatre.play(scenario)
