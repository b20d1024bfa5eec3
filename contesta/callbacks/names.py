"""Citizens' names, spoken to the adviser who is to call them.

A name is said by the same voice as every prompt, when its request is about to be dialled, into a file of its own: the
request's id, and a hash of what is said, so that another attempt finds it made. It is personal data: a file is removed
as soon as its request is over. No call waits long for a name, and none is lost for one: what is not made in time, or
cannot be made, is not said.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog

from callback_queue.request import CallbackRequest
from callback_queue.told import name_text
from core.errors import ContestaError

LONGEST_SECONDS: Final = 1.5
"""So long all names of one round may take together; one takes some 20 ms."""

_SUFFIX = ".wav"
_APART = "_"

log = structlog.get_logger()


class SpokenNames:
    """The sounds of names, below one folder."""

    def __init__(self, folder: Path, longest_seconds: float = LONGEST_SECONDS) -> None:
        self._folder = folder
        self._longest_seconds = longest_seconds
        self._voice = ThreadPoolExecutor(1, thread_name_prefix="names")

    def warm(self) -> None:
        """Load the voice, and what else a first name would wait for; nobody waits for this."""
        self._voice.submit(_warm)

    async def say(self, requests: Sequence[CallbackRequest]) -> Mapping[str, str]:
        """Make the sounds of the names of some requests; returns what each made in time is kept as."""
        texts = {request.id: text for request in requests if (text := name_text(request.person.name))}
        if not texts:
            return {}
        loop = asyncio.get_running_loop()
        making = {
            request_id: loop.run_in_executor(self._voice, self._made, request_id, text)
            for request_id, text in texts.items()
        }
        _, late = await asyncio.wait(making.values(), timeout=self._longest_seconds)
        for each in late:
            each.cancel()
        if late:
            log.warning("names not said in time", names=len(late))
        return {
            request_id: name
            for request_id, done in making.items()
            if done not in late and (name := done.result()) is not None
        }

    def remove_over(self, open_among: Callable[[Collection[str]], AbstractSet[str]]) -> int:
        """Remove the names of requests that are over; returns how many. `open_among` tells which are not."""
        kept = {file: file.name.partition(_APART)[0] for file in self._folder.glob(f"*{_APART}*")}
        going_on = open_among(set(kept.values())) if kept else frozenset()
        over = [file for file, request_id in kept.items() if request_id not in going_on]
        for file in over:
            file.unlink(missing_ok=True)
        return len(over)

    def _made(self, request_id: str, text: str) -> str | None:
        """Make one sound, unless it is there; None if it cannot be made."""
        try:
            return self._make(request_id, text)
        except (ImportError, OSError, ValueError, RuntimeError, ContestaError) as error:
            log.warning("a name cannot be said", callback=request_id, error=type(error).__name__)
            return None

    def _make(self, request_id: str, text: str) -> str:
        from ivr import synthesis  # noqa: PLC0415  where there is no voice, calls go out without names
        from ivr.sounds import SPANISH_VOICE, Source  # noqa: PLC0415  likewise

        source = Source(prompt="nombre", text=text, voice=SPANISH_VOICE)
        name = f"{request_id}{_APART}{source.digest[:16]}"
        file = self._folder / f"{name}{_SUFFIX}"
        if not file.exists():
            sound = synthesis.wav(source.audio(), synthesis.LINE_HZ)
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for other in self._folder.glob(f"{request_id}{_APART}*"):
                other.unlink(missing_ok=True)
            part = file.with_suffix(".part")
            part.write_bytes(sound)
            part.replace(file)
        return name


def _warm() -> None:
    from ivr.sounds import SPANISH_VOICE, Source  # noqa: PLC0415  as above

    Source(prompt="nombre", text="Se llama Ana.", voice=SPANISH_VOICE).audio()
