"""Calibration: several auditors mark one contact, none seeing the others' marks, and then agree on what was right."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from .agreement import Agreement, Bias, Pair, agreement, biases, by_item, pairs
from .audit import Audit, Finding, Mark
from .matrix import Item, SubItem

AGREED = "\0"
"""Who is said to have made the audit that all agreed on: nobody signs in so."""


class Phase(StrEnum):
    """Where a session is: being audited, shown to be compared, or with its answer."""

    BLIND = "blind"
    SHOWN = "shown"
    AGREED = "agreed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubItemCompared:
    """What each auditor marked, in the order of their names, and what was agreed on; None: not yet."""

    subitem: SubItem
    item: Item
    marks: tuple[Mark, ...]
    agreed: Mark | None

    @property
    def is_parted(self) -> bool:
        """Whether the auditors did not all mark the same."""
        return len(set(self.marks)) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditorCompared:
    """An auditor beside what was agreed on: how far they agree, and who alone found failures."""

    auditor: str
    agreement: Agreement
    bias: Bias


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One session or several. `by_item` holds auditors against the answer if there is one, or each other."""

    auditors: tuple[AuditorCompared, ...]
    by_item: Mapping[str, Agreement]


def agreed(model: Audit, marks: Mapping[str, Mark]) -> Audit:
    """Make an audit of what was agreed on, of the contact of another."""
    return replace(
        model, id="", auditor=AGREED, findings={number: Finding(mark=mark) for number, mark in marks.items()}
    )


def subitems(audits: Sequence[Audit], answer: Mapping[str, Mark] | None) -> tuple[SubItemCompared, ...]:
    """Lay audits of one contact beside each other, sub-item by sub-item."""
    if not audits:
        return ()
    model = audits[0]
    applying = {each.id for each in model.matrix.applying(model.setting)}
    return tuple(
        SubItemCompared(
            subitem=each,
            item=item,
            marks=tuple(_mark(audit, each.id) for audit in audits),
            agreed=answer.get(each.id) if answer else None,
        )
        for item in model.matrix.items
        for each in item.subitems
        if each.id in applying
    )


def compare(sessions: Iterable[tuple[Sequence[Audit], Mapping[str, Mark] | None]]) -> Comparison:
    """Compare the audits of sessions, each with what was agreed on in it, if anything was."""
    with_answer: list[Pair] = []
    between: list[Pair] = []
    for audits, answer in sessions:
        between += pairs(audits)
        with_answer += [(audit, agreed(audit, answer)) for audit in audits] if answer else []
    auditors = []
    for bias in biases(with_answer):
        own = [pair for pair in with_answer if pair[0].auditor == bias.auditor]
        if own:
            marks = [
                (mine.findings[number].mark, right.findings[number].mark)
                for mine, right in own
                for number in mine.findings.keys() & right.findings.keys()
            ]
            auditors.append(AuditorCompared(auditor=bias.auditor, agreement=agreement(marks), bias=bias))
    return Comparison(auditors=tuple(auditors), by_item=by_item(with_answer or between))


def _mark(audit: Audit, number: str) -> Mark:
    """Give a mark; what the audit's version of the matrix does not have does not apply."""
    return audit.findings[number].mark if number in audit.findings else Mark.NOT_APPLICABLE
