"""How a text must be so that a voice can say it and a caller can follow it on the telephone."""

import re
from collections.abc import Iterator

SENTENCE_WORDS = 20

_NEVER = re.compile(r"\b(inv[áa]lid|incorrect|err[óo]ne)\w*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_STRANGE = re.compile(r"[^\wáéíóúüñÁÉÍÓÚÜÑ .,;:…¿?¡!-]")
_KEY = re.compile(r"(?:marque|oprima|tecla|…)\s+(?:la tecla\s+|el\s+)?(\d|asterisco|numeral)\b", re.IGNORECASE)
_KEY_NAMES = {"asterisco": "*", "numeral": "#"}
_LETTER_SECONDS, _PAUSE_SECONDS, _SENTENCE_SECONDS = 0.097, 0.39, 0.5
"""Of the synthetic voice, fitted to the Spanish catalogue: right to a second or so."""


def unspeakable(text: str) -> Iterator[str]:
    """Yield what a voice cannot say."""
    if strange := _STRANGE.search(text):
        yield f"el carácter {strange[0]!r} no se puede decir; escríbalo con palabras"


def hard_to_follow(text: str) -> Iterator[str]:
    """Yield what a caller could not follow, or should not hear."""
    if blaming := _NEVER.search(text):
        yield f"no diga «{blaming[0]}»: diga qué puede hacer la persona"
    for sentence in _SENTENCE_END.split(text):
        words = len(re.findall(r"\w+", sentence))
        if words > SENTENCE_WORDS:
            yield f"una frase tiene {words} palabras; parta la que empieza por «{sentence[:30]}»"


def seconds(text: str) -> float:
    """Estimate how long a text takes to say."""
    return (
        _LETTER_SECONDS * len(re.findall(r"\w", text))
        + _PAUSE_SECONDS * text.count("…")
        + _SENTENCE_SECONDS * (len(_SENTENCE_END.split(text)) - 1)
    )


def keys(text: str) -> set[str]:
    """Return the keys that a text asks to press."""
    return {_KEY_NAMES.get(key.lower(), key) for key in _KEY.findall(text)}
