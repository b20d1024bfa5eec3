"""Campaigns and promised calls: records are given to be called, a few at a time, and what came of each is taken back.

Giving is told by its origin, which the store of promised calls knows for ever: killed between giving and noting it, the
next round gives the same record again, and nothing is changed by it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from callback_queue.campaign.dispositions import follows
from callback_queue.policy import rules_of
from callback_queue.request import Asked, CallbackRequest, Person, Place, Reason, Source, State
from callback_queue.states import Cancelled, IllegalStepError
from ivr.line.model import Line
from quality.metrics.history import CallHistory
from storage.callbacks import Callbacks
from storage.campaigns import IVR, Asker, Campaign, Campaigns, CampaignState, Outcome, StoredRecord
from storage.ledger import Ledger

AHEAD = 50
"""How many records of a campaign are with the store of promised calls at once."""

log = structlog.get_logger()

Lines = Callable[[], Mapping[str, Line]]
"""Gives the lines that are published, by name."""


class Feeder:
    """Works the campaigns of one database."""

    def __init__(self, campaigns: Campaigns, callbacks: Callbacks, ledger: Ledger, lines: Lines) -> None:
        self._campaigns, self._callbacks, self._ledger, self._lines = campaigns, callbacks, ledger, lines

    def work(self, now: datetime) -> None:
        """Take back what ended, of every campaign, and give more, of those that run."""
        lines = self._lines()
        for campaign in self._campaigns.all():
            if campaign.state is CampaignState.DRAFT or not campaign.pending:
                continue
            line = lines.get(campaign.line)
            going_on = self._take_results(campaign, _rated(campaign, line), now)
            if campaign.state is CampaignState.RUNNING and line:
                self._give(campaign, line, AHEAD - going_on, now)

    def pause(self, campaign: Campaign, author: str, now: datetime) -> bool:
        """Give nothing more, and take back what waits. Calls that are going on come to their end."""
        if not self._campaigns.move(campaign.id, {CampaignState.RUNNING}, CampaignState.PAUSED):
            return False
        for record in self._campaigns.asked(campaign.id):
            request = self._callbacks.get(record.request_id)
            if request and _only_ours(request) and request.state in {State.WAITING, State.CLAIMED}:
                try:
                    self._callbacks.step(request.id, Cancelled(by=author, reason=Reason.BY_STAFF), now)
                except IllegalStepError:
                    continue  # a worker was quicker: it is being dialled
                self._campaigns.take_back(record)
        return True

    def _give(self, campaign: Campaign, line: Line, count: int, now: datetime) -> None:
        for record in self._campaigns.to_ask(campaign.id, max(count, 0)):
            taken = self._callbacks.ask(_asked(campaign, line, record, now), rules_of(line), now)
            self._campaigns.give(record, taken.request.id)

    def _take_results(self, campaign: Campaign, questions: set[str], now: datetime) -> int:
        """Take back what ended; returns how many go on. `questions` are those of the survey that have a scale."""
        going_on = 0
        for record in self._campaigns.asked(campaign.id):
            request = self._callbacks.get(record.request_id)
            if request is None:
                continue
            call = self._attended(request)
            if call and call.ended_at is None:  # the adviser is gone, and the survey may be asked at this moment
                going_on += 1
                continue
            answers = _answers(call, campaign.survey) if call else {}
            given = {*answers, *record.answers}
            disposition = follows(request, len(given & questions if questions else given), len(questions))
            if disposition is None:
                going_on += 1
                continue
            outcome = Outcome(disposition=disposition, author=IVR, answers=answers)
            self._campaigns.dispose_by_call(record, outcome, now)
            log.info("record of a campaign worked", campaign=campaign.id, record=record.position, came=disposition)
        return going_on

    def _attended(self, request: CallbackRequest) -> CallHistory | None:
        """Read the call in which the citizen was attended."""
        attended = request.state is State.ATTENDED and request.attended_call
        return self._ledger.call(request.attended_call) if attended else None


def _answers(call: CallHistory, survey: str) -> dict[str, int]:
    """Give what the citizen answered by key to a survey; what advisers type is with the record already."""
    keyed = (said for said in call.survey if said.survey == survey and not said.by)
    return {said.question: said.answer for said in keyed if said.answer is not None}


def _rated(campaign: Campaign, line: Line | None) -> set[str]:
    """Name the questions of a campaign's survey that have a scale; none if the line has it no more."""
    survey = line.surveys.get(campaign.survey) if line else None
    return {question.name for question in survey.questions if question.scale.top} if survey else set()


def _only_ours(request: CallbackRequest) -> bool:
    """Tell whether nobody but campaigns wants a request."""
    return request.source is Source.CAMPAIGN and all(source is Source.CAMPAIGN for source in request.joined)


def _asked(campaign: Campaign, line: Line, record: StoredRecord, now: datetime) -> Asked:
    return Asked(
        source=Source.CAMPAIGN,
        origin=f"campaign:{campaign.id}:{record.position}:{record.round}",
        line=campaign.line,
        telephone=record.record.telephones[0],
        place=Place(queue=line.queue.name, since=now),
        person=Person(name=record.record.name, document=record.record.document),
        description=f"Campaña «{campaign.name}»",
        survey="" if campaign.asker is Asker.ADVISER else campaign.survey,
    )
