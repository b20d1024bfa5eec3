"""Lays out a Sankey diagram: columns of places, and bands between them as wide as what went along. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quality.metrics.funnel import Kind

COLUMN = 176
NODE_WIDTH = 14
HEIGHT = 380
GAP = 26
MARGIN = 24
LEAST = 1.5
_LONGEST_NAME = 22

Stream = tuple[int, str, str, Kind, int, str]
"""Step, source, target, the target's kind, calls, the address of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A place at one step; `y` is its top. `text` is its name, shortened."""

    x: float
    y: float
    height: float
    name: str
    text: str
    calls: int
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What went from one place to the next: a path and its width."""

    path: str
    width: float
    source: str
    target: str
    calls: int
    kind: Kind
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """The whole picture."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]


def sankey(streams: Iterable[Stream]) -> Diagram:
    """Lay out streams of calls, step by step."""
    told = [stream for stream in streams if stream[4]]
    if not told:
        return Diagram(width=0, height=0, boxes=(), bands=())
    boxes = _boxes(told)
    leaving = {place: box.y for place, box in boxes.items()}
    arriving = dict(leaving)
    per_call = _per_call(boxes)
    bands = []
    for step, source, target, kind, calls, address in sorted(told, key=lambda one: _place_of(one, boxes)):
        begin, end = boxes[step, source], boxes[step + 1, target]
        width = calls * per_call
        y1, y2 = leaving[step, source] + width / 2, arriving[step + 1, target] + width / 2
        leaving[step, source] += width
        arriving[step + 1, target] += width
        x1, x2 = begin.x + NODE_WIDTH, end.x
        middle = (x1 + x2) / 2
        bands.append(
            Band(
                path=f"M{x1:.1f},{y1:.1f}C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}",
                width=round(max(width, LEAST), 1),
                source=source,
                target=target,
                calls=calls,
                kind=kind,
                address=address,
            )
        )
    return Diagram(
        width=COLUMN * (1 + max(step for step, _ in boxes)),
        height=round(max(box.y + box.height for box in boxes.values()) + MARGIN),
        boxes=tuple(boxes.values()),
        bands=tuple(bands),
    )


def _boxes(told: list[Stream]) -> dict[tuple[int, str], Box]:
    arrived: defaultdict[tuple[int, str], int] = defaultdict(int)
    left: defaultdict[tuple[int, str], int] = defaultdict(int)
    kinds: dict[tuple[int, str], Kind] = {}
    for step, source, target, kind, calls, _ in told:
        left[step, source] += calls
        arrived[step + 1, target] += calls
        kinds[step + 1, target] = kind
    calls_at = {place: max(arrived[place], left[place]) for place in {*arrived, *left}}
    columns: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for place in sorted(calls_at, key=lambda place: (place[0], -calls_at[place], place[1])):
        columns[place[0]].append(place)
    per_call = HEIGHT / max(sum(calls_at[place] for place in column) for column in columns.values())
    boxes = {}
    for step, column in columns.items():
        y = float(MARGIN)
        for place in column:
            height = max(calls_at[place] * per_call, LEAST)
            boxes[place] = Box(
                x=step * COLUMN,
                y=round(y, 1),
                height=round(height, 1),
                name=place[1],
                text=place[1] if len(place[1]) <= _LONGEST_NAME else f"{place[1][: _LONGEST_NAME - 1]}…",
                calls=calls_at[place],
                kind=kinds.get(place, Kind.CALL),
            )
            y += height + GAP
    return boxes


def _per_call(boxes: Mapping[tuple[int, str], Box]) -> float:
    largest = max(boxes.values(), key=lambda box: box.calls)
    return largest.height / largest.calls


def _place_of(stream: Stream, boxes: Mapping[tuple[int, str], Box]) -> tuple[int, float, float]:
    step, source, target, *_ = stream
    return step, boxes[step, source].y, boxes[step + 1, target].y
