"""Promised calls in Spanish: states, sources and reasons in words, and each step of a history in a sentence. Pure."""

from collections.abc import Mapping
from datetime import timedelta, tzinfo
from enum import StrEnum
from typing import TypeVar

from callback_queue.policy import Cap
from callback_queue.request import CallbackRequest, ConsentAnswer, Reason, Result, Source, State, Step
from contesta.format import day_and_hour

Word = TypeVar("Word", bound=StrEnum)

SOURCES = {
    Source.WEB: "Te llamamos",
    Source.MAILBOX: "Buzón",
    Source.ABANDONED: "Abandonada",
    Source.KEPT_PLACE: "Turno guardado",
    Source.APPOINTMENT: "Cita",
    Source.FOLLOW_UP: "Seguimiento",
    Source.CAMPAIGN: "Campaña",
}
STATES = {
    State.HELD: "Por completar",
    State.WAITING: "En espera",
    State.CLAIMED: "Por marcar",
    State.DIALLING: "Marcando",
    State.ANSWERED: "Contestó",
    State.ACCEPTED: "Espera asesor",
    State.CONNECTED: "En conversación",
    State.ATTENDED: "Atendida",
    State.SUPERSEDED: "Ya atendida",
    State.CANCELLED: "Cancelada",
    State.FAILED: "No lograda",
    State.UNCERTAIN: "Incierta",
}
REASONS = {
    Reason.TALKED: "habló con un asesor",
    Reason.SOLVED: "solucionada",
    Reason.ESCALATED: "pasó a otra área",
    Reason.NOT_SOLVED: "sin solución",
    Reason.CALLED_IN: "llamó y fue atendido antes",
    Reason.BY_CITIZEN: "la canceló el ciudadano",
    Reason.BY_STAFF: "la canceló la entidad",
    Reason.LEFT_ALONE: "pidió no recibir llamadas",
    Reason.TOO_MANY_ATTEMPTS: "se agotaron los intentos",
    Reason.WRONG_NUMBER: "número equivocado",
    Reason.INVALID_NUMBER: "el número no existe",
    Reason.NUMBER_NOT_ALLOWED: "número que no se puede marcar",
    Reason.NO_NUMBER: "sin número",
    Reason.EXPIRED: "venció el plazo",
    Reason.RESULT_UNKNOWN: "no se sabe si sonó",
    Reason.LINE_GONE: "la línea ya no está publicada",
}
RESULTS = {
    Result.TALKED: "hablaron",
    Result.BUSY: "ocupado",
    Result.NO_ANSWER: "no contestó",
    Result.MACHINE: "contestó y no marcó 1",
    Result.HUNG_UP: "contestó y colgó antes de hablar",
    Result.REFUSED: "rechazó la llamada",
    Result.UNREACHABLE: "no se pudo comunicar",
    Result.WRONG_NUMBER: "número equivocado",
    Result.INVALID_NUMBER: "el número no existe",
    Result.LEFT_WAITING: "colgó mientras esperaba al asesor",
    Result.NO_ADVISER: "ningún asesor la tomó",
    Result.ADVISER_LEFT: "el asesor colgó antes de hablar",
    Result.NOT_DIALLED: "no se alcanzó a marcar",
    Result.UNKNOWN: "resultado desconocido",
}
SPOKEN = {"name": "Nombre", "company": "Empresa", "description": "Descripción", "message": "Mensaje"}
ANSWERS = {
    ConsentAnswer.ACCEPTED: "Autorizó",
    ConsentAnswer.DECLINED: "No autorizó",
    ConsentAnswer.NONE: "No respondió",
}
CAPS = {Cap.HOUR: "por hora", Cap.DAY: "del día", Cap.MONEY: "de dinero del día"}
_PAUSES = {
    "no_adviser_free": "no hay asesores libres",
    "hours": "está fuera del horario permitido",
    "cap": "se alcanzó el límite de llamadas",
    "owner": "la llama el asesor que la prometió",
    "off": "la marcación está apagada",
    "in_call": "el ciudadano está en otra llamada",
}
_FACTS = {
    "Asked": "Se recibió la solicitud",
    "Joined": "Pidió otra vez; se unió a esta solicitud",
    "Completed": "Se completó el número",
    "Amended": "Se corrigieron los datos",
    "Renumbered": "Se corrigió el teléfono",
    "Rescheduled": "Se cambió la hora",
    "Moved": "Su cola ya no existe; pasó a otra",
    "Taken": "La llama el asesor que la prometió",
    "Claimed": "El programa la tomó para llamar",
    "LeaseEnded": "Volvió a la espera",
    "Dialled": "Empezó un intento de llamada",
    "Adopted": "Otro programa averigua qué pasó con el intento",
    "Answered": "Contestaron",
    "Accepted": "El ciudadano marcó 1",
    "Connected": "Habló con un asesor",
    "TalkEnded": "Terminó la conversación",
    "StaysUnknown": "No se pudo saber qué pasó; no se marca de nuevo",
    "TakenBack": "Quien la pidió con este radicado la canceló; sigue para los demás",
    "Superseded": "El ciudadano ya fue atendido en otra llamada",
}


def outcome(request: CallbackRequest) -> str:
    """Say the state, and the reason of a final one."""
    state = STATES[request.state]
    return f"{state}: {REASONS[request.reason]}" if request.reason else state


def author(name: str) -> str:
    """Say who made a step."""
    if name.startswith("worker:"):
        return "Marcador"
    return {"citizen": "Ciudadano", "system": "Sistema"}.get(name, name)


def fact(step: Step) -> str:  # noqa: PLR0911  a sentence for each kind
    """Say what a step was."""
    detail = step.detail
    match step.event:
        case "Asked" | "Joined":
            return f"{_FACTS[step.event]} ({_word(SOURCES, Source, detail)})"
        case "Released":
            return f"Espera: {_PAUSES.get(detail, detail)}"
        case "AttemptFailed":
            return f"El intento terminó: {_results(detail)}"
        case "GaveUp":
            return f"Terminó sin lograrse: {_reasons(detail)}"
        case "Cancelled":
            return f"Cancelada: {_word(REASONS, Reason, detail)}"
        case "Typified":
            return f"Tipificación: {_reasons(detail)}"
        case "Connected" | "Taken" | "Moved" | "TakenBack":
            return f"{_FACTS[step.event]}: {detail}"
        case _:
            return _FACTS.get(step.event, step.event)


def promised_for(request: CallbackRequest, zone: tzinfo) -> str:
    """Say when the call is owed, or the next attempt."""
    return day_and_hour(request.due_at if request.state is State.WAITING else request.promised_at, zone)


def waited(request: CallbackRequest) -> timedelta | None:
    """Tell how long it took from the promise to the first attempt; None if there was none yet."""
    if not request.attempts:
        return None
    return max(timedelta(), request.attempts[0].committed_at - request.promised_at)


def _results(detail: str) -> str:
    word, _, rest = detail.partition(" ")
    said = _word(RESULTS, Result, word)
    return f"{said} ({rest})" if rest else said


def _reasons(detail: str) -> str:
    word, _, rest = detail.partition(" ")
    said = _word(REASONS, Reason, word)
    return f"{said} ({rest})" if rest else said


def _word(words: Mapping[Word, str], kind: type[Word], said: str) -> str:
    return words[kind(said)] if said in set(kind) else said
