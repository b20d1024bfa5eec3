"""Survey results and the ways through the menus, as supervisors see them: in a browser, by keyboard, judged by axe."""

from pathlib import Path

from playwright.async_api import Page
from sqlalchemy import Engine

from contesta import lines
from contesta.lines import examine_files
from contesta.sankey import sankey
from contesta.web.access import Role
from contesta.web.context import SETTINGS
from quality.metrics.funnel import Kind
from storage.ledger import Ledger
from telephony.queue_log.reader import Reader
from tests.test_survey_results import ANM, FIRST, answers_of, lines_of
from tests.test_web_pages import judged, sized
from tests.web import Office, run_office

HUNG_UP = 5
PERIOD = "desde=2025-11-01&hasta=2025-11-30"


def story(folder: Path) -> Path:
    """Sixty attended calls and five that hung up in the menu, one of them hostile in its names."""
    told = [
        line for number in range(60) for line in lines_of(number, "anm_atencion", "Ana Ruiz", [*answers_of(number)])
    ]
    for number in range(HUNG_UP):
        at, channel = FIRST + 7_000 + number, f"{FIRST}.{9000 + number}"
        own = f"|{channel}|NONE|NONE|"
        told += [
            f"{at}{own}LLAMADA|{channel}|anm|anonymous",
            f"{at + 1}{own}MENU|principal|2|chosen",
            f"{at + 2}{own}TEXTO|<script>x</script>",
            f"{at + 3}{own}ENCUESTA|comentario||anm_servicio|2025/11/03/voz.wav",
            f"{at + 4}{own}COLGO|menu|tramites",
            f"{at + 5}{own}FIN|caller|16",
        ]
    file = folder / "queue_log"
    file.write_text("".join(f"{line}\n" for line in told), encoding="utf-8")
    return file


def publish(office: Office) -> None:
    (examined,) = examine_files([ANM])
    assert examined.line
    published = lines.published(office.app[SETTINGS])
    published.add({examined.line.name: (examined.line.edition, ANM.read_text(encoding="utf-8"))})
    published.make_current({examined.line.name: examined.line.edition}, office.clock())


async def focus_reaches(page: Page, selector: str) -> None:
    """Tab until an element has the focus."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("(one) => document.activeElement?.matches(one) ?? false", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def test_pages_of_results_are_for_everybody(sqlite_engine: Engine, tmp_path: Path) -> None:
    Ledger(sqlite_engine).apply(Reader([story(tmp_path)]))

    async def scenario(office: Office) -> None:
        publish(office)
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 320)):
            async with sized(office, scheme, width, Role.SUPERVISOR) as page:
                await page.goto(f"/encuestas?{PERIOD}&por=agent")
                await judged(page)
                text = await page.locator("main").inner_text()
                assert "60 contactos atendidos" in text
                assert "(60/60)" in text
                await page.screenshot(path=tmp_path / f"encuestas-{scheme}-{width}.png", full_page=True)
                await page.goto(f"/recorrido?{PERIOD}")
                await judged(page)
                assert await page.locator(".sankey .band.adviser title").first.text_content() == (
                    "Cola Atención al usuario → Asesor: 60"
                )
                await focus_reaches(page, ".drawing")
                await focus_reaches(page, "summary")
                await page.keyboard.press("Enter")
                await page.get_by_role("cell", name="Asesor", exact=True).first.wait_for()
                await page.screenshot(path=tmp_path / f"recorrido-{scheme}-{width}.png", full_page=True)

    run_office(sqlite_engine, scenario)


def test_programs_get_what_pages_show(sqlite_engine: Engine, tmp_path: Path) -> None:
    Ledger(sqlite_engine).apply(Reader([story(tmp_path)]))

    async def scenario(office: Office) -> None:
        publish(office)
        auditor = await office.signed_in(Role.AUDITOR)
        (line,) = (await (await auditor.get("/api/v1/survey?first=2025-11-03&last=2025-11-03&by=queue")).json())[
            "lines"
        ]
        assert [row["name"] for row in line["rows"]] == ["anm_atencion"]
        assert line["questions"][0]["response_rate"]["denominator"] == 60
        assert len(line["comments"]) == HUNG_UP
        (line,) = (await (await auditor.get("/api/v1/funnel?line=anm")).json())["lines"]
        menus = {menu["menu"]: menu for menu in line["menus"]}
        assert menus["principal"]["chose"] == 60 + HUNG_UP
        assert menus["tramites"]["hung_up"] == HUNG_UP
        (line,) = (await (await auditor.get("/api/v1/funnel?first=2025-11-04")).json())["lines"]
        assert line["calls"] == 0
        assert "script>x<" not in await (await auditor.get(f"/recorrido?{PERIOD}")).text()

    run_office(sqlite_engine, scenario)


def test_bands_fill_the_places_they_lead_to() -> None:
    drawn = sankey(
        [
            (0, "Llamaron", "Menú", Kind.MENU, 30),
            (0, "Llamaron", "Colgó", Kind.HUNG_UP, 10),
            (1, "Menú", "Asesor", Kind.ADVISER, 30),
        ]
    )
    heights = {box.name: box.height for box in drawn.boxes}
    assert heights["Llamaron"] == heights["Menú"] + heights["Colgó"]
    assert [band.width for band in drawn.bands] == [heights["Menú"], heights["Colgó"], heights["Asesor"]]
    assert all(box.y + box.height <= drawn.height for box in drawn.boxes)
    assert sankey([]).boxes == ()
