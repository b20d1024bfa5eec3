"""What a text message costs: its encoding and its segments, exactly as networks bill them.

GSM 7-bit default alphabet with its extension table: 3GPP TS 23.038, 6.2.1. UCS-2: 16-bit units, of which a character
beyond the basic plane takes two. Concatenation: 3GPP TS 23.040, 9.2.3.24.1; its header takes 6 of a segment's 140
octets. Neither an escape with its character nor a surrogate pair is ever split between segments, so a segment may
carry one unit less than it could.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.errors import ConfigurationError

MOST_SEGMENTS: Final = 255
"""The header of a segment counts in one octet."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|"} | {
    0x65: "€"
}
_ESCAPE = 0x1B

_SEPTETS: Mapping[str, bytes] = {
    character: bytes([code]) for code, character in enumerate(_BASIC) if code != _ESCAPE
} | {character: bytes([_ESCAPE, code]) for code, character in _EXTENSION.items()}

_INSTEAD: Mapping[str, str] = {
    **dict.fromkeys("“”„«»‟″", '"'),
    **dict.fromkeys("‘’‚‛′´`", "'"),  # noqa: RUF001  these are what is meant
    **dict.fromkeys("‐‑‒–—―−•", "-"),  # noqa: RUF001  likewise
    **dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\t", " "),
    "…": "...",
    "ç": "c",
    "\N{ZERO WIDTH SPACE}": "",
    "\N{ZERO WIDTH NO-BREAK SPACE}": "",
}


class Encoding(StrEnum):
    """How the characters of a message travel."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"

    @property
    def alone_units(self) -> int:
        """How many units a message of one segment holds."""
        return 160 if self is Encoding.GSM7 else 70

    @property
    def joined_units(self) -> int:
        """How many units each segment of several holds."""
        return 153 if self is Encoding.GSM7 else 67


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message as it is billed: `units` are septets, or 16-bit units; `segments` the text of each."""

    text: str
    encoding: Encoding
    units: int
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costly:
    """A character that forces UCS-2: how often it stands there, and what could stand instead, "" if nothing could."""

    character: str
    count: int
    instead: str


def compose(text: str) -> Composed:
    """Split a text into the fewest segments. An empty text has none.

    Raises:
        ConfigurationError: it takes more than 255 segments, or has half of a surrogate pair.
    """
    encoding = Encoding.GSM7 if all(character in _SEPTETS for character in text) else Encoding.UCS2
    units_of = _units_of(encoding)
    try:
        units = sum(map(units_of, text))
    except UnicodeEncodeError as half:
        raise ConfigurationError("el texto tiene un carácter incompleto; escríbalo de nuevo") from half
    room = encoding.alone_units if units <= encoding.alone_units else encoding.joined_units
    segments = tuple(_split(text, units_of, room)) if text else ()
    if len(segments) > MOST_SEGMENTS:
        raise ConfigurationError(f"el texto ocupa {len(segments)} segmentos y el máximo es {MOST_SEGMENTS}; acórtelo")
    return Composed(text=text, encoding=encoding, units=units, segments=segments)


def costly(text: str) -> tuple[Costly, ...]:
    """Give the characters that force UCS-2, in the order in which they first appear."""
    counted = Counter(character for character in text if character not in _SEPTETS)
    return tuple(Costly(character=each, count=count, instead=_instead(each)) for each, count in counted.items())


def cheaper(text: str) -> str:
    """Give the same text with each character that forces UCS-2 replaced where something can stand instead."""
    return "".join(each if each in _SEPTETS else _instead(each) or _kept(each) for each in text)


def encode(segment: str, encoding: Encoding) -> bytes:
    """Write a segment as gateways take it: GSM 7-bit with one septet an octet, or UTF-16 with the high octet first."""
    if encoding is Encoding.GSM7:
        return b"".join(_SEPTETS[character] for character in segment)
    return segment.encode("utf-16-be")


def decode(octets: bytes, encoding: Encoding) -> str:
    """Read what `encode` wrote, or any other octets: what means nothing becomes a question mark."""
    if encoding is Encoding.UCS2:
        return octets.decode("utf-16-be", "replace").replace("\N{REPLACEMENT CHARACTER}", "?")
    found, escaped = [], False
    for octet in octets:
        if octet == _ESCAPE and not escaped:
            escaped = True
            continue
        plain = _BASIC[octet] if octet < len(_BASIC) and octet != _ESCAPE else "?"
        found.append(_EXTENSION.get(octet, plain) if escaped else plain)
        escaped = False
    return "".join(found)


def _units_of(encoding: Encoding) -> Callable[[str], int]:
    if encoding is Encoding.GSM7:
        return lambda character: len(_SEPTETS[character])
    return lambda character: len(character.encode("utf-16-be")) // 2


def _split(text: str, units_of: Callable[[str], int], room: int) -> Iterator[str]:
    begin, used = 0, 0
    for index, character in enumerate(text):
        units = units_of(character)
        if used + units > room:
            yield text[begin:index]
            begin, used = index, 0
        used += units
    yield text[begin:]


def _instead(character: str) -> str:
    if character in _INSTEAD:
        return _INSTEAD[character]
    plain = "".join(each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each))
    return plain if plain and all(each in _SEPTETS for each in plain) else ""


def _kept(character: str) -> str:
    return "" if character in _INSTEAD else character
