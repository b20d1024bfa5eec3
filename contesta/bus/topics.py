"""Topics of the bus and what is told there. The schemas in docs/bus/ are written from these models.

Whoever may read the broker may read all of it, so nothing here tells who called or who answered: no telephone number,
no name, no recording. Callers are calls, advisers are counts or pseudonyms.
"""

from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from quality.metrics.limits import Level

ROOT = "contesta/v1"
EVERYTHING = f"{ROOT}/#"
STATUS = f"{ROOT}/status"

VIEW = "view/board"
"""The whole `contesta.board.view.Board`, retained, with people in it. Not below ROOT: it never leaves the process."""


def board(line: str) -> str:
    """Topic of the line's state."""
    return f"{ROOT}/{_level(line)}/board"


def queue(line: str, name: str) -> str:
    """Topic of one queue's state."""
    return f"{ROOT}/{_level(line)}/queues/{_level(name)}"


def alert(line: str, name: str) -> str:
    """Topic of one alert."""
    return f"{ROOT}/{_level(line)}/alerts/{_level(name)}"


def call(line: str, kind: str) -> str:
    """Topic of one kind of call events."""
    return f"{ROOT}/{_level(line)}/calls/{kind}"


def _level(name: str) -> str:
    """Write a name so that it is one level of a topic: all but ASCII letters, digits and `_.-~` as in addresses."""
    return quote(name, safe="") or "%"


class Payload(BaseModel):
    """Anything told on the bus. Moments are ISO 8601 in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Presence(StrEnum):
    """Whether somebody is there to tell what happens."""

    ONLINE = "online"
    OFFLINE = "offline"


class Status(Payload):
    """Whether the line's programs are connected to the broker. The broker itself tells `offline` when they are gone."""

    line: str
    status: Presence
    since: datetime
    """When the connection began that this tells of."""


class FigureState(Payload):
    """One figure."""

    title: str
    """What it is, in Spanish."""
    shown: str | None
    """As people read it, in Spanish; null if it is a time that runs."""
    value: float | None
    """As machines read it: a count, seconds or a share from 0 to 1; null if unknown or a time that runs."""
    since: datetime | None
    """From when it runs, if it is a time that runs; null otherwise."""
    level: Level | None
    """On which side of its thresholds; null if it has none or is not current."""


class LineState(Payload):
    """The whole line. Retained; told at most once a second, when something changed."""

    line: str
    at: datetime
    connected: bool
    """Whether the telephone system tells what happens. If not, the figures are not current."""
    silent_since: datetime | None
    """When it last told something, if it does not now."""
    queues: list[str]
    """The queues there are. What a topic may still say of another queue is of the past."""
    figures: dict[str, FigureState]
    """The cards of the board."""
    today: dict[str, int]
    """Today's visits to queues: "offered", and each outcome; the outcomes add up to it."""
    alerts: list[str]
    """The alerts there are. What a topic may still say of another alert is of the past."""
    advisers: dict[str, int]
    """How many advisers are in each state."""
    notices: list[str]
    """What the board advises, in Spanish."""


class QueueState(Payload):
    """One queue. Retained; told at most once a second, when something changed."""

    line: str
    queue: str
    at: datetime
    connected: bool
    """Whether the telephone system tells what happens. If not, the figures are not current."""
    level: Level | None
    """The worst of its figures."""
    figures: dict[str, FigureState]


class Alert(Payload):
    """Something that somebody should do something about. Retained while it lasts, and empty when it is over."""

    line: str
    id: str
    level: Level
    figure: str
    queue: str
    """Empty if it is about the whole line."""
    text: str
    """What it says, in Spanish."""
    to_do: str
    """What to do about it, in Spanish; empty if the text says all there is."""
    since: datetime
