"""Who may see which calls and numbers, what of it is logged, and the tables that are taken away."""

import csv
import re
from html import unescape
from itertools import count
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from sqlalchemy import Connection, Engine, event

from contesta import call_csv
from contesta.format import UNKNOWN
from contesta.web import calls
from contesta.web.access import Role
from core.events import CallStarted, Connected, QueueEntered, Source
from storage.ledger import Ledger
from tests.stories import at, events_of, number_of, uid
from tests.web import Client, Office, run_office
from tests.web_calls import browse, links, logged


def rows(table: str) -> list[list[str]]:
    assert table.startswith("\ufeff")
    return list(csv.reader(table.removeprefix("\ufeff").splitlines(), delimiter=";"))


def test_table_has_the_whole_list_over_its_pages(full: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "EXPORTED_AT_ONCE", 10)

    async def scenario(client: Client) -> None:
        response = await client.get("/llamadas.csv")
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert re.fullmatch(
            r'attachment; filename="llamadas-\d{4}-\d\d-\d\d\.csv"', response.headers["Content-Disposition"]
        )
        heads, *told = rows(await response.text())
        assert tuple(heads) == call_csv.COLUMNS
        assert [row[0] for row in told] == [uid(call) for call in reversed(range(64))]
        assert dict(zip(heads, told[-1], strict=True)) == {
            "Identificador": uid(0),
            "Fecha": "2026-01-01",
            "Hora": "10:06:40",
            "Línea": "018000910123",
            "Número": "300 *** **00",
            "Recorrido": "principal 1",
            "Cola": "atencion",
            "Resultado": "contestada",
            "Espera (s)": "7",
            "Habló (s)": "20",
            "Asesor": "Ana Ruiz",
            "Tipificación": "",
            "Grabación": "sí",
            "Devolución": "",
        }
        assert told[-6][6:10] == ["atencion → segunda", "desbordada → rechazada", "30 → 0", ""]
        _, *ghosts = rows(await (await client.get("/llamadas.csv?resultado=fantasma")).text())
        assert len(ghosts) == 8

    browse(full, scenario)


