"""What those who run campaigns work with: drafts are made, published, paused, and their results read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Engine

from callback_queue.campaign.base import Base, Excluded, take_in
from callback_queue.campaign.columns import Columns
from callback_queue.campaign.sheet import Row
from contesta.campaigns.feeding import Feeder
from core.errors import ConfigurationError
from core.numbers import normalise
from ivr.line.model import Line
from storage.callbacks import Callbacks
from storage.campaigns import Campaign, Campaigns, NewCampaign
from storage.ledger import Ledger

_PART = 500


class Desk:
    """The campaigns of one database, and the lines that call."""

    def __init__(self, engine: Engine, lines: Mapping[str, Line]) -> None:
        self.lines = lines
        self.campaigns = Campaigns(engine)
        self._callbacks = Callbacks(engine)
        self.feeder = Feeder(self.campaigns, self._callbacks, Ledger(engine), lambda: lines)

    def decide_anew(self, campaign: Campaign, columns: Columns) -> Campaign | None:
        """Take other columns for a draft; None if it is no draft any more."""
        rows: list[Row] = [Row(number=1, cells=campaign.columns.titles)] if campaign.columns.has_titles else []
        records = self.campaigns.records(campaign.id)
        while records:
            rows += [Row(number=each.record.row, cells=each.record.cells) for each in records]
            records = self.campaigns.records(campaign.id, after=records[-1].position)
        new = NewCampaign(
            name=campaign.name,
            line=campaign.line,
            survey=campaign.survey,
            file=campaign.file,
            author=campaign.author,
            asker=campaign.asker,
        )
        return self.campaigns.replace(campaign.id, self.prepare(rows, columns, new))

    def prepare(self, rows: Sequence[Row], columns: Columns, new: NewCampaign, listed: Collection[str] = ()) -> Base:
        """Decide on the rows of a base, by what this installation knows of whom not to call.

        Raises:
            ConfigurationError: there is no such line, or it has no such survey.
        """
        line = self.lines.get(new.line)
        if line is None:
            raise ConfigurationError(f"no hay línea «{new.line}»; las que hay son: {_names(self.lines)}")
        if new.survey and new.survey not in line.surveys:
            raise ConfigurationError(f"no hay encuesta «{new.survey}»; las de esa línea son: {_names(line.surveys)}")
        excluded = Excluded(
            surveyed=self.campaigns.surveyed(new.line, new.survey) if new.survey else (),
            own_lines={normalise(number) for one in self.lines.values() for number in one.numbers},
            listed=listed,
        )
        base = take_in(rows, columns, excluded)
        telephones = {number for record in base.records for number in record.telephones}
        alone = {each for part in _parts(telephones) for each in self._callbacks.left_alone_since(part)}
        return take_in(rows, columns, replace(excluded, left_alone=alone)) if alone else base


def _names(things: Iterable[str]) -> str:
    return ", ".join(things) or "ninguna"


def _parts(telephones: Iterable[str]) -> Iterable[Sequence[str]]:
    every = sorted(telephones)
    return (every[first : first + _PART] for first in range(0, len(every), _PART))
