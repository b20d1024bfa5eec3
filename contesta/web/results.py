"""What callers say and do, as pages and for programs: survey results, and the ways through the menus."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BeforeValidator

from contesta import lines
from contesta.call_search import CallSearch, call_address, calls_address
from contesta.erasing import erased_text
from contesta.figure_calls import of_calls, of_flow, of_hang_up, of_menu, of_question, of_row, of_span
from contesta.format import UNKNOWN, clock, decimal, percentage, short_date, whole
from contesta.funnel_results import Funnels, LineFunnel, funnels_of
from contesta.results_text import responded, said
from contesta.sankey import sankey
from contesta.survey_results import By, LineResults, QuestionResult, SurveyResults, results_of
from contesta.told_calls import Span, of_ledger
from contesta.web.access import Permission
from contesta.web.context import CLOCK, ENGINE, LEDGER, SETTINGS
from contesta.web.pages import Context, page
from contesta.web.recordings import comment_address
from contesta.web.routes import Route, query, told
from contesta.web.validation import Asked, Day
from core.privacy.retention import Kind
from quality.metrics.funnel import Did
from storage.expiry import Erasure, erased_of_calls

SURVEYS = "/encuestas"
WAYS = "/recorrido"
USUAL_DAYS = 30
PLOT_WIDTH = 200
_BY_WORDS = {By.DAY: "Día", By.QUEUE: "Cola", By.AGENT: "Asesor"}

DayOrNone = Annotated[Day | None, BeforeValidator(lambda said: None if said == "" else said)]


class PeriodAsked(Asked):
    """A period, both days included, and a line. Without a first day, the last 30 days."""

    desde: DayOrNone = None
    hasta: DayOrNone = None
    linea: str = ""


class SurveyAsked(PeriodAsked):
    """How the table of results is grouped."""

    por: By = By.DAY


class FunnelOf(Asked):
    """A period, both days included, and a line; empty for all."""

    first: Day | None = None
    last: Day | None = None
    line: str = ""


class SurveyOf(FunnelOf):
    """How the rows are grouped."""

    by: By = By.DAY


@page("encuestas.html")
async def surveys(request: web.Request) -> Context:
    """Show survey results."""
    asked = query(request, SurveyAsked)
    span = _span(request, asked)
    found = await asyncio.to_thread(_surveys, request.app, span, asked.por)
    shown = [one for one in found.lines if one.attended or one.without_adviser]
    spoken = [comment.call for one in shown for comment in one.comments]
    gone = await asyncio.to_thread(erased_of_calls, request.app[ENGINE], Kind.COMMENT, spoken)
    return _period(span) | {
        "by": asked.por,
        "by_words": _BY_WORDS,
        "lines": [_survey_shown(one, span, asked.por, gone) for one in shown],
        "call_address": call_address,
        "comment_address": comment_address,
    }


@page("recorrido.html")
async def ways(request: web.Request) -> Context:
    """Show the ways through the menus."""
    span = _span(request, query(request, PeriodAsked))
    found = await asyncio.to_thread(_funnels, request.app, span)
    return _period(span) | {"lines": [_ways_shown(one, span) for one in found.lines if one.calls], "whole": whole}


async def survey_results(request: web.Request) -> web.Response:
    """Tell survey results."""
    asked = query(request, SurveyOf)
    span = Span(zone=_zone(request), first=asked.first, last=asked.last, line=asked.line)
    return told(await asyncio.to_thread(_surveys, request.app, span, asked.by))


async def funnel(request: web.Request) -> web.Response:
    """Tell what callers did in the menus."""
    asked = query(request, FunnelOf)
    span = Span(zone=_zone(request), first=asked.first, last=asked.last, line=asked.line)
    return told(await asyncio.to_thread(_funnels, request.app, span))


def _surveys(app: web.Application, span: Span, group: By) -> SurveyResults:
    return results_of(of_ledger(app[LEDGER], span), lines.published(app[SETTINGS]).current(), span, group)


def _funnels(app: web.Application, span: Span) -> Funnels:
    return funnels_of(of_ledger(app[LEDGER], span), lines.published(app[SETTINGS]).current(), span)


def _zone(request: web.Request) -> ZoneInfo:
    return ZoneInfo(request.app[SETTINGS].timezone)


def _span(request: web.Request, asked: PeriodAsked) -> Span:
    zone = _zone(request)
    today = request.app[CLOCK]().astimezone(zone).date()
    last = asked.hasta or max(today, asked.desde or today)
    first = asked.desde or last - timedelta(days=USUAL_DAYS - 1)
    return Span(zone=zone, first=first, last=last, line=asked.linea)


def _period(span: Span) -> dict[str, Any]:
    return {
        "first": span.first.isoformat() if span.first else "",
        "last": span.last.isoformat() if span.last else "",
        "line": span.line,
    }


def _survey_shown(found: LineResults, span: Span, group: By, gone: Mapping[str, Erasure]) -> Mapping[str, Any]:
    base = of_span(span, found.line)
    rows = [(row, of_row(base, span, group, row.name)) for row in found.rows]
    return {
        "name": found.line,
        "title": found.title,
        "sentence": _sentence(found),
        "attended": whole(found.attended),
        "attended_address": calls_address(replace(base, outcome="contestada"), span.zone),
        "questions": [_question(one, base, span) for one in (*found.questions, *found.consolidated)],
        "without_adviser": [_question(one, base, span, attended="no") for one in found.without_adviser],
        "rows": [
            {"name": row.name, "questions": [_question(one, its, span) for one in row.questions]} for row, its in rows
        ],
        "comments": [
            {
                "when": f"{short_date(one.at, span.zone)} {clock(one.at, span.zone)}",
                "at": one.at.isoformat(),
                "call": one.call,
                "position": one.position,
                "queue": one.queue or "Sin asesor",
                "agent": one.agent or UNKNOWN,
                "question": one.question,
                "erased": erased_text(gone[one.call], span.zone) if one.call in gone else "",
            }
            for one in found.comments
        ],
    }


def _sentence(found: LineResults) -> str:
    heard = next((one for one in (*found.consolidated, *found.questions) if one.top.denominator), None)
    if heard is None:
        return f"{whole(found.attended)} contactos atendidos; nadie ha respondido la encuesta."
    low, high = heard.top.low or 0.0, heard.top.high or 0.0
    return (
        f"{heard.title}: {percentage(heard.top.numerator, heard.top.denominator)} de calificaciones altas "
        f"(n = {whole(heard.top.denominator)}; entre {percentage(round(low * 10_000), 10_000)} y "
        f"{percentage(round(high * 10_000), 10_000)})."
    )


def _question(one: QuestionResult, base: CallSearch | None, span: Span, *, attended: str = "si") -> Mapping[str, Any]:
    calls = _addresses(of_question(base, one, attended), span)
    most = max((answer.count for answer in one.distribution), default=0)
    return {
        "title": one.title if one.question else f"Consolidado: {one.title}",
        "calls": calls,
        "response": responded(one),
        "in_vain": whole(one.asked - one.answered),
        "top": said(one.top),
        "mean": decimal(one.mean),
        "dot": _at(one.top.value),
        "low": _at(one.top.low),
        "high": _at(one.top.high),
        "answers": [
            {
                "word": answer.word,
                "count": whole(answer.count),
                "calls": calls.get(str(answer.answer), ""),
                "bar": round(PLOT_WIDTH * answer.count / most, 1) if most else 0,
            }
            for answer in one.distribution
        ],
    }


def _at(share: float | None) -> float | None:
    return None if share is None else round(PLOT_WIDTH * share, 1)


def _addresses(found: Mapping[str, CallSearch], span: Span) -> dict[str, str]:
    return {name: calls_address(search, span.zone) for name, search in found.items()}


def _ways_shown(found: LineFunnel, span: Span) -> Mapping[str, Any]:
    base = of_span(span, found.line)
    counted = (("solved", Did.SOLVED, found.solved_in_ivr), ("adviser", Did.ANSWERED, found.reached_adviser))
    of_line = {name: of_calls(base, did) for name, did, calls in counted if calls}
    flows = [
        (flow, calls_address(search, span.zone) if (search := of_flow(base, flow)) else "") for flow in found.flows
    ]
    drawn = sankey((flow.step, flow.source, flow.target, flow.kind, flow.calls, address) for flow, address in flows)
    return {
        "name": found.line or "ninguna",
        "title": found.title,
        "sentence": (
            f"De {whole(found.calls)} llamadas, {whole(found.reached_adviser)} hablaron con un asesor, "
            f"tras {decimal(found.keys_to_adviser)} teclas en promedio. "
            f"{whole(found.solved_in_ivr)} se resolvieron en el menú "
            f"({percentage(found.solved_in_ivr, found.calls)})."
        ),
        "calls": whole(found.calls),
        "solved": whole(found.solved_in_ivr),
        "adviser": whole(found.reached_adviser),
        "addresses": _addresses({name: search for name, search in of_line.items() if search}, span)
        | ({"calls": calls_address(base, span.zone)} if base.line else {}),
        "drawn": drawn,
        "flows": flows,
        "menus": [(menu, _addresses(of_menu(base, menu), span)) for menu in found.menus],
        "hang_ups": [
            (each, calls_address(search, span.zone) if (search := of_hang_up(base, each)) else "")
            for each in found.hang_ups
        ],
    }


ROUTES = (
    Route(
        method="GET",
        path=SURVEYS,
        handler=surveys,
        permission=Permission.READ_RESULTS,
        query=SurveyAsked,
        nav="Encuestas",
    ),
    Route(
        method="GET", path=WAYS, handler=ways, permission=Permission.READ_RESULTS, query=PeriodAsked, nav="Recorrido"
    ),
)

API_ROUTES = (
    Route(
        method="GET",
        path="/api/v1/survey",
        handler=survey_results,
        permission=Permission.READ_RESULTS,
        query=SurveyOf,
        answer=SurveyResults,
        summary="Survey results of a period",
    ),
    Route(
        method="GET",
        path="/api/v1/funnel",
        handler=funnel,
        permission=Permission.READ_RESULTS,
        query=FunnelOf,
        answer=Funnels,
        summary="Ways through the menus in a period",
    ),
)
