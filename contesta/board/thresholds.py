"""The thresholds of the board as people write them: `umbrales.yaml`, beside this module, is the default.

It also says what each key means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Final

from core import document
from core.document import Section, Value
from quality.metrics.limits import Limit, Limits, Metric
from quality.metrics.sla.definition import Indicator

SHIPPED: Final = Path(__file__).parent / "umbrales.yaml"


class Formula(StrEnum):
    """Which of the three service levels is shown."""

    ANSWERED = Indicator.SERVICE_LEVEL_ANSWERED.value
    OFFERED = Indicator.SERVICE_LEVEL_OFFERED.value
    INCLUSIVE = Indicator.SERVICE_LEVEL_INCLUSIVE.value


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardThresholds:
    """What a file says. `of_queue` has what is different in a queue."""

    indicator: Indicator
    within_seconds: int
    limits: Mapping[Metric, Limits]
    of_queue: Mapping[str, Mapping[Metric, Limits]] = field(default_factory=dict)


def load(path: Path) -> BoardThresholds:
    """Read a file of thresholds.

    Raises:
        ConfigurationError: it is missing or wrong; names file, line, key and the mend.
    """
    return _thresholds(document.read(path))


def parse(source: str, file: str) -> BoardThresholds:
    """Read thresholds; `file` is the source's name in messages.

    Raises:
        ConfigurationError: as `load`.
    """
    return _thresholds(document.parse(source, file))


def _thresholds(root: Section) -> BoardThresholds:
    root.refuse_others(("service_level", "figures", "queues"))
    level = root["service_level"].section()
    level.refuse_others(("formula", "within_seconds"))
    queues = root.get("queues")
    return BoardThresholds(
        indicator=Indicator(level["formula"].one_of(Formula).value),
        within_seconds=level["within_seconds"].whole(1, 3600),
        limits=_limits(root["figures"].section()),
        of_queue={queue.key: _limits(queue.section()) for queue in queues.section()} if queues else {},
    )


def _limits(section: Section) -> dict[Metric, Limits]:
    section.refuse_others(tuple(Metric))
    return {Metric(value.key): _limits_of(Metric(value.key), value.section()) for value in section}


def _limits_of(metric: Metric, section: Section) -> Limits:
    section.refuse_others(("warn", "bad", "clear", *(("least_calls",) if metric.is_share else ())))
    clear, least_calls = section.get("clear"), section.get("least_calls")
    try:
        return Limits(
            metric=metric,
            warn=Limit(value=_quantity(metric, section["warn"])),
            bad=Limit(value=_quantity(metric, section["bad"])),
            clear=_quantity(metric, clear) if clear else Fraction(0),
            least_calls=least_calls.whole(0, 100_000) if least_calls else 0,
        )
    except ValueError as error:
        better = "menor" if metric.better_when_higher else "mayor"
        raise section["bad"].fault(f"«bad» es mejor que «warn»; escriba un valor {better} o igual") from error


def _quantity(metric: Metric, value: Value) -> Fraction:
    """Read a value in the unit of the metric."""
    if metric.is_time:
        return value.milliseconds()
    return value.share() if metric.is_share else Fraction(value.whole(0, 100_000))
