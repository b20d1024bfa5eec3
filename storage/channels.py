"""Which call a channel belongs to.

The manager interface names the call of each channel, queue_log most often only the channel. What was ever told to be
one call is one call, whatever came first; it bears the name of its oldest channel, as the telephone system does it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_UNIQUE_ID = re.compile(r"(?:.*-)?(\d{1,18})\.(\d{1,18})")  # seconds since 1970, a counter; a system name before them


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What pairs of channel and call say, together with what was known."""

    calls: Mapping[str, str]
    """The call of each name in the pairs."""
    moved: Mapping[str, str]
    """Calls known until now under the first name, and now under the second."""


def resolve(known: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> Resolution:
    """Join channels into calls. `known` gives the calls of those names in `pairs` that were met before."""
    before = set(known.values())
    parents = {call: call for call in before} | dict(known)

    def root(name: str) -> str:
        while (parent := parents.setdefault(name, name)) != name:
            name = parent
        return name

    names = set()
    for channel_id, call_id in pairs:
        names |= {channel_id, call_id}
        older, younger = sorted((root(channel_id), root(call_id)), key=_age)
        parents[younger] = older
    return Resolution(
        calls={name: root(name) for name in names}, moved={call: root(call) for call in before if root(call) != call}
    )


def _age(channel_id: str) -> tuple[bool, int, int, str]:
    """Oldest first; names that others gave, and which tell no time, last."""
    if told := _UNIQUE_ID.fullmatch(channel_id):
        return (False, int(told[1]), int(told[2]), channel_id)
    return (True, 0, 0, channel_id)
