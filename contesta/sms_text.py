"""What text messages cost, in words and tables."""

from collections.abc import Sequence

from rich.table import Table

from callback_queue.sms.message import State
from contesta.format import whole
from core.sms import Composed, Encoding, cheaper, compose, costly
from ivr.line.messages import Kind
from storage.sms import Billed, Told

PURPOSES = {
    Kind.SURVEY_INVITATION: "Invitación a la encuesta",
    Kind.APPOINTMENT_CONFIRMATION: "Confirmación de cita",
    Kind.APPOINTMENT_REMINDER: "Recordatorio de cita",
}
_FATES = {
    State.WAITING: "por enviar",
    State.SENDING: "enviándose",
    State.SENT: "enviado",
    State.REFUSED: "el operador no lo recibió",
    State.UNCERTAIN: "no se sabe si se envió",
    State.EXPIRED: "no se alcanzó a enviar",
    State.OPTED_OUT: "no se envió: la persona no quiere mensajes",
    State.WITHDRAWN: "no se envió: la cita cambió",
}
_NAMES = {Encoding.GSM7: "GSM-7", Encoding.UCS2: "UCS-2"}


def cost(composed: Composed) -> str:
    """Say what a message takes and why, and what would make it cheaper."""
    lines = [f"{segments(len(composed.segments))} en {_NAMES[composed.encoding]}, {whole(composed.units)} unidades."]
    found = costly(composed.text)
    if found:
        names = ", ".join(f"«{each.character}»" + (f" por «{each.instead}»" if each.instead else "") for each in found)
        lines.append(f"Obligan a UCS-2: {names}.")
        saved = len(composed.segments) - len(compose(cheaper(composed.text)).segments)
        if saved > 0:
            lines.append(f"Con los cambios se ahorran {segments(saved)} por mensaje: «{cheaper(composed.text)}»")
    return "\n".join(lines)


def fact(told: Told) -> str:
    """Say in a line of a history what became of a message."""
    fate = "enviado y entregado" if told.delivered else _FATES[told.state]
    return f"SMS, {PURPOSES[Kind(told.purpose)].lower()}: {fate} ({segments(told.segments)})"


def segments(count: int) -> str:
    """Count segments in words."""
    return f"{whole(count)} segmento" + ("" if count == 1 else "s")


def bill_table(month: str, rows: Sequence[Billed]) -> Table:
    """Show what was sent in a month; a row for each line and purpose, and their total."""
    table = Table(title=f"SMS de {month}", show_footer=True)
    table.add_column("Línea", "Total")
    table.add_column("Propósito")
    for title, name in (
        ("Mensajes", "messages"),
        ("Segmentos", "segments"),
        ("De ellos, inciertos", "uncertain"),
        ("De ellos, entregados", "delivered"),
    ):
        table.add_column(title, whole(sum(getattr(row, name) for row in rows)), justify="right")
    for row in rows:
        counts = (row.messages, row.segments, row.uncertain, row.delivered)
        table.add_row(row.line, PURPOSES[Kind(row.purpose)], *map(whole, counts))
    return table
