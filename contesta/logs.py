"""Our logs: one JSON object a line, UTC, to a file or to standard error. No personal data goes into them."""

import sys
from pathlib import Path
from typing import TextIO

import structlog


def configure_logs(path: Path | None) -> None:
    """Send the logs of this process to `path`, or to standard error."""
    output: TextIO = sys.stderr
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        output = path.open("a", encoding="utf-8")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
