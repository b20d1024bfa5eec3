"""A month as people write it, and when it begins and ends."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.errors import ConfigurationError

_MONTH = re.compile(r"[12]\d{3}-(0[1-9]|1[0-2])", re.ASCII)
_LAST = 12


def bounds(said: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the first moment of a month such as "2025-11", and that of the next.

    Raises:
        ConfigurationError: it is none.
    """
    if not _MONTH.fullmatch(said):
        raise ConfigurationError(f"mes no válido: «{said}». Escríbalo como 2025-11")
    year, month = int(said[:4]), int(said[5:])
    following = (year + 1, 1) if month == _LAST else (year, month + 1)
    first, after = (datetime(each, of, 1, tzinfo=zone).astimezone(UTC) for each, of in ((year, month), following))
    return first, after
