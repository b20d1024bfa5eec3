"""The history of a promised call for those who work with it: its steps, and the text messages about it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from callback_queue.request import CallbackRequest
from contesta.callbacks import words
from contesta.sms_text import fact
from storage.sms import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a history: when, by whom, and what in words."""

    at: datetime
    author: str
    fact: str


def history(request: CallbackRequest, messages: Sequence[Told]) -> list[Entry]:
    """Tell steps and messages in the order of their times."""
    steps = [Entry(at=step.at, author=words.author(step.author), fact=words.fact(step)) for step in request.steps]
    sent = [Entry(at=told.at, author="Mensajería", fact=fact(told)) for told in messages]
    return sorted([*steps, *sent], key=lambda entry: entry.at)
