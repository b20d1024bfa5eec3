"""A queue visit reduced to what figures are made of, so that a million of them can pass without being kept."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from core.events import EndedBy, RingResult

from .visits import CallHistory, Outcome, Visit


class Share(NamedTuple):
    """One agent's part in a visit, in milliseconds; `talk_ms` None if never told. `target`: where it went."""

    agent: str
    talk_ms: int | None
    hold_ms: int = 0
    target: str = ""


class Row(NamedTuple):
    """One visit. `entered` is in seconds of Unix time; times are in milliseconds and `talk_ms` holds those on hold too.

    `rings` names, once a ring, who let it ring. `adopting`: the visit goes on with an entry that was logged under the
    channel of a consultation (an attended transfer into a queue while the agent still waited in it).
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
    inferred: bool = False
    adopting: bool = False


def rows_of(call: CallHistory) -> list[Row]:
    """Return the rows of a call's visits."""
    return [_row(call, visit) for visit in call.visits]


def settled(rows: Iterable[Row]) -> Iterator[Row]:
    """Pass on all rows but those whose stay another row goes on with.

    In an attended transfer to a queue the entry stands under the consultation's channel, of which nothing more is ever
    heard, and the rest under the citizen's: one stay, which counts once.
    """
    unheard: list[Row] = []
    adopted: Counter[tuple[str, int]] = Counter()
    for row in rows:
        if row.result is Outcome.WAITING or row.result is Outcome.LOST:
            unheard.append(row)
            continue
        if row.adopting:
            adopted[row.queue, row.entered] += 1
        yield row
    for row in unheard:
        near = next((key for second in (0, -1, 1) if adopted[key := (row.queue, row.entered + second)]), None)
        if near is None:
            yield row
        else:
            adopted[near] -= 1


def _row(call: CallHistory, visit: Visit) -> Row:
    talks = [leg.talk_ms for leg in visit.legs if leg.talk_ms is not None]
    return Row(
        entered=int(visit.entered_at.timestamp()),
        line=call.line,
        queue=visit.queue,
        result=visit.result,
        wait_ms=visit.wait_ms or 0,
        talk_ms=sum(talks) if talks else None,
        hold_ms=sum(leg.hold_ms for leg in visit.legs),
        shares=tuple(Share(leg.agent, leg.talk_ms, leg.hold_ms, leg.target) for leg in visit.legs),
        rings=tuple(ring.agent for ring in visit.rings if ring.result is RingResult.NO_ANSWER),
        inferred=visit.entry_inferred,
        adopting=visit.entry_inferred and _follows_a_consultation(call, visit),
    )


def _follows_a_consultation(call: CallHistory, visit: Visit) -> bool:
    return any(
        leg.ended_by is EndedBy.ATTENDED_TRANSFER and leg.ended_at is not None and leg.ended_at >= visit.entered_at
        for other in call.visits
        for leg in other.legs
    )
