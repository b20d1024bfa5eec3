"""How long what was said and written stays: so many days, by kind and line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What is erased by age. The values are the keys of `retention` in a line's file."""

    RECORDING = "recordings"
    """Conversations."""
    MAILBOX = "mailbox"
    """What callers say in the mailbox, and after the tone."""
    COMMENT = "comments"
    """What callers say in surveys."""
    SMS = "sms"
    """To whom a text message went, and what it said."""


class Why(StrEnum):
    """Why something was erased."""

    RULE = "rule"
    SUBJECT = "subject"
    """The person whose data they are asked for it."""


FEWEST_DAYS, MOST_DAYS = 1, 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """The rules: `usual` has days for every kind, `by_line` those that a line's file gives instead."""

    usual: Mapping[Kind, int]
    by_line: Mapping[str, Mapping[Kind, int]] = field(default_factory=dict)

    def before(self, kind: Kind, now: datetime) -> datetime:
        """Tell what is too old at `now` of the lines without a rule of their own: all from before then."""
        return now - timedelta(days=self.usual[kind])

    def own(self, kind: Kind, now: datetime) -> Mapping[str, datetime]:
        """Tell the same of the lines that have a rule of their own, by line."""
        return {line: now - timedelta(days=rules[kind]) for line, rules in self.by_line.items() if kind in rules}
