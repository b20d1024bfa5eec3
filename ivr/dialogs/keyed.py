"""What callers key in: identity document, telephone, NIT. What counts as one, and how it is read back to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from stdnum.co import nit as tax_number

from core import numbers
from core.numbers import Origin
from ivr import speech
from ivr.line.model import FieldKind

DOCUMENT_DIGITS = range(5, 11)
PHONE_DIGITS = 10
_PREFIX = f"+{numbers.COUNTRY_CODE}"
_COMPANY_DIGITS = 9
_COMPANIES_BEGIN = "89"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedKind:
    """A kind of number. `understand` returns it as it is kept, None for what is none; `read_back` says it."""

    most_digits: int
    understand: Callable[[str], str | None]
    read_back: Callable[[str], speech.Phrases]


def document(digits: str) -> str | None:
    """Take 5 to 10 digits that do not begin with 0, as identity documents here have."""
    return digits if len(digits) in DOCUMENT_DIGITS and digits[0] != "0" else None


def phone(digits: str) -> str | None:
    """Take a Colombian mobile or fixed number and return it as E.164."""
    number = numbers.normalise(digits) if len(digits) == PHONE_DIGITS else numbers.ANONYMOUS
    return number if can_be_called(number) else None


def nit(digits: str) -> str | None:
    """Take a NIT whose check digit is right, or a company's nine digits without it; return it with its check digit."""
    if len(digits) == _COMPANY_DIGITS and digits[0] in _COMPANIES_BEGIN:
        return digits + str(tax_number.calc_check_digit(digits))
    return digits if len(digits) >= _COMPANY_DIGITS and digits[0] != "0" and tax_number.is_valid(digits) else None


def can_be_called(number: str) -> bool:
    """Tell whether a normalised number is a Colombian mobile or fixed one."""
    return numbers.origin(number) in {Origin.MOBILE, Origin.FIXED}


def say_phone(number: str) -> speech.Phrases:
    """Say an E.164 number of Colombia digit by digit."""
    return speech.telephone(number.removeprefix(_PREFIX))


def _say_nit(value: str) -> speech.Phrases:
    return (*speech.digits(value[:-1]), speech.PAUSE, *speech.digits(value[-1]))


KINDS: Final[Mapping[FieldKind, KeyedKind]] = {
    FieldKind.DOCUMENT: KeyedKind(most_digits=max(DOCUMENT_DIGITS), understand=document, read_back=speech.digits),
    FieldKind.PHONE: KeyedKind(most_digits=PHONE_DIGITS, understand=phone, read_back=say_phone),
    FieldKind.NIT: KeyedKind(most_digits=11, understand=nit, read_back=_say_nit),
}
