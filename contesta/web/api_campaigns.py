"""/api/v1/campaigns: campaigns, what came of them, and what somebody says of one record."""

import asyncio
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field

from callback_queue.campaign.dispositions import Disposition
from contesta.campaigns.results import Answers, answers, dispositions
from contesta.campaigns.text import Share
from contesta.web.access import Action, Permission, identity
from contesta.web.campaigns import campaign_of, desk_of, moved, paused
from contesta.web.context import CLOCK
from contesta.web.routes import Route, body, told
from contesta.web.validation import Asked, Told
from storage.campaigns import Asker, Campaign, CampaignState, Outcome

PATH = "/api/v1/campaigns"
ONE = f"{PATH}/{{number:[0-9]{{1,9}}}}"

Question = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Answer = Annotated[int, Field(ge=0, le=10)]


class BaseCounts(Told):
    """How many rows the base had, and what became of them; `initial` is the sum of the others but `cleaned`."""

    initial: int
    no_data: int
    invalid: int
    excluded: int
    duplicates: int
    to_manage: int
    cleaned: int
    """Rows that can be called, duplicates included ("base depurada")."""


class CampaignTold(Told):
    """One campaign."""

    id: int
    name: str
    line: str
    survey: str
    """The survey of the line that is asked, by its name; empty if none."""
    asker: Asker
    """Who asks it: the line, by keys, or the adviser, who types what he is told."""
    state: CampaignState
    created_at: datetime
    author: str
    counts: BaseCounts
    pending: int
    """Records to manage that have no disposition yet."""


class CampaignList(Told):
    """All campaigns, the newest first."""

    campaigns: list[CampaignTold]


class ShareTold(Told):
    """How many of how many."""

    name: str
    title: str
    count: int
    of: int


class AnswersTold(Told):
    """The answers to one question."""

    name: str
    title: str
    answered: int
    typed: int
    """How many of the answered were typed by somebody."""
    shares: list[ShareTold]


class CampaignResults(Told):
    """A campaign and what came of it."""

    campaign: CampaignTold
    dispositions: list[ShareTold]
    """Of the records to manage; `pending` are those that are still to be worked."""
    questions: list[AnswersTold]


class OutcomeSaid(Asked):
    """What came of a record. `answers` are by the question's name."""

    disposition: Disposition
    note: str = ""
    answers: dict[Question, Answer] = Field(
        default={}, max_length=20, json_schema_extra={"additionalProperties": False}
    )


class RecordTold(Told):
    """What is kept of a record. It has no data of a person."""

    campaign: int
    position: int
    disposition: Disposition | None
    answers: dict[str, int]


async def everything(request: web.Request) -> web.Response:
    """Tell all campaigns."""
    found = await asyncio.to_thread(desk_of(request).campaigns.all)
    return told(CampaignList(campaigns=[_campaign(one) for one in found]))


async def one(request: web.Request) -> web.Response:
    """Tell a campaign and what came of it so far."""
    desk, campaign = await campaign_of(request)
    results = await asyncio.to_thread(desk.campaigns.results, campaign.id)
    return told(
        CampaignResults(
            campaign=_campaign(campaign),
            dispositions=[_share(share) for share in dispositions(campaign, results)],
            questions=[_answers(each) for each in answers(results, desk.lines.get(campaign.line), campaign.survey)],
        )
    )


async def publish(request: web.Request) -> web.Response:
    """Begin to call the records of a draft."""
    return told(
        _campaign(await moved(request, {CampaignState.DRAFT}, CampaignState.RUNNING, Action.CAMPAIGN_PUBLISHED))
    )


async def resume(request: web.Request) -> web.Response:
    """Go on with a campaign that was paused."""
    return told(_campaign(await moved(request, {CampaignState.PAUSED}, CampaignState.RUNNING, Action.CAMPAIGN_RESUMED)))


async def pause(request: web.Request) -> web.Response:
    """Stop calling the records of a campaign; calls that go on come to their end."""
    return told(_campaign(await paused(request)))


async def dispose(request: web.Request) -> web.Response:
    """Keep what came of a record that is to be managed. The last word stands."""
    said = body(request, OutcomeSaid)
    desk, campaign = await campaign_of(request)
    position = int(request.match_info["position"])
    outcome = Outcome(disposition=said.disposition, author=identity(request).who, note=said.note, answers=said.answers)
    if not await asyncio.to_thread(desk.campaigns.dispose, campaign.id, position, outcome, request.app[CLOCK]()):
        raise web.HTTPNotFound
    record = await asyncio.to_thread(desk.campaigns.record, campaign.id, position)
    if record is None:
        raise web.HTTPNotFound
    return told(
        RecordTold(
            campaign=campaign.id,
            position=position,
            disposition=record.disposition,
            answers={question: said.answer for question, said in record.answers.items()},
        )
    )


def _campaign(campaign: Campaign) -> CampaignTold:
    counts = campaign.counts
    return CampaignTold(
        id=campaign.id,
        name=campaign.name,
        line=campaign.line,
        survey=campaign.survey,
        asker=campaign.asker,
        state=campaign.state,
        created_at=campaign.created_at,
        author=campaign.author,
        counts=BaseCounts(**{name: getattr(counts, name) for name in BaseCounts.model_fields}),
        pending=campaign.pending,
    )


def _share(share: Share) -> ShareTold:
    return ShareTold(name=share.name, title=share.title, count=share.count, of=share.of)


def _answers(each: Answers) -> AnswersTold:
    return AnswersTold(
        name=each.name,
        title=each.title,
        answered=each.answered,
        typed=each.typed,
        shares=[_share(share) for share in each.shares],
    )


_READ, _RUN = Permission.READ_CAMPAIGNS, Permission.RUN_CAMPAIGNS

ROUTES = (
    Route(method="GET", path=PATH, handler=everything, permission=_READ, answer=CampaignList, summary="List campaigns"),
    Route(
        method="GET", path=ONE, handler=one, permission=_READ, answer=CampaignResults, summary="Tell what came of one"
    ),
    Route(
        method="POST",
        path=f"{ONE}/publish",
        handler=publish,
        permission=_RUN,
        answer=CampaignTold,
        summary="Begin to call a draft",
    ),
    Route(method="POST", path=f"{ONE}/pause", handler=pause, permission=_RUN, answer=CampaignTold, summary="Pause one"),
    Route(
        method="POST",
        path=f"{ONE}/resume",
        handler=resume,
        permission=_RUN,
        answer=CampaignTold,
        summary="Go on with one",
    ),
    Route(
        method="PUT",
        path=f"{ONE}/records/{{position:[0-9]{{1,6}}}}",
        handler=dispose,
        permission=_RUN,
        body=OutcomeSaid,
        answer=RecordTold,
        summary="Say what came of a record",
    ),
)
