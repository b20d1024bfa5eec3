"""Numbers, durations, times and telephone numbers as Colombia writes them. What is not known is a dash, never 0."""

from datetime import datetime, timedelta, tzinfo

from core.numbers import ANONYMOUS

UNKNOWN = "\N{EN DASH}"

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_COUNTRY = "+57"
_NATIONAL_DIGITS = 10
_NOON = 12
_DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
_MONTHS = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)


def whole(number: int | None) -> str:
    """1142 is "1.142"; what is below zero has a minus sign, not a hyphen."""
    return UNKNOWN if number is None else f"{number:,}".replace(",", ".").replace("-", "\N{MINUS SIGN}")


def percentage(numerator: int, denominator: int) -> str:
    """172 of 181 is "95,03 %"; of nothing there is no percentage."""
    if denominator == 0:
        return "N/A"
    return f"{100 * numerator / denominator:.2f}{_NO_BREAK_SPACE}%".replace(".", ",")


def decimal(number: float | None) -> str:
    """4.256 is "4,26"."""
    return UNKNOWN if number is None else f"{number:.2f}".replace(".", ",").replace("-", "\N{MINUS SIGN}")


def duration(milliseconds: int | None) -> str:
    """Round to whole seconds: 130 400 ms is "2:10", from an hour on "1:02:10"."""
    if milliseconds is None:
        return UNKNOWN
    minutes, seconds = divmod((milliseconds + 500) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def elapsed(since: timedelta) -> str:
    """Time since a call began: "+02:10", from an hour on "+1:02:10", from a day on "+3 días"."""
    if since.days:
        return f"+{whole(since.days)} {'día' if since.days == 1 else 'días'}"
    shown = duration(since // timedelta(milliseconds=1))
    return f"+{shown}" if shown.count(":") > 1 else f"+{shown:0>5}"


def clock(moment: datetime, zone: tzinfo) -> str:
    """Hour of the day for operations: "14:05:07"."""
    return f"{moment.astimezone(zone):%H:%M:%S}"


def public_hour(moment: datetime, zone: tzinfo) -> str:
    """Hour of the day for the public: "2:05 p. m."."""
    local = moment.astimezone(zone)
    half = "a" if local.hour < _NOON else "p"
    return f"{(local.hour - 1) % _NOON + 1}:{local:%M}{_NO_BREAK_SPACE}{half}.{_NO_BREAK_SPACE}m."


def short_date(moment: datetime, zone: tzinfo) -> str:
    """Day in few characters: "3/06/2025"."""
    local = moment.astimezone(zone)
    return f"{local.day}/{local:%m/%Y}"


def day_and_hour(moment: datetime, zone: tzinfo) -> str:
    """Day and hour in few characters: "3/06/2025 14:05:07"."""
    return f"{short_date(moment, zone)} {clock(moment, zone)}"


def long_date(moment: datetime, zone: tzinfo) -> str:
    """Day in words: "martes 3 de junio de 2025"."""
    local = moment.astimezone(zone)
    return f"{_DAYS[local.weekday()]} {local.day} de {_MONTHS[local.month - 1]} de {local.year}"


def capital(text: str) -> str:
    """Begin a text with a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"


def sentence(message: str) -> str:
    """Make a sentence of a message, such as an error's; of no message none."""
    return message and f"{capital(message)}."


def phone(number: str) -> str:
    """Give a normalised number as it is dialled here: "300 123 4567"; a foreign one as it is."""
    if number == ANONYMOUS:
        return "Anónimo"
    national = number.removeprefix(_COUNTRY)
    if national == number or len(national) != _NATIONAL_DIGITS:
        return number
    return f"{national[:3]} {national[3:6]} {national[6:]}"
