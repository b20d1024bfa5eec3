"""What was measured in a recording, for the auditor's desk: it says where to listen, never what to mark."""

from collections.abc import Iterator, Mapping
from typing import Literal

from contesta.audio import measures_of
from contesta.auditing.view import Evidence, Segment, Span, Speech
from core.errors import NotAvailableError
from quality.audio.measures import Measures, Role, with_holds
from quality.audio.spans import Spans
from quality.audio.suggest import Evidence as Found
from quality.audio.suggest import suggestions
from storage.recording_measures import StoredMeasures

_LANES: Mapping[Role, Literal["citizen", "adviser", "both"]] = {
    Role.ADVISER: "adviser",
    Role.CALLER: "citizen",
    Role.BOTH: "both",
}


def of(stored: StoredMeasures | None, holds: Spans) -> Measures:
    """Give what a recording came to, with the holds that the telephone system told of.

    Raises:
        NotAvailableError: it is not measured yet, or cannot be.
    """
    if stored is None:
        raise NotAvailableError("la grabación aún no se ha medido; vuelva a abrir en un momento")
    if stored.fault:
        raise NotAvailableError(f"la grabación no se puede medir: {stored.fault}")
    return with_holds(measures_of(stored.measures), holds)


def told(measures: Measures) -> Evidence:
    """Lay out what was measured."""
    return Evidence(
        speech=[
            Speech(lane=_LANES[channel.role], segments=[Segment(start=start, end=end) for start, end in channel.speech])
            for channel in measures.channels
        ],
        spans=sorted(_spans(measures), key=lambda span: (span.start, span.end)),
    )


def _spans(measures: Measures) -> Iterator[Span]:
    items = {(one.evidence, one.begin): one.item for one in suggestions(measures)}
    for start, end in measures.silences:
        yield _span("silence", "Silencio", start, end, items.get((Found.DEAD_AIR, start)))
    for one in measures.talk_over:
        item = items.get((Found.ADVISER_BEGAN_OVER_CALLER, one.begin))
        title = "El asesor habla sobre el ciudadano" if one.began is Role.ADVISER else "Hablan a la vez"
        yield _span("talk_over", title, one.begin, one.end, item)
    for start, end in measures.hold:
        yield _span("hold", "Espera", start, end, items.get((Found.HOLD, start)))


def _span(kind: str, title: str, start: float, end: float, item: str | None) -> Span:
    hint = f"; mire el {item}" if item else ""
    return Span.model_validate({"kind": kind, "title": title + hint, "start": round(start, 3), "end": round(end, 3)})
