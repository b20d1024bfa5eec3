"""Citizens' names, spoken to the adviser who is to call them.

A name is said by the same voice as every prompt, when its request is about to be dialled, into a file of its own: the
request's id, and a hash of what is said, so that another attempt finds it made. It is personal data: a file is removed
as soon as its request is over. No call waits for a name: an adviser hears it only once somebody answered, and what is
not made by then, or cannot be made, the telephone system passes over.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog

from callback_queue.request import CallbackRequest
from callback_queue.told import name_text
from core.errors import ContestaError

MOST_BEGUN: Final = 50
"""So many names may be in the making; one takes some 20 ms, so that the last is made within a second."""

_SUFFIX = ".wav"
_APART = "_"

log = structlog.get_logger()


class SpokenNames:
    """The sounds of names, below one folder. `finish` waits until those begun are made, or could not be."""

    def __init__(self, folder: Path, most_begun: int = MOST_BEGUN) -> None:
        self._folder = folder
        self._most_begun = most_begun
        self._voice = ThreadPoolExecutor(1, thread_name_prefix="names")
        self._begun: list[Future[None]] = []

    def warm(self) -> None:
        """Load the voice, and what else a first name would wait for; nobody waits for this."""
        self._voice.submit(_warm)

    def say(self, requests: Sequence[CallbackRequest]) -> Mapping[str, str]:
        """Begin to make the sounds of the names of some requests; returns what each is kept as once it is made.

        When too many are in the making already, the others are not said.
        """
        self._begun = [each for each in self._begun if not each.done()]
        texts = {request.id: text for request in requests if (text := name_text(request.person.name))}
        said = list(texts.items())[: max(0, self._most_begun - len(self._begun))]
        names = {request_id: f"{request_id}{_APART}{_digest(text)}" for request_id, text in said}
        self._begun += [
            self._voice.submit(self._made, request_id, names[request_id], text) for request_id, text in said
        ]
        if len(said) < len(texts):
            log.warning("names not said", names=len(texts) - len(said))
        return names

    def finish(self) -> None:
        """Wait for the names that are in the making."""
        for each in self._begun:
            each.result()

    def remove_over(self, open_among: Callable[[Collection[str]], AbstractSet[str]]) -> int:
        """Remove the names of requests that are over; returns how many. `open_among` tells which are not."""
        kept = {file: file.name.partition(_APART)[0] for file in self._folder.glob(f"*{_APART}*")}
        going_on = open_among(set(kept.values())) if kept else frozenset()
        over = [file for file, request_id in kept.items() if request_id not in going_on]
        for file in over:
            file.unlink(missing_ok=True)
        return len(over)

    def _made(self, request_id: str, name: str, text: str) -> None:
        """Make one sound, unless it is there or cannot be made."""
        try:
            self._make(request_id, name, text)
        except (ImportError, OSError, ValueError, RuntimeError, ContestaError) as error:
            log.warning("a name cannot be said", callback=request_id, error=type(error).__name__)

    def _make(self, request_id: str, name: str, text: str) -> None:
        file = self._folder / f"{name}{_SUFFIX}"
        if file.exists():
            return
        from ivr import synthesis  # noqa: PLC0415  where there is no voice, calls go out without names
        from ivr.sounds import SPANISH_VOICE, Source  # noqa: PLC0415  likewise

        sound = synthesis.wav(Source(prompt="nombre", text=text, voice=SPANISH_VOICE).audio(), synthesis.LINE_HZ)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in self._folder.glob(f"{request_id}{_APART}*"):
            other.unlink(missing_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(sound)
        part.replace(file)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _warm() -> None:
    from ivr.sounds import SPANISH_VOICE, Source  # noqa: PLC0415  as above

    Source(prompt="nombre", text="Se llama Ana.", voice=SPANISH_VOICE).audio()
