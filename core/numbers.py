"""A caller's telephone number: one written form, where it comes from, and the form that lists may show.

What a telephone network delivers as the caller's number is hostile text until it has been through `normalise`.
"""

import re
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

ANONYMOUS = "anonymous"
COUNTRY_CODE = 57

_DIALLABLE = re.compile(r"[0-9+(][0-9 ().-]{6,29}", re.ASCII)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


class Origin(StrEnum):
    """Where a call comes from, as far as its number tells."""

    MOBILE = "mobile"
    FIXED = "fixed"
    TOLL_FREE = "toll_free"
    INTERNATIONAL = "international"
    UNKNOWN = "unknown"


def normalise(raw: str) -> str:
    """Return `raw` as E.164 ("+573001234567"), or "anonymous" when it is no valid number as dialled in Colombia.

    International numbers may begin with + or with 00; Colombian ones may carry the country code without either.
    """
    text = raw.strip(" ")
    if not _DIALLABLE.fullmatch(text):
        return ANONYMOUS
    candidates = [text]
    if text.startswith("00"):
        candidates.insert(0, "+" + text[2:].lstrip())
    for candidate in candidates:
        number = _parse(candidate)
        if number is not None:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return ANONYMOUS


def is_normal(number: str) -> bool:
    """Tell whether `number` already has a form that `normalise` returns."""
    return number == ANONYMOUS or _E164.fullmatch(number) is not None


def origin(number: str) -> Origin:
    """Tell where a normalised number comes from."""
    parsed = _parse(number) if _E164.fullmatch(number) else None
    if parsed is None:
        return Origin.UNKNOWN
    if parsed.country_code != COUNTRY_CODE:
        return Origin.INTERNATIONAL
    return _ORIGIN_OF_TYPE.get(phonenumbers.number_type(parsed), Origin.UNKNOWN)


def masked(number: str) -> str:
    """Return a normalised number as a list may show it: "300 *** **67"; "Anónimo" where there is none."""
    if not _E164.fullmatch(number):
        return "Anónimo"
    national = number.removeprefix(f"+{COUNTRY_CODE}")
    return f"{national[:3]} *** **{national[-2:]}"


_ORIGIN_OF_TYPE = {
    PhoneNumberType.MOBILE: Origin.MOBILE,
    PhoneNumberType.FIXED_LINE: Origin.FIXED,
    PhoneNumberType.TOLL_FREE: Origin.TOLL_FREE,
}


def _parse(text: str) -> PhoneNumber | None:
    """Return the valid number that `text` is, or None."""
    try:
        number = phonenumbers.parse(text, "CO")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
