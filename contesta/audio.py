"""`contesta audio`: what can be measured in a recording."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from contesta.format import UNKNOWN, duration, percentage, whole
from quality.audio.detectors import neural
from quality.audio.measures import Channel, Finding, Measures, Role, TalkOver
from quality.audio.read import measured
from quality.audio.spans import Spans, total
from quality.audio.suggest import Evidence, Suggestion, suggestions

ROLES: Mapping[Role, str] = {Role.ADVISER: "Asesor", Role.CALLER: "Ciudadano", Role.BOTH: "Los dos"}
FINDINGS: Mapping[Finding, str] = {
    Finding.CUT_OFF: "El archivo está cortado: se midió lo que hay.",
    Finding.NOTHING_SPOKEN: "No se oye a nadie.",
    Finding.ONE_WAY: "Solo se oye al otro: este lado no tiene voz.",
    Finding.CLIPPED: "El sonido está saturado.",
    Finding.OFFSET: "La señal tiene componente continua.",
    Finding.QUIET: "La voz se oye muy bajo.",
    Finding.NOISY: "El ruido está muy cerca de la voz.",
}
EVIDENCE: Mapping[Evidence, str] = {
    Evidence.HOLD: "espera con música o anunciada",
    Evidence.DEAD_AIR: "silencio largo, sin función de espera",
    Evidence.ADVISER_BEGAN_OVER_CALLER: "el asesor comenzó a hablar sobre el ciudadano",
    Evidence.LATE_FIRST_WORD: "el asesor tardó en decir la primera palabra",
}


def audio(
    file: Annotated[Path, typer.Argument(metavar="FILE.wav", help="Grabación: canal 0 asesor, canal 1 ciudadano.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Mide una grabación: voz, silencios, superposiciones, esperas y niveles. No califica."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Escuchando", total=1.0)
        measures = measured(file, neural(), progress=lambda share: progress.update(task, completed=share))
    if as_json:
        typer.echo(json.dumps(contract(measures), ensure_ascii=False, indent=2))
    else:
        _tell(Console(), measures)


def contract(measures: Measures) -> dict[str, Any]:
    """Give the measures as programs read them: seconds with three decimals, levels in dBFS with one."""
    return {
        "duration_seconds": round(measures.duration_seconds, 3),
        "sample_rate": measures.sample_rate,
        "channels": [_channel(channel) for channel in measures.channels],
        "talk_over": [[round(one.begin, 3), round(one.end, 3)] for one in measures.talk_over],
        "talk_over_began": [one.began for one in measures.talk_over],
        "silences": _pairs(measures.silences),
        "dead_air": _pairs(measures.dead_air),
        "hold": _pairs(measures.hold),
        "responses_seconds": [round(one, 3) for one in measures.responses],
        "talk_ratio": _rounded(measures.talk_ratio, 4),
        "findings": [{"finding": finding, "role": role} for finding, role in measures.findings],
        "suggestions": [
            {"item": one.item, "evidence": one.evidence, "begin": round(one.begin, 3), "end": round(one.end, 3)}
            for one in suggestions(measures)
        ],
    }


def measures_of(told: Mapping[str, Any]) -> Measures:
    """Read what `contract` gave."""
    return Measures(
        duration_seconds=told["duration_seconds"],
        sample_rate=told["sample_rate"],
        channels=tuple(
            Channel(
                role=Role(one["role"]),
                speech=_spans(one["speech"]),
                music=_spans(one["music"]),
                level_dbfs=one["level_dbfs"],
                noise_dbfs=one["noise_dbfs"],
                clipped_fraction=one["clipped_fraction"],
                offset=one["offset"],
            )
            for one in told["channels"]
        ),
        talk_over=tuple(
            TalkOver(begin=begin, end=end, began=Role(began) if began else None)
            for (begin, end), began in zip(told["talk_over"], told["talk_over_began"], strict=True)
        ),
        silences=_spans(told["silences"]),
        hold=_spans(told["hold"]),
        responses=tuple(told["responses_seconds"]),
        talk_ratio=told["talk_ratio"],
        findings=tuple(
            (Finding(one["finding"]), Role(one["role"]) if one["role"] else None) for one in told["findings"]
        ),
    )


def _spans(pairs: Iterable[Sequence[float]]) -> Spans:
    return tuple((begin, end) for begin, end in pairs)


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "role": channel.role,
        "speech": _pairs(channel.speech),
        "speech_seconds": round(channel.speech_seconds, 3),
        "music": _pairs(channel.music),
        "level_dbfs": _rounded(channel.level_dbfs, 1),
        "noise_dbfs": _rounded(channel.noise_dbfs, 1),
        "clipped_fraction": round(channel.clipped_fraction, 6),
        "offset": round(channel.offset, 5),
    }


def _pairs(spans: Spans) -> list[list[float]]:
    return [[round(begin, 3), round(end, 3)] for begin, end in spans]


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _tell(console: Console, measures: Measures) -> None:
    console.print(f"Duración {_time(measures.duration_seconds)}, {whole(measures.sample_rate)} Hz")
    table = Table("Canal", "Voz", "Nivel", "Ruido", "Saturado", title="Voces")
    for channel in measures.channels:
        table.add_row(
            ROLES[channel.role],
            _time(channel.speech_seconds),
            _level(channel.level_dbfs),
            _level(channel.noise_dbfs),
            percentage(round(channel.clipped_fraction * 1_000_000), 1_000_000),
        )
    console.print(table)
    if measures.talk_ratio is not None:
        console.print(f"El asesor habló el {percentage(round(measures.talk_ratio * 10_000), 10_000)} de lo hablado.")
    if measures.response_seconds is not None:
        console.print(f"El asesor contesta en {measures.response_seconds:.1f} s (mediana).".replace(".", ",", 1))
    for title, found in (
        ("Superposiciones", tuple((one.begin, one.end) for one in measures.talk_over)),
        ("Silencios de 2 s o más", measures.silences),
        ("Esperas", measures.hold),
    ):
        console.print(f"{title}: {len(found)}, {_time(total(found))} en total. {_list(found)}")
    for finding, role in measures.findings:
        console.print(f"▲ {f'{ROLES[role]}: ' if role else ''}{FINDINGS[finding]}")
    for one in suggestions(measures):
        console.print(f"  Ítem {one.item}: oiga {_stretch(one)}: {EVIDENCE[one.evidence]}.")


def _stretch(one: Suggestion) -> str:
    return f"de {_time(one.begin)} a {_time(one.end)}"


def _list(found: Spans) -> str:
    return " · ".join(f"{_time(begin)} a {_time(end)}" for begin, end in found)


def _time(seconds: float) -> str:
    return duration(round(seconds * 1000))


def _level(dbfs: float | None) -> str:
    return UNKNOWN if dbfs is None else f"{dbfs:.0f} dBFS".replace("-", "\N{MINUS SIGN}")
