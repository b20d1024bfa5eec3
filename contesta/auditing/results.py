"""What audits come to, as other programs take it and as people read it."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from contesta.format import UNKNOWN, percentage, whole
from quality.matrix.agreement import Agreement, Bias
from quality.matrix.matrix import Category
from quality.matrix.scores import ItemScore, Score, Scorecard, pareto
from storage.quality_samples import StoredSample

CATEGORY_WORDS: Mapping[Category, str] = {
    Category.BUSINESS_CRITICAL: "Calidad crítica de negocio",
    Category.END_USER_CRITICAL: "Calidad crítica de usuario final",
    Category.NON_CRITICAL: "Calidad no crítica",
}
NO_AUDITS = "No hay auditorías en el periodo: no hay cifras."


def contract(card: Scorecard) -> dict[str, Any]:
    """Give what a set of audits comes to, as `docs/calidad.md` describes it; shares are fractions from 0 to 1."""
    return {
        "audits": card.audits,
        "matrices": [{"id": matrix.id, "version": matrix.version} for matrix in card.matrices],
        **{str(category): proportion(card.scores[category]) for category in Category},
        "items": {_key(card, item, item.item.id): _item(card, item) for item in card.items},
        "pareto": [
            {
                "subitem": cause.score.subitem.id,
                "failures": cause.score.failures,
                "share": float(cause.share),
                "cumulative": float(cause.cumulative),
            }
            for cause in pareto(card)
        ],
    }


def proportion(score: Score) -> dict[str, Any]:
    """Give a share with all that belongs to it."""
    interval = score.interval
    return {
        "value": score.value,
        "numerator": score.numerator,
        "denominator": score.denominator,
        "low": interval and interval.low,
        "high": interval and interval.high,
        "threshold": None if score.threshold is None else float(score.threshold),
        "complies": score.complies,
    }


def agreements(found: Mapping[str, Agreement], biases: Sequence[Bias]) -> dict[str, Any]:
    """Give how far auditors agree."""
    return {
        "items": {
            number: {
                "pairs": one.pairs,
                "equal": one.equal,
                "kappa": one.kappa,
                "low": one.interval and one.interval.low,
                "high": one.interval and one.interval.high,
            }
            for number, one in found.items()
        },
        "auditors": {
            one.auditor: {
                "marks": one.marks,
                "only_this": one.only_this,
                "only_others": one.only_others,
                "excess": one.excess,
                "p_value": one.p_value,
            }
            for one in biases
        },
    }


def sample(made: StoredSample, zone: ZoneInfo) -> dict[str, Any]:
    """Give a sample, as other programs take it."""
    return {
        "sample": made.id,
        "line": made.of.line,
        "first": made.of.first.isoformat(),
        "last": made.of.last.isoformat(),
        "size": made.size,
        "seed": made.seed,
        "population": dict(made.population),
        "drawn": [
            {"call": one.call_id, "agent": one.agent, "at": one.at.isoformat(), "seconds": one.seconds}
            | dict(zip(("day_part", "length", "disposition"), one.stratum(zone)[1:], strict=True))
            for one in made.drawn
        ],
        "excluded": [
            {"call": one.call_id, "agent": one.agent, "at": one.at.isoformat(), "reason": one.exclusion}
            for one in made.excluded
        ],
    }


def sentence(category: Category, score: Score) -> str:
    """Say a figure and its verdict, with what is not certain of it."""
    name, interval = CATEGORY_WORDS[category], score.interval
    if interval is None:
        return f"{name}: sin auditorías que la midan."
    low, high = (percent(edge) for edge in interval)
    figure = (
        f"{name}: {percentage(score.numerator, score.denominator)} "
        f"({whole(score.numerator)}/{whole(score.denominator)}; entre {low} y {high})."
    )
    return f"{figure} {verdict(score)}"


def verdict(score: Score) -> str:
    """Say whether a figure complies, and how sure that is."""
    if score.complies is None or score.threshold is None:
        return "Se contaron versiones con metas distintas: el veredicto es de cada versión."
    goal = f"la meta de {percent(score.threshold)}"
    said = f"Cumple {goal}" if score.complies else f"No cumple {goal}"
    return f"{said}." if score.is_certain else f"{said}, con muestra insuficiente para asegurarlo."


def percent(share: Fraction | float | None) -> str:
    """Write a share with a decimal, or with none if it is whole: "83,0 %", "85 %"."""
    if share is None:
        return UNKNOWN
    if isinstance(share, Fraction) and (share * 100).denominator == 1:
        return f"{int(share * 100)}\N{NO-BREAK SPACE}%"
    return f"{float(share) * 100:.1f}\N{NO-BREAK SPACE}%".replace(".", ",")


def plain(value: float | None) -> str:
    """Write a number with two decimals: "0,43"."""
    return UNKNOWN if value is None else f"{value:.2f}".replace(".", ",").replace("-", "\N{MINUS SIGN}")


def participation(card: Scorecard, category: Category) -> Iterator[ItemScore]:
    """Yield the items of a category that failed, most failures first (ART-2019, "% Participación ENC")."""
    failed = [item for item in card.items if item.item.category is category and item.failures]
    yield from sorted(failed, key=lambda item: -item.failures)


def _key(card: Scorecard, item: ItemScore, number: str) -> str:
    several = len({matrix.id for matrix in card.matrices}) > 1
    return f"{item.matrix_id}/{number}" if several else number


def _item(card: Scorecard, item: ItemScore) -> dict[str, Any]:
    return {
        "title": item.item.title,
        "category": item.item.category,
        "complies": item.complies,
        "applies": item.applies,
        "failures": item.failures,
        "audits_failed": item.audits_failed,
        "share": None if item.share is None else float(item.share),
        "subitems": {
            _key(card, item, each.subitem.id): {
                "title": each.subitem.title,
                "complies": each.complies,
                "applies": each.applies,
                "failures": each.failures,
            }
            for each in item.subitems
        },
    }
