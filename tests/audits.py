"""Audits as a test wants them: all sub-items comply but those it names."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from quality.matrix.audit import Audit, Finding, Mark, Mode
from quality.matrix.matrix import Matrix, Setting
from quality.matrix.matrix_text import ART_2019, load

ART = load(ART_2019)
LINE = Setting(line="018000910123")

SEPTEMBER = (
    ("Laura Peña", ("6.1", "7.1")),
    ("Laura Peña", ("6.2", "7.1")),
    ("Laura Peña", ("6.4", "7.1")),
    ("Andrés Gil", ("7.1",)),
    ("Andrés Gil", ("6.4",)),
    ("Andrés Gil", ("9.3",)),
)
"""The six audits with failures of ART-2019, section 3.2: 4 in item 6, 4 in 7.1, 1 in 9.3. It names nobody."""


def audit(number: int, marks: Mapping[str, Mark] | None = None, matrix: Matrix = ART, **of: Any) -> Audit:  # noqa: ANN401  each its own type
    """One audit; `marks` are those that are not COMPLIES."""
    told: dict[str, Any] = {
        "id": f"A-{number}",
        "matrix": matrix,
        "setting": LINE,
        "call": f"call-{number}",
        "agent": "Laura Peña",
        "auditor": "Iris Mora",
        "day": date(2019, 9, 1 + number % 30),
        "mode": Mode.RECORDED,
    } | of
    complies = {each.id: Mark.COMPLIES for each in matrix.applying(told["setting"])}
    return Audit(**told, findings={key: Finding(mark=mark) for key, mark in (complies | dict(marks or {})).items()})


def failing(number: int, *subitems: str, **of: Any) -> Audit:  # noqa: ANN401  as above
    """One audit in which these sub-items fail."""
    return audit(number, dict.fromkeys(subitems, Mark.FAILS), **of)


def september() -> list[Audit]:
    """The 20 audits of ART-2019's September, ten of each of two advisers."""
    with_failures = [failing(number, *fails, agent=agent) for number, (agent, fails) in enumerate(SEPTEMBER)]
    agents = ["Laura Peña"] * 7 + ["Andrés Gil"] * 7
    return with_failures + [audit(number, agent=agent) for number, agent in enumerate(agents, start=6)]


def written(one: Audit) -> dict[str, Any]:
    """An audit as a file has it."""
    return {
        "id": one.id,
        "agent": one.agent,
        "auditor": one.auditor,
        "date": one.day.isoformat(),
        "call": one.call,
        "line": one.setting.line,
        "marks": {number: str(found.mark) for number, found in one.findings.items()},
    }
