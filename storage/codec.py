"""Call events as rows, and back. It follows the fields of `core.events`: a new event needs nothing here."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from types import NoneType
from typing import Any, TypedDict, get_args, get_type_hints

from core import events
from core.errors import ProtocolError
from core.events import Event, Source

LONGEST_TEXT = 300  # characters; PostgreSQL indexes 2 704 bytes, the key of a visit holds two texts

_FROM_JSON = json.JSONDecoder().decode
_TO_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_COLUMNS = {field.name for field in fields(Event)}
_KINDS = {kind.__name__: kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)}


class EventValues(TypedDict):
    """The columns of one row of `event`, its number left out."""

    key: bytes
    kind: str
    source: str
    at: datetime
    ord: int
    call_id: str
    channel_id: str
    data: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one kind of event is built: its own fields, and the types that each takes from JSON."""

    kind: type[Event]
    fields: dict[str, tuple[type, ...]]
    required: frozenset[str]


def encode(event: Event) -> EventValues:
    """Write `event` as a row. Its key is a digest of all it says; `order` is where it was said, and no part of it.

    Characters that no database takes as text (NUL, lone surrogates) become U+FFFD or "?", and a text that no index
    takes is cut.
    """
    kind = type(event).__name__
    own = {name: _kept(getattr(event, name)) for name in _shape(kind).fields}
    call_id, channel_id = storable(event.call_id), storable(event.channel_id)
    data = _TO_JSON(own)
    said = f"{kind}\0{event.source}\0{event.at.isoformat()}\0{call_id}\0{channel_id}\0{data}"
    return {
        "key": blake2b(said.encode(), digest_size=16).digest(),
        "kind": kind,
        "source": event.source.value,
        "at": event.at,
        "ord": event.order,
        "call_id": call_id,
        "channel_id": channel_id,
        "data": data,
    }


def decode(values: Mapping[str, Any], call_id: str | None = None) -> Event:
    """Read an event from its row, as part of call `call_id` where that is now known better than when it was told.

    Raises:
        ProtocolError: the row tells no event of `core.events`, or not all of it.
    """
    shape = _shape(values["kind"])
    own: dict[str, Any] = _FROM_JSON(values["data"])
    if not shape.required <= own.keys() <= shape.fields.keys():
        raise ProtocolError(f"stored {values['kind']} has the fields {sorted(own)}, expected {sorted(shape.fields)}")
    return shape.kind(
        at=values["at"],
        call_id=values["call_id"] if call_id is None else call_id,
        channel_id=values["channel_id"],
        source=Source(values["source"]),
        order=values["ord"],
        **{name: _value(values["kind"], name, told, shape.fields[name]) for name, told in own.items()},
    )


@cache
def _shape(kind: str) -> _Shape:
    if kind not in _KINDS:
        raise ProtocolError(f"stored event of unknown kind {kind!r}")
    own: list[Field[Any]] = [field for field in fields(_KINDS[kind]) if field.name not in _COLUMNS]
    hints = get_type_hints(_KINDS[kind])
    return _Shape(
        kind=_KINDS[kind],
        fields={field.name: get_args(hints[field.name]) or (hints[field.name],) for field in own},
        required=frozenset(field.name for field in own if field.default is MISSING),
    )


def _value(kind: str, name: str, told: Any, allowed: tuple[type, ...]) -> Any:  # noqa: ANN401 - as JSON has it
    for one in allowed:
        if type(told) is one or (told is None and one is NoneType):
            return told
        if issubclass(one, StrEnum) and isinstance(told, str) and told in one._value2member_map_:
            return one(told)
    raise ProtocolError(f"stored {kind} has {told!r} for {name}")


def storable(text: str) -> str:
    """Give a text as the ledger keeps it, which is also how it is found there."""
    if not text.isascii() or "\x00" in text:
        text = text.replace("\x00", "\ufffd").encode(errors="replace").decode()
    return text[:LONGEST_TEXT]


def _kept(value: Any) -> Any:  # noqa: ANN401 - a field of any type
    return storable(value) if isinstance(value, str) else value
