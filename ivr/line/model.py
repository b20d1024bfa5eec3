"""What a line is: everything a caller meets, as values that nothing changes.

A call in progress keeps the `Line` it began with; publishing another edition swaps a reference. Names of menus, queues,
mailboxes, surveys and areas are keys of the line's mappings; a prompt is the id of a spoken text. A `Line` that was
read by `ivr.line.read` holds together: every name and every prompt in it exists. One file: it is read as one list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from core.calendar import Calendar
from core.privacy.retention import Kind as Kept
from ivr.line.callbacks import CallbackPolicy
from ivr.line.messages import Messages
from ivr.line.web import WebConsent, WebForm

SPANISH = "es"
DEFAULT_MUSIC = "default"
REPEAT_KEY = "*"
OPERATOR_KEY = "0"
END_KEY = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToQueue:
    """Wait for an adviser."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToArea:
    """Wait for somebody of a transfer area."""

    area: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToMenu:
    """Hear another menu, whose `back` leads here again."""

    menu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToMailbox:
    """Leave one's data and be called back."""

    mailbox: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSurvey:
    """Answer a survey; then the call ends."""

    survey: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Hear a text, then go where `then` leads; None is the menu one comes from."""

    prompt: str
    then: "Destination | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Return to the menu before this one; from the first, hear it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """The line says goodbye and the call ends; `prompt` is said before."""

    prompt: str | None = None


Destination: TypeAlias = ToQueue | ToArea | ToMenu | ToMailbox | ToSurvey | Say | Back | HangUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How long callers are given, and how often. Silences are in seconds, the first, then every later one."""

    tries: int = 3
    first_silence_seconds: int = 6
    next_silence_seconds: int = 8
    first_digit_seconds: int = 10
    first_document_digit_seconds: int = 20
    between_digits_seconds: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """What is said after a key without a meaning and after silence: the first time, the second…; the last one stays."""

    wrong: tuple[str, ...] = ("otra_tecla_1", "otra_tecla_2")
    silent: tuple[str, ...] = ("silencio_1", "silencio_2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What one key of a menu does. `title` is for those who read figures and drawings; callers hear the menu's text."""

    title: str
    to: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """A choice by one key; `options` by key. All tries used up, the caller goes to `give_up`."""

    name: str
    title: str
    prompt: str
    options: Mapping[str, Option]
    retries: Retries = field(default_factory=Retries)
    give_up: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language of the line. `key` chooses it. `voice` speaks what has no recording; None: only recordings."""

    code: str
    title: str
    key: str = ""
    voice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Languages:
    """The languages of a line, the first of which is Spanish: who chooses nothing, hears it. One alone is not asked."""

    all: tuple[Language, ...]
    prompt: str = "idioma"
    retries: Retries = field(default_factory=Retries)

    @property
    def asked(self) -> bool:
        """Whether callers choose."""
        return len(self.all) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The authorisation to record and to keep answers (Ley 1581 of 2012, articles 9, 12); only `accept_key` gives it.

    `core` cannot be cut short; `question` can.
    """

    version: str
    core: str = "consentimiento"
    question: str = "consentimiento_pregunta"
    accept_key: str = "1"
    decline_key: str = "2"
    accepted: str = "consentimiento_si"
    declined: str = "consentimiento_no"
    retries: Retries = field(
        default_factory=lambda: Retries(wrong=("consentimiento_otra_tecla",), silent=("silencio_1",))
    )


class Recording(StrEnum):
    """When conversations are recorded."""

    CONSENTED = "consented"
    """Only of callers who authorised it in this call."""
    ALWAYS = "always"
    """Unless the caller declines: for entities that need no authorisation (Ley 1581 of 2012, article 10 a)."""
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Outside hours: after when the line opens next, `prompt` is said, which stands by itself too; then goes `to`."""

    prompt: str
    to: Destination


class Strategy(StrEnum):
    """Which free adviser a queue rings (Asterisk's names)."""

    ROUND_ROBIN = "rrmemory"
    LEAST_RECENT = "leastrecent"
    FEWEST_CALLS = "fewestcalls"
    RING_ALL = "ringall"
    RANDOM = "random"
    IN_ORDER = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOffer:
    """Callers may ask to be called without losing their place.

    Offered before the queue when the expected wait passes `after_seconds`; while waiting, `prompt` says every
    `again_seconds` that `key` does it.
    """

    mailbox: str
    after_seconds: int = 300
    again_seconds: int = 120
    key: str = "1"
    question: str = "oferta_devolucion"
    prompt: str = "oferta_devolucion_tecla"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Where callers wait, and who answers. Names are unique among all lines of one telephone system.

    `members` are SIP accounts; none: every adviser. `music` is a folder of the music, or DEFAULT_MUSIC. Each
    `notice_seconds` callers hear that all advisers are busy. After `longest_wait_seconds` (None: never), and when
    nobody is signed in and not `wait_without_advisers`, they go to `overflow`. One's turn is told when it changes, at
    most every 45 s. Advisers pass callers on by name or `extension`. `survey` follows when the adviser hangs up first.
    """

    name: str
    title: str
    music: str = DEFAULT_MUSIC
    strategy: Strategy = Strategy.ROUND_ROBIN
    ring_seconds: int = 12
    members: tuple[str, ...] = ()
    notice_seconds: int = 300
    longest_wait_seconds: int | None = None
    wait_without_advisers: bool = True
    overflow: ToMailbox | ToQueue | None = None
    announce_position: bool = False
    offer: CallbackOffer | None = None
    survey: str | None = None
    extension: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An area of the entity that advisers pass callers on to; often its queue is its own. Reports count by it."""

    name: str
    title: str
    queue: str


class FieldKind(StrEnum):
    """What a mailbox asks for."""

    DOCUMENT = "document"
    """Number of the identity document, by keys."""
    PHONE = "phone"
    """Telephone number to call, by keys."""
    NIT = "nit"
    """Tax number of a company with its check digit, by keys."""
    SUBJECT = "subject"
    """One key of the mailbox's subjects."""
    NAME = "name"
    """Spoken and recorded."""
    COMPANY = "company"
    """Spoken and recorded."""
    DESCRIPTION = "description"
    """Spoken and recorded."""

    @property
    def spoken(self) -> bool:
        """Whether it is recorded, not keyed."""
        return self in {FieldKind.NAME, FieldKind.COMPANY, FieldKind.DESCRIPTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxField:
    """One thing a mailbox asks for. An optional one is passed over with #. `longest_seconds` bounds a spoken one."""

    kind: FieldKind
    prompt: str
    optional: bool = False
    longest_seconds: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a request is about."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """The callback mailbox: what is asked, in order. `subjects` by key."""

    name: str
    title: str
    intro: str = "buzon_intro"
    fields: tuple[MailboxField, ...]
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    retries: Retries = field(default_factory=Retries)
    done: str = "buzon_listo"

    def subject_prompt(self, subject: Subject) -> str:
        """Name the prompt that tells an adviser what a request is about."""
        return f"asunto/{self.name}_{subject.name}"


class Scale(StrEnum):
    """How a question is answered."""

    FIVE = "1-5"
    FOUR = "1-4"
    YES_NO = "yes-no"
    """1 is yes, 2 is no."""
    COMMENT = "comment"
    """Spoken and recorded."""

    @property
    def top(self) -> int:
        """The highest key, 0 for a comment."""
        return {Scale.FIVE: 5, Scale.FOUR: 4, Scale.YES_NO: 2, Scale.COMMENT: 0}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question of a survey. An answer of `follow_up_at_most` or less raises a follow-up; None: no answer does."""

    name: str
    title: str
    prompt: str
    scale: Scale = Scale.FIVE
    follow_up_at_most: int | None = None
    longest_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Questions after the conversation. A question whose tries are used up is skipped as unanswered.

    `extension` is what advisers dial to pass a caller on to it, beside `encuesta-` and its name.
    """

    name: str
    title: str
    questions: tuple[Question, ...]
    intro: str = "encuesta_intro"
    retries: Retries = field(
        default_factory=lambda: Retries(
            wrong=("encuesta_otra_tecla_1", "encuesta_otra_tecla_2"), silent=("encuesta_silencio_1",)
        )
    )
    thanks: str = "encuesta_gracias"
    extension: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """A node of the tree by which advisers classify contacts. Only leaves are chosen; below nothing means a leaf.

    `solved`: the contact was solved at once. `escalated`: it was handed on. `wrong_number`: whoever was called back is
    somebody else, so that the promised call is over.
    """

    name: str
    title: str
    solved: bool = False
    escalated: bool = False
    wrong_number: bool = False
    below: tuple["Disposition", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A published number, or several, with all that callers hear and advisers need for it.

    `edition` names this state of its file. `start` is where a caller goes after welcome, language and consent. `texts`
    are spoken texts by language and prompt id, complete in Spanish: the line's own over the shared ones. `messages`
    are what it sends by SMS. `wrap_up_seconds` is how long advisers are kept from calls, at the most, to classify the
    last one; 0: they are not. `web` is its public page, if it has one. `retention` has the days that something of a
    kind stays; those of the settings for a kind that is not in it.
    """

    name: str
    edition: str
    title: str
    entity: str
    numbers: tuple[str, ...]
    calendar: Calendar
    languages: Languages
    welcome: str
    consent: Consent | None
    recording: Recording
    closed: Closed
    start: Destination
    voice: Voice
    menus: Mapping[str, Menu]
    queues: Mapping[str, Queue]
    areas: Mapping[str, Area]
    mailboxes: Mapping[str, Mailbox]
    surveys: Mapping[str, Survey]
    dispositions: tuple[Disposition, ...]
    texts: Mapping[str, Mapping[str, str]]
    messages: Messages = field(default_factory=Messages)
    callbacks: CallbackPolicy = field(default_factory=CallbackPolicy)
    wrap_up_seconds: int = 0
    web: WebForm | None = None
    retention: Mapping[Kept, int] = field(default_factory=dict)

    @property
    def queue(self) -> Queue:
        """The first queue: where callers go when the call scripts do not answer."""
        return next(iter(self.queues.values()))

    @property
    def sounds(self) -> str:
        """Folder of this edition's prompts, below the folder of a language's sounds."""
        return f"contesta/{self.name}/{self.edition}"

    @property
    def web_consent(self) -> WebConsent | None:
        """What is to be authorised on the public page: its own text, or else the one that callers hear."""
        if self.web and self.web.consent:
            return self.web.consent
        if self.consent is None:
            return None
        said = self.texts[SPANISH].get(self.consent.core, "").replace(" … ", " ")
        return WebConsent(version=self.consent.version, text=said)