def test_whole_numbers_are_for_those_who_may_export_and_exports_are_logged(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        supervisor, adviser = await office.signed_in(Role.SUPERVISOR), await office.signed_in(Role.ADVISER, "Ana Ruiz")
        assert (await supervisor.head("/llamadas.csv")).status == 200
        assert logged(office) == [], "nothing was sent"
        assert "300 000 0000" not in await (await supervisor.get("/llamadas.csv?cola=atencion")).text()
        whole = await (await supervisor.get("/llamadas.csv?numeros=completos&cola=atencion")).text()
        assert "300 000 0000" in whole
        refused = await adviser.get("/llamadas.csv?numeros=completos")
        assert refused.status == 403
        assert number_of(0)[-7:] not in await refused.text()
        assert "300 *** **00" in await (await adviser.get("/llamadas.csv")).text()
        assert [(who, what) for who, action, what in logged(office) if action == "calls_exported"] == [
            ("adviser-ana-ruiz", "/llamadas.csv"),
            ("supervisor", "/llamadas.csv?cola=atencion&numeros=completos"),
            ("supervisor", "/llamadas.csv?cola=atencion"),
        ]

    run_office(full, scenario)


def test_no_cell_of_a_table_is_a_formula(evil: Engine) -> None:
    first = "=+-@\uff1d\uff0b\uff0d\uff20|%"
    for character in first:
        for cell in (f"{character}1+1", f" {character}1+1", f"\t{character}1", f"\n{character}1", f"\r{character}1"):
            assert call_csv.harmless(cell).startswith("'")
    for cell in ("300 123 4567", "", "Ana", "10", "a=b", UNKNOWN):
        assert call_csv.harmless(cell) == cell

    async def scenario(client: Client) -> None:
        of: dict[str, Any] = {"call_id": "=1+1", "channel_id": "=1+1", "source": Source.AMI}
        Ledger(evil).apply(
            [
                CallStarted(at=at(600), line="@SUM(1)", number="anonymous", **of),
                QueueEntered(at=at(602), queue='=HYPERLINK("x";"y")\n;', **of),
                Connected(at=at(603), queue='=HYPERLINK("x";"y")\n;', agent="-2+3", wait_seconds=1, **of),
            ]
        )
        _, first, *_ = rows(await (await client.get("/llamadas.csv")).text())
        assert first[0] == "'=1+1"
        assert (first[3], first[4], first[6], first[10]) == ("'@SUM(1)", "Anónimo", '\'=HYPERLINK("x";"y") ;', "'-2+3")

    browse(evil, scenario)


def test_a_table_that_cannot_be_read_to_its_end_does_not_look_whole(
    full: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "EXPORTED_AT_ONCE", 10)
    pages = count(1)

    def take_away(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM leg" in statement and next(pages) == 3:
            with full.begin() as other:
                other.exec_driver_sql("ALTER TABLE leg RENAME TO elsewhere")

    event.listen(full, "before_cursor_execute", take_away)

    async def scenario(client: Client) -> None:
        response = await client.get("/llamadas.csv")
        assert response.status == 200
        with pytest.raises(ClientPayloadError):
            await response.text()

    browse(full, scenario)


def test_reading_and_revealing_are_written_to_the_access_log(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        page = await (await auditor.get(f"/llamadas/{uid(3)}")).text()
        assert "300 *** **03" in page
        assert "300 000 0003" not in page
        response = await auditor.post(f"/llamadas/{uid(3)}/numero")
        page = await response.text()
        assert response.status == 200
        assert "300 000 0003" in page
        assert "Quedó registrado que usted lo vio" in page
        assert logged(office) == [("auditor", "number_revealed", uid(3)), ("auditor", "call_read", uid(3))]

    run_office(full, scenario)


def test_the_name_of_any_channel_of_a_call_leads_to_it_and_the_log_has_the_calls(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        assert (await auditor.get(f"/llamadas/{uid(3)}")).status == 200
        assert (await auditor.get("/llamadas/99.9")).status == 404
        assert logged(office) == [("auditor", "call_read", uid(3))], "what was not there was not read"

    run_office(full, scenario)


@pytest.mark.parametrize("role", [Role.ADVISER, Role.ADMINISTRATOR])
def test_who_may_not_reveal_a_number_does_not(full: Engine, role: Role) -> None:
    async def scenario(office: Office) -> None:
        somebody = await office.signed_in(role, "Ana Ruiz" if role is Role.ADVISER else "")
        page = await (await somebody.get(f"/llamadas/{uid(0)}")).text()
        assert "300 *** **00" in page
        assert "Mostrar completo" not in page
        response = await somebody.post(f"/llamadas/{uid(0)}/numero")
        assert response.status == 403
        assert "300 000 0000" not in await response.text()
        assert "number_revealed" not in {action for _, action, _ in logged(office)}

    run_office(full, scenario)


def test_an_adviser_sees_the_calls_that_he_answered_and_no_other(full: Engine) -> None:
    other = f"{START_OF_OTHER}.1"

    async def scenario(office: Office) -> None:
        Ledger(full).apply(
            events_of(
                [
                    f"{START_OF_OTHER}|{other}|NONE|NONE|LLAMADA|{other}|018000910123|+573009999999",
                    f"{START_OF_OTHER}|{other}|juridica|NONE|ENTERQUEUE||+573009999999|1",
                    f"{START_OF_OTHER + 5}|{other}|juridica|Beto Díaz|CONNECT|5|x|2",
                ]
            )
        )
        ana, beto = await office.signed_in(Role.ADVISER, "Ana Ruiz"), await office.signed_in(Role.ADVISER, "Beto Díaz")
        page = unescape(await (await ana.get("/llamadas")).text())
        assert "16 llamadas" in page
        assert "Beto" not in page
        assert set(links(page, '/llamadas/[^"]+')) == {f"/llamadas/{uid(call)}" for call in range(64) if call % 8 < 2}
        page = unescape(await (await beto.get("/llamadas")).text())
        assert links(page, '/llamadas/[^"]+') == [f"/llamadas/{other}"]
        for asked in ("", "?asesor=Ana+Ruiz", "?resultado=contestada", "?desde=2026-01-01"):
            assert uid(0) not in await (await beto.get(f"/llamadas{asked}")).text()
            assert uid(0) not in await (await beto.get(f"/llamadas.csv{asked}")).text()
        assert (await beto.get(f"/llamadas/{other}")).status == 200
        for address in (f"/llamadas/{uid(0)}", f"/llamadas/{uid(2)}", "/llamadas/99.9"):
            response = await beto.get(address)
            assert response.status == 404
            assert "Esta página no existe" in await response.text()

    run_office(full, scenario)


START_OF_OTHER = 1_767_290_000


def test_an_adviser_who_has_answered_nothing_is_told_so(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        page = await (await (await office.signed_in(Role.ADVISER, "Nueva")).get("/llamadas")).text()
        assert "Todavía no ha contestado llamadas" in page

    run_office(full, scenario)
