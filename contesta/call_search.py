"""What somebody asks of the list of calls, in their words: an address, removable filters, and the ledger's filter.

`calls_address` writes the addresses that the page of calls reads. Moments in them are days or local times of the line:
`desde` is the first, `hasta` the last day, or the time before which.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Self
from urllib.parse import quote, urlencode

from contesta.format import duration, short_date
from contesta.narrative import OUTCOMES
from contesta.said_search import answer_asked, answer_words, deed_asked, passage_words
from core.errors import ConfigurationError
from quality.metrics.visits import Outcome
from storage.call_filter import CallFilter

CALLS = "/llamadas"
FIRST_YEAR, LAST_YEAR = 1970, 2200
LONGEST_WAIT_SECONDS = 86_400
WAITING_NOW = "esperando"
TALK_KNOWN = "conocida"
OUTCOME_OF_WORD = {word.replace("en ", ""): outcome for outcome, word in OUTCOMES.items()}
GROUPS: Mapping[str, frozenset[Outcome]] = {
    "recibidas": frozenset(Outcome),
    "sin fantasmas": frozenset(Outcome) - {Outcome.GHOST},
    "contestadas o abandonadas": frozenset({Outcome.ANSWERED, Outcome.ABANDONED}),
    "otras": frozenset({Outcome.OVERFLOW, Outcome.CLOSED, Outcome.LOST}),
}
"""Outcomes that figures count together: offered, the denominator of rates, of the inclusive service level, the rest."""

WORDS = (*OUTCOME_OF_WORD, *GROUPS, WAITING_NOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSearch:
    """What is asked; None and "" ask for nothing. `outcome` is one of WORDS; waits are in seconds.

    `unanswered_by` is an adviser who let a ring pass; `passage` from one place to the next, as funnels write it. What
    is asked of answers and of the way is in the words of `contesta.said_search`: `place` is a menu or a text. With
    `as_of`, outcomes are those that there were then.
    """

    since: datetime | None = None
    until: datetime | None = None
    line: str = ""
    queue: str = ""
    outcome: str = ""
    agent: str = ""
    wait_at_most: int | None = None
    wait_more_than: int | None = None
    talk_known: bool = False
    unanswered_by: str = ""
    as_of: datetime | None = None
    survey: str = ""
    question: str = ""
    answer: str = ""
    attended: str = ""
    did: str = ""
    stage: str = ""
    place: str = ""
    key: str = ""
    passage: str = ""

    def filter(self, ghost_seconds: int, answered_by: str | None = None) -> CallFilter:
        """Give it as the ledger takes it; `answered_by` is the adviser beyond whose calls nothing is shown."""
        return CallFilter(
            since=self.since,
            until=self.until,
            line=self.line or None,
            queue=self.queue or None,
            outcomes=_outcomes(self.outcome),
            waiting_now=self.outcome == WAITING_NOW,
            agent=self.agent or None,
            wait_at_most_ms=None if self.wait_at_most is None else self.wait_at_most * 1000,
            wait_more_than_ms=None if self.wait_more_than is None else self.wait_more_than * 1000,
            talk_known=self.talk_known,
            unanswered_by=self.unanswered_by or None,
            as_of=self.as_of,
            answered_by=answered_by,
            answer=answer_asked(self.survey, self.question, self.answer, self.attended),
            deed=deed_asked(self.did, self.stage, self.place, self.key),
            passage=self.passage or None,
            ghost_seconds=ghost_seconds,
        )

    def parameters(self, zone: tzinfo) -> dict[str, str]:
        """Write what is asked as the parameters of an address."""
        return {name: text for name, text in self._told(zone) if text}

    def without(self, parameter: str) -> Self:
        """Give it without one of its parameters."""
        unasked: dict[str, Any] = {_FIELDS[parameter]: getattr(NOTHING_ASKED, _FIELDS[parameter])}
        return replace(self, **unasked)

    def _told(self, zone: tzinfo) -> Iterator[tuple[str, str]]:
        yield "desde", "" if self.since is None else _written(self.since, zone)
        yield "hasta", "" if self.until is None else _written(self.until, zone, days=-1)
        yield "linea", self.line
        yield "cola", self.queue
        yield "resultado", self.outcome
        yield "asesor", self.agent
        yield "espera_max", "" if self.wait_at_most is None else str(self.wait_at_most)
        yield "espera_mas_de", "" if self.wait_more_than is None else str(self.wait_more_than)
        yield "duracion", TALK_KNOWN if self.talk_known else ""
        yield "no_contesto", self.unanswered_by
        yield "corte", "" if self.as_of is None else _written(self.as_of, zone)
        yield from ((name, getattr(self, _FIELDS[name])) for name in SAID)

    def chips(self, zone: tzinfo) -> dict[str, str]:
        """Say each filter in words, under the name of its parameter."""
        words = self.parameters(zone) | {
            "desde": "" if self.since is None else f"Desde el {_said(self.since, zone)}",
            "hasta": "" if self.until is None else _until(self.until, zone),
            "linea": f"Línea: {self.line}",
            "cola": f"Cola: {self.queue}",
            "resultado": f"Resultado: {self.outcome}",
            "asesor": f"Asesor: {self.agent}",
            "espera_max": f"Espera: {duration((self.wait_at_most or 0) * 1000)} o menos",
            "espera_mas_de": f"Espera: más de {duration((self.wait_more_than or 0) * 1000)}",
            "duracion": "Conversación de duración conocida",
            "no_contesto": f"No contestó: {self.unanswered_by}",
            "corte": "" if self.as_of is None else f"Como estaba el {_said(self.as_of, zone)}",
            "encuesta": f"Encuesta: {self.survey}",
            "pregunta": f"Pregunta: {' o '.join(self.question.split(','))}",
            "respuesta": answer_words(self.answer),
            "atendido": "Tras hablar con un asesor" if self.attended == "si" else "Sin asesor antes",
            "hizo": f"En el recorrido: {self.did}",
            "momento": f"Momento: {self.stage}",
            "lugar": f"Menú o texto: {self.place}",
            "tecla": f"Tecla: {self.key}",
            "tramo": f"Tramo: {passage_words(self.passage)}",
        }
        return {name: words[name] for name in self.parameters(zone)}


NOTHING_ASKED = CallSearch()
_FIELDS = {
    "desde": "since",
    "hasta": "until",
    "linea": "line",
    "cola": "queue",
    "resultado": "outcome",
    "asesor": "agent",
    "espera_max": "wait_at_most",
    "espera_mas_de": "wait_more_than",
    "duracion": "talk_known",
    "no_contesto": "unanswered_by",
    "corte": "as_of",
    "encuesta": "survey",
    "pregunta": "question",
    "respuesta": "answer",
    "atendido": "attended",
    "hizo": "did",
    "momento": "stage",
    "lugar": "place",
    "tecla": "key",
    "tramo": "passage",
}
SAID = ("encuesta", "pregunta", "respuesta", "atendido", "hizo", "momento", "lugar", "tecla", "tramo")


def calls_address(search: CallSearch, zone: tzinfo, page: str = CALLS, **more: str) -> str:
    """Give the address of the calls asked for."""
    query = urlencode(search.parameters(zone) | more)
    return f"{page}?{query}" if query else page


def call_address(call_id: str) -> str:
    """Give the address of one call's page."""
    return f"{CALLS}/{quote(call_id, safe='')}"


