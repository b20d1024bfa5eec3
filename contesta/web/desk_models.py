"""What the adviser's desk takes and tells, over the API and in its stream."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from callback_queue.request import Source
from contesta.desk.agenda import When
from contesta.desk.contact import Phase
from contesta.web.validation import Asked, Told
from core.events import Resolution
from quality.metrics.agents import AgentState

LONGEST_TEXT = 4000
PauseReason = Literal["Descanso", "Almuerzo", "Reunión", "Capacitación", "Apoyo", "Otro"]


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Comment = Annotated[str, Field(max_length=LONGEST_TEXT)]
MOST_ANSWERS = 60


class AnswerSaid(Asked):
    """What a citizen told the adviser to a question of a survey: a key of its scale, or a comment."""

    model_config = ConfigDict(str_max_length=LONGEST_TEXT, str_strip_whitespace=False)

    survey: Name
    question: Name
    answer: Annotated[int, Field(ge=1, le=10)] | Comment


class AnswersSaid(Asked):
    """All that a citizen told the adviser to a survey: a question that is not among it was not answered."""

    answers: list[AnswerSaid] = Field(max_length=MOST_ANSWERS)


class DraftSaid(Asked):
    """What is being written about a conversation."""

    model_config = ConfigDict(str_max_length=LONGEST_TEXT, str_strip_whitespace=False)

    disposition: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=LONGEST_TEXT)
    solution: str = Field(default="", max_length=LONGEST_TEXT)
    answers: list[AnswerSaid] | None = Field(default=None, max_length=MOST_ANSWERS)
    """Null: nothing is said of surveys, and what was saved of them stays."""


class DispositionSaid(DraftSaid):
    """How a conversation came out. A supervisor says whose it was; an adviser's own is taken to be meant."""

    agent: str = Field(default="", max_length=200)
    call_again_at: AwareDatetime | None = None
    leave_alone: bool = False
    """The citizen asked not to be called: what waits is taken back, and nothing that he does not ask for is dialled."""


class PauseSaid(Asked):
    """Why an adviser takes no calls."""

    reason: PauseReason


class Before(Told):
    """The conversation before an adviser, in short. `until`: when the time to classify it is over."""

    channel: str
    call: str
    queue: str
    phase: Phase
    since: datetime
    until: datetime | None


class DeskNow(Told):
    """What an adviser is doing, and what is before him. `state` is null if nothing is told of him."""

    agent: str
    state: AgentState | None
    since: datetime | None
    reason: str
    queues: list[str]
    connected: bool
    contact: Before | None


class Beat(Told):
    """A sign of life of the desk's stream, each second. `at` is the server's time."""

    at: datetime


class ChoiceTold(Told):
    """One disposition that can be chosen."""

    path: str
    title: str
    group: str
    resolution: Resolution


class EarlierCall(Told):
    """An earlier call of the same number. `call` is its id if whoever asks may open it."""

    at: datetime
    line: str
    outcome: str
    adviser: str
    disposition: str
    call: str | None


class EarlierCallback(Told):
    """A promised call of the same number."""

    number: str
    asked_at: datetime
    source: str
    subject: str
    outcome: str


class CallbackBehind(Told):
    """The promised call that a conversation is an attempt of."""

    id: str
    number: str
    source: Source
    source_word: str
    name: str
    company: str
    subject: str
    description: str
    attempt: int
    attempts: int
    recordings: list[str]
    """What was spoken, each with its address."""


class WordTold(Told):
    """One word that was saved about a conversation; the last one stands."""

    at: datetime
    author: str
    disposition: str
    title: str
    resolution: Resolution
    note: str
    solution: str


class AnswerChoice(Told):
    """One answer to a question: its key, and what it means."""

    value: int
    word: str


class QuestionTold(Told):
    """One question of a survey. Without choices it is answered by a text.

    `answer` is what was saved, null if nothing was; `keyed`: the citizen keyed it himself, and that stands.
    """

    name: str
    title: str
    text: str
    choices: list[AnswerChoice]
    answer: int | str | None
    keyed: bool


class SurveyTold(Told):
    """The survey of the campaigns for which somebody was called. `how` says who asks it.

    `refused` says why no answer may be kept, "" if it may.
    """

    survey: str
    title: str
    campaigns: list[str]
    how: str
    refused: str
    questions: list[QuestionTold]


class ContactTold(Told):
    """One conversation of an adviser: who calls and why, and what is written of it.

    `claimed`: whoever calls claims about his data, and is not answered yet.
    """

    channel: str
    call: str
    line: str
    queue: str
    number: str
    claimed: bool
    language: str
    path: str
    calls: list[EarlierCall]
    callbacks: list[EarlierCallback]
    callback: CallbackBehind | None
    surveys: list[SurveyTold]
    choices: list[ChoiceTold]
    most_used: list[str]
    draft: DraftSaid
    words: list[WordTold]
    hours: list[datetime]
    left_out: list[date]


class Unfinished(Told):
    """A conversation that was not classified."""

    channel: str
    call: str
    queue: str
    number: str
    ended_at: datetime


class AgendaLine(Told):
    """One promised call. `refused` says why it may not be called now, "" if it may.

    `claimed`: the person claims about his data, and is not answered yet.

    `owner` is the adviser who promised it, "" if nobody did; `mine`: it is the one who asks.
    """

    id: str
    number: str
    telephone: str
    source: str
    subject: str
    when: When
    promised_at: datetime
    due_at: datetime
    attempt: int
    attempts: int
    owner: str
    mine: bool
    claimed: bool
    refused: str


class QueueOfDesk(Told):
    """A queue of the adviser's lines. `fixed`: the line's file has him in it, and he does not leave it by himself."""

    name: str
    title: str
    line: str
    inside: bool
    fixed: bool


class Agenda(Told):
    """The promised calls of today and those overdue, and the conversations that were not classified."""

    callbacks: list[AgendaLine]
    unfinished: list[Unfinished]
    reasons: list[str]
    """The reasons of a pause."""
    queues: list[QueueOfDesk]


class Done(Told):
    """What was done, in words."""

    said: str
