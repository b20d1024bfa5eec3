"""The queue visits of whole logs, as rows for figures, in the memory of the calls that may still change.

While reading, lines are only sorted by call. A call is looked into when it can change no more: at the end, or, once
many are kept, when the log has moved on by an hour and no file still to come begins before its last line.
"""

import gzip
import zlib
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.events import AgentPresence, Event, SystemRestarted
from quality.metrics.history import CallHistory, Outcome, build
from quality.metrics.presence import Presences
from quality.metrics.rows import Row, rows_of

from .decode import OF_NO_CALL, decode
from .lines import LONGEST_LINE_BYTES, DamagedLine, parse
from .ordinary import NotOrdinaryError, ordinary_rows
from .reader import Fault, first_second, in_order, opened, whole_lines

SETTLED_AFTER_SECONDS = 3600
CALLS_KEPT = 50_000

_FAULTS_SHOWN = 100
_NEVER = float("inf")


class _Folded(NamedTuple):
    """What the lines of one channel come to. `over`: nothing in them waits for an end."""

    rows: list[Row]
    presence: list[AgentPresence]
    restarts: list[int]
    damaged: list[bytes]
    orphan_ends: int
    over: bool


class _OfNoCall(list[bytes]):
    """Stands for the lines of a channel that is none: they are looked into at once and not kept."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        super().__init__()
        self._take = take

    def append(self, raw: bytes) -> None:
        self._take(raw)


class LogVisits:
    """Iterates once over the visits in some files; what else it tells is whole when the iteration is over.

    `damaged` lines were passed over; `orphan_ends` are ends of conversations that no line began; `last_second`, in Unix
    time, is where the log ends. The presence of agents goes to `presences`.
    """

    def __init__(
        self, paths: Iterable[Path], presences: Presences | None = None, *, calls_kept: int = CALLS_KEPT
    ) -> None:
        self.damaged = 0
        self.orphan_ends = 0
        self.last_second = 0
        self.presences = presences or Presences()
        self._paths = in_order(paths)
        self._calls_kept = calls_kept
        self._calls: dict[bytes, list[bytes]] = {}
        self._restarts: list[int] = []
        self._presence: list[AgentPresence] = []
        self._damaged_lines: set[bytes] = set()

    def __iter__(self) -> Iterator[Row]:
        """Yield each visit once, when it can change no more.

        Raises:
            OSError: a file cannot be read.
        """
        of_no_call = _OfNoCall(lambda raw: self._count(self._fold([raw])))
        calls = self._calls = {channel.encode(): of_no_call for channel in OF_NO_CALL}
        begins = [*map(first_second, self._paths[1:]), _NEVER]
        for path, next_begins in zip(self._paths, begins, strict=True):
            most = self._calls_kept
            raw = b""
            with opened(path) as file:
                try:
                    for raw in file:
                        try:
                            _, channel, _ = raw.split(b"|", 2)
                        except ValueError:
                            self._note_damaged(raw)
                            continue
                        lines = calls.get(channel)
                        if lines is not None:
                            lines.append(raw)
                            continue
                        calls[channel] = [raw]
                        if len(calls) > most:
                            yield from self._settle(min(next_begins, _second(raw) - SETTLED_AFTER_SECONDS))
                            most = max(self._calls_kept, 2 * len(calls))
                except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                    self._note_damaged(f"({error})".encode())
            self.last_second = max(self.last_second, _second(raw))
        yield from self._settle(_NEVER)

    def faults(self) -> list[Fault]:
        """Return where the first damaged lines stand. Reads the files again, if there are any.

        Raises:
            OSError: a file cannot be read.
        """
        faults: list[Fault] = []
        for path in self._paths if self._damaged_lines else ():
            with opened(path) as file:
                for number, raw in whole_lines(file):
                    if raw in self._damaged_lines and isinstance(line := _decoded(raw, 0), DamagedLine):
                        faults.append(Fault(file=str(path), line=number, damage=line))
        return faults[:_FAULTS_SHOWN]

    def _settle(self, before: float) -> Iterator[Row]:
        """Look into the calls whose last line lies before a Unix time; forget those that are over."""
        for channel, lines in list(self._calls.items()):
            if isinstance(lines, _OfNoCall) or _second(lines[-1]) >= before:
                continue
            folded = self._fold(lines)
            if folded.over or before == _NEVER:
                del self._calls[channel]
                self._count(folded)
                yield from folded.rows
        self._presence.sort(key=lambda event: event.at)
        settled = bisect_left(self._presence, before, key=lambda event: event.at.timestamp())
        for event in self._presence[:settled]:
            self.presences.take(event)
        del self._presence[:settled]

    def _count(self, folded: _Folded) -> None:
        self.orphan_ends += folded.orphan_ends
        self._presence += folded.presence
        for second in folded.restarts:
            insort(self._restarts, second)
        for raw in folded.damaged:
            self._note_damaged(raw)

    def _note_damaged(self, raw: bytes) -> None:
        self.damaged += 1
        if len(self._damaged_lines) < _FAULTS_SHOWN:
            self._damaged_lines.add(raw[: LONGEST_LINE_BYTES + 1])

    def _fold(self, lines: list[bytes]) -> _Folded:
        try:
            rows, first, last = ordinary_rows(lines)
            if bisect_left(self._restarts, first) == bisect_left(self._restarts, last):
                return _Folded(rows, [], [], [], 0, over=True)
        except NotOrdinaryError:
            pass
        return self._fold_the_long_way(lines)

    def _fold_the_long_way(self, lines: list[bytes]) -> _Folded:
        events: list[Event] = []
        damaged: list[bytes] = []
        for order, raw in enumerate(lines):
            decoded = _decoded(raw, order)
            if isinstance(decoded, DamagedLine):
                damaged.append(raw)
            else:
                events += decoded
        presence = [event for event in events if isinstance(event, AgentPresence)]
        restarts = [int(event.at.timestamp()) for event in events if isinstance(event, SystemRestarted)]
        of_call = [event for event in events if event.channel_id]
        if not of_call:
            return _Folded([], presence, restarts, damaged, 0, over=True)
        call = build(of_call, self._restarts_during(of_call))
        return _Folded(rows_of(call), presence, restarts, damaged, call.orphan_ends, over=_is_over(call))

    def _restarts_during(self, events: list[Event]) -> list[datetime]:
        """Return the restarts from a call's first event to the first one after its last."""
        first = int(min(event.at for event in events).timestamp())
        last = int(max(event.at for event in events).timestamp())
        between = slice(bisect_left(self._restarts, first), bisect_left(self._restarts, last) + 1)
        return [datetime.fromtimestamp(second, UTC) for second in self._restarts[between]]


def _decoded(raw: bytes, order: int) -> tuple[Event, ...] | DamagedLine:
    line = parse(raw)
    return line if isinstance(line, DamagedLine) else decode(raw, line, order)


def _is_over(call: CallHistory) -> bool:
    return not any(
        visit.result is Outcome.WAITING or any(leg.ended_at is None for leg in visit.legs) for visit in call.visits
    )


def _second(raw: bytes) -> int:
    """Return the time a line bears, 0 if none."""
    time = raw.split(b"|", 1)[0]
    return int(time) if time.isdigit() and len(time) <= len("9999999999") else 0
