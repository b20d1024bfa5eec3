"""Survey results and the ways through the menus, as supervisors see them: in a browser, by keyboard, judged by axe."""

import asyncio
import html
import re
from pathlib import Path

import numpy as np
import soundfile
from playwright.async_api import Page, expect
from sqlalchemy import Engine

from contesta import lines
from contesta.lines import examine_files
from contesta.sankey import sankey
from contesta.web.access import Action, Role
from contesta.web.context import SETTINGS
from quality.metrics.funnel import Kind
from storage.ledger import Ledger
from telephony.queue_log.reader import Reader
from tests.test_survey_results import ANM, FIRST, answers_of, lines_of
from tests.test_web_pages import judged, sized
from tests.web import Office, run_office

HUNG_UP = 5
EVERYBODY = "60"
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
                await page.locator(".sankey .band.hung_up").first.click()
                await page.get_by_text("Tramo: 5. menú tramites → colgó").wait_for()
                await expect(page.locator("main tbody tr")).to_have_count(HUNG_UP)

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
            (0, "Llamaron", "Menú", Kind.MENU, 30, ""),
            (0, "Llamaron", "Colgó", Kind.HUNG_UP, 10, ""),
            (1, "Menú", "Asesor", Kind.ADVISER, 30, ""),
        ]
    )
    heights = {box.name: box.height for box in drawn.boxes}
    assert heights["Llamaron"] == heights["Menú"] + heights["Colgó"]
    assert [band.width for band in drawn.bands] == [heights["Menú"], heights["Colgó"], heights["Asesor"]]
    assert all(box.y + box.height <= drawn.height for box in drawn.boxes)
    assert sankey([]).boxes == ()


def test_what_a_caller_said_is_heard_in_parts_and_each_time_written_down(sqlite_engine: Engine, tmp_path: Path) -> None:
    Ledger(sqlite_engine).apply(Reader([story(tmp_path)]))

    async def scenario(office: Office) -> None:
        supervisor = await office.signed_in(Role.SUPERVISOR)
        page = await (await supervisor.get(f"/encuestas?{PERIOD}")).text()
        address = re.findall(r'<audio[^>]* src="([^"]+)"', page)[0]
        assert (await supervisor.get(address)).status == 404, "the file is gone"
        file = office.app[SETTINGS].messages_dir / "2025/11/03/voz.wav"
        file.parent.mkdir(parents=True)
        soundfile.write(file, np.zeros(8000), 8000, subtype="PCM_16")
        part = await supervisor.get(address, headers={"Range": "bytes=8-11"})
        assert (part.status, await part.read(), part.content_type) == (206, b"WAVE", "audio/wav")
        assert (await supervisor.get(address.rsplit("/", 1)[0] + "/7")).status == 404
        assert (await (await office.signed_in(Role.ADVISER)).get(address)).status == 403
        heard = await asyncio.to_thread(lambda: office.accesses(Action.RECORDING_HEARD))
        assert [entry.what.split(" ", 1)[1] for entry in heard] == ["comentario 1 bytes=8-11"]

    run_office(sqlite_engine, scenario)


def test_figures_of_both_pages_are_links_to_the_list(sqlite_engine: Engine, tmp_path: Path) -> None:
    Ledger(sqlite_engine).apply(Reader([story(tmp_path)]))

    async def scenario(office: Office) -> None:
        publish(office)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        counts = {}
        for path in ("encuestas", "recorrido"):
            page = await (await supervisor.get(f"/{path}?{PERIOD}")).text()
            for address, says in re.findall(r'<a href="(/llamadas\?[^"]+)">([^<]+)</a>', page):
                told = await supervisor.get(html.unescape(address))
                assert told.status == 200, address
                (count,) = re.findall(r'<p class="count">(\d+) (?:llamadas?|casos? en)', await told.text())
                counts[path, says, html.unescape(address)] = int(count)
        assert {("encuestas", 60), ("recorrido", 65), ("recorrido", 5)} <= {
            (path, n) for (path, *_), n in counts.items()
        }
        for (_, says, address), count in counts.items():
            (shown,) = re.findall(r"\((\d+)/", says) or re.findall(r"^\d+(?!\d*,)", says) or [EVERYBODY]  # a mean
            assert int(shown) == count, address
        api = await (await supervisor.get("/api/v1/calls?survey=anm_servicio&question=satisfaccion&answer=4,5")).json()
        assert api["count"]["answers"] == api["count"]["calls"] == 60
        api = await (await supervisor.get("/api/v1/calls?stage=menu&place=tramites&did=hung_up")).json()
        assert api["count"]["deeds"] == HUNG_UP
        for wrong in ("answer=x", "did=x", "stage=x"):
            assert (await supervisor.get(f"/api/v1/calls?{wrong}")).status == 400
        for wrong in ("respuesta=x", "hizo=x", "momento=x", "atendido=x"):
            assert (await supervisor.get(f"/llamadas?{wrong}")).status == 400

    run_office(sqlite_engine, scenario)
