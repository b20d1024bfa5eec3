"""Codes that people read, hear and say: no character in them looks or sounds like another."""

from collections.abc import Callable
from typing import Final

CHARACTERS: Final = "ACEFHJKMNPRTXY3479"
LENGTH: Final = 6


def new(choose: Callable[[str], str]) -> str:
    """Make a code; `choose` picks a character at random. There are 34 million."""
    return "".join(choose(CHARACTERS) for _ in range(LENGTH))
