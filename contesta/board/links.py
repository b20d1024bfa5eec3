"""Where the figures of the board lead: to exactly the calls they count, and to why they are what they are."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from contesta.call_search import CALLS, WAITING_NOW, CallSearch, calls_address, day_of
from quality.metrics.limits import Metric

WHY: Final = "/api/v1/board/why"
OFFERED: Final = "recibidas"
WITHOUT_GHOSTS: Final = "sin fantasmas"
ATTENDED_OR_LEFT: Final = "contestadas o abandonadas"
OTHERS: Final = "otras"
"""Outcomes that figures count together, as the lists of calls call them."""


PENDING_CALLBACKS: Final = "/devoluciones?estado=pendientes"
LATE_CALLBACKS: Final = "/devoluciones?estado=atrasadas"
EXPIRED_CALLBACKS: Final = "/devoluciones?estado=vencidas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The addresses of one day's board. `as_of`: the calls as they were at that moment; None: as they are."""

    day: date
    zone: tzinfo
    as_of: datetime | None = None

    def today(
        self,
        outcome: str = "",
        *,
        queue: str = "",
        agent: str = "",
        unanswered_by: str = "",
        wait_at_most: int | None = None,
        talk_known: bool = False,
    ) -> str:
        """Give the list of the calls with a visit of the day that is as told; waits are in seconds."""
        return _of_day(self, outcome, queue, agent, unanswered_by, wait_at_most, talk_known)

    def between(self, since: datetime, until: datetime, outcome: str, queue: str = "") -> str:
        """Give the list of the calls that entered a queue in [since, until)."""
        return self._list(CallSearch(since=since, until=until, outcome=outcome, queue=queue, as_of=self.as_of))

    def waiting(self, queue: str = "") -> str:
        """Give the list of the calls that wait now, whenever they came."""
        return self._list(CallSearch(outcome=WAITING_NOW, queue=queue, as_of=self.as_of))

    def call(self, call_id: str) -> str:
        """Give the page of one call."""
        return f"{CALLS}/{quote(call_id, safe='')}"

    def why(self, metric: Metric, queue: str = "") -> str:
        """Give the explanation of a figure."""
        asked = {"figure": str(metric)} | ({"queue": queue} if queue else {})
        if self.as_of:
            asked["at"] = self.as_of.isoformat()
        return f"{WHY}?{urlencode(asked)}"

    def _list(self, search: CallSearch) -> str:
        return calls_address(search, self.zone)


@lru_cache(maxsize=4096)
def _of_day(
    of: Links,
    outcome: str,
    queue: str,
    agent: str,
    unanswered_by: str,
    wait_at_most: int | None,
    talk_known: bool,  # noqa: FBT001 - as above
) -> str:
    """Write an address once: a board asks for the same ones ten times a second."""
    since, until = day_of(of.day, of.zone)
    search = CallSearch(
        since=since,
        until=until,
        outcome=outcome,
        queue=queue,
        agent=agent,
        wait_at_most=wait_at_most,
        talk_known=talk_known,
        unanswered_by=unanswered_by,
        as_of=of.as_of,
    )
    return calls_address(search, of.zone)
