"""Things that are dear to make, made one at a time in a thread and kept for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from core.errors import NotAvailableError

KEPT: Final = 64
MOST_WAITING: Final = 8

T = TypeVar("T")


class Rebuilt(Generic[T]):
    """Makes and keeps things of one kind. It belongs to one event loop."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[datetime, T]] = OrderedDict()
        self._making = asyncio.Lock()
        self._waiting = 0

    async def get(self, key: Hashable, make: Callable[[], T], keep_for: timedelta) -> T:
        """Return what was made under `key` not longer ago than `keep_for`, or make it.

        Raises:
            NotAvailableError: too many others wait for something to be made.
        """
        if (known := self._known(key, keep_for)) is not None:
            return known
        if self._waiting >= MOST_WAITING:
            raise NotAvailableError("hay muchas consultas a la vez; intente de nuevo en unos segundos")
        self._waiting += 1
        try:
            async with self._making:
                if (known := self._known(key, keep_for)) is not None:
                    return known
                made = await asyncio.to_thread(make)
        finally:
            self._waiting -= 1
        self._kept[key] = (self._clock(), made)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made

    def _known(self, key: Hashable, keep_for: timedelta) -> T | None:
        made_at, made = self._kept.get(key, (None, None))
        return made if made_at is not None and self._clock() - made_at <= keep_for else None
