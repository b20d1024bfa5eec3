"""What people ask about their data, in words; page and terminal share them."""

from datetime import date

from contesta.format import whole
from core.privacy.deadlines import Ask
from storage.data_requests import DataRequest
from storage.subject_data import Outcome

ASK_WORDS = {
    Ask.EXPORT: "Conocer sus datos",
    Ask.CORRECTION: "Corregir sus datos",
    Ask.ERASURE: "Borrar sus datos",
}
CLAIM = "Reclamo en trámite"


def due_text(one: DataRequest, today: date) -> tuple[str, str]:
    """Give the tone and the words of by when a request is to be answered."""
    if one.answered_at is not None:
        return "ok", "Respondida"
    until = f"{one.due.day}/{one.due:%m/%Y}"
    if one.due < today:
        return "bad", f"Vencida: era hasta el {until}"
    return ("warn", f"Vence hoy, {until}") if one.due == today else ("stale", f"Responder hasta el {until}")


def outcome_text(done: Outcome) -> tuple[str, ...]:
    """Say what was erased, what stays, and why."""
    gone = (
        (done.recordings, "grabación", "grabaciones"),
        (done.comments, "comentario hablado", "comentarios hablados"),
        (done.requests, "devolución", "devoluciones"),
        (done.messages, "SMS", "SMS"),
        (done.records, "registro de campaña", "registros de campañas"),
    )
    told = [f"{whole(count)} {one if count == 1 else many}" for count, one, many in gone if count]
    lines = [f"Se borró: {', '.join(told) or 'nada, no había qué borrar'}."]
    if done.held:
        lines.append(f"Un bloqueo legal conserva {whole(done.held)}: mírelo en Datos.")
    if done.under_way:
        lines.append(f"Siguen pendientes {whole(done.under_way)} llamadas o SMS. Borre otra vez cuando terminen.")
    if done.calls_kept:
        lines.append(
            f"Llamadas de las que se conservan los hechos: {whole(done.calls_kept)}. De ellos salen las cifras que la "
            "entidad debe rendir; el número va oculto."
        )
    lines.append("Si pidió no ser llamado o no recibir SMS, eso se conserva para cumplirlo.")
    return tuple(lines)
