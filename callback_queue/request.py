"""A call promised to a citizen, whatever it came from, as a value that nothing changes. Pure.

`states.advance` alone makes the next value of a request. Times are aware and UTC; a telephone is E.164.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

ATTEMPT = "cb-"
"""What the channel ids of our attempts begin with."""


class Source(StrEnum):
    """What a request came from."""

    WEB = "web"
    MAILBOX = "mailbox"
    ABANDONED = "abandoned"
    KEPT_PLACE = "kept_place"
    APPOINTMENT = "appointment"
    FOLLOW_UP = "follow_up"
    CAMPAIGN = "campaign"

    @property
    def asked_by_citizen(self) -> bool:
        """Whether the citizen said so: then an older wish to be left alone no longer stands."""
        return self in {Source.WEB, Source.MAILBOX, Source.KEPT_PLACE, Source.APPOINTMENT}


class State(StrEnum):
    """Where a request is. The last five are final."""

    HELD = "held"
    """No number is known: somebody has to listen to it, or to complete it."""
    WAITING = "waiting"
    CLAIMED = "claimed"
    """A worker looks whether it may be dialled now; nothing was dialled."""
    DIALLING = "dialling"
    """The attempt is committed: from here on the telephone may ring."""
    ANSWERED = "answered"
    """Somebody or something picked up, and is asked to press 1; or, adviser first, greeted."""
    ACCEPTED = "accepted"
    """The citizen pressed 1, and waits for the adviser."""
    CONNECTED = "connected"
    ATTENDED = "attended"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    """What became of the attempt cannot be known. It is shown, and never dialled again blindly."""

    @property
    def final(self) -> bool:
        """Whether nothing is to be done any more."""
        return self in FINAL

    @property
    def in_attempt(self) -> bool:
        """Whether the citizen's telephone may be ringing, or in use by us."""
        return self in IN_ATTEMPT


FINAL = frozenset({State.ATTENDED, State.SUPERSEDED, State.CANCELLED, State.FAILED, State.UNCERTAIN})
IN_ATTEMPT = frozenset({State.DIALLING, State.ANSWERED, State.ACCEPTED, State.CONNECTED})


class Result(StrEnum):
    """How an attempt ended."""

    TALKED = "talked"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    MACHINE = "machine"
    """It was picked up and nobody pressed 1."""
    HUNG_UP = "hung_up"
    """It was picked up, and hung up while it was greeted or asked."""
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    WRONG_NUMBER = "wrong_number"
    """Somebody else answered, and said so."""
    INVALID_NUMBER = "invalid_number"
    """The network says that there is no such number."""
    LEFT_WAITING = "left_waiting"
    """The citizen accepted, and hung up before an adviser came."""
    NO_ADVISER = "no_adviser"
    """Adviser first: none accepted, so the citizen was not dialled."""
    ADVISER_LEFT = "adviser_left"
    """Adviser first: he hung up while the citizen's telephone rang, or while the citizen was greeted."""
    NOT_DIALLED = "not_dialled"
    """It is proved that nothing was dialled."""
    UNKNOWN = "unknown"


NEVER_RANG = frozenset({Result.NO_ADVISER, Result.NOT_DIALLED})


class Reason(StrEnum):
    """Why a request ended as it did."""

    TALKED = "talked"
    """Attended; the adviser has not said how it came out."""
    SOLVED = "solved"
    ESCALATED = "escalated"
    NOT_SOLVED = "not_solved"
    CALLED_IN = "called_in"
    """The citizen called, and was attended, before we did."""
    BY_CITIZEN = "by_citizen"
    BY_STAFF = "by_staff"
    LEFT_ALONE = "left_alone"
    """The citizen asked not to be called."""
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    WRONG_NUMBER = "wrong_number"
    INVALID_NUMBER = "invalid_number"
    NUMBER_NOT_ALLOWED = "number_not_allowed"
    NO_NUMBER = "no_number"
    EXPIRED = "expired"
    """The time within which it had to be called is over."""
    RESULT_UNKNOWN = "result_unknown"
    LINE_GONE = "line_gone"
    """Its line is no longer published."""


