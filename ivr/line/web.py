"""A line's public page, «Te llamamos»: the key `web` of its file. A line without it has no page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConsent:
    """What is to be authorised on the page, and the version of that text."""

    version: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebForm:
    """The public page of a line.

    `consent` None: that of the line. `policy` is the https address of the entity's policy on personal data, or "".
    `queue` attends ("": the first of the line); `mailbox` gives the subjects ("": the first of the line). An hour that
    may be chosen lasts `window_minutes`, takes `per_window` citizens, and begins `lead_minutes` from now or later, up
    to `days` days ahead.
    """

    title: str = "Te llamamos"
    intro: str = "Déjenos sus datos y le llamamos. Es gratis."
    consent: WebConsent | None = None
    policy: str = ""
    queue: str = ""
    mailbox: str = ""
    window_minutes: int = 60
    per_window: int = 4
    lead_minutes: int = 60
    days: int = 10
