"""An alert in a sentence. It tells the threshold and not the figure, so that it stays what it is while it lasts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from callback_queue.policy import BROKEN_AFTER
from quality.metrics.limits import Level, Metric
from storage.callback_list import Broken

from .alarms import Fault, Raised, Subject
from .cells import quantity
from .links import EXPIRED_CALLBACKS, LATE_CALLBACKS, PENDING_CALLBACKS
from .targets import Targets
from .view import Alert

_SAID: Final[Mapping[Metric, str]] = {
    Metric.WAITING: "{where}esperan más de {limit} personas.",
    Metric.LONGEST_WAIT: "{where}alguien espera más de {limit}.",
    Metric.AVAILABLE: "{where}hay menos de {limit} asesores disponibles.",
    Metric.SERVICE_LEVEL: "{where}el nivel de servicio de hoy baja de {limit}.",
    Metric.ABANDONMENT: "{where}el abandono de hoy pasa de {limit}.",
}
_NOBODY_FREE: Final = "{where}no hay asesores disponibles."
_FAULTS: Final[Mapping[Fault, str]] = {
    Fault.UNBALANCED: "Las cifras de hoy no cuadran: es un defecto del programa. Avise a quien lo administra.",
    Fault.DISCONNECTED: "Central sin conexión: las esperas y los asesores que se ven no son actuales.",
    Fault.UNREAD: "Faltan datos: no se puede leer el registro de la central.",
    Fault.DAMAGED: "El registro de la central tiene líneas dañadas. Revíselas con «contesta reconcile --check».",
    Fault.LATE_CALLBACKS: "Hay devoluciones con más de {minutes} minutos de retraso{where}.",
    Fault.EXPIRED_CALLBACKS: "Hoy vencieron devoluciones sin hacer la llamada{where}.",
    Fault.DIALLING_STOPPED: "La marcación de devoluciones está detenida: nadie recibe llamadas.",
    Fault.DIALLING_CAPPED: "Se llegó al tope de llamadas{where}: por ahora no se marca más.",
}
_TO_DO: Final[Mapping[Metric | Fault, str]] = {
    Fault.LATE_CALLBACKS: "Revise que haya asesores libres y que el marcador esté en marcha.",
    Fault.DIALLING_STOPPED: "Vea en Devoluciones quién la detuvo y por qué, y reanúdela cuando se pueda.",
    Fault.DIALLING_CAPPED: "Vea cuál tope en Devoluciones; se cambia en el archivo de la línea.",
    Fault.EXPIRED_CALLBACKS: "Llame a esas personas y revise los asesores y el horario de la línea.",
}


BROKEN_PROMISES: Final[Mapping[Metric | Fault, str]] = {
    Fault.LATE_CALLBACKS: LATE_CALLBACKS,
    Fault.EXPIRED_CALLBACKS: EXPIRED_CALLBACKS,
    Fault.DIALLING_STOPPED: PENDING_CALLBACKS,
    Fault.DIALLING_CAPPED: PENDING_CALLBACKS,
}


def alert_id(subject: Subject) -> str:
    """Name what an alert is about, the same at all times."""
    return f"{subject.of}:{subject.queue}" if subject.queue else str(subject.of)


def alert(raised: Raised, targets: Targets, broken: Broken) -> Alert:
    """Write an alert. `broken` has the lines of promises that are not kept."""
    subject, level, since = raised
    return Alert(
        id=alert_id(subject),
        level=level,
        figure=subject.of,
        queue=subject.queue,
        text=_text(subject, level, targets, broken),
        to_do=_TO_DO.get(subject.of, ""),
        calls=BROKEN_PROMISES.get(subject.of, ""),
        since=since,
    )


def _text(subject: Subject, level: Level, targets: Targets, broken: Broken) -> str:
    if isinstance(subject.of, Fault):
        of = {Fault.EXPIRED_CALLBACKS: broken.expired, Fault.DIALLING_CAPPED: broken.capped}
        lines = of.get(subject.of, broken.late)
        among = f" en {', '.join(lines)}" if lines else ""
        minutes = BROKEN_AFTER // timedelta(minutes=1)
        return _FAULTS[subject.of].format(minutes=minutes, where=among)
    where = f"En {subject.queue} " if subject.queue else ""
    limits = targets.limits_of(subject.of, subject.queue)
    if limits is None:  # its thresholds were taken away while it was on
        return f"{where}{subject.of}"
    limit = limits.limit(level).value
    form = _NOBODY_FREE if subject.of is Metric.AVAILABLE and limit <= 1 else _SAID[subject.of]
    said = form.format(where=where, limit=quantity(subject.of, limit))
    return f"{said[0].upper()}{said[1:]}"
