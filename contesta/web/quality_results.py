"""The supervisor's page of results, and the same for programs."""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from contesta.auditing import results
from contesta.auditing.drawing import month_days
from contesta.auditing.results import CATEGORY_WORDS, percent
from contesta.format import percentage, whole
from contesta.web.access import Permission
from contesta.web.calls_read import known_names
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.pages import Context, page
from contesta.web.quality_read import AUDITS
from contesta.web.quality_shown import agreement_by_item
from contesta.web.routes import Route, query, told
from contesta.web.validation import Asked, Told
from quality.matrix.agreement import biases, by_item, pairs
from quality.matrix.audit import Audit
from quality.matrix.matrix import Category
from quality.matrix.scores import Score, Scorecard, by, pareto, score

PATH = "/resultados"
TREND_MONTHS = 6
PATTERN_OF_MONTH = r"^[12][0-9]{3}-(0[1-9]|1[0-2])$"


class ResultsAsked(Asked):
    """Which month, such as "2019-09", and which line; empty: the current one, and all."""

    mes: str = Field(default="", max_length=7)
    linea: str = ""


class MonthAsked(Asked):
    """Which month, such as "2019-09", and which line; empty: all."""

    month: str = Field(pattern=PATTERN_OF_MONTH)
    line: str = ""


class Figure(Told):
    """A share with its 95 % interval, its threshold and its verdict; shares are from 0 to 1."""

    value: float | None
    numerator: int
    denominator: int
    low: float | None
    high: float | None
    threshold: float | None
    complies: bool | None


class MonthOfQuality(Told):
    """What the audits of a month come to."""

    audits: int
    business_critical: Figure
    end_user_critical: Figure
    non_critical: Figure
    by_adviser: dict[str, dict[str, Figure]]
    """By adviser, and by category."""


@page("resultados.html")
async def show(request: web.Request) -> Context:
    """Show what the audits of a month come to."""
    asked, zone = query(request, ResultsAsked), ZoneInfo(request.app[SETTINGS].timezone)
    month = asked.mes or f"{request.app[CLOCK]().astimezone(zone):%Y-%m}"
    first, last = month_days(month, zone)
    audits, before, names = await asyncio.gather(
        _counted(request, asked.linea, first, last),
        _counted(request, asked.linea, _months_before(first, TREND_MONTHS - 1), last),
        known_names(request),
    )
    card, doubles = score(audits), tuple(pairs(audits))
    found = by_item(doubles)
    return {
        "month": month,
        "line": asked.linea,
        "lines": names.lines,
        "audits": card.audits,
        "matrices": "; ".join(matrix.name for matrix in card.matrices),
        "sentences": [results.sentence(category, card.scores[category]) for category in Category],
        "advisers": [_chart(category, by(audits, lambda one: one.agent)) for category in Category],
        "trend": [_chart(category, by(before, lambda one: f"{one.day:%Y-%m}")) for category in Category],
        "participation": [_participation(card, category) for category in Category],
        "causes": [
            {
                "title": f"{cause.score.subitem.id} {cause.score.subitem.title}",
                "failures": f"{whole(cause.score.failures)}/{whole(cause.score.applies)}",
                "share": percent(float(cause.share)),
                "cumulative": percent(float(cause.cumulative)),
            }
            for cause in pareto(card)
        ],
        "agreement": agreement_by_item(found),
        "doubles": len(doubles),
        "biases": [
            {
                "auditor": one.auditor,
                "marks": whole(one.marks),
                "only_this": one.only_this,
                "only_others": one.only_others,
            }
            for one in biases(doubles)
        ],
    }


async def month(request: web.Request) -> web.StreamResponse:
    """Tell what the audits of a month come to."""
    asked, zone = query(request, MonthAsked), ZoneInfo(request.app[SETTINGS].timezone)
    audits = await _counted(request, asked.line, *month_days(asked.month, zone))
    card = score(audits)
    figures = {category: _figure(card.scores[category]) for category in Category}
    return told(
        MonthOfQuality(
            audits=card.audits,
            business_critical=figures[Category.BUSINESS_CRITICAL],
            end_user_critical=figures[Category.END_USER_CRITICAL],
            non_critical=figures[Category.NON_CRITICAL],
            by_adviser={
                agent: {str(category): _figure(each.scores[category]) for category in Category}
                for agent, each in by(audits, lambda one: one.agent).items()
            },
        )
    )


async def _counted(request: web.Request, line: str, first: date, last: date) -> tuple[Audit, ...]:
    return await asyncio.to_thread(request.app[AUDITS].counted, line or None, first, last)


def _months_before(first: date, months: int) -> date:
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def _chart(category: Category, groups: Mapping[str, Scorecard]) -> dict[str, Any]:
    """Lay out a figure of each group: a dot with its interval, and the threshold of all, on a scale from 0 to 100."""
    rows = [_row(name, card.scores[category]) for name, card in groups.items()]
    goals = {score.threshold for score in (card.scores[category] for card in groups.values()) if score.threshold}
    goal = goals.pop() if len(goals) == 1 else None
    return {
        "title": CATEGORY_WORDS[category],
        "id": str(category),
        "rows": rows,
        "goal": None if goal is None else _scaled(float(goal)),
        "goal_word": percent(goal) if goal is not None else "",
    }


def _row(name: str, one: Score) -> dict[str, Any]:
    interval = one.interval
    return {
        "name": name,
        "figure": percentage(one.numerator, one.denominator),
        "count": f"{whole(one.numerator)}/{whole(one.denominator)}",
        "bounds": f"{percent(interval.low)} a {percent(interval.high)}" if interval else "",
        "at": None if one.value is None else _scaled(one.value),
        "low": interval and _scaled(interval.low),
        "high": interval and _scaled(interval.high),
        "verdict": results.verdict(one) if one.denominator else "",
        "tone": "stale" if one.complies is None else "ok" if one.complies else "bad",
        "certain": one.is_certain,
    }


def _participation(card: Scorecard, category: Category) -> dict[str, Any]:
    return {
        "title": CATEGORY_WORDS[category],
        "rows": [
            {
                "title": f"{item.item.id}. {item.item.title}",
                "failures": whole(item.failures),
                "audits": whole(item.audits_failed),
                "share": percent(float(item.share or 0)),
                "width": _scaled(float(item.share or 0)),
            }
            for item in results.participation(card, category)
        ],
    }


def _figure(one: Score) -> Figure:
    return Figure.model_validate(results.proportion(one))


def _scaled(share: float) -> float:
    return round(100 * share, 2)


ROUTES = (
    Route(
        method="GET", path=PATH, handler=show, permission=Permission.READ_QUALITY, query=ResultsAsked, nav="Resultados"
    ),
    Route(
        method="GET",
        path="/api/v1/quality",
        handler=month,
        permission=Permission.READ_QUALITY,
        query=MonthAsked,
        answer=MonthOfQuality,
        summary="What the audits of a month come to",
    ),
)
