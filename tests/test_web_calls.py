"""The pages of calls: lists that hold what a figure counts, the story of one call, tables, and who may see what."""

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Page
from sqlalchemy import Engine
from yarl import URL

from contesta.call_search import WORDS, CallSearch, calls_address, moment
from contesta.format import UNKNOWN
from contesta.web import calls
from contesta.web.access import Role
from tests.stories import uid
from tests.web import Client, Office, complaints_of, overflows, run_office
from tests.web_calls import browse, links

BOGOTA = ZoneInfo("America/Bogota")


def test_list_shows_every_call_once_over_its_pages(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        seen: list[str] = []
        address = "/llamadas"
        while address:
            page = await (await client.get(address)).text()
            seen += links(page, '/llamadas/[^"]+')
            older = re.search(r'href="([^"]+)" rel="next"', page)
            address = unescape(older[1]) if older else ""
        assert seen == [f"/llamadas/{uid(call)}" for call in reversed(range(64))]

    browse(full, scenario)


def test_list_masks_numbers_and_tells_outcomes(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = await (await client.get("/llamadas")).text()
        assert "300 *** **63" in page
        assert "573000000063" not in page
        for said in ("contestada", "abandonada", "fantasma", "desbordada", "rechazada", "perdida", "sin cola"):
            assert said in page
        assert "15:06:40" not in page, "hours are Colombia's"
        assert "10:09:" in page

    browse(full, scenario)


def test_filters_are_in_the_address_and_can_be_taken_off(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = await (
            await client.get("/llamadas?cola=segunda&resultado=rechazada&desde=2026-01-01&hasta=2026-01-01")
        ).text()
        assert links(page, '/llamadas/[^"]+') == [f"/llamadas/{uid(call)}" for call in range(61, 0, -8)]
        assert "<option selected>rechazada</option>" in page
        assert "/llamadas?desde=2026-01-01&hasta=2026-01-01&resultado=rechazada" in links(page, '/llamadas[^"]*')
        page = await (await client.get("/llamadas?hasta=2025-12-31")).text()
        assert "Ninguna llamada cumple estos filtros" in page

    browse(full, scenario)


def test_call_is_told_step_by_step(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = unescape(await (await client.get(f"/llamadas/{uid(8)}")).text())
        assert "Esperó 0:10, habló 0:21 con A. Ruiz; colgó el asesor." in page
        facts = re.findall(r'class="fact">([^<]+)<', page)
        assert facts[0] == "Llamó a la línea 018000910123"
        assert facts[-1] == "Colgó"
        assert "Respondió 4 a la pregunta «p1»" in facts
        assert re.findall(r'class="elapsed">([^<]+)<', page)[:3] == ["+00:00", "+00:03", "+00:04"]
        assert set(re.findall(r'class="source">([^<]+)<', page)) == {"queue_log"}

    browse(full, scenario)


def test_call_that_was_cut_off_says_what_is_not_known(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = unescape(await (await client.get(f"/llamadas/{uid(7)}")).text())
        assert "Se perdió mientras esperaba en la cola atencion: la central se reinició." in page
        assert "La central se reinició durante la llamada; lo que siguió no se conoce." in page

    browse(full, scenario)


def test_hostile_data_is_shown_as_text(evil: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = await (await client.get("/llamadas")).text()
        (link,) = (one for one in links(page, '/llamadas/[^"]+') if "script" in one)
        story = await (await client.get(link)).text()
        for html in (page, story):
            assert "<script" not in html
            assert "<img" not in html
            assert "&lt;script&gt;" in html
        assert "49" not in re.findall(r"<h1>.*?</h1>", story)[0]

    browse(evil, scenario)


def test_page_refreshes_itself_only_when_asked_to(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        assert "http-equiv" not in await (await client.get("/llamadas")).text()
        page = await (await client.get("/llamadas?cola=segunda&actualizar=si")).text()
        assert '<meta http-equiv="refresh" content="10">' in page
        assert "/llamadas?cola=segunda" in links(page, '/llamadas[^"]*'), "and it can be stopped"

    browse(full, scenario)


CONTRAST = """() => {
    const light = (colour) => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map((c) => c / 255)
            .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (colour !== 'rgba(0, 0, 0, 0)') return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const poor = [];
    for (const element of document.querySelectorAll('body *')) {
        if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
        const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) poor.push(`${element.outerHTML.slice(0, 80)} ${ratio}`);
    }
    return poor;
}"""


def test_in_a_real_browser(evil: Engine) -> None:
    """Light, dark and 320 px wide: nothing hostile runs, nothing overflows, everything can be read and reached."""

    async def scenario(office: Office) -> None:
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320)):
            viewport = {"width": width, "height": 800}
            async with office.page(Role.SUPERVISOR, color_scheme=scheme, viewport=viewport) as page:
                complaints = complaints_of(page)
                await page.goto("/llamadas")
                await look(page)
                await page.keyboard.press("Tab")
                assert await page.evaluate("() => document.activeElement.textContent") == "Ir al contenido"
                await page.locator("tbody a").nth(3).focus()
                await page.keyboard.press("Enter")
                await page.wait_for_url("**/llamadas/**")
                await look(page)
                await page.goto("/llamadas?cola=segunda")
                await page.get_by_role("link", name="Quitar el filtro Cola: segunda").click()
                await page.locator("tbody a").first.click()
                assert "owned" not in await page.title()
                assert "<script>" in await page.locator("main").inner_text()
                await look(page)
                assert complaints == []

    async def look(page: Page) -> None:
        assert not await overflows(page)
        assert await page.evaluate(CONTRAST) == []

    run_office(evil, scenario)


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/llamadas?desde=ayer", 400, "fecha no válida: «ayer»"),
        ("/llamadas?desde_hora=10:00", 400, "fecha no válida: «T10:00»"),
        ("/llamadas?desde=2026-01-01T25:00", 400, "fecha no válida"),
        ("/llamadas?hasta=9999-12-31", 400, "fecha no válida"),
        ("/llamadas?hasta=1968-12-31", 400, "fecha no válida"),
        ("/llamadas?desde=2026-01-01T10:00-99:00", 400, "fecha no válida"),
        ("/llamadas?resultado=excelente", 400, "resultado desconocido"),
        ("/llamadas?despues=aqu%C3%AD", 400, "«despues» no es un lugar de esta lista"),
        ("/llamadas?espera_max=-1", 400, "«espera_max» debe ser mínimo 0"),
        ("/llamadas?espera_max=1e3", 400, "«espera_max» no es un número entero"),
        ("/llamadas?espera_mas_de=99999999999999999999", 400, "«espera_mas_de»"),
        ("/llamadas?cola=a&cola=b", 400, "«cola»"),
        ("/llamadas?otra=1", 400, "«otra» no se conoce aquí"),
        ("/llamadas?duracion=larga", 400, "«duracion» debe ser uno de"),
        ("/llamadas.csv?numeros=todos", 400, "«numeros» debe ser uno de"),
        ("/llamadas.csv?desde=ayer", 400, "fecha no válida"),
        ("/llamadas/99.9", 404, "no existe"),
    ],
)
def test_mistakes_are_told_in_words(full: Engine, address: str, status: int, says: str) -> None:
    async def scenario(client: Client) -> None:
        response = await client.get(address)
        assert response.status == status
        assert says.lower() in unescape(await response.text()).lower()

    browse(full, scenario)


@pytest.mark.parametrize(
    ("form", "address"),
    [
        ("desde=&hasta=&cola=&resultado=", "/llamadas"),
        ("desde=2026-01-01&desde_hora=10%3A15&hasta=&cola=", "/llamadas?desde=2026-01-01T10%3A15"),
        ("hasta=2026-01-01&hasta_hora=10%3A15%3A30", "/llamadas?hasta=2026-01-01T10%3A15%3A30"),
        ("hasta=2026-01-01&hasta_hora=00%3A00", "/llamadas?hasta=2025-12-31"),
        ("espera_max=20&espera_mas_de=&resultado=otras&cola=", "/llamadas?resultado=otras&espera_max=20"),
    ],
)
def test_an_address_sent_by_the_form_is_written_shorter(full: Engine, form: str, address: str) -> None:
    async def scenario(client: Client) -> None:
        response = await client.get(f"/llamadas?{form}", allow_redirects=False)
        assert (response.status, URL(response.headers["Location"])) == (303, URL(address))
        assert (await client.get(address, allow_redirects=False)).status == 200

    browse(full, scenario)


MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)
SEARCHES = st.builds(
    CallSearch,
    since=st.none() | MOMENTS,
    until=st.none() | MOMENTS | MOMENTS.map(lambda at: at.replace(hour=5, minute=0, second=0, microsecond=0)),
    line=NAMES,
    queue=NAMES,
    outcome=st.sampled_from(["", *WORDS]),
    agent=NAMES,
    wait_at_most=st.none() | st.integers(0, 86_400),
    wait_more_than=st.none() | st.integers(0, 86_400),
    talk_known=st.booleans(),
    unanswered_by=NAMES,
    as_of=st.none() | MOMENTS,
)


@pytest.mark.parametrize("zone", ["America/Bogota", "America/Santiago", "Pacific/Chatham"])
@given(search=SEARCHES)
def test_an_address_asks_for_what_it_was_made_of(zone: str, search: CallSearch) -> None:
    here = ZoneInfo(zone)
    told = dict(parse_qsl(urlsplit(calls_address(search, here)).query))
    assert calls.ListAsked.model_validate(told).search(here) == search
    assert search.chips(here).keys() == told.keys()
    for name in told:
        assert search.without(name).parameters(here) == {key: said for key, said in told.items() if key != name}


def test_an_hour_that_the_clock_runs_through_twice() -> None:
    zone = ZoneInfo("America/Santiago")  # on 5 April 2026 at midnight it is 23:00 again
    for hour in (2, 3):
        at_half = datetime(2026, 4, 5, hour, 30, tzinfo=UTC)
        told = calls_address(CallSearch(since=at_half), zone)
        assert moment(dict(parse_qsl(urlsplit(told).query))["desde"], zone) == at_half


def test_every_filter_is_said_and_can_be_taken_off(full: Engine) -> None:
    everything = CallSearch(
        since=datetime(2026, 1, 1, 15, 0, tzinfo=UTC),
        until=datetime(2026, 1, 1, 15, 15, tzinfo=UTC),
        line="018000910123",
        queue="atencion",
        outcome="recibidas",
        agent="Ana Ruiz",
        wait_at_most=20,
        wait_more_than=3,
        talk_known=True,
        unanswered_by="Beto Díaz",
        as_of=datetime(2026, 1, 1, 15, 10, tzinfo=UTC),
    )

    async def scenario(client: Client) -> None:
        page = unescape(await (await client.get(calls_address(everything, BOGOTA))).text())
        for said in (
            "Desde el 1/01/2026 10:00",
            "Antes del 1/01/2026 10:15",
            "Línea: 018000910123",
            "Cola: atencion",
            "Resultado: recibidas",
            "Asesor: Ana Ruiz",
            "Espera: 0:20 o menos",
            "Espera: más de 0:03",
            "Conversación de duración conocida",
            "No contestó: Beto Díaz",
            "Como estaba el 1/01/2026 10:10",
        ):
            assert f"{said} <span" in page
        assert "<details open>" in page
        for name in everything.parameters(BOGOTA):
            assert calls_address(everything.without(name), BOGOTA) in links(page, '/llamadas[^"]*')
        page = await (await client.get("/llamadas?hasta=2026-01-01")).text()
        assert "Hasta el 1/01/2026 <span" in page
        assert "<details>" in page

    browse(full, scenario)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "64 llamadas"),
        ("?resultado=recibidas", "64 pasos por colas en 56 llamadas"),
        ("?resultado=contestada", "16 llamadas"),
        ("?resultado=contestada&espera_max=8", "7 llamadas"),
        ("?resultado=contestada&espera_mas_de=8", "9 llamadas"),
        ("?resultado=fantasma", "8 llamadas"),
        ("?resultado=otras", "32 pasos por colas en 24 llamadas"),
        ("?resultado=sin+fantasmas", "56 pasos por colas en 48 llamadas"),
        ("?resultado=contestadas+o+abandonadas", "24 llamadas"),
        ("?resultado=espera", "0 llamadas"),
        ("?resultado=esperando", "0 llamadas"),
        ("?asesor=Ana+Ruiz", "16 conversaciones en 16 llamadas"),
        ("?linea=018000910123", "64 llamadas"),
        ("?linea=otra", "0 llamadas"),
        ("?no_contesto=Ana+Ruiz", "0 timbres sin contestar en 0 llamadas"),
        ("?resultado=contestada&corte=2026-01-01T10:07:11", "2 llamadas"),
        ("?resultado=esperando&corte=2026-01-01T10:07:11", "5 llamadas"),
        ("?desde=2026-01-01T10:07&hasta=2026-01-01T10:08", "20 llamadas"),
        ("?desde=2026-01-01T10:07&hasta=2026-01-01T10:08&resultado=abandonada", "2 llamadas"),
    ],
)
def test_the_list_says_how_many_it_holds(full: Engine, asked: str, said: str) -> None:
    async def scenario(client: Client) -> None:
        page = await (await client.get(f"/llamadas{asked}")).text()
        assert f'<p class="count">{said}</p>' in page

    browse(full, scenario)


def test_every_column_is_there_and_what_nothing_tells_is_a_dash(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = unescape(await (await client.get("/llamadas?resultado=desbordada&cola=segunda")).text())
        assert "Ninguna llamada cumple estos filtros" in page
        page = unescape(await (await client.get("/llamadas?resultado=contestada")).text())
        heads = re.findall(r'scope="col"[^>]*>([^<]+)<', page)
        row = page[page.index("<tbody") :].split("</tr>")[0]
        cells = dict(re.findall(r'data-name="([^"]+)"[^>]*>(.*?)</td>', row))
        assert heads == ["Hora", *cells]
        assert cells == {
            "Línea": "018000910123",
            "Número": "300 *** **57",
            "Recorrido": "principal 1",
            "Cola": "atencion",
            "Resultado": '<span class="outcome ok">contestada</span> ',
            "Espera": "0:09",
            "Habló": "0:21",
            "Asesor": "A. Ruiz",
            "Tipificación": UNKNOWN,
            "Grabación": "sí",
            "Devolución": UNKNOWN,
        }

    browse(full, scenario)
