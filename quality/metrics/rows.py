"""A queue visit reduced to what figures are made of, so that a million of them can pass without being kept."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from core.events import EndedBy, Resolution, RingResult

from .visits import Outcome, Visit


class Share(NamedTuple):
    """One agent's part in a visit, in milliseconds; `talk_ms` None if never told. `target`: where it went.

    `work_ms` is the work after it, 0 where nothing reports it.
    """

    agent: str
    talk_ms: int | None
    hold_ms: int = 0
    target: str = ""
    work_ms: int = 0


class Row(NamedTuple):
    """One visit. `entered` is in seconds of Unix time; times are in milliseconds and `talk_ms` holds those on hold too.

    `disposition` is that of its last conversation that has one, and `solved` what that says. `rings` names, once a
    ring, who let it ring. `adopting`: the visit goes on with an entry that was logged under the channel of a
    consultation (an attended transfer into a queue while the agent still waited in it).
    """

    entered: int
    line: str
    queue: str
    result: Outcome
    wait_ms: int
    talk_ms: int | None = None
    hold_ms: int = 0
    work_ms: int = 0
    shares: tuple[Share, ...] = ()
    rings: tuple[str, ...] = ()
    disposition: str = ""
    solved: bool = False
    inferred: bool = False
    adopting: bool = False

    @property
    def unheard(self) -> bool:
        """Whether nothing was heard of it after its entry, so that another row may go on with it."""
        return self.result is Outcome.WAITING or self.result is Outcome.LOST


class Call(Protocol):
    """A call as the fold gives it, or as the ledger keeps it."""

    @property
    def line(self) -> str:
        """The line it reached, "" if none of ours."""

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Its visits."""


def rows_of(call: Call) -> list[Row]:
    """Return the rows of a call's visits."""
    return [_row(call, visit) for visit in call.visits]


class Settling:
    """Passes on all rows but those whose stay another row goes on with.

    In an attended transfer to a queue the entry stands under the consultation's channel, of which nothing more is ever
    heard, and the rest under the citizen's: one stay, which counts once.
    """

    def __init__(self) -> None:
        self._unheard: list[Row] = []
        self._adopted: Counter[tuple[str, int]] = Counter()

    def take(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows that are settled; those that may be gone on with are kept to the end."""
        settled: list[Row] = []
        for row in rows:
            if row.unheard:
                self._unheard.append(row)
                continue
            if row.adopting:
                self._adopted[row.queue, row.entered] += 1
            settled.append(row)
        return settled

    def rest(self) -> list[Row]:
        """Return the rows kept that no other went on with."""
        return [row for row in self._unheard if not self._is_adopted(row)]

    def _is_adopted(self, row: Row) -> bool:
        for second in (0, -1, 1):
            if self._adopted[key := (row.queue, row.entered + second)]:
                self._adopted[key] -= 1
                return True
        return False


def _row(call: Call, visit: Visit) -> Row:
    disposed = next((leg for leg in reversed(visit.legs) if leg.disposition), None)
    talks = [leg.talk_ms for leg in visit.legs if leg.talk_ms is not None]
    return Row(
        entered=int(visit.entered_at.timestamp()),
        line=call.line,
        queue=visit.queue,
        result=visit.result,
        wait_ms=visit.wait_ms or 0,
        talk_ms=sum(talks) if talks else None,
        hold_ms=sum(leg.hold_ms for leg in visit.legs),
        work_ms=sum(leg.work_ms or 0 for leg in visit.legs),
        shares=tuple(Share(leg.agent, leg.talk_ms, leg.hold_ms, leg.target, leg.work_ms or 0) for leg in visit.legs),
        rings=tuple(ring.agent for ring in visit.rings if ring.result is RingResult.NO_ANSWER),
        disposition=disposed.disposition if disposed else "",
        solved=disposed is not None and disposed.resolution is Resolution.SOLVED,
        inferred=visit.entry_inferred,
        adopting=visit.entry_inferred and _follows_a_consultation(call, visit),
    )


def _follows_a_consultation(call: Call, visit: Visit) -> bool:
    return any(
        leg.ended_by is EndedBy.ATTENDED_TRANSFER and leg.ended_at is not None and leg.ended_at >= visit.entered_at
        for other in call.visits
        for leg in other.legs
    )
