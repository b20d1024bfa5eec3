"""What listening to conversations tells, over the API and in its stream."""

from datetime import datetime

from contesta.web.validation import Told


class Going(Told):
    """A conversation that goes on since the adviser answered."""

    call: str
    agent: str
    line: str
    queue: str
    since: datetime
    refusal: str
    """Why nobody may listen to it; empty if it may be listened to."""


class Own(Told):
    """What whoever asks is listening to."""

    call: str
    agent: str
    whispering: bool
    """Whether the adviser hears the listener. The citizen never does."""
    answered_at: datetime | None
    """When the listener's telephone was answered; null while it rings."""


class ListeningNow(Told):
    """What goes on, and what whoever asks may do with it."""

    connected: bool
    may_whisper: bool
    may_audit: bool
    conversations: list[Going]
    own: Own | None
    said: str
    """How the last listening of whoever asks ended; empty if it did not."""


class Listened(Told):
    """What was done, in words."""

    said: str
