"""The pages of campaigns: upload a base, look it over, publish it, follow it, pause it, take its results away."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import BodyPartReader, hdrs, web
from pydantic import Field

from callback_queue.campaign.columns import MOST_TELEPHONES, Columns, guess
from callback_queue.campaign.sheet import MOST_BYTES
from contesta import lines
from contesta.call_csv import BEGINNING
from contesta.callbacks.service import by_name
from contesta.campaigns.desk import Desk
from contesta.campaigns.reading import read
from contesta.campaigns.results import Answers, answers, dispositions, exported
from contesta.campaigns.text import ASKERS, FATES, STATES, Share, columns_said, count_lines, why
from contesta.format import capital, day_and_hour, percentage, phone, whole
from contesta.results_text import typed
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.pages import render
from contesta.web.routes import Route, body
from contesta.web.validation import Asked, InvalidInputError, RefusedError, is_plain
from core.errors import ConfigurationError
from ivr.line.published import Published
from storage.campaigns import Asker, Campaign, CampaignState, NewCampaign, StoredRecord
from storage.data_requests import DataRequests

PATH = "/campanas"
ONE = f"{PATH}/{{number:[0-9]{{1,9}}}}"
PREVIEW_ROWS: Final = 15
LONGEST_NAME: Final = 80
_MULTIPART = "multipart/form-data"

LINES = web.AppKey("published_lines", Published)


class ColumnsAsked(Asked):
    """Which columns of a draft are what, counted from 0."""

    telefono: list[int] = Field(max_length=MOST_TELEPHONES)
    nombre: list[int] = Field(default=[], max_length=10)
    documento: int | None = None


def prepare(app: web.Application) -> None:
    """Find the lines that call."""
    app[LINES] = lines.published(app[SETTINGS])


def desk_of(request: web.Request) -> Desk:
    """Give what campaigns are worked with, by the lines that are published now."""
    return Desk(request.app[ENGINE], by_name(request.app[LINES]))


async def show(request: web.Request) -> web.StreamResponse:
    """Show all campaigns, and where to upload a base."""
    return await _everything(request)


async def upload(request: web.Request) -> web.StreamResponse:
    """Take a base in as a draft, and lead to where it is looked over."""
    try:
        campaign = await _uploaded(request)
    except ConfigurationError as wrong:
        return await _everything(request, str(wrong))
    await access_log(request, Action.CAMPAIGN_LOADED, campaign.name)
    raise web.HTTPSeeOther(f"{PATH}/{campaign.id}")


async def show_one(request: web.Request) -> web.StreamResponse:
    """Show a draft to be looked over, or what came of a campaign so far."""
    desk, campaign = await campaign_of(request)
    if campaign.state is CampaignState.DRAFT:
        shown = PREVIEW_ROWS if identity(request).may(Permission.RUN_CAMPAIGNS) else 0
        records = await asyncio.to_thread(desk.campaigns.records, campaign.id, 0, shown)
        return render(request, "campaign_draft.html", _head(request, campaign) | _draft(campaign, records))
    results = await asyncio.to_thread(desk.campaigns.results, campaign.id)
    shares = dispositions(campaign, results)
    context = {
        "dispositions": _bars(shares),
        "total": whole(sum(share.count for share in shares)),
        "questions": [_question(each) for each in answers(results, desk.lines.get(campaign.line), campaign.survey)],
        "pending": whole(campaign.pending),
        "running": campaign.state is CampaignState.RUNNING,
    }
    return render(request, "campaign.html", _head(request, campaign) | context)


async def correct(request: web.Request) -> web.StreamResponse:
    """Take other columns for a draft, and decide on its rows anew."""
    said = body(request, ColumnsAsked)
    desk, campaign = await campaign_of(request)
    titles = range(len(campaign.columns.titles))
    chosen = [*said.telefono, *said.nombre, *([] if said.documento is None else [said.documento])]
    if not all(place in titles for place in chosen) or not said.telefono:
        raise InvalidInputError("elija al menos una columna de teléfono, de las que tiene el archivo", "body.telefono")
    columns = replace(
        campaign.columns,
        telephones=tuple(dict.fromkeys(said.telefono)),
        names=tuple(dict.fromkeys(said.nombre)),
        document=said.documento,
    )
    if await asyncio.to_thread(desk.decide_anew, campaign, columns) is None:
        raise RefusedError("la campaña ya se publicó; sus columnas no cambian")
    raise web.HTTPSeeOther(f"{PATH}/{campaign.id}")


async def publish(request: web.Request) -> web.StreamResponse:
    """Begin to call the records of a draft."""
    await moved(request, {CampaignState.DRAFT}, CampaignState.RUNNING, Action.CAMPAIGN_PUBLISHED)
    raise web.HTTPSeeOther(f"{PATH}/{request.match_info['number']}")


async def resume(request: web.Request) -> web.StreamResponse:
    """Go on with a campaign that was paused."""
    await moved(request, {CampaignState.PAUSED}, CampaignState.RUNNING, Action.CAMPAIGN_RESUMED)
    raise web.HTTPSeeOther(f"{PATH}/{request.match_info['number']}")


async def pause(request: web.Request) -> web.StreamResponse:
    """Stop calling the records of a campaign."""
    await paused(request)
    raise web.HTTPSeeOther(f"{PATH}/{request.match_info['number']}")


async def discard(request: web.Request) -> web.StreamResponse:
    """Forget a draft."""
    desk, campaign = await campaign_of(request)
    if not await asyncio.to_thread(desk.campaigns.discard, campaign.id):
        raise RefusedError("la campaña ya se publicó; se puede poner en pausa, y no borrar")
    await access_log(request, Action.CAMPAIGN_DISCARDED, campaign.name)
    raise web.HTTPSeeOther(PATH)


async def export(request: web.Request) -> web.StreamResponse:
    """Give the base with what came of each record, for spreadsheets."""
    desk, campaign = await campaign_of(request)
    await access_log(request, Action.CAMPAIGN_EXPORTED, campaign.name)
    name = f"attachment; filename=campana-{campaign.id}.csv"
    response = web.StreamResponse(headers={hdrs.CONTENT_DISPOSITION: name})
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    await response.write(BEGINNING.encode())
    claimed = await asyncio.to_thread(DataRequests(request.app[ENGINE]).claimed)
    written = exported(campaign, desk.campaigns, desk.lines, ZoneInfo(request.app[SETTINGS].timezone), claimed)
    while part := await asyncio.to_thread(lambda: "".join(next(written, "") for _ in range(PREVIEW_ROWS * 20))):
        await response.write(part.encode())
    return response


async def moved(request: web.Request, before: set[CampaignState], after: CampaignState, action: Action) -> Campaign:
    """Bring the campaign that the address names to another state, and say so in the access log.

    Raises:
        web.HTTPNotFound: there is none.
        RefusedError: it is in none of the states before.
    """
    desk, campaign = await campaign_of(request)
    if not await asyncio.to_thread(desk.campaigns.move, campaign.id, before, after):
        raise RefusedError(f"la campaña está en: {STATES[campaign.state][1].lower()}")
    await access_log(request, action, campaign.name)
    return await _again(desk, campaign)


async def paused(request: web.Request) -> Campaign:
    """Pause the campaign that the address names; raises as `moved`."""
    desk, campaign = await campaign_of(request)
    if not await asyncio.to_thread(desk.feeder.pause, campaign, identity(request).who, request.app[CLOCK]()):
        raise RefusedError(f"la campaña está en: {STATES[campaign.state][1].lower()}")
    await access_log(request, Action.CAMPAIGN_PAUSED, campaign.name)
    return await _again(desk, campaign)


async def _again(desk: Desk, campaign: Campaign) -> Campaign:
    return await asyncio.to_thread(desk.campaigns.get, campaign.id) or campaign


async def campaign_of(request: web.Request) -> tuple[Desk, Campaign]:
    """Give the campaign that the address names, and what it is worked with.

    Raises:
        web.HTTPNotFound: there is none.
    """
    desk = await asyncio.to_thread(desk_of, request)
    campaign = await asyncio.to_thread(desk.campaigns.get, int(request.match_info["number"]))
    if campaign is None:
        raise web.HTTPNotFound
    return desk, campaign


async def _uploaded(request: web.Request) -> Campaign:
    """Read the form of an upload, field by field and within bounds, and keep the base as a draft."""
    if request.content_type != _MULTIPART:
        raise web.HTTPUnsupportedMediaType
    fields: dict[str, str] = {}
    content, file = b"", ""
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name not in {"nombre", "donde", "quien", "base"}:
                continue
            most = MOST_BYTES if part.name == "base" else LONGEST_NAME * 4
            sent = await _bounded(part, most)
            if part.name == "base":
                content, file = sent, _last_part(part.filename or "")
            else:
                fields[part.name] = sent.decode("utf-8", "replace").strip()
    except ValueError as broken:
        raise InvalidInputError("lo enviado no se entiende", "body") from broken
    name, (line, _, survey) = fields.get("nombre", ""), fields.get("donde", "").partition("/")
    if not name or len(name) > LONGEST_NAME or not is_plain(name) or not name.isprintable():
        raise ConfigurationError(f"escriba un nombre de campaña de {LONGEST_NAME} caracteres o menos")
    asker = fields.get("quien", Asker.LINE)
    if asker not in set(Asker):
        raise ConfigurationError("elija quién hace la encuesta: la línea o el asesor")
    if not content:
        raise ConfigurationError("elija el archivo de la base, CSV o XLSX")
    new = NewCampaign(
        name=name,
        line=line,
        survey=survey,
        file=file,
        author=identity(request).who,
        asker=Asker(asker),
    )
    return await asyncio.to_thread(_keep, desk_of(request), new, content, request)


def _keep(desk: Desk, new: NewCampaign, content: bytes, request: web.Request) -> Campaign:
    rows = read(content)
    return desk.campaigns.add(new, desk.prepare(rows, guess(rows).checked(), new), request.app[CLOCK]())


async def _bounded(part: BodyPartReader, most: int) -> bytes:
    """Read one field, and a little more than `most` of it at the most."""
    sent = bytearray()
    while len(sent) <= most and (piece := await part.read_chunk()):
        sent += piece
    return bytes(sent[: most + 1])


def _last_part(name: str) -> str:
    """Give the name of a file as a word to be shown; it opens nothing."""
    last = name.replace("\\", "/").rpartition("/")[2][:LONGEST_NAME]
    return last if is_plain(last) and last.isprintable() else ""


async def _everything(request: web.Request, fault: str = "") -> web.Response:
    desk = await asyncio.to_thread(desk_of, request)
    found = await asyncio.to_thread(desk.campaigns.all)
    zone = ZoneInfo(request.app[SETTINGS].timezone)
    context: dict[str, Any] = {
        "fault": fault,
        "campaigns": [_line(campaign, zone) for campaign in found],
        "places": [
            {"id": f"{line.name}/{survey}", "word": f"{line.title}: {said}"}
            for line in desk.lines.values()
            for survey, said in (*((each.name, each.title) for each in line.surveys.values()), ("", "sin encuesta"))
        ],
        "askers": [{"id": str(asker), "word": capital(word)} for asker, word in ASKERS.items()],
    }
    return render(request, "campaigns.html", context, 400 if fault else 200)


def _line(campaign: Campaign, zone: ZoneInfo) -> dict[str, Any]:
    tone, word = STATES[campaign.state]
    return {
        "id": campaign.id,
        "name": campaign.name,
        "line": campaign.line,
        "state": {"tone": tone, "word": word},
        "done": f"{whole(campaign.counts.to_manage - campaign.pending)}/{whole(campaign.counts.to_manage)}",
        "share": percentage(campaign.counts.to_manage - campaign.pending, campaign.counts.to_manage),
        "made": f"{day_and_hour(campaign.created_at, zone)}, {campaign.author}",
    }


def _head(request: web.Request, campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign": _line(campaign, ZoneInfo(request.app[SETTINGS].timezone))
        | {"file": campaign.file, "asker": ASKERS[campaign.asker] if campaign.survey else ""},
        "counts": [{"name": name, "count": whole(count)} for name, count in count_lines(campaign.counts)],
    }


def _draft(campaign: Campaign, records: tuple[StoredRecord, ...]) -> dict[str, Any]:
    columns = campaign.columns
    return {
        "columns_said": columns_said(columns),
        "columns": [_column(columns, place) for place in range(len(columns.titles))],
        "no_document": columns.document is None,
        "rows": [
            {
                "row": each.record.row,
                "name": each.record.name or "\N{EN DASH}",
                "written": each.record.written or "\N{EN DASH}",
                "telephone": phone(each.record.telephones[0]) if each.record.telephones else "\N{EN DASH}",
                "fate": FATES[each.record.fate],
                "why": why(each.record),
            }
            for each in records
        ],
        "may_publish": campaign.counts.to_manage > 0,
        "to_manage": whole(campaign.counts.to_manage),
    }


def _column(columns: Columns, place: int) -> dict[str, Any]:
    return {
        "place": place,
        "title": columns.titles[place],
        "telephone": place in columns.telephones,
        "name": place in columns.names,
        "document": place == columns.document,
    }


def _question(each: Answers) -> Mapping[str, Any]:
    return {
        "title": each.title,
        "answered": whole(each.answered) + (f"; {typed(each.typed)}" if each.typed else ""),
        "shares": _bars(each.shares),
    }


def _bars(shares: tuple[Share, ...]) -> list[dict[str, Any]]:
    """Give counts with what a bar needs: its length, of the longest."""
    longest = max((share.count for share in shares), default=0)
    return [
        {
            "title": share.title,
            "count": whole(share.count),
            "share": percentage(share.count, share.of),
            "length": f"{100 * share.count / longest:.1f}" if longest else "0",
        }
        for share in shares
    ]


_READ, _RUN = Permission.READ_CAMPAIGNS, Permission.RUN_CAMPAIGNS

ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=_READ, nav="Campañas"),
    Route(method="POST", path=PATH, handler=upload, permission=_RUN),
    Route(method="GET", path=ONE, handler=show_one, permission=_READ),
    Route(method="GET", path=f"{ONE}/base.csv", handler=export, permission=_RUN),
    Route(method="POST", path=f"{ONE}/columnas", handler=correct, permission=_RUN, body=ColumnsAsked),
    Route(method="POST", path=f"{ONE}/publicar", handler=publish, permission=_RUN),
    Route(method="POST", path=f"{ONE}/pausar", handler=pause, permission=_RUN),
    Route(method="POST", path=f"{ONE}/reanudar", handler=resume, permission=_RUN),
    Route(method="POST", path=f"{ONE}/descartar", handler=discard, permission=_RUN),
)
