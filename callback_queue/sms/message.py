"""A text message to be sent, and what becomes of it, as values that nothing changes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.sms import Composed, compose
from ivr.line.messages import Kind


class State(StrEnum):
    """Where a message is. All but the first two are final."""

    WAITING = "waiting"
    SENDING = "sending"
    """A segment may be on its way to the gateway."""
    SENT = "sent"
    """The gateway has taken all segments."""
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    """Whether the gateway took a segment cannot be known. It is shown, billed apart, and never sent again."""
    EXPIRED = "expired"
    OPTED_OUT = "opted_out"
    WITHDRAWN = "withdrawn"
    """The appointment that it is about was moved or taken back before it was sent."""


class SegmentState(StrEnum):
    """Where a segment is."""

    PENDING = "pending"
    SUBMITTING = "submitting"
    """Committed: from here on the gateway may have it."""
    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to send between `not_before` and `expires_at`. The same `key` never makes a second one.

    `about` is the call, or the promised call, that it is about; `appointment_at` the appointment that it tells of.
    """

    key: str
    line: str
    purpose: Kind
    number: str
    sender: str
    text: str
    not_before: datetime
    expires_at: datetime
    about: str = ""
    appointment_at: datetime | None = None

    @property
    def composed(self) -> Composed:
        """The message in segments."""
        return compose(self.text)
