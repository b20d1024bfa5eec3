"""A sample, from being asked for to being kept: what there is to hear, what may be heard, what was drawn."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from contesta.format import clock, duration, short_date, whole
from contesta.months import bounds
from contesta.recordings import recording_path
from core.errors import ConfigurationError
from quality.matrix.sampling import Conversation, DayPart, Exclusion, Length, Margin, PerAgent, Size, draw
from storage.quality_samples import Draw, Samples, StoredSample

OF_ART_2019 = 10
EXCLUSION_WORDS: Mapping[Exclusion, str] = {
    Exclusion.NOT_AUTHORISED: "el ciudadano no autorizó grabar",
    Exclusion.NO_RECORDING: "no hay grabación",
    Exclusion.FILE_MISSING: "el archivo de la grabación ya no está",
    Exclusion.GOES_ON: "la conversación no ha terminado",
    Exclusion.AUDITED: "ya está en una muestra o tiene auditoría",
}
_PART_WORDS = {DayPart.MORNING: "en la mañana", DayPart.AFTERNOON: "en la tarde", DayPart.EVENING: "en la noche"}
_LENGTH_WORDS = {Length.SHORT: "corta", Length.MEDIUM: "mediana", Length.LONG: "larga"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for: the conversations of a line on local days, both included."""

    line: str
    first: date
    last: date
    size: Size
    seed: str


def month_days(month: str, zone: ZoneInfo) -> tuple[date, date]:
    """Give the first and the last day of a month such as "2019-09".

    Raises:
        ConfigurationError: it is none.
    """
    since, until = bounds(month, zone)
    return since.astimezone(zone).date(), (until - timedelta(seconds=1)).astimezone(zone).date()


def size_of(per_agent: int | None, margin: str) -> Size:
    """Read the size of a sample: fixed for each agent, or by a margin of error such as "5 %".

    Raises:
        ConfigurationError: both are asked for, or the margin is none.
    """
    if not margin:
        return PerAgent(count=OF_ART_2019 if per_agent is None else per_agent)
    if per_agent is not None:
        raise ConfigurationError("use --per-agent o --margin, no los dos")
    try:
        return Margin(margin=Fraction(margin.removesuffix("%").strip().replace(",", ".")) / 100)
    except (ValueError, ZeroDivisionError) as error:
        raise ConfigurationError(f"margen no válido: «{margin}». Escríbalo como 5 %") from error


def make(engine: Engine, recordings: Path, order: Order, zone: ZoneInfo, who: str, now: datetime) -> StoredSample:
    """Draw a sample and keep it.

    Raises:
        ConfigurationError: the size or the seed is none, or there is nothing to draw.
    """
    samples = Samples(engine)
    since = datetime.combine(order.first, time(), zone).astimezone(UTC)
    until = datetime.combine(order.last + timedelta(days=1), time(), zone).astimezone(UTC)
    there = [_heard(one, recordings) for one in samples.conversations(order.line, since, until)]
    drawn = draw(there, order.size, order.seed, zone)
    if not drawn.drawn:
        reasons = "; ".join(f"{count} porque {why}" for why, count in reasons_of(drawn.excluded).items())
        said = f"Quedaron por fuera: {reasons}" if reasons else "revise la línea y los días"
        raise ConfigurationError(f"no hay conversaciones que auditar en la línea {order.line}. {said}")
    of = Draw(line=order.line, first=order.first, last=order.last, made_by=who, made_at=now)
    stored = samples.find(samples.add(drawn, of))
    if stored is None:
        raise ConfigurationError("la muestra no se guardó; intente de nuevo")
    return stored


def reasons_of(excluded: tuple[Conversation, ...]) -> dict[str, int]:
    """Count why conversations could not be drawn, in words."""
    counts = Counter(one.exclusion for one in excluded)
    return {words: counts[why] for why, words in EXCLUSION_WORDS.items() if counts[why]}


def why(one: Conversation, sample: StoredSample, zone: ZoneInfo) -> str:
    """Say why a conversation was drawn."""
    stratum = one.stratum(zone)
    subject = f", tipificada «{one.disposition}»" if one.disposition else ""
    return (
        f"Salió al azar entre {whole(sample.population.get(one.agent, 0))} de {one.agent}: "
        f"{_LENGTH_WORDS[stratum.length]}, {_PART_WORDS[stratum.day_part]}{subject}. Semilla {sample.seed}."
    )


def rows(sample: StoredSample, zone: ZoneInfo) -> Iterator[tuple[str, ...]]:
    """Yield what a list of the sample shows: place, day, hour, agent, length, call."""
    for place, one in enumerate(sample.drawn, start=1):
        yield (
            str(place),
            short_date(one.at, zone),
            clock(one.at, zone),
            one.agent,
            duration(one.seconds * 1000),
            one.call_id,
        )


def _heard(one: Conversation, recordings: Path) -> Conversation:
    if one.exclusion is None and recording_path(recordings, one.file) is None:
        return replace(one, exclusion=Exclusion.FILE_MISSING)
    return one
