"""An adviser's own page: tests to take and their results, and the training he was at. He sees nobody else's."""

import asyncio
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field, model_validator

from contesta.auditing.results import percent
from contesta.format import day_and_hour
from contesta.learning.results import share
from contesta.learning.text import day, hours, shown
from contesta.learning.view import AnswerKept
from contesta.web.access import Permission, identity
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.learning_read import KNOWLEDGE, NUMBER, TRAININGS, number_of, refusing
from contesta.web.pages import Context, page, render
from contesta.web.routes import Route, body, told
from contesta.web.validation import Asked
from quality.learning.knowledge import Attempt, AttemptError, KnowledgeTest

PATH = "/mi-formacion"
ONE = f"{PATH}/evaluaciones/{NUMBER}"
_FIELD = re.compile(r"p([1-9][0-9]{0,2})", re.ASCII)


class TestAsked(Asked):
    """Which test to begin, or to go on with."""

    __test__ = False  # no test of pytest's

    evaluacion: str = Field(max_length=63)


class SheetAsked(Asked):
    """A sheet of answers: `p1`, `p2`… hold letters; `paso` says whether it is the last time."""

    paso: Literal["guardar", "entregar"]
    respuestas: dict[str, list[str]] = Field(default={}, max_length=100)

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Put the fields of questions together."""
        answers = {found[1]: value for name, value in sent.items() if (found := _FIELD.fullmatch(name))}
        return {name: value for name, value in sent.items() if not _FIELD.fullmatch(name)} | {
            "respuestas": {number: value if isinstance(value, list) else [value] for number, value in answers.items()}
        }


class AnswerAsked(Asked):
    """The letters that are chosen for one question; none takes the answer back."""

    letters: list[Annotated[str, Field(pattern="^[a-h]$")]] = Field(max_length=8)


@page("mi_formacion.html")
async def show(request: web.Request) -> Context:
    """Show an adviser his tests and his training."""
    agent, today = _agent(request), _today(request)
    tests, attempts, trainings = await asyncio.gather(
        asyncio.to_thread(request.app[KNOWLEDGE].in_force, today),
        asyncio.to_thread(request.app[KNOWLEDGE].of, agent),
        asyncio.to_thread(request.app[TRAININGS].of, agent),
    )
    held = [one.training for one in trainings]
    return {
        "tests": [_to_take(test, [one for one in attempts if one.test == test]) for test in tests],
        "attempts": [_result(one) for one in attempts if one.finished_at is not None],
        "sessions": [
            {"day": day(one.day), "subject": one.subject, "trainer": one.trainer, "hours": hours(one.minutes)}
            for one in held
        ],
        "total": hours(sum(one.minutes for one in held)) if held else "",
    }


async def begin(request: web.Request) -> web.StreamResponse:
    """Begin an attempt, or go on with the one that is not finished."""
    asked = body(request, TestAsked)
    with refusing():
        attempt = await asyncio.to_thread(
            request.app[KNOWLEDGE].start, asked.evaluacion, _agent(request), _today(request), request.app[CLOCK]()
        )
    raise web.HTTPSeeOther(_address(attempt))


async def sheet(request: web.Request) -> web.StreamResponse:
    """Show the sheet of an attempt, or what it came to."""
    return await _shown(request, await _attempt(request))


async def hand_in(request: web.Request) -> web.StreamResponse:
    """Keep a sheet, or finish the attempt; what is missing is said beside what there is."""
    asked, attempt = body(request, SheetAsked), await _attempt(request)
    answers = {number: frozenset(letters) for number, letters in asked.respuestas.items()}
    known, today, agent = request.app[KNOWLEDGE], _today(request), _agent(request)
    with refusing():
        attempt = await asyncio.to_thread(known.answer, attempt.number, agent, answers, today)
    if asked.paso == "guardar":
        raise web.HTTPSeeOther(PATH)
    try:
        await asyncio.to_thread(known.finish, attempt.number, agent, answers, today, request.app[CLOCK]())
    except AttemptError as lacking:
        return await _shown(request, attempt, str(lacking))
    raise web.HTTPSeeOther(_address(attempt))


async def answer(request: web.Request) -> web.StreamResponse:
    """Keep the answer to one question."""
    asked = body(request, AnswerAsked)
    answers = {request.match_info["question"]: frozenset(asked.letters)}
    attempt = await _attempt(request)
    with refusing():
        kept = await asyncio.to_thread(
            request.app[KNOWLEDGE].answer, attempt.number, attempt.agent, answers, _today(request)
        )
    return told(AnswerKept(unanswered=len(kept.unanswered)))


async def _attempt(request: web.Request) -> Attempt:
    """Read the attempt that the address names.

    Raises:
        web.HTTPNotFound: there is none, or it is another's: the two look the same.
    """
    found = await asyncio.to_thread(request.app[KNOWLEDGE].find, number_of(request), _agent(request))
    if found is None:
        raise web.HTTPNotFound
    return found


async def _shown(request: web.Request, attempt: Attempt, fault: str = "") -> web.StreamResponse:
    test = attempt.test
    context: dict[str, Any] = {
        "title": test.title,
        "attempt": f"Intento {attempt.ordinal} de {test.attempts}",
        "pass_mark": percent(test.pass_mark),
        "address": _address(attempt),
        "fault": fault,
    }
    if attempt.finished_at is None:
        questions = [
            {
                "id": each.id,
                "text": each.text,
                "several": each.takes_several,
                "options": each.options,
                "chosen": attempt.answers.get(each.id, frozenset()),
                "lacks": bool(fault) and each.id in attempt.unanswered,
            }
            for each in test.questions
        ]
        status = web.HTTPBadRequest.status_code if fault else 200
        return render(request, "evaluacion.html", context | {"questions": questions}, status)
    attempts = await asyncio.to_thread(request.app[KNOWLEDGE].of, attempt.agent)
    own = [one for one in attempts if one.test == test]
    over = len(own) >= test.attempts or any(one.grade.passed for one in own if one.finished_at)
    zone = ZoneInfo(request.app[SETTINGS].timezone)
    grade = attempt.grade
    more = {
        "result": _result(attempt),
        "finished": day_and_hour(attempt.finished_at, zone),
        "over": over,
        "questions": [
            {
                "id": each.id,
                "text": each.text,
                "right": each.id in grade.right,
                "chosen": [one.text for one in each.options if one.letter in attempt.answers[each.id]],
                "answer": [one.text for one in each.options if one.letter in each.right] if over else [],
            }
            for each in test.questions
        ],
    }
    return render(request, "evaluacion_resultado.html", context | more)


def _to_take(test: KnowledgeTest, attempts: list[Attempt]) -> dict[str, Any]:
    """Lay out a test with what the adviser can do with it."""
    opened = next((one for one in attempts if one.finished_at is None), None)
    finished = [one for one in attempts if one.finished_at is not None]
    passed = any(one.grade.passed for one in finished)
    if opened:
        tone, word, do = "warn", f"Sin entregar: faltan {len(opened.unanswered)} preguntas", "Continuar"
    elif passed:
        tone, word, do = "ok", "Aprobada", ""
    elif len(finished) >= test.attempts:
        tone, word, do = "bad", "No aprobada, sin más intentos", ""
    else:
        tone, word = ("bad", "No aprobada") if finished else ("stale", "Sin presentar")
        do = "Intentar otra vez" if finished else "Comenzar"
    return {
        "id": test.id,
        "title": test.title,
        "questions": len(test.questions),
        "pass_mark": percent(test.pass_mark),
        "used": f"{len(finished)} de {test.attempts}",
        "until": day(test.valid_to) if test.valid_to else "",
        "tone": tone,
        "word": word,
        "do": do,
    }


def _result(one: Attempt) -> dict[str, str]:
    grade = one.grade
    return {
        "address": _address(one),
        "title": one.test.title,
        "ordinal": f"{one.ordinal} de {one.test.attempts}",
        "day": day(one.day) if one.day else "",
        "score": shown(share(grade.points, grade.of)),
        "tone": "ok" if grade.passed else "bad",
        "word": "Aprobó" if grade.passed else "No aprobó",
    }


def _agent(request: web.Request) -> str:
    return identity(request).only_agent or ""


def _today(request: web.Request) -> date:
    return request.app[CLOCK]().astimezone(ZoneInfo(request.app[SETTINGS].timezone)).date()


def _address(attempt: Attempt) -> str:
    return f"{PATH}/evaluaciones/{attempt.number}"


_OWN = Permission.OWN_LEARNING

ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=_OWN, nav="Mi formación"),
    Route(method="POST", path=f"{PATH}/evaluaciones", handler=begin, permission=_OWN, body=TestAsked),
    Route(method="GET", path=ONE, handler=sheet, permission=_OWN),
    Route(method="POST", path=ONE, handler=hand_in, permission=_OWN, body=SheetAsked),
    Route(
        method="PUT",
        path=f"/api/v1/knowledge/attempts/{NUMBER}/answers/{{question:[0-9]{{1,3}}}}",
        handler=answer,
        permission=_OWN,
        body=AnswerAsked,
        answer=AnswerKept,
        summary="Keep the answer to a question of one's own attempt",
    ),
)
