"""What a desk tells of a conversation: the person behind it, what went before, what may be chosen, what was said."""

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web

from callback_queue.policy import rules_of
from callback_queue.request import CallbackRequest
from contesta.call_list import line_of, path, shown_number
from contesta.callbacks.words import SOURCES, outcome
from contesta.desk.agenda import hours
from contesta.web.api_desk_agenda import message_address
from contesta.web.context import CLOCK, ENGINE, LEDGER, SETTINGS
from contesta.web.desk_models import (
    AnswerSaid,
    CallbackBehind,
    ChoiceTold,
    ContactTold,
    DraftSaid,
    EarlierCall,
    EarlierCallback,
    WordTold,
)
from contesta.web.desk_owner import BOOK, KEEPER, choices_of
from contesta.web.desk_survey import Surveys
from core.events import LanguageChosen
from core.numbers import ANONYMOUS
from ivr.line.model import SPANISH, Line
from storage.call_filter import CallFilter
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.data_requests import DataRequests
from storage.desk import Contact

MOST_USED: Final = 5
_EARLIER: Final = 10
_MONTH: Final = timedelta(days=30)


class Known:
    """A conversation that whoever asks may write about, from the ledger or from the moment."""

    def __init__(self, stored: Contact | None, request: web.Request, agent: str) -> None:
        current = request.app[KEEPER].current.get(agent)
        channel = request.match_info["channel"]
        mine = current if current and current.channel_id == channel else None
        if mine is None and stored is None:
            raise web.HTTPNotFound
        self.leg_agent = agent
        self.channel_id = channel
        self.call_id = mine.call_id if mine else stored.call_id if stored else ""
        self.queue = mine.queue if mine else stored.queue if stored else ""
        self.line = mine.line if mine else stored.line if stored else ""
        self.number = mine.number if mine else stored.number if stored else ""


def told_contact(request: web.Request, one: Known) -> ContactTold:
    """Tell who calls and why, and what is written of it."""
    settings, now = request.app[SETTINGS], request.app[CLOCK]()
    zone = ZoneInfo(settings.timezone)
    keeper, book, database = request.app[KEEPER], request.app[BOOK], request.app[ENGINE]
    line, store = keeper.line_of(one.line, one.queue), Callbacks(database)
    history = request.app[LEDGER].call(one.call_id)
    behind, draft = store.of_channel(one.channel_id), book.draft(one.channel_id, one.leg_agent)
    earlier = calls_of(request, one)
    telephone = "" if one.number in {"", ANONYMOUS} else one.number
    promised = CallbackLists(database).page(CallbackFilter(telephone=telephone), None, _EARLIER) if telephone else None
    all_choices = choices_of(line)
    paths = {each.path for each in all_choices}
    used = book.most_used(one.leg_agent, now - _MONTH, MOST_USED * 4)
    claimed = DataRequests(database).claimed()
    free = hours(rules_of(line), now, zone)
    languages = [event.language for event in history.events if isinstance(event, LanguageChosen)] if history else []
    return ContactTold(
        channel=one.channel_id,
        call=one.call_id,
        line=line.title if line else one.line,
        queue=one.queue,
        number=shown_number(one.number),
        claimed=claimed.has_call(one.call_id, one.number) or (behind is not None and claimed.has_request(behind)),
        language=languages[-1] if languages else SPANISH,
        path=path(history.menu_steps) if history else "",
        calls=earlier,
        callbacks=[
            EarlierCallback(
                number=each.filing.number,
                asked_at=each.asked_at,
                source=SOURCES[each.source],
                subject=each.subject,
                outcome=outcome(each),
            )
            for each in (promised.requests if promised else ())
        ],
        callback=_behind(behind, line, one) if behind else None,
        surveys=Surveys(request, line, behind, history).told(),
        choices=[
            ChoiceTold(path=each.path, title=each.title, group=each.group, resolution=each.resolution)
            for each in all_choices
        ],
        most_used=[each for each in used if each in paths][:MOST_USED],
        draft=DraftSaid(
            disposition=draft.disposition,
            note=draft.note,
            solution=draft.solution,
            answers=[
                AnswerSaid(survey=each.survey, question=each.question, answer=each.answer) for each in draft.answers
            ],
        ),
        words=[
            WordTold(
                at=each.at,
                author=each.author,
                disposition=each.disposition,
                title=each.title,
                resolution=each.resolution,
                note=each.note,
                solution=each.solution,
            )
            for each in book.words(one.channel_id, one.leg_agent)
        ],
        hours=list(free.slots),
        left_out=list(free.left_out),
    )


def calls_of(request: web.Request, one: Known) -> list[EarlierCall]:
    """Tell the earlier calls of a number: of others' calls, what came of them and no more."""
    if one.number in {"", ANONYMOUS}:
        return []
    settings = request.app[SETTINGS]
    page = request.app[LEDGER].calls(CallFilter(number=one.number), None, _EARLIER + 1)
    zone = ZoneInfo(settings.timezone)
    told_calls = []
    for each in page.calls:
        if each.call_id == one.call_id:
            continue
        shown = line_of(each, zone, settings.ghost_seconds)
        mine = any(leg.agent == one.leg_agent for visit in each.visits for leg in visit.legs)
        told_calls.append(
            EarlierCall(
                at=each.started_at,
                line=shown.line,
                outcome=", ".join(result.word for result in shown.outcomes),
                adviser=shown.advisers,
                disposition=shown.disposition,
                call=each.call_id if mine else None,
            )
        )
    return told_calls[:_EARLIER]


def _behind(request: CallbackRequest, line: Line | None, one: Known) -> CallbackBehind:
    made = next((each.ordinal for each in request.attempts if each.channel_id == one.channel_id), request.dialled)
    return CallbackBehind(
        id=request.id,
        number=request.filing.number,
        source=request.source,
        source_word=SOURCES[request.source],
        name=request.person.name,
        company=request.person.company,
        subject=request.subject,
        description=request.description,
        attempt=made,
        attempts=line.callbacks.attempts if line else made,
        recordings=[message_address(request.id, number) for number in range(len(request.recordings))],
    )
