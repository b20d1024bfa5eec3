"""What the auditor's desk is sent."""

from datetime import datetime
from typing import Literal

from contesta.auditing.desk_keys import DeskAction
from contesta.web.validation import Told
from quality.matrix.audit import Mark
from quality.matrix.matrix import Category


class SubItemOf(Told):
    """A sub-item with what is marked by now."""

    number: str
    title: str
    guidance: str
    mark: Mark | None
    seconds: float | None
    note: str


class ItemOf(Told):
    """An item, without the sub-items that do not apply to this contact."""

    number: str
    title: str
    subitems: list[SubItemOf]


class CategoryOf(Told):
    """A category of the matrix."""

    category: Category
    title: str
    threshold: str
    items: list[ItemOf]


class FactOf(Told):
    """Something that is known of the contact."""

    title: str
    text: str


class EventOf(Told):
    """A line of the call's timeline; `seconds` is where in the recording, null if outside."""

    hour: str
    seconds: float | None
    actor: str
    fact: str


class LiveOf(Told):
    """The conversation of an audit that was begun while it went on; seconds count from when the adviser answered."""

    call: str
    agent: str
    since: datetime
    going_on: bool


class KeyOf(Told):
    """What keys of the desk do, as a browser names them; `chosen` instead of those that it comes with."""

    action: DeskAction
    does: str
    keys: list[str]
    chosen: bool


class DeskWanted(Told):
    """How whoever is here wants the desk. `evidence_last`: what was measured is shown once all is marked."""

    keys: list[KeyOf]
    evidence_last: bool


class Desk(Told):
    """One audit on the desk. `recording`, `lanes` and `evidence` are addresses, null if there is nothing to hear.

    `live` is null if it was begun from a recording.
    """

    number: int
    revision: int
    title: str
    why: str
    place: str
    matrix: str
    reason: str
    note: str
    facts: list[FactOf]
    events: list[EventOf]
    categories: list[CategoryOf]
    recording: str | None
    lanes: str | None
    evidence: str | None
    live: LiveOf | None
    silent_because: str
    next: str
    wanted: DeskWanted


class Segment(Told):
    """A stretch of a recording, in seconds."""

    start: float
    end: float


class Lane(Told):
    """Who is heard on a channel: `peaks` from 0 to 1, equally spaced in time."""

    id: Literal["citizen", "adviser", "both"]
    title: str
    peaks: list[float]


class Span(Told):
    """Something measured that concerns both channels."""

    kind: Literal["silence", "talk_over", "hold"]
    title: str
    start: float
    end: float


class Lanes(Told):
    """The outline of a recording, in the order from above."""

    duration_seconds: float
    lanes: list[Lane]


class Speech(Told):
    """When somebody speaks on a lane."""

    lane: Literal["citizen", "adviser", "both"]
    segments: list[Segment]


class Evidence(Told):
    """What was measured in a recording."""

    speech: list[Speech]
    spans: list[Span]


class Kept(Told):
    """The revision that a draft has after it was saved."""

    revision: int


class Delivered(Told):
    """Where to go after an audit was delivered."""

    next: str
