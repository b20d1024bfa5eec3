"""What can happen to a call: the one vocabulary of the ledger, the figures and the live view.

The manager interface and queue_log both decode into these events; whoever folds them does not need to
know which it was, only which to believe: where both tell the same fact, queue_log is kept, because it is
durable and its whole seconds are what every later recomputation will see (see quality.metrics.history).

`channel_id` is the telephone system's Uniqueid of the caller's channel, `call_id` its Linkedid. queue_log
knows only the first; for a call that was not passed on by consultation the two are equal.
Durations that the telephone system reports itself are whole seconds in both sources and named `_seconds`.
One file: it is read as one list.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


def is_ours(channel_id: str) -> bool:
    """Tell whether a channel is an attempt of ours to call a citizen; he himself may be on a channel of his own."""
    return channel_id.startswith("cb-")


def is_advisers_side(channel_id: str) -> bool:
    """Tell whether a channel of ours looks for an adviser who is to call a citizen: it is nobody's stay in a queue."""
    return is_ours(channel_id) and channel_id.endswith("-m")


class Source(StrEnum):
    """Who told the fact, most believable first."""

    QUEUE_LOG = "queue_log"
    AMI = "ami"
    INFERRED = "inferred"


class ExitReason(StrEnum):
    """Why a caller left a queue without an agent."""

    ABANDONED = "abandoned"
    TIMEOUT = "timeout"
    KEY = "key"
    WITHDRAWN = "withdrawn"
    EMPTY = "empty"


class EndedBy(StrEnum):
    """Who ended a conversation or a call."""

    AGENT = "agent"
    CALLER = "caller"
    SYSTEM = "system"
    BLIND_TRANSFER = "blind_transfer"
    ATTENDED_TRANSFER = "attended_transfer"


class StepResult(StrEnum):
    """What a caller did in a menu."""

    CHOSEN = "chosen"
    WRONG = "wrong"
    SILENT = "silent"
    REPEATED = "repeated"
    """Asked to hear it again."""
    GAVE_UP = "gave_up"


class Stage(StrEnum):
    """What a caller is hearing from the line, before and after the queues."""

    LANGUAGE = "language"
    CONSENT = "consent"
    MENU = "menu"
    TEXT = "text"
    OFFER = "offer"
    MAILBOX = "mailbox"
    SURVEY = "survey"


class ConsentAnswer(StrEnum):
    """What a caller answered to the request for authorisation. Silence and keys without a meaning authorise nothing."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NONE = "none"


class MailboxStep(StrEnum):
    """How far a caller came in leaving a request to be called."""

    BEGUN = "begun"
    FINISHED = "finished"


class OfferResult(StrEnum):
    """What became of the offer to be called back without losing one's place."""

    MADE = "made"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Resolution(StrEnum):
    """What a disposition makes of a contact."""

    SOLVED = "solved"
    """At first contact."""
    ESCALATED = "escalated"
    """Handed to an area or a higher level."""
    OTHER = "other"


class ListenStep(StrEnum):
    """What somebody did who listens to a conversation that goes on."""

    LISTENING = "listening"
    """Hears both, and is heard by nobody."""
    WHISPERING = "whispering"
    """Hears both, and is heard by the agent."""
    ENDED = "ended"


