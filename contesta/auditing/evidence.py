"""What was measured in a recording, for the auditor's desk: it says where to listen, never what to mark."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from contesta.auditing.view import Evidence, Segment, Span, Speech
from core.errors import ConfigurationError, NotAvailableError
from quality.audio.detectors import neural
from quality.audio.measures import Measures, Role
from quality.audio.read import measured
from quality.audio.spans import Spans
from quality.audio.suggest import Evidence as Found
from quality.audio.suggest import suggestions

MOST_KEPT = 64

_LANES: Mapping[Role, Literal["citizen", "adviser", "both"]] = {
    Role.ADVISER: "adviser",
    Role.CALLER: "citizen",
    Role.BOTH: "both",
}


class Ear:
    """Measures recordings, one at a time, and keeps what the last ones came to."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int, Spans], Measures] = OrderedDict()
        self._busy = threading.Lock()

    def measures(self, recording: Path, holds: Spans) -> Measures:
        """Measure a recording, with the holds that the telephone system told of.

        Raises:
            NotAvailableError: it cannot be measured.
        """
        try:
            key = (recording, recording.stat().st_mtime_ns, holds)
            with self._busy:
                if key not in self._kept:
                    self._kept[key] = measured(recording, neural(), announced_hold=holds)
                self._kept.move_to_end(key)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
                return self._kept[key]
        except (ConfigurationError, OSError) as error:
            raise NotAvailableError("la grabación no se puede medir: está vacía, dañada o no está") from error


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
