"""The telephone numbers in a cell, as people write them: several in one, with an extension, or in an old form."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

import phonenumbers
from phonenumbers import PhoneNumberType

from core.numbers import COUNTRY_CODE

MOST_NUMBERS = 5
_MOST_PIECES = 10

_EXTENSION = re.compile(
    r"\b(?:extensi[oó]n|exten|ext|anexo|int(?:erno)?)\b\.?\s*:?\s*#?\s*\d{1,6}(?!\d)", re.IGNORECASE
)
_BETWEEN = re.compile(r"[/;,|\\\n]|\s+-\s+|\b[yoeóu]\b", re.IGNORECASE)
_GROUP = re.compile(r"\+?\d[\d ().-]*\d")
_OLD_FIXED = re.compile(r"(?:\(([1245678])\)|([1245678])[ -])\s*(\d{3})[ -]?(\d{2})[ -]?(\d{2})", re.ASCII)
_OLD_DIALLED = re.compile(r"(?:0[3579]|(?:00)?57)([1245678][2-9]\d{6})", re.ASCII)
_OLD_MOBILE = re.compile(r"03(3\d{9})", re.ASCII)
_EXPONENT = re.compile(r"(\d)[.,](\d+)[eE]\+?(\d{1,2})", re.ASCII)
_FILLER = re.compile(
    r"[-.–—_*/\\?#0 ]*|#?n\.?\s*/?\s*[ad]\.?|null|none|nan|ningun[oa]?|sin\b\D*|no\b\D*|s\s*/\s*[nti]|x+|#\S*!",  # noqa: RUF001  dashes are meant
    re.IGNORECASE,
)
_POINT_ZERO = re.compile(r"(?<=\d{7})\.0+(?!\d)", re.ASCII)
_CALLED = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE})
_USUAL = re.compile(r"(?:(?:00)?57)?(3(?:0[0-5]|1\d|2[0-3]|5[01])\d{7})", re.ASCII)
"""What most cells are, a mobile, some of those that the library knows: to ask it takes a hundred times as long."""
_DIGITS, _COUNTRY_DIGITS = 10, 12
_MOST_WORDS = 6
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15
_LONGEST = 200


def is_empty(cell: str) -> bool:
    """Tell whether a cell says that there is no number: nothing, or what people write for it ("N/A", "no tiene", 0)."""
    return _FILLER.fullmatch(cell.strip()) is not None


def found(cell: str) -> tuple[str, ...]:
    """Give the Colombian mobile and fixed numbers in a cell, as E.164, each once and in their order."""
    text = _EXTENSION.sub(" ", _written_out(cell[:_LONGEST]))
    numbers = dict.fromkeys(number for piece in _BETWEEN.split(text)[:_MOST_PIECES] for number in _of(piece))
    if not numbers:
        numbers = dict.fromkeys(filter(None, [_callable(re.sub(r"\D", "", text))]))
    return tuple(numbers)[:MOST_NUMBERS]


def _written_out(cell: str) -> str:
    """Undo what spreadsheets do to long numbers, where nothing was lost: "3,001234567E+09", "3001234567.0"."""

    def digits(match: re.Match[str]) -> str:
        whole, count = match[1] + match[2], int(match[3]) + 1
        return whole[:count] if len(whole) >= count and not whole[count:].strip("0") else match[0]

    return _POINT_ZERO.sub("", _EXPONENT.sub(digits, cell))


def _of(piece: str) -> Iterator[str]:
    """Yield the numbers in what stands between two signs of separation."""
    if number := _callable(piece):
        yield number
        return
    for group in islice(_GROUP.findall(piece), _MOST_PIECES):
        digits = re.sub(r"\D", "", group)
        if number := _callable(group) or _callable(digits):
            yield number
        else:
            yield from _halves(digits) or _among(re.findall(r"\d+", group))


def _halves(digits: str) -> tuple[str, ...]:
    """Give two numbers that were written without a space between them."""
    for cut in (_DIGITS, _COUNTRY_DIGITS):
        if len(digits) - cut in {_DIGITS, _COUNTRY_DIGITS}:
            first, second = _callable(digits[:cut]), _callable(digits[cut:])
            if first and second:
                return first, second
    return ()


def _among(words: Sequence[str]) -> Iterator[str]:
    """Yield the numbers that some words make one after the other; what is beside them, as a local one, is left out."""
    place = 0
    while place < len(words):
        for end in range(place + 1, min(place + _MOST_WORDS, len(words)) + 1):
            digits = "".join(words[place:end])
            if len(digits) in {_DIGITS, _COUNTRY_DIGITS} and (number := _callable(digits)):
                yield number
                place = end - 1
                break
        place += 1


def _callable(written: str) -> str | None:
    """Give the number that a text is, if we would ever call it: not a free, premium, short or foreign one."""
    digits = re.sub(r"\D", "", written)
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return None
    if usual := _USUAL.fullmatch(digits):
        return f"+{COUNTRY_CODE}{usual[1]}"
    candidates = [written.strip(" .-:")]
    if area := _OLD_FIXED.fullmatch(candidates[0]):
        candidates.append("60" + "".join(filter(None, area.groups())))  # until 2021 the area code had one digit
    if dialled := _OLD_DIALLED.fullmatch(digits):
        candidates.append(f"60{dialled[1]}")  # from a mobile, over an operator, or from abroad, until 2021
    if old := _OLD_MOBILE.fullmatch(digits):
        candidates.append(old[1])  # from a fixed telephone, until 2021
    for candidate in candidates:
        if number := _parsed(candidate):
            return number
    return None


@lru_cache(maxsize=1024)
def _parsed(candidate: str) -> str | None:
    try:
        number = phonenumbers.parse(f"+{candidate[2:]}" if candidate.startswith("00") else candidate, "CO")
    except phonenumbers.NumberParseException:
        return None
    national = phonenumbers.national_significant_number(number)
    if number.country_code != COUNTRY_CODE or len(national) != _DIGITS:
        return None
    return f"+{COUNTRY_CODE}{national}" if phonenumbers.number_type(number) in _CALLED else None
