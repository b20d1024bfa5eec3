"""Shares of survey results in words; page and terminal share them."""

from contesta.format import percentage, whole
from contesta.survey_results import QuestionResult, Share


def said(share: Share) -> str:
    """Write a share with what it is of."""
    if not share.denominator:
        return "N/A"
    return f"{percentage(share.numerator, share.denominator)} ({whole(share.numerator)}/{whole(share.denominator)})"


def responded(one: QuestionResult) -> str:
    """Write how many answered, and how many of that advisers typed; where nobody was attended, of those asked."""
    if one.asked and not one.response_rate.denominator:
        return f"{whole(one.answered)} de {whole(one.asked)}"
    return said(one.response_rate) + (f"; {typed(one.typed)}" if one.typed else "")


def typed(count: int) -> str:
    """Say how many answers advisers typed: «12 escritas por asesores»."""
    return f"{whole(count)} {'escrita' if count == 1 else 'escritas'} por asesores"