class ConsentAnswer(StrEnum):
    """What the citizen answered to the data-protection notice."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The version of the notice that was shown or read, what was answered, and when."""

    version: str
    answer: ConsentAnswer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of the citizen; "" where it is not. `document_type` is CC, CE, TI, PA or the like."""

    name: str = ""
    document_type: str = ""
    document: str = ""
    company: str = ""
    nit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody told of himself, and of what he needs."""

    person: Person = field(default_factory=Person)
    subject: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time the citizen chose: not before, and not after. None is open."""

    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a queue: the citizen is held to wait there `since` then."""

    queue: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Something that was said: `what` (name, company, description, message), and its file in the folder of messages."""

    what: str
    file: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A filing number (radicado) and the code that opens it."""

    number: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was told under one of several filing numbers of a request, and when that was taken back, None if not."""

    number: str
    said: Said
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A wish to be called, as it arrives.

    `origin` names what it came from, once and for ever ("mailbox:2506030001", "abandoned:CALL", "campaign:7:123"): the
    same origin never makes a second request. `call_id` is the call it came from, "" if none. `telephone` is E.164, ""
    where none is known. `filing` is given where the citizen was already told one. `complete`: nothing that is required
    is missing. `at` is when it was wished, if that is not now. `subject` is a name of the line's file, `description` is
    free text. `owner` is the adviser who promised it, by name. `survey` is asked after the conversation in the place of
    the queue's: "" is none, None leaves it to the queue.
    """

    source: Source
    origin: str
    line: str
    telephone: str
    place: Place
    language: str = "es"
    person: Person = field(default_factory=Person)
    subject: str = ""
    description: str = ""
    recordings: tuple[Recording, ...] = ()
    window: Window = field(default_factory=Window)
    consent: Consent | None = None
    complete: bool = True
    call_id: str = ""
    filing: Filing | None = None
    at: datetime | None = None
    survey: str | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One committed attempt. `channel_id` is ours, and the citizen's channel bears it; None times did not happen."""

    ordinal: int
    channel_id: str
    committed_at: datetime
    answered_at: datetime | None = None
    accepted_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    agent: str = ""
    result: Result | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who has claimed a request, and until when nobody else may."""

    worker: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of the history: what happened (an event's name), when, by whom, and the state after it.

    `author` is "citizen", "system", "worker:NAME" or how a person signs in. `detail` is short and no personal data.
    """

    position: int
    at: datetime
    author: str
    event: str
    state: State
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What the adviser wrote. `outcome` is SOLVED, ESCALATED, NOT_SOLVED or WRONG_NUMBER.

    `disposition` is a leaf of the line's tree, `area` where it was escalated to, or "".
    """

    outcome: Reason
    disposition: str
    agent: str
    at: datetime
    text: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """One promised call.

    `place` is the earliest of all that joined: its queue, and the original entry time. `promised_at` is when the call
    is owed: the moment of asking, or the beginning of the window. `due_at` is when it may be dialled next. `priority`
    goes first, 9 before 0. `filings` holds the first filing number and those of requests that joined. `last_asked_at`
    is when the last of them came, `wished_at` when the citizen last asked himself, `chosen_at` when the window was
    chosen. `came_from` are calls that asked for it. `attended_call` is the call in which the citizen was attended.
    `steps` is the history as far as it was read: all of it from `get`, nothing from claims and lists. `version` counts
    the steps there ever were. `survey`: as in `Asked`, of the last that named one. `owner` is the adviser who promised
    it, `taken_by` the one whose telephone the next attempt, or the one that goes on, rings; "" if none. `wishes`
    has what each told, once another that was given a number of its own has joined; nothing before.
    """

    id: str
    source: Source
    line: str
    telephone: str
    state: State
    place: Place
    asked_at: datetime
    last_asked_at: datetime
    promised_at: datetime
    due_at: datetime
    priority: int
    filings: tuple[Filing, ...]
    language: str = "es"
    person: Person = field(default_factory=Person)
    subject: str = ""
    description: str = ""
    recordings: tuple[Recording, ...] = ()
    window: Window = field(default_factory=Window)
    chosen_at: datetime | None = None
    expires_at: datetime | None = None
    wished_at: datetime | None = None
    consent: Consent | None = None
    complete: bool = True
    joined: tuple[Source, ...] = ()
    came_from: tuple[str, ...] = ()
    lease: Lease | None = None
    attempts: tuple[Attempt, ...] = ()
    reason: Reason | None = None
    ended_at: datetime | None = None
    attended_call: str = ""
    solution: Solution | None = None
    survey: str | None = None
    owner: str = ""
    taken_by: str = ""
    wishes: tuple[Wish, ...] = ()
    steps: tuple[Step, ...] = ()
    version: int = 0

    @property
    def filing(self) -> Filing:
        """The first filing number of those under which the call is still wanted, or else of all."""
        return next((one for one in self.filings if self.wish_of(one.number).left_at is None), self.filings[0])

    def wish_of(self, number: str) -> Wish:
        """Give what whoever holds a filing number told: nothing of what the others did."""
        told = Said(person=self.person, subject=self.subject, description=self.description)
        return next((wish for wish in self.wishes if wish.number == number), Wish(number=number, said=told))

    def wanted_beside(self, number: str) -> bool:
        """Tell whether the call is still wanted under another filing number than this."""
        return any(one.number != number and self.wish_of(one.number).left_at is None for one in self.filings)

    @property
    def attempt(self) -> Attempt | None:
        """The attempt that goes on, or else the last one; None before the first."""
        return self.attempts[-1] if self.attempts else None

    @property
    def dialled(self) -> int:
        """How many attempts may have rung: those of which nothing else is proved."""
        return sum(attempt.result not in NEVER_RANG for attempt in self.attempts)

    @property
    def next_channel_id(self) -> str:
        """The channel id of the next attempt; it is given once and for ever."""
        return f"{ATTEMPT}{self.id}-{len(self.attempts) + 1}"
