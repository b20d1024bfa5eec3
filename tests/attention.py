"""What a caller hears: prompts of a line, known by their sound in the audio that the telephone received.

A caller who listens presses a key when the question is being asked, however long the machine took to ask it.
"""

import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf

from telephony.phone import Call, Law, State
from telephony.phone.audio import FROM_ALAW, encoded, in_alaw

LONGEST_SECONDS = 150
LOOK_SECONDS = 0.1
PIECE_SAMPLES = 800
PIECES = 10
LOUD = 300
"""A prompt is known by any of its first loud pieces of 100 ms: one lost packet does not keep it from being heard."""


class Attention:
    """Follows what one caller is told, from the beginning of the call on. `sounds` is the folder of the prompts."""

    def __init__(self, call: Call, sounds: Path) -> None:
        self._call, self._sounds, self._after = call, sounds, 0

    async def hears(self, *prompts: str) -> str:
        """Wait until one of these prompts is being said, after what was heard before; return which."""
        deadline = asyncio.get_running_loop().time() + LONGEST_SECONDS
        while True:
            heard = self._call.heard
            for prompt in prompts:
                for piece in _pieces(self._sounds / f"{prompt}.wav", self._call.law):
                    if (at := heard.find(piece, self._after)) >= 0:
                        self._after = at + len(piece)
                        return prompt
            self._after = max(self._after, len(heard) - PIECE_SAMPLES)
            assert self._call.state is State.TALKING, f"the call ended before {prompts} was heard"
            assert asyncio.get_running_loop().time() < deadline, f"never heard {prompts}"
            await asyncio.sleep(LOOK_SECONDS)


@cache
def _pieces(file: Path, law: Law) -> tuple[bytes, ...]:
    return tuple(_loud_pieces(file, law))[:PIECES]


def _loud_pieces(file: Path, law: Law) -> Iterator[bytes]:
    samples, _ = sf.read(file, dtype="int16")
    for begin in range(0, len(samples) - PIECE_SAMPLES, PIECE_SAMPLES):
        piece = samples[begin : begin + PIECE_SAMPLES]
        if np.abs(piece).mean() > LOUD:
            # Asterisk keeps 14 of the 16 bits for mu-law, 13 for A-law
            yield in_alaw(piece | 7).translate(FROM_ALAW) if law is Law.A else encoded(piece | 3)
