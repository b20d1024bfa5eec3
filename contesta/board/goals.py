"""What is asked of a day, read from where it stands: the agreements in the ledger and the file of thresholds."""

from datetime import date
from pathlib import Path

import structlog
from sqlalchemy import Engine

from core.errors import ConfigurationError
from storage.agreements import Agreements

from .targets import Targets, targets
from .thresholds import SHIPPED, load

log = structlog.get_logger()


class Goals:
    """Reads what is asked of any day. Of an `own` file of thresholds that is wrong it says so, and takes ours."""

    def __init__(self, database: Engine, own: str, ghost_seconds: int) -> None:
        self._agreements = Agreements(database)
        self._ghost_seconds = ghost_seconds
        self._remarks: tuple[str, ...] = ()
        self._written = load(SHIPPED)
        try:
            self._written = load(Path(own)) if own else self._written
        except ConfigurationError as error:
            log.error("own thresholds are not valid", error=str(error))  # noqa: TRY400  its trace tells nothing
            self._remarks = (f"Los umbrales propios no valen; se usan los del sistema. {error}.",)

    def of(self, day: date) -> Targets:
        """Read what is asked of a local day. It takes a look at the database.

        Raises:
            sqlalchemy.exc.OperationalError: the database does not answer.
        """
        return targets(self._agreements.definitions(), self._written, day, self._ghost_seconds, self._remarks)

    def without_agreements(self, day: date) -> Targets:
        """Tell what the thresholds alone ask, for as long as the database does not answer."""
        return targets((), self._written, day, self._ghost_seconds, self._remarks)
