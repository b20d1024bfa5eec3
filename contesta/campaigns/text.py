"""Bases and campaigns, in words and tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table

from callback_queue.campaign.base import Base, Counts, Exclusion, Fate, Record
from callback_queue.campaign.columns import Columns
from callback_queue.campaign.dispositions import Disposition
from contesta.format import percentage, whole
from storage.campaigns import Asker, CampaignState

COUNTS = {
    "initial": "Base inicial",
    "no_data": "No registra datos",
    "invalid": "Teléfono inválido",
    "excluded": "Excluidos",
    "cleaned": "Base depurada",
    "duplicates": "Registros duplicados",
    "to_manage": "Registros a gestionar",
}
"""Names of the counts, in the order of the report (ART-2019, table 14)."""

FATES = {
    Fate.NO_DATA: "No registra datos",
    Fate.INVALID: "Teléfono inválido",
    Fate.EXCLUDED: "Excluido",
    Fate.DUPLICATE: "Duplicado",
    Fate.TO_MANAGE: "A gestionar",
}
EXCLUSIONS = {
    Exclusion.LEFT_ALONE: "pidió que no se le llame",
    Exclusion.SURVEYED: "ya fue encuestado",
    Exclusion.OWN_LINE: "es un número de la entidad",
    Exclusion.LISTED: "está en la lista de excluidos",
}
DISPOSITIONS = {
    Disposition.SURVEY_DONE: "Encuesta efectiva",
    Disposition.SURVEY_PARTIAL: "Encuesta incompleta",
    Disposition.SURVEY_NOT_DONE: "Encuesta no efectiva",
    Disposition.VOICEMAIL: "Correo de voz",
    Disposition.SWITCHBOARD: "Conmutador",
    Disposition.NO_ANSWER: "No contesta",
    Disposition.BUSY: "Ocupado",
    Disposition.DAMAGED: "Teléfono dañado",
    Disposition.WRONG_NUMBER: "Teléfono equivocado",
    Disposition.INVALID: "Teléfono inválido",
    Disposition.CALL_AGAIN: "Volver a llamar",
    Disposition.ALREADY_SURVEYED: "Ya encuestado",
    Disposition.NO_DATA: "No registra datos",
    Disposition.OWN_LINE: "Línea de la entidad",
}
"""As the report prints them (ART-2019, table 14), and two that it counts with others: partial surveys, and busy."""

ASKERS = {
    Asker.LINE: "la línea, por teclas, cuando el asesor cuelga",
    Asker.ADVISER: "el asesor, que escribe lo que le responden",
}
"""Who asks a campaign's survey."""

STATES = {
    CampaignState.DRAFT: ("stale", "Borrador"),
    CampaignState.RUNNING: ("ok", "En marcha"),
    CampaignState.PAUSED: ("warn", "En pausa"),
}
"""Tone and word of each state."""

_EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many; `name` is for programs, `title` for people."""

    name: str
    title: str
    count: int
    of: int


def columns_said(columns: Columns) -> str:
    """Say which column is what."""

    def titles(places: tuple[int, ...]) -> str:
        return ", ".join(f"«{columns.titles[place]}»" for place in places)

    parts = [f"Teléfono: {titles(columns.telephones)}"]
    if columns.names:
        parts.append(f"nombre: {titles(columns.names)}")
    if columns.document is not None:
        parts.append(f"documento: {titles((columns.document,))}")
    return "; ".join(parts) + "."


def count_lines(counts: Counts) -> list[tuple[str, int]]:
    """Give the counts with their names."""
    return [(name, getattr(counts, key)) for key, name in COUNTS.items()]


def counts_table(counts: Counts) -> Table:
    """Show the counts as the report prints them."""
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, count in count_lines(counts):
        table.add_row(name, whole(count))
    return table


def shares_table(title: str, shares: Sequence[Share]) -> Table:
    """Show counts with their share, and their sum."""
    table = Table(title=title, title_justify="left", show_footer=True, show_header=False)
    table.add_column(footer="Total")
    table.add_column(footer=whole(sum(share.count for share in shares)), justify="right")
    table.add_column(justify="right")
    for share in shares:
        table.add_row(share.title, whole(share.count), percentage(share.count, share.of))
    return table


def examples(base: Base) -> Iterator[str]:
    """Say of the first rows that are not called why not, and what a person may want to look at."""
    shown: Counter[Fate] = Counter()
    for record in base.records:
        shown[record.fate] += 1
        if record.fate in {Fate.INVALID, Fate.DUPLICATE, Fate.EXCLUDED} and shown[record.fate] <= _EXAMPLES:
            yield f"Fila {record.row}: {why(record)}"
    if base.same_document:
        yield f"{whole(base.same_document)} registros tienen el documento de otro. Se llamará a cada teléfono."


def why(record: Record) -> str:
    """Say why a row has the fate it has."""
    match record.fate:
        case Fate.NO_DATA:
            return "no tiene teléfono"
        case Fate.INVALID:
            return f"«{record.written[:60]}» no es un celular ni un fijo de Colombia"
        case Fate.DUPLICATE:
            return f"el teléfono ya está en la fila {record.of_row}"
        case Fate.EXCLUDED if record.exclusion:
            return EXCLUSIONS[record.exclusion]
        case _:
            return ""
