"""The public pages under test: a published line, citizens who fill in its form, and what became of it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import ClientResponse

from callback_queue.request import CallbackRequest
from contesta import lines
from contesta.settings import Settings
from contesta.web.form_lines import CALLBACKS
from ivr import prompts
from ivr.line.model import Line
from ivr.line.read import read
from tests.web import Client, Office

EXAMPLE = (Path(lines.SHIPPED).parent / "anm.yaml").read_text(encoding="utf-8")
LINE = "/te-llamamos/anm"
TUESDAY = datetime(2026, 11, 24, 9, 10, tzinfo=ZoneInfo("America/Bogota"))
"""The line is open; the windows of that day from 10:10 on are ahead."""

CITIZEN: tuple[dict[str, str], ...] = (
    {"nombre": "María Peña", "telefono": "(300) 123-4567", "sitio_web": ""},
    {
        "tipo": "CC",
        "documento": "1.032.456.789",
        "empresa": "",
        "nit": "",
        "asunto": "certificado",
        "descripcion": "Mi certificado no llegó.",
    },
    {"cuando": "pronto"},
    {"autorizo": "si", "version": "web-2025-11", "sitio_web": "", "prueba": ""},
)
"""What a citizen sends in each of the four steps."""


def line_of(source: str = EXAMPLE) -> Line:
    draft = read(source, "anm.yaml", prompts.shared())
    assert not draft.faults, list(draft.faults)
    return draft.line


def publish(settings: Settings, *sources: str) -> None:
    """Publish lines as a running installation does, but for their voice."""
    drawn = {line.name: (line.edition, source) for source in sources or (EXAMPLE,) for line in [line_of(source)]}
    published = lines.published(settings)
    published.add(drawn)
    published.make_current({name: edition for name, (edition, _) in drawn.items()}, datetime.now(UTC))


def set_clock(office: Office, moment: datetime = TUESDAY) -> None:
    office.clock.offset = moment - datetime.now(UTC)


async def sent(client: Client, address: str, said: Mapping[str, str]) -> str:
    """Send a step, and give where it leads."""
    response = await client.post(address, data=said, allow_redirects=False)
    assert response.status == 303, (response.status, await response.text())
    return response.headers["Location"]


async def filled_in(office: Office, client: Client, *, line: str = LINE, **changes: str) -> str:
    """Fill in all steps but the last, with some answers changed, and give its address."""
    address = line
    for said in CITIZEN[:3]:
        address = await sent(client, address, {name: changes.get(name, text) for name, text in said.items()})
    office.clock.offset += timedelta(seconds=30)
    return address


async def asked(office: Office, client: Client, **changes: str) -> ClientResponse:
    """Ask for a call, and give the page that says so."""
    return await client.post(await filled_in(office, client, **changes), data=CITIZEN[3])


def filing_of(page: str) -> tuple[str, str]:
    """Read number and code off the page."""
    number, code = re.findall(r'name="(?:radicado|codigo)" value="([^"]+)"', page)
    return number, code


def request_of(office: Office, filing: tuple[str, str]) -> CallbackRequest:
    found = office.app[CALLBACKS].filed(*filing)
    assert found is not None
    return found


async def followed(client: Client, filing: tuple[str, str]) -> str:
    """Open the way to a request, and give its address."""
    return await sent(client, "/seguimiento", {"radicado": filing[0], "codigo": filing[1]})
