"""An audit: what somebody found in one contact, marked by one version of a matrix."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from .matrix import Matrix, Setting


class Mark(StrEnum):
    """What is said of a sub-item."""

    COMPLIES = "complies"
    FAILS = "fails"
    NOT_APPLICABLE = "not_applicable"


class Mode(StrEnum):
    """How the contact was heard: from its recording (remoto), or while it went on (en línea)."""

    RECORDED = "recorded"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The mark of one sub-item, with the second of the recording that shows it and a note."""

    mark: Mark
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One contact, audited once. `day` is that of the contact, local; `call` names it, so that audits of it meet.

    A `blind` audit is a second one, made without seeing the first: it measures agreement and enters no other figure.
    """

    id: str
    matrix: Matrix
    setting: Setting
    call: str
    agent: str
    auditor: str
    day: date
    findings: Mapping[str, Finding]
    mode: Mode = Mode.RECORDED
    blind: bool = False


class Fault(NamedTuple):
    """What is wrong with an audit: the sub-item, and the mend."""

    subitem: str
    mend: str


def faults(audit: Audit) -> Iterator[Fault]:
    """Yield what keeps an audit from being counted: sub-items unmarked, unknown, or marked though they do not apply."""
    if not audit.matrix.scope.covers(audit.setting):
        line, channel, kind = audit.setting.line, audit.setting.channel, audit.setting.kind
        yield Fault("", f"la matriz {audit.matrix.name} no es para línea «{line}», canal {channel}, contacto {kind}")
        return
    applying = {subitem.id for subitem in audit.matrix.applying(audit.setting)}
    known = {subitem.id for subitem in audit.matrix.subitems()}
    for number in audit.findings:
        if number not in known:
            yield Fault(number, f"no está en la matriz {audit.matrix.name}; quítelo o corrija el número")
        elif number not in applying and audit.findings[number].mark is not Mark.NOT_APPLICABLE:
            yield Fault(number, f"no aplica a este contacto; quítelo o escriba «{Mark.NOT_APPLICABLE}»")
    for subitem in audit.matrix.subitems():
        if subitem.id in applying and subitem.id not in audit.findings:
            yield Fault(subitem.id, f"falta; escriba uno de: {', '.join(Mark)}")


def without_evidence(audit: Audit) -> Iterator[Fault]:
    """Yield the failures that lack their note or, where there is a recording, their second."""
    for subitem in audit.matrix.applying(audit.setting):
        found = audit.findings.get(subitem.id)
        if found is None or found.mark is not Mark.FAILS:
            continue
        if not found.note.strip():
            yield Fault(subitem.id, "escriba una nota: qué pasó")
        if found.seconds is None and audit.mode is Mode.RECORDED:
            yield Fault(subitem.id, "diga en qué segundo de la grabación")
