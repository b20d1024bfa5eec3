"""What programs are told of a calibration session."""

from datetime import datetime

from contesta.web.validation import Told
from quality.matrix.agreement import Agreement
from quality.matrix.audit import Mark
from quality.matrix.calibration import Comparison, Phase, SubItemCompared


class AgreementTold(Told):
    """How far marks agree: `equal` of `pairs`, and Cohen's kappa with its 95 % interval; null where it has no value."""

    pairs: int
    equal: int
    kappa: float | None
    low: float | None
    high: float | None


class AuditorTold(Told):
    """An auditor beside what was agreed on: failures that he alone found, and that he alone did not."""

    auditor: str
    agreement: AgreementTold
    only_this: int
    only_agreed: int


class SubItemTold(Told):
    """What each auditor marked, and what was agreed on."""

    number: str
    title: str
    marks: dict[str, Mark]
    agreed: Mark | None


class CalibrationTold(Told):
    """A calibration session. Until all have delivered or it was closed, it tells who has, not what they marked."""

    number: int
    phase: Phase
    call: str
    adviser: str
    at: datetime
    subject: str
    auditors: dict[str, bool]
    """Whether each has delivered."""
    subitems: list[SubItemTold]
    by_auditor: list[AuditorTold]
    by_item: dict[str, AgreementTold]


def auditors_told(found: Comparison) -> list[AuditorTold]:
    """Tell each auditor beside what was agreed on."""
    return [
        AuditorTold(
            auditor=one.auditor,
            agreement=_agreement(one.agreement),
            only_this=one.bias.only_this,
            only_agreed=one.bias.only_others,
        )
        for one in found.auditors
    ]


def items_told(found: Comparison) -> dict[str, AgreementTold]:
    """Tell how far marks agree, by item and sub-item."""
    return {number: _agreement(one) for number, one in found.by_item.items()}


def subitems_told(compared: tuple[SubItemCompared, ...], auditors: list[str]) -> list[SubItemTold]:
    """Tell what each auditor marked."""
    return [
        SubItemTold(
            number=one.subitem.id,
            title=one.subitem.title,
            marks=dict(zip(auditors, one.marks, strict=True)),
            agreed=one.agreed,
        )
        for one in compared
    ]


def _agreement(one: Agreement) -> AgreementTold:
    return AgreementTold(
        pairs=one.pairs,
        equal=one.equal,
        kappa=one.kappa,
        low=one.interval.low if one.interval else None,
        high=one.interval.high if one.interval else None,
    )
