"""What audits come to: the precision of each critical category, ENC, and which items fail. Counts throughout.

Definitions: docs/definitions.md, "Quality" (domain section 6; ART-2019, sections 3.1 and 3.2).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from .audit import Audit, Mark
from .intervals import Interval, wilson
from .matrix import Category, Item, Matrix, SubItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A share, of audits or of sub-items, held against its threshold.

    `threshold` None: audits by versions that ask for different shares were counted together.
    """

    numerator: int
    denominator: int
    threshold: Fraction | None

    @property
    def value(self) -> float | None:
        """The share, None of nothing."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def interval(self) -> Interval | None:
        """Its 95 % Wilson interval."""
        return wilson(self.numerator, self.denominator)

    @property
    def complies(self) -> bool | None:
        """Whether the threshold is reached, by whole numbers; None where there is nothing to say."""
        if self.threshold is None or not self.denominator:
            return None
        return Fraction(self.numerator, self.denominator) >= self.threshold

    @property
    def is_certain(self) -> bool:
        """Whether the whole interval lies on one side of the threshold."""
        interval = self.interval
        if interval is None or self.threshold is None:
            return False
        return interval.low >= self.threshold or interval.high < self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class SubItemScore:
    """How often a sub-item complied, of the audits in which it applied."""

    subitem: SubItem
    complies: int
    applies: int

    @property
    def failures(self) -> int:
        """How often it failed."""
        return self.applies - self.complies


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScore:
    """What an item's sub-items come to. `share`: its part in its category's failures (participación)."""

    matrix_id: str
    item: Item
    audits_failed: int
    share: Fraction | None
    subitems: tuple[SubItemScore, ...]

    @property
    def complies(self) -> int:
        """How many sub-items complied, over all audits."""
        return sum(each.complies for each in self.subitems)

    @property
    def applies(self) -> int:
        """How many sub-items applied, over all audits."""
        return sum(each.applies for each in self.subitems)

    @property
    def failures(self) -> int:
        """How many sub-items failed, over all audits."""
        return self.applies - self.complies


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """What some audits come to. `items` are in the order of their matrices."""

    audits: int
    matrices: tuple[Matrix, ...]
    scores: Mapping[Category, Score]
    items: tuple[ItemScore, ...]


class Cause(NamedTuple):
    """A sub-item that failed, its part in all failures, and that of it and all that failed more often."""

    score: SubItemScore
    share: Fraction
    cumulative: Fraction


_Number = tuple[str, str]  # of an item or sub-item, within a matrix whatever its version


def score(audits: Iterable[Audit], by_matrix: Matrix | None = None) -> Scorecard:
    """Count audits. Blind ones are left out: they are there to measure agreement.

    `by_matrix` is what they were made by, if that is known also where there are none.
    """
    counted = [audit for audit in audits if not audit.blind]
    used = [*((by_matrix,) if by_matrix else ()), *(audit.matrix for audit in counted)]
    versions = {(matrix.id, matrix.version): matrix for matrix in used}
    matrices = tuple(matrix for _, matrix in sorted(versions.items()))
    complies: Counter[_Number] = Counter()
    fails: Counter[_Number] = Counter()
    audits_failed: Counter[_Number] = Counter()
    for audit in counted:
        of = audit.matrix.id
        complies.update((of, number) for number, found in audit.findings.items() if found.mark is Mark.COMPLIES)
        fails.update((of, number) for number, found in audit.findings.items() if found.mark is Mark.FAILS)
        audits_failed.update((of, name) for name in {*_failed_items(audit), *_failed_categories(audit)})
    items = _items(matrices)
    totals: Counter[Category] = Counter()
    for (of, _), item in items.items():
        totals[item.category] += sum(fails[of, each.id] for each in item.subitems)
    scored = tuple(
        ItemScore(
            matrix_id=of,
            item=item,
            audits_failed=audits_failed[of, item.id],
            share=_share(sum(fails[of, each.id] for each in item.subitems), totals[item.category]),
            subitems=tuple(
                SubItemScore(
                    subitem=each,
                    complies=complies[of, each.id],
                    applies=complies[of, each.id] + fails[of, each.id],
                )
                for each in item.subitems
            ),
        )
        for (of, _), item in items.items()
    )
    return Scorecard(
        audits=len(counted),
        matrices=matrices,
        scores={category: _score(category, counted, matrices, scored) for category in Category},
        items=scored,
    )


def by(audits: Iterable[Audit], key: Callable[[Audit], str]) -> dict[str, Scorecard]:
    """Count audits apart: by agent, by auditor, by month… in the order of the keys."""
    groups: defaultdict[str, list[Audit]] = defaultdict(list)
    for audit in audits:
        if not audit.blind:
            groups[key(audit)].append(audit)
    return {name: score(groups[name]) for name in sorted(groups)}


def pareto(card: Scorecard) -> tuple[Cause, ...]:
    """Order the sub-items that failed by how often, with their parts in all failures."""
    failed = (each for item in card.items for each in item.subitems if each.failures)
    found = sorted(failed, key=lambda each: -each.failures)
    total = sum(each.failures for each in found)
    return tuple(
        Cause(each, Fraction(each.failures, total), Fraction(so_far, total))
        for each, so_far in zip(found, accumulate(each.failures for each in found), strict=True)
    )


def _failed_categories(audit: Audit) -> set[Category]:
    """Tell the categories in which an audit has a failure."""
    return {item.category for item in audit.matrix.items if item.id in _failed_items(audit)}


def _failed_items(audit: Audit) -> set[str]:
    """Tell the items in which an audit has a failure."""
    failed = {number for number, found in audit.findings.items() if found.mark is Mark.FAILS}
    return {item.id for item in audit.matrix.items if any(each.id in failed for each in item.subitems)}


def _score(
    category: Category, audits: list[Audit], matrices: tuple[Matrix, ...], items: tuple[ItemScore, ...]
) -> Score:
    asked = {matrix.thresholds[category] for matrix in matrices}
    threshold = asked.pop() if len(asked) == 1 else None
    if category.is_critical:
        failed = sum(category in _failed_categories(audit) for audit in audits)
        return Score(numerator=len(audits) - failed, denominator=len(audits), threshold=threshold)
    own = [item for item in items if item.item.category is category]
    complies, applies = sum(item.complies for item in own), sum(item.applies for item in own)
    return Score(numerator=complies, denominator=applies, threshold=threshold)


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _items(matrices: tuple[Matrix, ...]) -> dict[_Number, Item]:
    """Give the items of all matrices; of several versions each as the last has it, with the sub-items of all."""
    items: dict[_Number, Item] = {}
    for matrix in matrices:
        for item in matrix.items:
            earlier = items.get((matrix.id, item.id))
            subitems = {each.id: each for each in (*(earlier.subitems if earlier else ()), *item.subitems)}
            items[matrix.id, item.id] = replace(item, subitems=tuple(subitems.values()))
    return items
