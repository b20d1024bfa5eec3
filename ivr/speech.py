"""Numbers, digits, telephone numbers, dates, times, money and waits as they are said in Colombian Spanish.

A value becomes phrases of a closed vocabulary, so that what is synthesised or recorded once can say any value. Up to
99 a number is one phrase and sounds as one. … is a pause, as in the texts of the catalogue.
"""

# ruff: noqa: SIM905  a row of words reads better as one text

import math
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import Final

from core import codes

Phrases = tuple[str, ...]

PAUSE: Final = "…"
PAUSE_SECONDS: Final = 0.4
FOLDER: Final = "voz"
"""The phrases' prompts have a folder of their own: no text of a line can take the name of one."""
TONE: Final = f"{FOLDER}/tono"
"""The prompt after which a caller speaks; no voice says it."""

LARGEST: Final = 10**12 - 1

_TO_29 = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve"
).split()
_TENS = ["", "", "", *"treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()]
_HUNDREDS = [
    "",
    *"ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos".split(),
]
_DAYS = "lunes martes miércoles jueves viernes sábado domingo".split()
_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
_PARTS_OF_DAY = ((1, "de la noche"), (12, "de la mañana"), (13, "del día"), (19, "de la tarde"), (24, "de la noche"))
_HOUR_MINUTES = 60

_CODE_WORDS = (
    "a de Ana, ce de casa, e de Elena, efe de feria, hache de hotel, jota de Juan, ka de kilo, eme de María, "
    "ene de nube, pe de Pedro, erre de río, te de Tomás, equis, ye de yuca, tres, cuatro, siete, nueve"
).split(", ")
CODE_WORDS: Final = dict(zip(codes.CHARACTERS, _CODE_WORDS, strict=True))
"""How each character of a code is said."""


class Form(Enum):
    """What a number stands before: nothing (uno), or a masculine (veintiún) or feminine noun (doscientas)."""

    ALONE = "alone"
    MASCULINE = "masculine"
    FEMININE = "feminine"


def number(value: int, form: Form = Form.ALONE) -> Phrases:
    """Say a whole number.

    Raises:
        ValueError: it is below 0 or above LARGEST.
    """
    if not 0 <= value <= LARGEST:
        raise ValueError(f"not a number that can be said: {value}")
    millions, rest = divmod(value, 1_000_000)
    thousands, units = divmod(rest, 1_000)
    said: Phrases = ()
    if millions:
        said += ("un millón",) if millions == 1 else (*number(millions, Form.MASCULINE), "millones")
    if thousands:
        before_mil = Form.FEMININE if form is Form.FEMININE else Form.MASCULINE
        said += ("mil",) if thousands == 1 else (*_below_thousand(thousands, before_mil), "mil")
    return said + _below_thousand(units, form) if units or not said else said


def pesos(value: int) -> Phrases:
    """Say an amount of money: "veintiún mil pesos", "un millón de pesos"; raises as `number`."""
    unit = "peso" if value == 1 else "de pesos" if value and value % 1_000_000 == 0 else "pesos"
    return (*number(value, Form.MASCULINE), unit)


def digits(text: str, *, groups: tuple[int, ...] = ()) -> Phrases:
    """Say digits one by one, with a pause between groups: of these sizes, then of three."""
    sizes = iter(groups)
    said: list[str] = []
    while text:
        size = next(sizes, 3)
        said += [_TO_29[int(digit)] for digit in text[:size]]
        text = text[size:]
        if text:
            said.append(PAUSE)
    return tuple(said)


def telephone(national: str) -> Phrases:
    """Say the digits of a telephone number as it is dialled here: 3-3-4."""
    return digits(national, groups=(3, 3, 4))


def code(text: str) -> Phrases:
    """Say a code character by character, each with a word that begins with it; raises KeyError for any other."""
    return tuple(phrase for character in text for phrase in (CODE_WORDS[character], PAUSE))[:-1]


def day(value: date) -> Phrases:
    """Say a day: "martes, tres de junio"."""
    return (_DAYS[value.weekday()], *_day_of_month(value))


def clock(value: time) -> Phrases:
    """Say a time: "dos y cinco de la tarde"."""
    hour = _hour(value)
    return ("una" if hour == 1 else _TO_29[hour], *_minutes_and_part(value))


def moment(value: datetime, now: datetime) -> Phrases:
    """Say when something happens from now on, both in the line's time: "mañana, martes, a las ocho de la mañana"."""
    hour = _hour(value)
    at = ("a la una" if hour == 1 else f"a las {_TO_29[hour]}", *_minutes_and_part(value.time()))
    if value.date() == now.date():
        return ("hoy", *at)
    if value.date() == now.date() + timedelta(days=1):
        return ("mañana", _DAYS[value.weekday()], *at)
    return (f"el {_DAYS[value.weekday()]}", *_day_of_month(value), *at)


def wait(least_seconds: float, most_seconds: float) -> Phrases:
    """Say a wait, always as a range: "de ocho a doce minutos"."""
    least, most = int(least_seconds // 60), math.ceil(most_seconds / 60)
    if most <= 1:
        return ("menos de un minuto",)
    if least >= _HOUR_MINUTES:
        return ("más de una hora",)
    if most <= _HOUR_MINUTES:
        least = max(1, least)
        return f"de {_tens(least, Form.ALONE)}", f"a {_tens(max(most, least + 1), Form.MASCULINE)}", "minutos"
    return ("más de", _tens(least, Form.MASCULINE), "minutos") if least > 1 else ("más de un minuto",)


def prompts(phrases: Phrases) -> Phrases:
    """Return the ids of the prompts that say phrases, and the pause after them."""
    return tuple(map(prompt, (*phrases, PAUSE)))


@cache
def prompt(phrase: str) -> str:
    """Return the id of the prompt that says a phrase: "veintiún" is voz/veintiun."""
    if phrase == PAUSE:
        return f"{FOLDER}/pausa"
    plain = unicodedata.normalize("NFD", phrase).encode("ascii", "ignore").decode()
    return f"{FOLDER}/{plain.lower().replace(' ', '_')}"


@cache
def vocabulary() -> Mapping[str, str]:
    """Return every phrase that any value may need, by the id of its prompt; the pause is among them."""
    return {prompt(phrase): phrase for phrase in _vocabulary()}


def _vocabulary() -> Iterator[str]:
    yield PAUSE
    for form in Form:
        for value in (*range(1000), 1_000, 1_000_000, 2_000_000):
            yield from number(value, form)
    for value in (0, 1, 1_000_000):
        yield from pesos(value)
    yield from CODE_WORDS.values()
    now = datetime(2024, 1, 1, tzinfo=UTC)  # of a leap year: all days and minutes there are
    for days in range(366):
        yield from moment(now + timedelta(days=days), now)
        yield from day(now + timedelta(days=days))
    for minutes in range(24 * 60):
        yield from moment(now + timedelta(minutes=minutes), now)
    for least in range(_HOUR_MINUTES):
        yield from wait(60 * least, 0)
        yield from wait(60 * least, 60 * least + 60)
        yield from wait(60 * least, 3_601)
    yield from wait(3_600, 3_600)


def _below_thousand(value: int, form: Form) -> Phrases:
    hundreds, rest = divmod(value, 100)
    if value == 100:  # noqa: PLR2004  the one that is said otherwise
        return ("cien",)
    word = _HUNDREDS[hundreds]
    if form is Form.FEMININE and hundreds > 1:
        word = f"{word[:-2]}as"
    return tuple(filter(None, (word, _tens(rest, form) if rest or not hundreds else "")))


def _tens(value: int, form: Form) -> str:
    tens, units = divmod(value, 10)
    word = f"{_TENS[tens]} y {_TO_29[units]}" if units else _TENS[tens]
    if value < len(_TO_29):
        word = _TO_29[value]
    if not word.endswith("uno") or form is Form.ALONE:
        return word
    if form is Form.FEMININE:
        return f"{word[:-1]}a"
    return "veintiún" if value == 21 else word[:-1]  # noqa: PLR2004  the one with an accent


def _day_of_month(value: date) -> Phrases:
    return "primero" if value.day == 1 else _tens(value.day, Form.ALONE), f"de {_MONTHS[value.month - 1]}"


def _hour(value: time | datetime) -> int:
    return (value.hour - 1) % 12 + 1


def _minutes_and_part(value: time) -> Phrases:
    part = next(said for until, said in _PARTS_OF_DAY if value.hour < until)
    if value.minute == 0:
        return (part,)
    spoken = {15: "cuarto", 30: "media"}.get(value.minute) or _tens(value.minute, Form.ALONE)
    return f"y {spoken}", part
