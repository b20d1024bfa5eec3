"""The page of tests and training: what a month comes to, and the sessions that supervisors write down."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field, StringConstraints

from contesta.format import UNKNOWN, whole
from contesta.learning import results
from contesta.learning.text import day, hours, of_test, of_training, shown
from contesta.learning.training_file import LONGEST, read_hours
from contesta.learning.view import MonthOfKnowledge, MonthOfTraining, TestOf
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.calls_read import known_names
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.learning_read import NUMBER, TRAININGS, number_of
from contesta.web.pages import Context, page
from contesta.web.quality_results import PATTERN_OF_MONTH
from contesta.web.routes import Route, body, query, told
from contesta.web.validation import Asked, Day, InvalidInputError, RefusedError
from core.errors import ConfigurationError
from quality.learning.training import Training

PATH = "/formacion"
ONE = f"{PATH}/capacitaciones/{NUMBER}"
MOST_ADVISERS = 500

_Written = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]


class MonthShown(Asked):
    """Which month, such as "2019-09"; empty: the current one."""

    mes: str = Field(default="", max_length=7)


class MonthAsked(Asked):
    """Which month, such as "2019-09"."""

    month: str = Field(pattern=PATTERN_OF_MONTH)


class TrainingAsked(Asked):
    """A session as a supervisor writes it down. `otros` are names that are not in the list, parted by commas."""

    dia: Day
    tema: _Written
    lugar: _Written
    formador: _Written
    horas: str = Field(min_length=1, max_length=20)
    asesores: list[str] = Field(default=[], max_length=MOST_ADVISERS)
    otros: str = Field(default="", max_length=1000)


@page("formacion.html")
async def show(request: web.Request) -> Context:
    """Show the tests and the training of a month."""
    zone, now = ZoneInfo(request.app[SETTINGS].timezone), request.app[CLOCK]()
    month = query(request, MonthShown).mes or f"{now.astimezone(zone):%Y-%m}"
    known, trained, names = await asyncio.gather(
        asyncio.to_thread(results.knowledge, request.app[ENGINE], month, zone),
        asyncio.to_thread(results.training, request.app[ENGINE], month, zone),
        _names(request),
    )
    return {
        "month": month,
        "tests": [_test(one) for one in known.tests],
        "sentence": of_training(trained),
        "sessions": [
            {
                "address": f"{PATH}/capacitaciones/{one.number}",
                "day": day(one.day),
                "subject": one.subject,
                "place": one.place,
                "trainer": one.trainer,
                "hours": hours(one.minutes),
                "there": whole(len(one.advisers)),
                "advisers": ", ".join(one.advisers) or "Nadie",
            }
            for one in trained.sessions
        ],
        "total": hours(trained.minutes) if trained.minutes else UNKNOWN,
        "advisers": [
            {"agent": one.agent, "sessions": whole(one.sessions), "hours": hours(one.minutes)}
            for one in trained.advisers
        ],
        "names": names,
        "may_write": identity(request).may(Permission.WRITE_TRAINING),
        "blank": _fields(None, now.astimezone(zone).date()),
    }


@page("capacitacion.html")
async def show_one(request: web.Request) -> Context:
    """Show a session, to be corrected."""
    stored = await asyncio.to_thread(request.app[TRAININGS].find, number_of(request))
    if stored is None:
        raise web.HTTPNotFound
    names = await _names(request)
    return {
        "number": stored.number,
        "written_by": stored.written_by,
        "names": sorted({*names, *stored.training.agents}),
        "filled": _fields(stored.training, stored.training.day),
        "back": f"{PATH}?mes={stored.training.day:%Y-%m}",
    }


async def add(request: web.Request) -> web.StreamResponse:
    """Write a session down."""
    training = _training(body(request, TrainingAsked))
    with _refusing():
        new = await asyncio.to_thread(
            request.app[TRAININGS].add, [training], identity(request).who, request.app[CLOCK]()
        )
    if new:
        await access_log(request, Action.TRAINING_WRITTEN, f"{training.day} {training.subject}")
    raise web.HTTPSeeOther(f"{PATH}?mes={training.day:%Y-%m}#capacitaciones")


async def correct(request: web.Request) -> web.StreamResponse:
    """Keep a session as it was corrected."""
    training, number = _training(body(request, TrainingAsked)), number_of(request)
    with _refusing():
        there = await asyncio.to_thread(
            request.app[TRAININGS].change, number, training, identity(request).who, request.app[CLOCK]()
        )
    if not there:
        raise web.HTTPNotFound
    await access_log(request, Action.TRAINING_WRITTEN, f"{training.day} {training.subject}")
    raise web.HTTPSeeOther(f"{PATH}?mes={training.day:%Y-%m}#capacitaciones")


async def remove(request: web.Request) -> web.StreamResponse:
    """Delete a session that was not held."""
    stored = await asyncio.to_thread(request.app[TRAININGS].find, number_of(request))
    if stored is None or not await asyncio.to_thread(request.app[TRAININGS].remove, stored.number):
        raise web.HTTPNotFound
    held = stored.training
    await access_log(request, Action.TRAINING_REMOVED, f"{held.day} {held.subject}")
    raise web.HTTPSeeOther(f"{PATH}?mes={held.day:%Y-%m}#capacitaciones")


async def knowledge(request: web.Request) -> web.StreamResponse:
    """Tell what the tests of a month come to."""
    asked, zone = query(request, MonthAsked), ZoneInfo(request.app[SETTINGS].timezone)
    return told(await asyncio.to_thread(results.knowledge, request.app[ENGINE], asked.month, zone))


async def training(request: web.Request) -> web.StreamResponse:
    """Tell the training of a month."""
    asked, zone = query(request, MonthAsked), ZoneInfo(request.app[SETTINGS].timezone)
    return told(await asyncio.to_thread(results.training, request.app[ENGINE], asked.month, zone))


def _training(asked: TrainingAsked) -> Training:
    minutes = read_hours(asked.horas)
    if minutes is None:
        raise InvalidInputError("«horas» se escribe como 2 o 1,5; hasta 24", "body.horas")
    names = [*asked.asesores, *(name.strip() for name in asked.otros.split(","))]
    if any("\n" in text for text in (asked.tema, asked.lugar, asked.formador, *names)):
        raise InvalidInputError("escriba cada dato en una línea", "body")
    return Training(
        day=asked.dia,
        subject=asked.tema,
        place=asked.lugar,
        trainer=asked.formador,
        minutes=minutes,
        agents=frozenset(name for name in names if name),
    )


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Say what a session contradicts."""
    try:
        yield
    except ConfigurationError as wrong:
        raise RefusedError(str(wrong)) from wrong


