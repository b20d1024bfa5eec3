"""Twenty milliseconds, once for all streams of an event loop: a hundred calls cost one timer."""

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

FRAME_SECONDS = 0.02
_LATEST_SECONDS = 0.2  # a loop later than this does not catch up: a burst would be worse than a gap

_pacers: "WeakKeyDictionary[asyncio.AbstractEventLoop, Pacer]" = WeakKeyDictionary()


class Pacer:
    """Calls each of its ticks every 20 ms, and sleeps while it has none."""

    def __init__(self) -> None:
        self._ticks: dict[Callable[[], None], None] = {}
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def of_running_loop(cls) -> "Pacer":
        """Return the one pacer of the running loop."""
        return _pacers.setdefault(asyncio.get_running_loop(), cls())

    def add(self, tick: Callable[[], None]) -> None:
        """Call `tick` from now on; a second time changes nothing."""
        self._ticks[tick] = None
        if self._timer is None:
            self._due = asyncio.get_running_loop().time()
            self._run()

    def remove(self, tick: Callable[[], None]) -> None:
        """Leave `tick` in peace."""
        self._ticks.pop(tick, None)

    def _run(self) -> None:
        if not self._ticks:
            self._timer = None
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._due > _LATEST_SECONDS:
            self._due = now
        for tick in list(self._ticks):
            tick()
        self._due += FRAME_SECONDS
        self._timer = loop.call_at(self._due, self._run)
