"""What the entity's own site sends and is told, when citizens ask for calls there."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from callback_queue.request import Reason, Result, State
from contesta.web.validation import Asked, Moment, Told

DocumentType = Literal["", "CC", "CE", "TI", "PPT", "PA"]


class FormWindow(Told):
    """An hour in which the citizen may choose to be called."""

    begins_at: datetime
    ends_at: datetime


class FormSubject(Told):
    """What a request may be about."""

    name: str
    title: str


class FormOffer(Told):
    """What a form of the entity's own shows."""

    line: str
    entity: str
    consent_version: str
    consent_text: str
    """What the citizen has to be shown and to authorise, word for word."""
    policy: str
    document_types: dict[str, str]
    subjects: list[FormSubject]
    windows: list[FormWindow]
    """Hours with places left."""
    soonest_at: datetime | None
    """When a call as soon as possible may come at the earliest."""


class CallWanted(Asked):
    """What a citizen asks for."""

    telephone: str = Field(min_length=1, max_length=40)
    """Of Colombia, mobile or fixed, however it is written."""
    name: str = Field(min_length=1, max_length=80)
    document_type: DocumentType = ""
    document: str = Field(default="", max_length=40)
    company: str = Field(default="", max_length=100)
    nit: str = Field(default="", max_length=40)
    """With its check digit."""
    subject: str = Field(default="", max_length=40)
    """A name of the offer's subjects."""
    description: str = Field(default="", max_length=1000)
    window_begins_at: Moment | None = None
    """The beginning of one of the offer's windows; null is as soon as possible."""
    consent_version: str = Field(max_length=80)
    consent_accepted: Literal[True]

    model_config = ConfigDict(str_max_length=1000)


class CallPromised(Told):
    """What the citizen is to be told: filing number and code are his alone."""

    number: str
    code: str
    joined: bool
    """Whether there was an open request for this telephone, which this one joined; it keeps its turn."""
    telephone: str
    window: FormWindow | None
    calls_from: str
    """The number that the citizen's telephone will show."""


class FiledBy(Asked):
    """How a citizen shows that a request is his."""

    number: str = Field(min_length=1, max_length=20)
    code: str = Field(min_length=1, max_length=20)


class OtherTime(FiledBy):
    """Another time for a request; null is as soon as possible."""

    window_begins_at: Moment | None


class FollowedAttempt(Told):
    """A call that was made for a request."""

    at: datetime
    result: Result | None


class FollowedCall(Told):
    """Where a request stands. Whoever joined it later is told neither attempts nor reasons, and cancels for himself."""

    number: str
    own: bool
    state: State
    reason: Reason | None
    heading: str
    """In Spanish, for the citizen."""
    window: FormWindow | None
    due_at: datetime | None
    """When it is dialled next at the earliest, while it waits."""
    attempts: list[FollowedAttempt]
    may_cancel: bool
    may_change: bool