def day_of(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Give the moments at which a local day begins and ends, in UTC."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def moment(said: str, zone: tzinfo, *, last: bool = False) -> datetime:
    """Read a day, or a local time on one, as a moment in UTC; with `last`, a day is meant to its end.

    Raises:
        ConfigurationError: it is neither.
    """
    try:
        found = _read(said, zone, last=last)
    except (ValueError, OverflowError):
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ConfigurationError(f"fecha no válida: «{said}». Escríbala como 2025-06-03 o 2025-06-03T14:30")
    return found


def checked_outcome(word: str) -> str:
    """Give an outcome's word back, or "".

    Raises:
        ConfigurationError: it is no such word; the message says which are.
    """
    if word and word not in WORDS:
        raise ConfigurationError(f"resultado desconocido: «{word}». Use uno de: {', '.join(WORDS)}")
    return word


def word_of(outcome: Outcome) -> str:
    """Give the word by which one outcome is asked for."""
    return OUTCOMES[outcome].replace("en ", "")


def _outcomes(word: str) -> frozenset[Outcome] | None:
    if word in OUTCOME_OF_WORD:
        return frozenset({OUTCOME_OF_WORD[word]})
    return GROUPS.get(word)


def _read(said: str, zone: tzinfo, *, last: bool = False) -> datetime:
    if len(said) == len("2025-06-03"):
        return day_of(date.fromisoformat(said), zone)[last]
    local = datetime.fromisoformat(said)
    return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _written(at: datetime, zone: tzinfo, days: int = 0) -> str:
    """Write a moment as `moment` reads it: a day if it is one's beginning, `days` away, else a local time."""
    local = at.astimezone(zone)
    if local.time() == time() and _midnight(local.date(), zone) == at:
        return (local.date() + timedelta(days=days)).isoformat()
    bare = local.replace(tzinfo=None)
    text = bare.isoformat(timespec="microseconds" if bare.microsecond else "seconds" if bare.second else "minutes")
    return text if _read(text, zone) == at else text + local.isoformat()[-6:]


def _said(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return short_date(at, zone) + ("" if local.time() == time() else f" {local:%H:%M:%S}".removesuffix(":00"))


def _until(at: datetime, zone: tzinfo) -> str:
    if at.astimezone(zone).time() == time():
        return f"Hasta el {short_date(at - timedelta(microseconds=1), zone)}"
    return f"Antes del {_said(at, zone)}"