async def _names(request: web.Request) -> list[str]:
    """Give the advisers to choose from: those with an account, and those of the ledger."""
    accounts, known = await asyncio.gather(
        asyncio.to_thread(results.advisers, request.app[ENGINE]), known_names(request)
    )
    return sorted({*accounts, *known.agents})[:MOST_ADVISERS]


def _fields(one: Training | None, on: date) -> dict[str, Any]:
    return {
        "day": on.isoformat(),
        "subject": one.subject if one else "",
        "place": one.place if one else "",
        "trainer": one.trainer if one else "",
        "hours": hours(one.minutes) if one else "",
        "there": one.agents if one else frozenset(),
    }


def _test(one: TestOf) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "name": f"{one.id}, versión {one.version}",
        "source": one.source,
        "sentence": of_test(one),
        "questions": [{"id": each.id, "text": each.text, "right": shown(each.right)} for each in one.questions],
        "advisers": [
            {
                "agent": each.agent,
                "attempts": whole(each.attempts),
                "score": shown(each.score) if each.score else UNKNOWN,
                "day": day(each.day) if each.day else UNKNOWN,
                "tone": "stale" if each.passed is None else "ok" if each.passed else "bad",
                "word": "Sin presentar" if each.passed is None else "Aprobó" if each.passed else "No aprobó",
            }
            for each in one.advisers
        ],
    }


_READ, _WRITE = Permission.READ_QUALITY, Permission.WRITE_TRAINING

ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=_READ, query=MonthShown, nav="Formación"),
    Route(method="POST", path=f"{PATH}/capacitaciones", handler=add, permission=_WRITE, body=TrainingAsked),
    Route(method="GET", path=ONE, handler=show_one, permission=_WRITE),
    Route(method="POST", path=ONE, handler=correct, permission=_WRITE, body=TrainingAsked),
    Route(method="POST", path=f"{ONE}/borrar", handler=remove, permission=_WRITE),
    Route(
        method="GET",
        path="/api/v1/knowledge",
        handler=knowledge,
        permission=_READ,
        query=MonthAsked,
        answer=MonthOfKnowledge,
        summary="What the knowledge tests of a month come to",
    ),
    Route(
        method="GET",
        path="/api/v1/training",
        handler=training,
        permission=_READ,
        query=MonthAsked,
        answer=MonthOfTraining,
        summary="The training sessions of a month, and their hours",
    ),
)
