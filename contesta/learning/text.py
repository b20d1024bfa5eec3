"""Shares, days and hours of what advisers learn, in words."""

from datetime import date
from fractions import Fraction

from contesta.format import percentage, whole
from contesta.learning.view import MonthOfTraining, Share, TestOf

_MINUTES = 60


def shown(share: Share) -> str:
    """Give a share with its count: "95,00 % (19/20)"."""
    if not share.denominator:
        return "N/A"
    return f"{percentage(share.numerator, share.denominator)} ({whole(share.numerator)}/{whole(share.denominator)})"


def day(one: date) -> str:
    """Give a day as table 23 does: "23/09/2019"."""
    return f"{one.day}/{one:%m/%Y}"


def hours(minutes: int) -> str:
    """Give minutes in hours: "1 hora", "1,5 horas", "0,5 hora", "50 minutos", "0 horas"."""
    if 0 < minutes < _MINUTES and minutes != _MINUTES // 2:
        return "1 minuto" if minutes == 1 else f"{minutes} minutos"
    told = f"{float(Fraction(minutes, _MINUTES)):.2f}".rstrip("0").rstrip(".").replace(".", ",")
    return f"{told} {'hora' if 0 < minutes <= _MINUTES else 'horas'}"


def of_test(test: TestOf) -> str:
    """Say what a test came to, in a sentence."""
    if not test.average.denominator:
        return "Nadie la ha presentado en este mes."
    return (
        f"Promedio general: {shown(test.average)}. La presentaron {_of(test.participation)} asesores; "
        f"aprobaron {_of(test.passed)}."
    )


def of_training(told: MonthOfTraining) -> str:
    """Say what the training of a month came to, in a sentence."""
    if not told.sessions:
        return "No hay capacitaciones en este mes."
    count = len(told.sessions)
    sessions = "1 capacitación" if count == 1 else f"{whole(count)} capacitaciones"
    return f"{sessions}, {hours(told.minutes)} de formación. Llegaron a {_of(told.reach)} asesores."


def _of(share: Share) -> str:
    return f"{whole(share.numerator)} de {whole(share.denominator)}"
