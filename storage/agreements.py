"""Agreements on service levels in the ledger: their versions, and the months that were closed by them.

Versions and closed months are added, never changed: there is no function here that would.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select
from sqlmodel import col

from core.errors import ConfigurationError
from quality.metrics.figures import Ratio
from quality.metrics.sla import definition_text
from quality.metrics.sla.definition import Definition, check_versions
from quality.metrics.sla.verdict import Verdict
from storage.database import reader, table_of, take_write_lock
from storage.tables import SlaDefinitionRow, SlaMonthRow, SlaVerdictRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedMonth:
    """What a month came to when it was closed."""

    month: str
    closed_at: datetime
    verdicts: tuple[Verdict, ...]


class Agreements:
    """The agreements in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def load(self, definitions: Iterable[Definition], now: datetime) -> int:
        """Add versions, all or none, and return how many are new. What is there already, to the letter, is left alone.

        Raises:
            ConfigurationError: a version is there with another text, or its validity crosses that of another version.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            known = _texts(connection)
            told = {(one.id, one.version): definition_text.write(one) for one in definitions}
            for key in told.keys() & known.keys():
                if told[key] != known[key]:
                    raise ConfigurationError(_changed(*key, known[key], told[key]))
            new = {key: text for key, text in told.items() if key not in known}
            check_versions(_definition(text) for text in (known | new).values())
            if new:
                rows = [{"id": key[0], "version": key[1], "text": text, "loaded_at": now} for key, text in new.items()]
                connection.execute(insert(SlaDefinitionRow), rows)
        return len(new)

    def definitions(self) -> tuple[Definition, ...]:
        """Read all versions of all agreements."""
        with self._reader.begin() as connection:
            return tuple(_definition(text) for _, text in sorted(_texts(connection).items()))

    def close(self, closed: ClosedMonth) -> None:
        """Keep what a month came to, for good.

        Raises:
            ConfigurationError: it is closed already.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if connection.scalar(select(col(SlaMonthRow.month)).where(col(SlaMonthRow.month) == closed.month)):
                raise ConfigurationError(f"el mes {closed.month} ya está cerrado, y un mes cerrado no cambia")
            connection.execute(insert(SlaMonthRow), {"month": closed.month, "closed_at": closed.closed_at})
            connection.execute(insert(SlaVerdictRow), [_row(closed.month, verdict) for verdict in closed.verdicts])

    def closed(self, month: str) -> ClosedMonth | None:
        """Read a closed month; None if it is open."""
        of_month = select(table_of(SlaVerdictRow)).where(col(SlaVerdictRow.month) == month)
        by_version = of_month.order_by(col(SlaVerdictRow.definition_id), col(SlaVerdictRow.version))
        with self._reader.begin() as connection:
            closed_at = connection.scalar(select(col(SlaMonthRow.closed_at)).where(col(SlaMonthRow.month) == month))
            if closed_at is None:
                return None
            texts = _texts(connection)
            verdicts = tuple(
                Verdict(
                    definition=_definition(texts[row.definition_id, row.version]),
                    first=row.first,
                    last=row.last,
                    figure=Ratio(row.numerator, row.denominator),
                    met=row.met,
                )
                for row in connection.execute(by_version)
            )
        return ClosedMonth(month=month, closed_at=closed_at, verdicts=verdicts)


def _texts(connection: Connection) -> dict[tuple[str, int], str]:
    query = select(col(SlaDefinitionRow.id), col(SlaDefinitionRow.version), col(SlaDefinitionRow.text))
    return {(of, version): text for of, version, text in connection.execute(query)}


def _definition(text: str) -> Definition:
    (definition,) = definition_text.parse(text, "el libro")
    return definition


def _row(month: str, verdict: Verdict) -> dict[str, object]:
    return {
        "month": month,
        "definition_id": verdict.definition.id,
        "version": verdict.definition.version,
        "first": verdict.first,
        "last": verdict.last,
        "numerator": verdict.figure.numerator,
        "denominator": verdict.figure.denominator,
        "met": verdict.met,
    }


def _changed(of: str, version: int, known: str, told: str) -> str:
    """Say what differs between two texts of one version."""
    before, after = json.loads(known), json.loads(told)
    (was,), (would_be,) = before["definitions"], after["definitions"]
    keys = [key for key in sorted(was.keys() | would_be.keys()) if was.get(key) != would_be.get(key)]
    if before.get("calendars") != after.get("calendars") and "calendar" not in keys:
        keys.append("calendar")
    return (
        f"definición «{of}», versión {version}: ya está cargada y aquí cambia {', '.join(f'«{key}»' for key in keys)}. "
        "Una versión cargada no se cambia; escriba otra con un número mayor y su «valid_from»"
    )
