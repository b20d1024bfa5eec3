"""Whether auditors find the same: contacts that two of them audited, neither seeing the other's marks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from .audit import Audit, Mark
from .intervals import Interval, Z

_MARKS = tuple(Mark)
_ORDER = (Mark.FAILS, Mark.COMPLIES, Mark.NOT_APPLICABLE)  # an item fails with one sub-item, complies if one does

Pair = tuple[Audit, Audit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two series of marks agree: `equal` of `pairs`, and Cohen's kappa, which leaves out chance.

    `kappa` None: all marks are the same one, so that chance alone would agree; or there are no pairs.
    """

    pairs: int
    equal: int
    kappa: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """An auditor beside the others, over the sub-items that both marked: who alone found a failure.

    `p_value` is that of the exact McNemar test: how often chance alone would part them so far.
    """

    auditor: str
    marks: int
    only_this: int
    only_others: int

    @property
    def excess(self) -> float:
        """By how much this auditor fails sub-items more often than the others: 0.02 is two of a hundred more."""
        return (self.only_this - self.only_others) / self.marks

    @property
    def p_value(self) -> float:
        """See the class."""
        parted = self.only_this + self.only_others
        fewer = min(self.only_this, self.only_others)
        return min(1.0, 2 * sum(comb(parted, one) for one in range(fewer + 1)) / (1 << parted))


def pairs(audits: Iterable[Audit]) -> Iterator[Pair]:
    """Yield each two audits of one contact by two auditors with one version of a matrix, by the auditors' names."""
    by_contact: defaultdict[tuple[str, str, str, int], list[Audit]] = defaultdict(list)
    for audit in audits:
        by_contact[audit.call, audit.agent, audit.matrix.id, audit.matrix.version].append(audit)
    for _, found in sorted(by_contact.items()):
        for one, other in combinations(sorted(found, key=lambda audit: (audit.auditor, audit.id)), 2):
            if one.auditor != other.auditor:
                yield one, other


def by_item(doubles: Sequence[Pair]) -> dict[str, Agreement]:
    """Tell how far pairs of audits agree on each item and sub-item, by its number."""
    series: defaultdict[str, list[tuple[Mark, Mark]]] = defaultdict(list)
    for one, other in doubles:
        for item in one.matrix.items:
            numbers = [each.id for each in item.subitems]
            series[item.id].append((_worst(one, numbers), _worst(other, numbers)))
            for number in numbers:
                series[number].append((_worst(one, [number]), _worst(other, [number])))
    return {number: agreement(marks) for number, marks in series.items()}


def agreement(marks: Sequence[tuple[Mark, Mark]]) -> Agreement:
    """Give Cohen's kappa of pairs of marks, with its 95 % interval.

    Sources: J. Cohen, 1960; variance of J. L. Fleiss, J. Cohen and B. S. Everitt, 1969, formula 13.
    """
    table = np.zeros((len(_MARKS), len(_MARKS)))
    for one, other in marks:
        table[_MARKS.index(one), _MARKS.index(other)] += 1
    value, error = kappa(table)
    interval = None
    if value is not None:
        interval = Interval(max(-1.0, value - Z * error), min(1.0, value + Z * error))
    return Agreement(pairs=len(marks), equal=int(np.trace(table)), kappa=value, interval=interval)


def kappa(table: NDArray[np.float64]) -> tuple[float | None, float]:
    """Give Cohen's kappa of a square table of counts (k by k), and its standard error; None where it has no value."""
    total = table.sum()
    if total == 0:
        return None, 0.0
    shares = table / total
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float(np.trace(shares)), float(rows @ columns)
    if expected == 1:
        return None, 0.0
    value = (observed - expected) / (1 - expected)
    diagonal = shares.diagonal() * (1 - (rows + columns) * (1 - value)) ** 2
    beside = shares * (columns[:, None] + rows[None, :]) ** 2
    np.fill_diagonal(beside, 0)
    chance = (value - expected * (1 - value)) ** 2
    variance = (diagonal.sum() + (1 - value) ** 2 * beside.sum() - chance) / ((1 - expected) ** 2 * total)
    return value, float(np.sqrt(max(variance, 0.0)))


def biases(doubles: Sequence[Pair]) -> tuple[Bias, ...]:
    """Hold each auditor against those who audited the same contacts, by name."""
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for pair in doubles:
        for own, other in (pair, pair[::-1]):
            for number in own.findings.keys() & other.findings.keys():
                mine = own.findings[number].mark is Mark.FAILS
                theirs = other.findings[number].mark is Mark.FAILS
                told = counts[own.auditor]
                told[0] += 1
                told[1] += mine and not theirs
                told[2] += theirs and not mine
    return tuple(
        Bias(auditor=auditor, marks=marks, only_this=only_this, only_others=only_others)
        for auditor, (marks, only_this, only_others) in sorted(counts.items())
    )


def _worst(audit: Audit, numbers: Sequence[str]) -> Mark:
    """Give the mark of an item from those of its sub-items."""
    marks = {audit.findings[number].mark for number in numbers if number in audit.findings} or {Mark.NOT_APPLICABLE}
    return next(mark for mark in _ORDER if mark in marks)
