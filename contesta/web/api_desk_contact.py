"""A conversation at an adviser's desk over the API: who it is and why, what is written of it, how it came out."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web

from callback_queue.campaign.dispositions import Disposition
from callback_queue.policy import next_allowed, rules_of
from callback_queue.request import Asked, CallbackRequest, Place, Reason, Solution, Source, Window
from callback_queue.states import IllegalStepError, Typified
from contesta.callbacks.intake import covering
from contesta.format import day_and_hour
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.context import CLOCK, ENGINE, LEDGER, SETTINGS
from contesta.web.desk_contact import Known, told_contact
from contesta.web.desk_models import AnswerSaid, AnswersSaid, ContactTold, DispositionSaid, Done, DraftSaid
from contesta.web.desk_owner import BOOK, DESK, KEEPER, choices_of
from contesta.web.desk_survey import Surveys, tell_line
from contesta.web.routes import Route, body, told
from contesta.web.validation import InvalidInputError, RefusedError
from core.events import Resolution
from core.numbers import ANONYMOUS
from ivr.line.model import Line
from storage.callbacks import Callbacks
from storage.campaigns import Campaigns, Outcome
from storage.desk import Draft, Word
from storage.desk_answers import Typed

_CONTACT: Final = DESK + "/contacts/{channel}"
_OUTCOMES: Final = {
    Resolution.SOLVED: Reason.SOLVED,
    Resolution.ESCALATED: Reason.ESCALATED,
    Resolution.OTHER: Reason.NOT_SOLVED,
}


async def contact(request: web.Request) -> web.Response:
    """Tell who calls and why, and what is written of it."""
    one = await _contact(request)
    await access_log(request, Action.CALL_READ, one.call_id)
    return told(await asyncio.to_thread(told_contact, request, one))


async def keep_draft(request: web.Request) -> web.Response:
    """Keep what is being written."""
    said, one = body(request, DraftSaid), await _contact(request)
    draft = Draft(
        channel_id=one.channel_id,
        agent=one.leg_agent,
        disposition=said.disposition,
        note=said.note,
        solution=said.solution,
    )
    await asyncio.to_thread(_keep, request, one, draft, said.answers or [])
    return told(Done(said="Guardado."))


async def answer(request: web.Request) -> web.Response:
    """Say what the citizen answered to the campaign's survey, or correct it, without classifying the conversation."""
    said, one = body(request, AnswersSaid), await _contact(request)
    await asyncio.to_thread(_answer, request, one, _author(request), said.answers)
    request.app[KEEPER].tell_soon()
    await access_log(request, Action.CALL_DISPOSED, one.call_id)
    return told(Done(said="Respuestas guardadas."))


async def dispose(request: web.Request) -> web.Response:
    """Say how a conversation came out. The last word stands, and all that were said are kept."""
    said = body(request, DispositionSaid)
    one = await _contact(request, said.agent)
    line = request.app[KEEPER].line_of(one.line, one.queue)
    choice = next((each for each in choices_of(line) if each.path == said.disposition), None)
    if line is None or choice is None:
        raise InvalidInputError("«disposition» no está en el árbol de la línea", "body.disposition")
    now = request.app[CLOCK]()
    _see_may(said, one, line, now)
    author = _author(request)
    if said.answers is not None:
        await asyncio.to_thread(_answer, request, one, author, said.answers)
    word = Word(
        channel_id=one.channel_id,
        queue=one.queue,
        agent=one.leg_agent,
        at=now,
        author=author,
        disposition=choice.path,
        title=choice.title,
        resolution=choice.resolution,
        limit_seconds=line.wrap_up_seconds,
        note=said.note,
        solution=said.solution,
    )
    await request.app[KEEPER].say(word)
    await access_log(request, Action.CALL_DISPOSED, one.call_id)
    if said.leave_alone:
        await access_log(request, Action.LEFT_ALONE, one.call_id)
    again = await asyncio.to_thread(_advance, request, one, word, line, said)
    return told(Done(said=f"Tipificada: {choice.title}.{again}"))


def _see_may(said: DispositionSaid, one: Known, line: Line, now: datetime) -> None:
    """See whether the citizen can be called again, or left alone, as was said.

    Raises:
        RefusedError: he cannot.
    """
    if not (said.call_again_at or said.leave_alone):
        return
    if one.number in {"", ANONYMOUS}:
        raise RefusedError("no se conoce el número, así que no se puede llamar de nuevo ni poner en «No llamar»")
    if said.call_again_at is None:
        return
    if said.leave_alone:
        raise RefusedError("«No llamar más» y «Llamar de nuevo» se contradicen: deje una de las dos")
    at = said.call_again_at
    if at < now or next_allowed(rules_of(line), at) != at:
        raise RefusedError("esa hora no se puede usar: está fuera del horario en que se puede llamar")


