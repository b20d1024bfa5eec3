"""Stretches of time: sorted, apart from one another, each (begin, end) in seconds."""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Span: TypeAlias = tuple[float, float]
Spans: TypeAlias = tuple[Span, ...]
Mask: TypeAlias = npt.NDArray[np.bool_]


def of_mask(mask: Mask, step_seconds: float) -> Spans:
    """Return the stretches in which frames of `step_seconds`, shape (n,), are true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return tuple(
        (float(begin) * step_seconds, float(end) * step_seconds)
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
    )


def bridged(spans: Iterable[Span], gap_seconds: float) -> Spans:
    """Join stretches, in any order, that overlap or lie less than `gap_seconds` apart."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin - joined[-1][1] < gap_seconds:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)


def of_length(spans: Iterable[Span], least_seconds: float) -> Spans:
    """Return the stretches that last at least so long."""
    return tuple(one for one in spans if one[1] - one[0] >= least_seconds - 1e-9)


def common(one: Spans, other: Spans) -> Spans:
    """Return what lies in both."""
    found: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        begin, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if begin < end:
            found.append((begin, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def between(spans: Spans, duration_seconds: float) -> Spans:
    """Return what lies in none, from 0 to `duration_seconds`."""
    found: list[Span] = []
    at = 0.0
    for begin, end in spans:
        if begin > at:
            found.append((at, min(begin, duration_seconds)))
        at = max(at, end)
    if at < duration_seconds:
        found.append((at, duration_seconds))
    return tuple(found)


def total(spans: Iterable[Span]) -> float:
    """Return how long all last together, in seconds."""
    return sum(end - begin for begin, end in spans)
