"""Many lines at once as columns: where each field begins and ends, and the numbers and names that stand there.

In arrays a million lines cost what some ten thousand cost one by one. Nothing is decided here: what does not fit (a
long name, a hash that two names share, a number that is none) is marked, for somebody to look at the line itself.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .lines import text_of

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LONGEST_NUMBER = 8
_WORD = 8  # bytes that are looked at together
_BEFORE = b"\0" * _WORD  # so that what is read around a field stays inside the text
_AFTER = b"\0" * 9 * _WORD
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
_ZEROS, _SIX, _HIGH = (np.uint64(byte * 0x0101010101010101) for byte in (0x30, 0x06, 0xF0))
_TEN, _PAIR = np.uint64(10), np.uint64(0x000000FF000000FF)
_UPPER, _LOWER = np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)
_ONE_BYTE, _TWO_BYTES, _FOUR_BYTES = np.uint64(8), np.uint64(16), np.uint64(32)
_FIRST_BYTES = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], np.uint64)


@dataclass(frozen=True)
class Names:
    """The texts of a field: a number for each line, and whether it can be trusted.

    `order` are the lines sorted by text; each text first stands between `begins` and `ends`.
    """

    columns: "Columns"
    number: Ints
    sure: Flags
    order: Ints
    begins: Ints
    ends: Ints

    @cached_property
    def examples(self) -> list[bytes]:
        """The text of each number."""
        return self.columns.between(self.begins, self.ends)

    @cached_property
    def texts(self) -> list[str]:
        """The text of each number, decoded."""
        return [text_of(text) for text in self.examples]

    def take(self, lines: Ints) -> "Names":
        """Return the chosen lines."""
        return replace(self, number=self.number[lines], sure=self.sure[lines])


class Columns:
    """The lines of `text`, which ends with a line end."""

    def __init__(self, text: bytes) -> None:
        self._text = _BEFORE + text + _AFTER
        self._bytes = np.frombuffer(self._text, np.uint8)
        self._words: NDArray[np.uint64] = np.ndarray(len(self._text) - _WORD + 1, "<u8", self._text, strides=1)
        self.ends: Ints = np.flatnonzero(self._bytes == ord("\n"))
        self.starts: Ints = np.concatenate(([len(_BEFORE)], self.ends[:-1] + 1))
        self._bars: Ints = np.flatnonzero(self._bytes == ord("|"))
        self._first: Ints = np.searchsorted(self._bars, self.starts)
        self.bars: Ints = np.searchsorted(self._bars, self.ends) - self._first

    def __len__(self) -> int:
        return len(self.ends)

    def between(self, begins: Ints, ends: Ints) -> list[bytes]:
        """Return the texts between positions."""
        return [self._text[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]

    def lines(self, chosen: Ints) -> list[bytes]:
        """Return the chosen lines with their ends."""
        return self.between(self.starts[chosen], self.ends[chosen] + 1)

    def field(self, number: int | Ints) -> tuple[Ints, Ints]:
        """Return where the field of that number begins and ends in each line; a missing one is empty."""
        if not len(self._bars):
            return self.ends, self.ends
        last = len(self._bars) - 1
        after = self._bars[np.minimum(self._first + number, last)]
        before = self._bars[np.clip(self._first + number - 1, 0, last)] + 1
        begin = np.where(np.asarray(number) == 0, self.starts, np.where(self.bars >= number, before, self.ends))
        return begin, np.where(self.bars > number, after, self.ends)

    def ending_in(self, end: Ints, last: bytes) -> Flags:
        """Tell which texts that end at these positions have this last byte."""
        ends: Flags = self._bytes[end - 1] == ord(last)
        return ends

    def control_characters(self) -> Flags:
        """Tell which lines hold any, a carriage return among them."""
        inside = self._bytes[len(_BEFORE) : -len(_AFTER)]
        at = np.flatnonzero(((inside < ord(" ")) & (inside != ord("\n"))) | (inside == ord("\x7f"))) + len(_BEFORE)
        marked = np.zeros(len(self), np.bool_)
        marked[np.searchsorted(self.ends, at)] = True
        return marked

    def seconds(self) -> tuple[Ints, Flags]:
        """Return the times of ten digits that lines begin with, and where there is one."""
        begin, end = self.field(0)
        middle = np.minimum(begin + 2, end)
        high, sure_high = self.numbers(begin, middle)
        low, sure_low = self.numbers(middle, end)
        return high * 10**LONGEST_NUMBER + low, sure_high & sure_low & (end - begin == 2 + LONGEST_NUMBER)

    def numbers(self, begin: Ints, end: Ints) -> tuple[Ints, Flags]:
        """Return the whole numbers of one to eight digits between positions, and where there is one.

        Eight digits are read in three multiplications (Lemire, "Quickly parsing eight digits", 2018).
        """
        size = end - begin
        before = _FIRST_BYTES[np.clip(_WORD - size, 0, _WORD)]
        word = (self._words[end - _WORD] & ~before) | (_ZEROS & before)
        sure = ((word & _HIGH) == _ZEROS) & (((word + _SIX) & _HIGH) == _ZEROS) & (size > 0) & (size <= LONGEST_NUMBER)
        pairs = (word - _ZEROS) * _TEN + ((word - _ZEROS) >> _ONE_BYTE)
        upper, lower = (pairs & _PAIR) * _UPPER, ((pairs >> _TWO_BYTES) & _PAIR) * _LOWER
        return ((upper + lower) >> _FOUR_BYTES).astype(np.int64), sure

    def names(self, begin: Ints, end: Ints, *, words: int = 4) -> Names:
        """Give numbers to the texts between positions. Those of texts longer than so many words cannot be trusted."""
        size = end - begin
        steps = range(0, min(words * _WORD, int(size.max(initial=0))), _WORD)
        parts = [self._words[begin + step] & _FIRST_BYTES[np.clip(size - step, 0, _WORD)] for step in steps]
        hashes = np.zeros(len(begin), np.uint64)
        for part, factor in zip(parts, _FACTORS * 2, strict=False):
            hashes = (hashes ^ part) * np.uint64(factor)
            hashes ^= hashes >> np.uint64(29)
        order, first = _in_order(hashes)
        number = np.empty(len(begin), np.int64)
        number[order] = np.cumsum(first) - 1
        examples = order[first]
        sure = size <= words * _WORD
        for part in parts:
            sure &= part == part[examples][number]
        return Names(self, number, sure, order, begin[examples], end[examples])


def _in_order(hashes: NDArray[np.uint64]) -> tuple[Ints, Flags]:
    """Return the lines in order of their hashes, and which are the first of theirs.

    The place of each line takes the hash's last bits: sorting such numbers is much quicker than sorting places by hash.
    """
    bits = np.uint64(len(hashes).bit_length())
    keys = np.sort((hashes >> bits << bits) | np.arange(len(hashes), dtype=np.uint64))
    first = np.ones(len(keys), np.bool_)
    first[1:] = np.diff(keys >> bits) != 0
    return (keys & np.uint64((1 << int(bits)) - 1)).astype(np.int64), first
