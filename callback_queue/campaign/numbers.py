"""The telephone numbers in a cell, as people write them: several in one, with an extension, or in an old form."""

import re
from collections.abc import Iterator
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
_OLD_FIXED = re.compile(r"\(?([1245678])\)?[ -]\s*(\d{3})[ -]?(\d{4})", re.ASCII)
_OLD_MOBILE = re.compile(r"03(3\d{9})", re.ASCII)
_EXPONENT = re.compile(r"(\d)[.,](\d+)[eE]\+?(\d{1,2})", re.ASCII)
_FILLER = re.compile(
    r"[-.–—_*/\\?#0 ]*|#?n\.?\s*/?\s*[ad]\.?|null|none|nan|ningun[oa]?|sin\b\D*|no\b\D*|s\s*/\s*[nti]|x+",  # noqa: RUF001  dashes are meant
    re.IGNORECASE,
)
_POINT_ZERO = re.compile(r"(?<=\d{7})\.0+(?!\d)", re.ASCII)
_CALLED = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE})
_DIGITS = 10
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
        whole = match[1] + match[2]
        return whole if len(whole) == int(match[3]) + 1 else match[0]

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
        elif halves := [each for each in _halves(digits) if each]:
            yield from halves
        else:
            yield from filter(None, map(_callable, group.split()))


def _halves(digits: str) -> tuple[str | None, ...]:
    """Give two mobiles that were written without a space between them."""
    if len(digits) != 2 * _DIGITS:
        return ()
    first, second = _callable(digits[:_DIGITS]), _callable(digits[_DIGITS:])
    return (first, second) if first and second else ()


def _callable(written: str) -> str | None:
    """Give the number that a text is, if we would ever call it: not a free, premium, short or foreign one."""
    digits = re.sub(r"\D", "", written)
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return None
    candidates = [written.strip(" .-:")]
    if area := _OLD_FIXED.fullmatch(candidates[0]):
        candidates.append(f"60{area[1]}{area[2]}{area[3]}")  # until 2021 the area code had one digit
    if old := _OLD_MOBILE.fullmatch(digits):
        candidates.append(old[1])  # from a fixed telephone, until 2021
    for candidate in candidates:
        if number := _parsed(candidate):
            return number
    return None


def _parsed(candidate: str) -> str | None:
    try:
        number = phonenumbers.parse(f"+{candidate[2:]}" if candidate.startswith("00") else candidate, "CO")
    except phonenumbers.NumberParseException:
        return None
    if number.country_code != COUNTRY_CODE or phonenumbers.number_type(number) not in _CALLED:
        return None
    return f"+{COUNTRY_CODE}{phonenumbers.national_significant_number(number)}"
