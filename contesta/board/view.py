"""The board as browsers, screens on a wall and other systems get it: every text is written here, nobody computes.

Two things are left to whoever shows it: to let the clock of what has a `since` run on, and to say how old the board is.
Texts are in Spanish and formatted; moments are ISO 8601 in UTC; what is not known is a dash.
"""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from quality.metrics.limits import Level


class Mode(StrEnum):
    """What the board shows: this moment, a past one, or a log that is played again."""

    LIVE = "live"
    PAST = "past"
    REPLAY = "replay"


class Opening(StrEnum):
    """Whether the line attends at this hour. UNKNOWN: it has no hours."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class View(BaseModel):
    """Anything that is shown. It never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(View):
    """One figure. `calls` is the address of exactly the calls it counts, `why` that of its explanation; "" if none.

    `state` None: it has no thresholds, nothing to measure, or the board is not current.

    With `since`, the figure is a time that runs from there: `shown` is what it was when the board was made, and two
    figures that run from the same moment are equal whatever they showed. Else `value` is `shown` for machines: a count,
    seconds or a share from 0 to 1; None if that is a dash or words.
    """

    id: str
    title: str
    shown: str = Field(examples=["85,71 %"])
    value: float | None = Field(default=None, examples=[0.8571])
    detail: str = Field(default="", examples=["12/14 · contestadas en 20 s, de las ofrecidas"])
    state: Level | None = None
    since: datetime | None = None
    meaning: str = ""
    calls: str = ""
    why: str = ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Figure):
            return NotImplemented
        return self._essence() == other._essence()

    def __hash__(self) -> int:
        return hash(self._essence())

    def _essence(self) -> tuple[object, ...]:
        shown = self.shown if self.since is None else None
        return (self.id, self.title, shown, self.detail, self.state, self.since, self.meaning, self.calls, self.why)


class QueueRow(View):
    """One queue. `state` is the worst of its figures."""

    name: str
    state: Level | None
    waiting: Figure
    longest_wait: Figure
    expected_wait: Figure
    advisers: Figure
    service_level: Figure
    abandonment: Figure
    offered: Figure


class AdviserRow(View):
    """One adviser, who is here once however many queues he is in. `state` is one of `AgentState`, `word` says it."""

    id: str
    name: str
    state: str
    word: str
    since: datetime
    reason: str
    queues: list[str]
    answered: Figure
    unanswered: Figure
    tmo: Figure


class StateCount(View):
    """How many advisers do the same."""

    state: str
    word: str
    count: int
    shown: str


class Part(View):
    """A part of the sum of today's calls. `id` is "offered" or an outcome."""

    id: str
    word: str
    count: int
    shown: str
    calls: str


class Balance(View):
    """Today's calls as the sum that they must be; the first part is the whole of the others."""

    text: str
    parts: list[Part]
    balances: bool


class Caller(View):
    """Somebody who waits. `number` is masked, `call` is the address of his call."""

    call: str
    queue: str
    number: str
    since: datetime


class Alert(View):
    """Something that somebody should do something about. `queue` is "" for the line. `text` says it in a sentence.

    `to_do` says what, and `calls` is the address of what it is about; "" where the text says all there is.
    """

    id: str
    level: Level
    figure: str
    queue: str
    text: str
    to_do: str = ""
    calls: str = ""
    since: datetime


class WallBoard(View):
    """The board without anything about a person: what hangs on a wall for all to see.

    `sequence` grows with every version. `connected`: the telephone system tells what happens; `connected_at` is when
    it last did: `at`, as long as it does; None if never. `advisers_by_state` has all states, in order.
    """

    sequence: int
    at: datetime
    line: str
    title: str
    mode: Mode
    source: str = Field(examples=["en vivo", "repaso de queue_log-20250603.gz"])
    connected: bool
    connected_at: datetime | None
    opening: Opening
    opening_word: str
    cards: list[Figure]
    queues: list[QueueRow]
    advisers_by_state: list[StateCount]
    identity: Balance
    notices: list[str]
    alerts: list[Alert]


class Board(WallBoard):
    """The whole board, for those who may see calls and advisers. `trouble`: why it does not know all, or ""."""

    trouble: str
    advisers: list[AdviserRow]
    waiting: list[Caller]

    def shows_the_same_as(self, other: "Board") -> bool:
        """Tell whether two boards differ in nothing but when they were made."""
        moments = {"sequence": other.sequence, "at": other.at}
        if self.connected and other.connected:
            moments["connected_at"] = other.connected_at
        return self.model_copy(update=moments) == other


class Quarter(View):
    """One quarter hour of a day. A count is None in what has not come yet; `answer_rate` is a share from 0 to 1."""

    begins_at: datetime
    hour: str = Field(examples=["08:15"])
    offered: int | None
    answered: int | None
    abandoned: int | None
    answer_rate: float | None
    answer_rate_shown: str
    calls: str


class DayLine(View):
    """One day by quarter hours."""

    day: str = Field(examples=["2025-06-03"])
    title: str = Field(examples=["martes 3 de junio de 2025"])
    quarters: list[Quarter]


class DayChart(View):
    """A day, and the same weekday one week before, which has the same quarter hours."""

    day: DayLine
    before: DayLine


class Why(View):
    """Why a figure is what it is: sentences, most telling first, and the address of the calls that made it so."""

    figure: str
    queue: str
    title: str
    shown: str
    state: Level | None
    sentences: list[str]
    calls: str


class Heartbeat(View):
    """A sign of life of a stream of boards, each second. `at` is the server's time."""

    at: datetime
    sequence: int


class End(View):
    """The last thing a stream says. `reason` is for people; after `again` False there is no use in coming back."""

    reason: str
    again: bool
