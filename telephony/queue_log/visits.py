"""The queue visits of whole logs, in batches for figures, in the memory of the calls that may still change.

A log is read in chunks. A call is looked into when it can change no more: at the end, or when the log has moved on by
an hour and no file still to come begins before its last line. Until then its lines are carried into the next chunk.
"""

import gzip
import zlib
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.events import AgentPresence, Event, SystemRestarted
from quality.metrics.batch import Batch
from quality.metrics.history import CallHistory, Outcome, build
from quality.metrics.presence import Presences
from quality.metrics.rows import Row, Settling, rows_of

from .decode import decode
from .lines import LONGEST_LINE_BYTES, DamagedLine, parse
from .ordinary import Calls
from .reader import Fault, first_second, in_order, opened, whole_lines

SETTLED_AFTER_SECONDS = 3600
CHUNK_BYTES = 4 * 1024 * 1024

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


class LogVisits:
    """Iterates once over the visits in some files, many at a time; what else it tells is whole when that is over.

    `damaged` lines were passed over; `orphan_ends` are ends of conversations that no line began; `last_second`, in Unix
    time, is where the log ends. The presence of agents goes to `presences`.
    """

    def __init__(
        self, paths: Iterable[Path], presences: Presences | None = None, *, chunk_bytes: int = CHUNK_BYTES
    ) -> None:
        self.damaged = 0
        self.orphan_ends = 0
        self.last_second = 0
        self.presences = presences or Presences()
        self._paths = in_order(paths)
        self._settling = Settling()
        self._chunk_bytes = chunk_bytes
        self._restarts: list[int] = []
        self._presence: list[AgentPresence] = []
        self._damaged_lines: set[bytes] = set()

    def __iter__(self) -> Iterator[Batch]:
        """Yield each visit once, when it can change no more.

        Raises:
            OSError: a file cannot be read.
        """
        begins = [*map(first_second, self._paths[1:]), _NEVER]
        kept = b""
        for path, next_begins in zip(self._paths, begins, strict=True):
            for chunk in self._chunks(path):
                calls = Calls(kept, chunk)
                self._take_of_no_call(calls)
                before = min(next_begins, calls.last_second - SETTLED_AFTER_SECONDS)
                visits, kept = self._settle(calls, before)
                yield from visits
        if kept:
            yield from self._settle(Calls(b"", kept), _NEVER)[0]
        yield Batch.of(self._settling.rest())
        self._settle_presence(_NEVER)

    def _chunks(self, path: Path) -> Iterator[bytes]:
        """Yield a file in pieces that end with a line's end."""
        rest = b""
        with opened(path) as file:
            try:
                while piece := file.read1(self._chunk_bytes):
                    rest += piece
                    if len(rest) >= self._chunk_bytes:
                        whole, end, rest = rest.rpartition(b"\n")
                        if whole:
                            yield whole + end
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                whole, end, _ = rest.rpartition(b"\n")
                rest = whole + end + f"({error})".encode()
        if rest:
            yield rest.removesuffix(b"\n") + b"\n"

    def faults(self) -> list[Fault]:
        """Return where the first damaged lines stand. Reads the files again, if there are any.

        Raises:
            OSError: a file cannot be read.
        """
        faults: list[Fault] = []
        for path in self._paths if self._damaged_lines else ():
            with opened(path) as file:
                for number, raw in whole_lines(file):
                    is_damaged = raw.removesuffix(b"\n") in self._damaged_lines
                    if is_damaged and isinstance(line := _decoded(raw, 0), DamagedLine):
                        faults.append(Fault(file=str(path), line=number, damage=line))
        return faults[:_FAULTS_SHOWN]

    def _take_of_no_call(self, calls: Calls) -> None:
        for raw in calls.of_no_call():
            self._count(_fold([raw], []))
        self.last_second = max(self.last_second, calls.last_second)

    def _settle(self, calls: Calls, before: float) -> tuple[list[Batch], bytes]:
        """Look into the calls whose last line lies before a Unix time; return their visits and the lines to be kept."""
        visits, odd, kept = calls.outcomes(self._restarts, before)
        rows: list[Row] = []
        by_channel: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for raw in odd:
            by_channel[raw.split(b"|", 2)[1]].append(raw)
        for lines in by_channel.values():
            folded = _fold(lines, self._restarts)
            if folded.over or before == _NEVER:
                self._count(folded)
                rows += folded.rows
            else:
                kept += b"".join(lines)
        self._settle_presence(before)
        return [*([visits] if visits else ()), Batch.of(self._settling.take(rows))], kept

    def _settle_presence(self, before: float) -> None:
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
            self._damaged_lines.add(raw.removesuffix(b"\n")[: LONGEST_LINE_BYTES + 1])


def _fold(lines: list[bytes], restarts: list[int]) -> _Folded:
    """Decode and fold the lines of one call."""
    events: list[Event] = []
    damaged: list[bytes] = []
    for order, raw in enumerate(lines):
        decoded = _decoded(raw, order)
        if isinstance(decoded, DamagedLine):
            damaged.append(raw)
        else:
            events += decoded
    presence = [event for event in events if isinstance(event, AgentPresence)]
    starts = [int(event.at.timestamp()) for event in events if isinstance(event, SystemRestarted)]
    of_call = [event for event in events if event.channel_id]
    if not of_call:
        return _Folded([], presence, starts, damaged, 0, over=True)
    call = build(of_call, _restarts_during(of_call, restarts))
    return _Folded(rows_of(call), presence, starts, damaged, call.orphan_ends, over=_is_over(call))


def _restarts_during(events: list[Event], restarts: list[int]) -> list[datetime]:
    """Return the restarts from a call's first event to the first one after its last."""
    first = int(min(event.at for event in events).timestamp())
    last = int(max(event.at for event in events).timestamp())
    between = restarts[bisect_left(restarts, first) : bisect_left(restarts, last) + 1]
    return [datetime.fromtimestamp(second, UTC) for second in between]


def _decoded(raw: bytes, order: int) -> tuple[Event, ...] | DamagedLine:
    line = parse(raw)
    return line if isinstance(line, DamagedLine) else decode(raw, line, order)


def _is_over(call: CallHistory) -> bool:
    return not any(
        visit.result is Outcome.WAITING or any(leg.ended_at is None for leg in visit.legs) for visit in call.visits
    )