async def _contact(request: web.Request, whose: str = "") -> Known:
    """Find the conversation that the address names: an adviser's own; anybody's for who may correct it.

    Raises:
        web.HTTPNotFound: there is none, or it is somebody else's: the two look the same.
    """
    agent = identity(request).agent if identity(request).only_agent is not None else whose
    if not agent:
        raise RefusedError("Falta «agent»: diga de qué asesor es la conversación.")
    stored = await asyncio.to_thread(request.app[BOOK].contact, request.match_info["channel"], agent)
    return Known(stored, request, agent)


def _author(request: web.Request) -> str:
    known = identity(request)
    return known.agent or known.name


def _surveys(request: web.Request, one: Known) -> Surveys:
    behind = Callbacks(request.app[ENGINE]).of_channel(one.channel_id)
    line = request.app[KEEPER].line_of(one.line, one.queue)
    return Surveys(request, line, behind, request.app[LEDGER].call(one.call_id))


def _keep(request: web.Request, one: Known, draft: Draft, answers: list[AnswerSaid]) -> None:
    book, now = request.app[BOOK], request.app[CLOCK]()
    checked = _surveys(request, one).checked(answers) if answers else ()
    before = book.draft(one.channel_id, one.leg_agent).answers
    book.keep(replace(draft, answers=checked), now)
    if checked != before:
        tell_line(request.app)


def _answer(request: web.Request, one: Known, author: str, answers: list[AnswerSaid]) -> None:
    """Keep what a citizen answered his adviser."""
    surveys = _surveys(request, one)
    said = surveys.checked(answers)
    about = Typed(
        channel_id=one.channel_id,
        queue=one.queue,
        agent=one.leg_agent,
        survey="",
        question="",
        answer=None,
        at=request.app[CLOCK](),
        author=author,
    )
    surveys.save(said, about)
    tell_line(request.app)


def _advance(request: web.Request, one: Known, word: Word, line: Line, said: DispositionSaid) -> str:
    """Let the promised call behind a conversation come to what was said, and promise the next one; say so."""
    store, now = Callbacks(request.app[ENGINE]), word.at
    behind = store.of_channel(one.channel_id)
    if said.leave_alone:
        store.leave_alone(one.number, word.author, "Lo pidió en una llamada", now)
    if behind:
        wrong = any(each.path == word.disposition and each.wrong_number for each in choices_of(line))
        solution = Solution(
            outcome=Reason.WRONG_NUMBER if wrong else _OUTCOMES[word.resolution],
            disposition=word.disposition,
            agent=one.leg_agent,
            at=now,
            text=word.solution,
            area=word.title if word.resolution is Resolution.ESCALATED else "",
        )
        try:
            store.step(behind.id, Typified(by=word.author, solution=solution), now)
        except IllegalStepError:
            return " La devolución no cambió: ya había terminado de otra forma."
        if wrong:
            _wrong_number(request, behind, word)
    if said.call_again_at is None:
        return " No se le llamará más, salvo que lo pida." if said.leave_alone else ""
    asked = Asked(
        source=Source.APPOINTMENT,
        origin=f"desk:{one.channel_id}:{int(said.call_again_at.timestamp())}",
        line=line.name,
        telephone=one.number,
        place=Place(queue=one.queue, since=now),
        description=word.note[:1000],
        window=Window(not_before=said.call_again_at),
        consent=covering(request.app[LEDGER].call(one.call_id), behind),
        call_id=one.call_id,
        owner=one.leg_agent,
    )
    taken = store.ask(asked, rules_of(line), now)
    at = day_and_hour(said.call_again_at, ZoneInfo(request.app[SETTINGS].timezone))
    joined = " Se unió a la que ya tenía." if taken.joined else ""
    return f" Se llamará de nuevo el {at}, radicado {taken.request.filing.number}.{joined}"


def _wrong_number(request: web.Request, behind: CallbackRequest, word: Word) -> None:
    """Let the campaign's records that were called come to a wrong number: the call itself told nothing of it."""
    campaigns = Campaigns(request.app[ENGINE])
    outcome = Outcome(disposition=Disposition.WRONG_NUMBER, author=word.author)
    for record in campaigns.of_request(behind.id):
        campaigns.dispose(record.campaign_id, record.position, outcome, word.at)


ROUTES = (
    Route(
        method="PUT",
        path=f"{_CONTACT}/answers",
        handler=answer,
        permission=Permission.WORK_AT_DESK,
        body=AnswersSaid,
        answer=Done,
        summary="Say what the citizen answered to the campaign's survey",
    ),
    Route(
        method="GET",
        path=_CONTACT,
        handler=contact,
        permission=Permission.WORK_AT_DESK,
        answer=ContactTold,
        summary="Who calls and why, and what is written of it",
    ),
    Route(
        method="PUT",
        path=f"{_CONTACT}/draft",
        handler=keep_draft,
        permission=Permission.WORK_AT_DESK,
        body=DraftSaid,
        answer=Done,
        summary="Keep what is being written",
    ),
    Route(
        method="POST",
        path=f"{_CONTACT}/disposition",
        handler=dispose,
        permission=Permission.DISPOSE,
        body=DispositionSaid,
        answer=Done,
        summary="Say how a conversation came out, or correct it",
    ),
)