class RingResult(StrEnum):
    """How one ring of one agent ended."""

    NO_ANSWER = "no_answer"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact about one call. `at` is aware and UTC; `order` keeps the file's order within one second of queue_log."""

    at: datetime
    call_id: str
    channel_id: str
    source: Source
    order: int = 0

    def __post_init__(self) -> None:
        """Refuse a datetime without a time zone.

        Raises:
            ValueError: `at` is naive.
        """
        if self.at.tzinfo is None:
            raise ValueError(f"naive datetime in {type(self).__name__}: {self.at!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Event):
    """A call reached a line. `number` is E.164 or "anonymous"."""

    line: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The caller's channel is gone. `cause` is the Q.850 hangup cause, 0 if unknown."""

    by: EndedBy | None
    cause: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallVanished(Event):
    """After a gap of the live feed the call was no longer there. Any better evidence of its end outweighs this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuStepped(Event):
    """One answer, or none, to one menu. `key` is empty when nothing was pressed.

    `heard_seconds` is how much of the menu had been said when the key came, None if all of it or if nobody says.
    """

    menu: str
    key: str
    result: StepResult
    heard_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChosen(Event):
    """The line begins to say an information text to which menus led the caller. `text` is its prompt."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp(Event):
    """The caller hung up while the line asked or told something; told when the channel is gone, just before its end.

    `name` is the menu, the text, the mailbox, the survey's question or the consent's version; a language has none.
    """

    stage: Stage
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAnswered(Event):
    """The caller was read `version` of the request for authorisation, and answered."""

    version: str
    answer: ConsentAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChosen(Event):
    """The caller is attended in `language` (BCP 47), whether chosen or left at the line's first."""

    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxStepped(Event):
    """The caller began to leave a request to be called, or finished it. `request` is its filing number."""

    request: str
    step: MailboxStep


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLeft(Event):
    """The caller was asked to speak after the tone, without the call scripts; `file` is below the folder of messages.

    Told before the recording begins: whoever hangs up at once leaves none.
    """

    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered(Event):
    """The caller answered one question of `survey`, or was asked and did not (`answer` None, no `file`).

    `file` is the recording of a spoken comment, below the folder of messages. `by` is whoever typed what the caller
    told the adviser `agent`; both are "" where the caller answered the line himself. What is typed as a comment is
    answer 0.
    """

    question: str
    answer: int | None
    survey: str = ""
    file: str = ""
    agent: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Event):
    """A recording of the conversation with `agent` began; `file` is relative to the folder of recordings."""

    queue: str
    agent: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEvent(Event):
    """A fact about one stay of one caller in one queue."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntered(QueueEvent):
    """A queue visit begins (ENTERQUEUE, QueueCallerJoin)."""

    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRang(QueueEvent):
    """An agent's telephone began to ring (AgentCalled)."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingEnded(QueueEvent):
    """An agent's telephone stopped ringing unanswered (RINGNOANSWER, RINGCANCELED, AgentRingNoAnswer)."""

    agent: str
    ring_ms: int
    result: RingResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(QueueEvent):
    """An agent was connected (CONNECT, AgentConnect). `wait_seconds` is None where the source left it empty."""

    agent: str
    wait_seconds: int | None
    ring_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed(QueueEvent):
    """A conversation ended (COMPLETEAGENT, COMPLETECALLER, BLINDTRANSFER, ATTENDEDTRANSFER, AgentComplete).

    `talk_seconds` includes hold. `target` is the extension of a blind transfer. A time the source left empty is None.
    """

    agent: str
    wait_seconds: int | None
    talk_seconds: int | None
    by: EndedBy
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueExited(QueueEvent):
    """A caller left the queue without an agent. `key` if by key, `detail` the reason of a withdrawal.

    `wait_seconds` is None where the source does not tell it.
    """

    reason: ExitReason
    wait_seconds: int | None
    key: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLeft(QueueEvent):
    """The live feed says that the caller is no longer waiting, not why (QueueCallerAbandon, QueueCallerLeave).

    An end of the call after it makes it an abandonment, a Connected an answer, a QueueExited what it says.
    """

    wait_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(QueueEvent):
    """The queue did not take the caller: FULL, JOINEMPTY, JOINUNAVAIL or UNKNOWN in `status`."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOffered(QueueEvent):
    """A caller of a queue was offered to be called back without losing their place, or answered that."""

    result: OfferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEnded(QueueEvent):
    """The work of `agent` after a conversation is over: a disposition was saved, or, if it is empty, none was in time.

    `disposition` is the way through the line's tree, "solucionada/certificado", `title` how the tree calls it. Another
    one that is told later corrects it, and ends no work. `by` is whoever saved it. Work counts for `limit_seconds` at
    the most; with 0 the adviser takes calls while he writes, so that none counts.
    """

    agent: str
    disposition: str
    title: str
    resolution: Resolution
    by: str
    limit_seconds: int


def is_of_desk(event: Event) -> bool:
    """Tell whether an adviser's desk tells something: it may be told long after the call is over."""
    return isinstance(event, WorkEnded) or (isinstance(event, SurveyAnswered) and event.by != "")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChanged(Event):
    """An agent put the caller on hold, or took the caller back. `channel_id` is the agent's."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened(QueueEvent):
    """Somebody began to listen to the conversation with `agent`, to whisper to him, or stopped.

    `by` is how the listener signs in; `session` is the channel id of his telephone and `ordinal` counts its steps, so
    that two steps of one second are two. It is no part of the call: nothing is counted with it.
    """

    agent: str
    by: str
    step: ListenStep
    session: str = ""
    ordinal: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRestarted(Event):
    """The telephone system started anew: whatever was open before is over. Both ids are empty."""


class PresenceChange(StrEnum):
    """A change of an agent's presence."""

    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    PAUSED = "paused"
    UNPAUSED = "unpaused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPresence(Event):
    """An agent came, went, paused or returned (ADDMEMBER, REMOVEMEMBER, PAUSE, UNPAUSE…). Both ids are empty."""

    queue: str
    agent: str
    change: PresenceChange
    reason: str = ""
