"""What comes from outside, read into models; what is wrong is said in words, with its place.

Errors here are messages for a person: `InvalidInput.where` is the field, such as "query.desde".
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError

from core.errors import ContestaError

_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LONGEST_SHOWN = 60
_SAID = {
    "missing": "falta",
    "extra_forbidden": "no se conoce aquí",
    "string_too_short": "es muy corto: mínimo {min_length} caracteres",
    "string_too_long": "es muy largo: máximo {max_length} caracteres",
    "string_pattern_mismatch": "tiene caracteres que no se aceptan",
    "int_parsing": "no es un número entero",
    "int_parsing_size": "es un número demasiado grande",
    "greater_than_equal": "debe ser mínimo {ge}",
    "less_than_equal": "debe ser máximo {le}",
    "less_than": "debe ser menor que {lt}",
    "enum": "debe ser uno de: {expected}",
    "literal_error": "debe ser uno de: {expected}",
    "bool_parsing": "debe ser sí o no",
    "json_invalid": "no es JSON",
}
_NO_MOMENT = "no es un momento con su zona; escríbalo como 2025-06-03T14:30:00-05:00"
_NO_DAY = "no es una fecha; escríbala como 2025-06-03"
_BY_BEGINNING = {
    "date_": _NO_DAY,
    "datetime_": _NO_MOMENT,
    "timezone_": _NO_MOMENT,
}
_UNCLEAR = "no se entiende"

Model = TypeVar("Model", bound=BaseModel)


LONGEST = 200
"""Text in a query or a form."""


class Asked(BaseModel):
    """Base of what is asked in a query or a form: nothing unknown, and no text longer than anybody would write."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, str_max_length=LONGEST)


class Told(BaseModel):
    """Base of what the API answers. Moments are ISO 8601 in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _day_within(told: date) -> date:
    return min(max(told, _FIRST.date()), _LAST.date())


def _moment_within(told: datetime) -> datetime:
    return min(max(told, _FIRST), _LAST)


def _as_written(pattern: str, words: str) -> BeforeValidator:
    """Take only what is written so: pydantic would take a number for a Unix time."""

    def checked(told: object) -> object:
        if isinstance(told, str) and re.match(pattern, told) is None:
            raise ValueError(words)
        return told

    return BeforeValidator(checked)


Day = Annotated[date, _as_written(f"{_DATE}$", _NO_DAY), AfterValidator(_day_within)]
"""A day that somebody asks about. Those before 1970 and after 2200 stand for the first and the last of these."""

Moment = Annotated[AwareDatetime, _as_written(f"{_DATE}[Tt ]", _NO_MOMENT), AfterValidator(_moment_within)]
"""A moment that somebody asks about, with its zone; bounded as `Day` is."""


class RefusedError(ContestaError):
    """What was asked can be understood, and cannot be done as things are."""


class InvalidInputError(ContestaError):
    """What was asked cannot be: `where` names the field, the message what is wrong with it."""

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message)
        self.where = where


def read(model: type[Model], told: Mapping[str, Any], place: str) -> Model:
    """Read `told` into a model. `place` is "query" or "body".

    Raises:
        InvalidInputError: the first thing that is wrong.
    """
    for name, text in _texts(told):
        if not is_plain(text):
            raise InvalidInputError(f"«{shown(name)}» tiene caracteres que no se pueden escribir", f"{place}.{name}")
    try:
        return model.model_validate(told)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        message = f"«{shown(name)}» {words(fault['type'], fault.get('ctx', {}))}" if name else _UNCLEAR
        raise InvalidInputError(message, f"{place}.{name}".rstrip(".")) from error


def is_plain(text: str) -> bool:
    """Tell whether a text has neither control characters (but those of a line's end) nor halves of characters."""
    return _UNWRITABLE.search(text) is None


def without_controls(text: str) -> str:
    """Give a text without the characters that `is_plain` does not allow."""
    return _UNWRITABLE.sub("", text)


def shown(text: str) -> str:
    """Give a text from outside as a message may show it: short, and without what cannot be written."""
    return _UNWRITABLE.sub("", text)[:_LONGEST_SHOWN]


def _texts(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give every text in `told`, names included, each with the name of the field it is in."""
    for name, value in told.items():
        yield name, name
        values = value if isinstance(value, list) else [value]
        for one in values:
            if isinstance(one, str):
                yield name, one
            elif isinstance(one, Mapping):
                yield from _texts(one)


def words(kind: str, context: Mapping[str, Any]) -> str:
    """Say what pydantic found, by its name for it."""
    if kind == "value_error":
        return str(context["error"])
    for beginning, said in _BY_BEGINNING.items():
        if kind.startswith(beginning):
            return said
    return _SAID.get(kind, _UNCLEAR).format_map(context).replace(" or ", " o ")
