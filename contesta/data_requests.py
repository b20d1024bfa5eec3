"""What people ask about their data, in words; page and terminal share them."""

from collections.abc import Iterable
from datetime import date

from callback_queue.policy import may_ring
from contesta.format import whole
from core.privacy.deadlines import Ask
from core.privacy.subject import Subject, What
from ivr.line.model import Line
from storage.corrections import Corrected, MayRing, Right
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


def right_of(name: str, document: str, telephone: str) -> Right:
    """Read what somebody typed as right; "" leaves something as it is.

    Raises:
        ConfigurationError: it is no document, or no telephone.
    """
    return Right(
        name=name.strip(),
        document=Subject.read(What.DOCUMENT, document).value if document.strip() else "",
        telephone=Subject.read(What.TELEPHONE, telephone).value if telephone.strip() else "",
    )


def dials(lines: Iterable[Line]) -> MayRing:
    """Tell which numbers the lines that are published may dial; another line dials nobody."""
    known = {line.name: line.callbacks for line in lines}
    return lambda line, telephone: line in known and may_ring(known[line], telephone)


def corrected_text(done: Corrected) -> tuple[str, ...]:
    """Say what was corrected, and what was not and why."""
    told = [
        f"{whole(count)} {one if count == 1 else many}"
        for count, one, many in (
            (done.requests, "devolución", "devoluciones"),
            (done.records, "registro de campaña", "registros de campañas"),
        )
        if count
    ]
    lines = [f"Se corrigió: {', '.join(told)}." if told or done.joined else "No había nada por corregir."]
    if not told and done.joined:
        lines = []
    if done.joined:
        lines.append(
            f"Devoluciones que se unieron a otra del teléfono correcto: {whole(done.joined)}. Conservan su radicado."
        )
    if done.busy:
        lines.append(f"Se están llamando {whole(done.busy)}: corrija otra vez cuando termine la llamada.")
    if done.held:
        lines.append(f"Un bloqueo legal conserva {whole(done.held)} como están: mírelo en Datos.")
    lines.append("Los números que ya llamaron o se marcaron no cambian: son hechos de la llamada.")
    return tuple(lines)


def outcome_text(done: Outcome) -> tuple[str, ...]:
    """Say what was erased, what stays, and why."""
    gone = (
        (done.recordings, "grabación", "grabaciones"),
        (done.comments, "comentario hablado", "comentarios hablados"),
        (done.requests, "devolución", "devoluciones"),
        (done.messages, "SMS", "SMS"),
        (done.records, "registro de campaña", "registros de campañas"),
        (done.notes, "nota de asesor", "notas de asesores"),
    )
    told = [f"{whole(count)} {one if count == 1 else many}" for count, one, many in gone if count]
    lines = [f"Se borró: {', '.join(told) or 'nada, no había qué borrar'}."]
    if done.held:
        lines.append(f"Un bloqueo legal conserva {whole(done.held)}: mírelo en Datos.")
    if done.under_way:
        lines.append(f"Siguen pendientes {whole(done.under_way)} llamadas o SMS. Borre otra vez cuando terminen.")
    if done.calls_kept:
        lines.append(
            f"Llamadas de las que se conservan los hechos, con su número: {whole(done.calls_kept)}. De ellos salen las "
            "cifras que la entidad debe rendir, como quién volvió a llamar. En las listas el número va oculto; verlo "
            "completo queda registrado."
        )
    lines.append("Si pidió no ser llamado o no recibir SMS, eso se conserva para cumplirlo.")
    return tuple(lines)
