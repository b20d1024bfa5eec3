"""Whose data something is: a call, a promised call, or a person by telephone number or identity document."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from core.errors import ConfigurationError
from core.numbers import ANONYMOUS, normalise

_LONGEST = 128
_DOCUMENT = re.compile(r"[0-9A-Z]{3,20}", re.ASCII)
_BETWEEN = re.compile(r"[\s.,-]+")


class What(StrEnum):
    """What a subject is named by."""

    CALL = "call"
    REQUEST = "request"
    TELEPHONE = "telephone"
    DOCUMENT = "document"

    @property
    def person(self) -> bool:
        """Whether it names a person."""
        return self in {What.TELEPHONE, What.DOCUMENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`value` is a call's or a promised call's id, a telephone as E.164, or a document as `plain` gives it."""

    what: What
    value: str

    @classmethod
    def read(cls, what: What, said: str) -> Self:
        """Read what somebody typed.

        Raises:
            ConfigurationError: it is no such thing.
        """
        said = said.strip()
        match what:
            case What.TELEPHONE:
                value = normalise(said)
                if value == ANONYMOUS:
                    raise ConfigurationError(f"«{said[:40]}» no es un teléfono; escríbalo como 300 123 4567")
            case What.DOCUMENT:
                value = plain(said)
                if not _DOCUMENT.fullmatch(value):
                    raise ConfigurationError(f"«{said[:40]}» no es un documento; escriba de 3 a 20 cifras o letras")
            case What.CALL | What.REQUEST:
                value = said
                if not value or len(value) > _LONGEST or not value.isprintable():
                    raise ConfigurationError("escriba el identificador, como lo da la lista")
        return cls(what=what, value=value)


def plain(document: str) -> str:
    """Give a document's number without what people write between its digits: 1.023.456 is 1023456."""
    return _BETWEEN.sub("", document).upper()
