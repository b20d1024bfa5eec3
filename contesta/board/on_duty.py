"""How many advisers were there, from the watches in which every change of their presence was told."""

from collections.abc import Iterable
from datetime import datetime

from quality.metrics.presence import Presences
from storage.presence import Watch


def on_duty(watches: Iterable[Watch], since: datetime, until: datetime, queue: str = "") -> float | None:
    """Return how many advisers were signed in and not paused between two moments, on average; of one queue if named.

    It is the mean of the time that was watched, None if none was.
    """
    watched_ms = present_ms = 0.0
    for watch in watches:
        begin, end = max(since, watch.since), min(until, watch.until)
        if begin >= end:
            continue
        presences = Presences(begin.timestamp(), end.timestamp())
        for member in watch.members:
            if member.at <= end and queue in {"", member.queue}:
                presences.take(member)
        there = presences.until(end.timestamp()).values()
        present_ms += sum(one.logged_in_ms - one.paused_ms for one in there)
        watched_ms += (end - begin).total_seconds() * 1000
    return present_ms / watched_ms if watched_ms else None
