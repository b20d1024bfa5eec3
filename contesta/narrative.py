"""The history of a call in Spanish: one sentence, a timeline, and what nobody saw. Pure; page and terminal share it.

One file: a sentence for each kind of fact, and nothing else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contesta.format import duration
from core.events import (
    AgentRang,
    CallbackOffered,
    CallEnded,
    CallStarted,
    CallVanished,
    Completed,
    Connected,
    ConsentAnswer,
    ConsentAnswered,
    EndedBy,
    Event,
    ExitReason,
    HoldChanged,
    HungUp,
    LanguageChosen,
    Listened,
    ListenStep,
    MailboxStep,
    MailboxStepped,
    MenuStepped,
    MessageLeft,
    OfferResult,
    QueueEntered,
    QueueExited,
    QueueLeft,
    Recorded,
    Rejected,
    Resolution,
    RingEnded,
    RingResult,
    Source,
    Stage,
    StepResult,
    SurveyAnswered,
    SystemRestarted,
    TextChosen,
    WorkEnded,
)
from quality.metrics.history import CallHistory, Leg, Outcome, Reason, Visit

CITIZEN = "Ciudadano"
AGENT = "Asesor"
LINE = "Línea"
SYSTEM = "Central"

OUTCOMES = {
    Outcome.WAITING: "en espera",
    Outcome.ANSWERED: "contestada",
    Outcome.ABANDONED: "abandonada",
    Outcome.GHOST: "fantasma",
    Outcome.OVERFLOW: "desbordada",
    Outcome.CLOSED: "rechazada",
    Outcome.LOST: "perdida",
}
SOURCES = {Source.QUEUE_LOG: "queue_log", Source.AMI: "AMI", Source.INFERRED: "inferido"}
_REJECTIONS = {"FULL": "estaba llena", "JOINEMPTY": "no tenía asesores", "JOINUNAVAIL": "no tenía asesores libres"}
_REASONS = {
    Reason.TIMEOUT: "se cumplió el tiempo máximo",
    Reason.KEY: "marcó una tecla",
    Reason.WITHDRAWN: "lo retiraron",
    Reason.LEFT: "no se registró por qué",
    Reason.EMPTY: "no tenía asesores",
    Reason.FULL: "estaba llena",
    Reason.UNKNOWN_QUEUE: "no existe",
    Reason.RESTART: "la central se reinició",
    Reason.ENTERED_AGAIN: "volvió a entrar sin haber salido",
    Reason.VANISHED: "se perdió el contacto con la central",
}
_CONSENTS = {
    ConsentAnswer.ACCEPTED: "Autorizó usar sus datos y grabar",
    ConsentAnswer.DECLINED: "No autorizó usar sus datos ni grabar",
    ConsentAnswer.NONE: "No dijo si autoriza usar sus datos y grabar",
}
_HUNG_UP = {
    EndedBy.AGENT: "colgó el asesor",
    EndedBy.CALLER: "colgó el ciudadano",
    EndedBy.SYSTEM: "la central terminó la llamada",
    EndedBy.BLIND_TRANSFER: "el asesor pasó la llamada",
    EndedBy.ATTENDED_TRANSFER: "el asesor pasó la llamada tras consultar",
}


_DURING = {
    Stage.LANGUAGE: "al elegir el idioma",
    Stage.CONSENT: "al oír la autorización (texto «{name}»)",
    Stage.MENU: "en el menú «{name}»",
    Stage.TEXT: "al oír la información «{name}»",
    Stage.OFFER: "al oír la oferta de devolución",
    Stage.MAILBOX: "en el buzón «{name}»",
    Stage.SURVEY: "en la pregunta «{name}» de la encuesta",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the timeline: when, how long after the call began, who, what, and who says so."""

    at: datetime
    since_start: timedelta
    actor: str
    fact: str
    source: str


def short_name(name: str) -> str:
    """Ana María Ruiz is "A. Ruiz"; a single name stays."""
    first, *others = name.split() or [""]
    return f"{first[0]}. {others[-1]}" if others else first


def sentence(call: CallHistory, ghost_seconds: int) -> str:
    """Tell the call in one sentence: «Esperó 2:10, habló 4:31 con A. Ruiz; colgó el asesor»."""
    if not call.visits:
        told = "No llegó a ninguna cola"
        if call.lost:
            return f"{told}; la llamada se perdió."
        return f"{told}; {_HUNG_UP[call.ended_by]}." if call.ended_by else f"{told}."
    told = ". Luego ".join(_lowered(place, _visit(visit, ghost_seconds)) for place, visit in enumerate(call.visits))
    return f"{told}."


def gaps(call: CallHistory) -> tuple[str, ...]:
    """Say what nobody saw of the call, so that nobody takes it for what did not happen."""
    return tuple(_gaps(call))


def timeline(call: CallHistory) -> tuple[Step, ...]:
    """Tell the call fact by fact; that a caller left a queue only while nothing says why."""
    unexplained = {visit.queue for visit in call.visits if visit.result is Outcome.WAITING}
    return tuple(
        step_of(event, call) for event in call.events if not isinstance(event, QueueLeft) or event.queue in unexplained
    )


def step_of(event: Event, call: CallHistory) -> Step:
    """Tell one fact of a call."""
    actor, fact = _TELL[type(event)](event)
    return Step(
        at=event.at,
        since_start=max(event.at - call.started_at, timedelta()),
        actor=actor,
        fact=fact,
        source=SOURCES[event.source],
    )


def _lowered(place: int, text: str) -> str:
    return text if place == 0 else text[0].lower() + text[1:]


def _visit(visit: Visit, ghost_seconds: int) -> str:
    return _VISIT[visit.outcome(ghost_seconds)](visit, duration(visit.wait_ms))


def _talked(legs: tuple[Leg, ...]) -> str:
    ended_by = legs[-1].ended_by if legs else None
    return ", luego ".join(map(_leg, legs)) + (f"; {_HUNG_UP[ended_by]}" if ended_by else "")


def _leg(leg: Leg) -> str:
    name = short_name(leg.agent)
    if leg.talk_ms is not None:
        return f"habló {duration(leg.talk_ms)} con {name}"
    return f"habla con {name}" if leg.ended_at is None else f"habló con {name} no se sabe cuánto"


def _why(visit: Visit) -> str:
    if visit.reason is Reason.KEY and visit.key:
        return f": marcó {visit.key}"
    if visit.reason is Reason.WITHDRAWN and visit.detail:
        return f": lo retiraron ({visit.detail})"
    return f": {_REASONS[visit.reason]}" if visit.reason else ""


_VISIT: dict[Outcome, Callable[[Visit, str], str]] = {
    Outcome.WAITING: lambda visit, _: f"Espera en la cola {visit.queue}",
    Outcome.ANSWERED: lambda visit, wait: f"Esperó {wait}, {_talked(visit.legs)}",
    Outcome.ABANDONED: lambda visit, wait: f"Esperó {wait} en la cola {visit.queue} y colgó",
    Outcome.GHOST: lambda _, wait: f"Esperó {wait} y colgó: llamada fantasma",
    Outcome.OVERFLOW: lambda visit, wait: f"Esperó {wait} y salió de la cola {visit.queue}{_why(visit)}",
    Outcome.CLOSED: lambda visit, _: f"La cola {visit.queue} no lo atendió{_why(visit)}",
    Outcome.LOST: lambda visit, _: f"Se perdió mientras esperaba en la cola {visit.queue}{_why(visit)}",
}


def _gaps(call: CallHistory) -> Iterator[str]:
    for visit in call.visits:
        if visit.entry_inferred:
            yield f"Nadie registró su entrada a la cola {visit.queue}; la hora se calculó con la espera."
        if any(leg.ended_at is not None and leg.talk_ms is None for leg in visit.legs):
            yield "Nadie registró el final de una conversación; su duración no se conoce."
    if call.orphan_ends:
        yield "Se registró el final de una conversación sin su comienzo; no cuenta en ninguna cifra."
    if call.lost and any(isinstance(event, CallVanished) and event.at == call.ended_at for event in call.events):
        yield "Se perdió el contacto con la central y después la llamada ya no estaba; la hora del final es aproximada."
    elif call.lost:
        yield "La central se reinició durante la llamada; lo que siguió no se conoce."


def _started(event: CallStarted) -> tuple[str, str]:
    return CITIZEN, f"Llamó a la línea {event.line}"


def _language_chosen(event: LanguageChosen) -> tuple[str, str]:
    return CITIZEN, f"Se le atiende en el idioma «{event.language}»"


def _consent_answered(event: ConsentAnswered) -> tuple[str, str]:
    return CITIZEN, f"{_CONSENTS[event.answer]} (texto «{event.version}»)"


def _menu_stepped(event: MenuStepped) -> tuple[str, str]:
    menu = f"el menú «{event.menu}»"
    heard = "" if event.heard_seconds is None else f", tras oír {duration(round(event.heard_seconds * 1000))}"
    match event.result:
        case StepResult.CHOSEN:
            return CITIZEN, f"Marcó {event.key} en {menu}{heard}"
        case StepResult.WRONG:
            return CITIZEN, f"Marcó {event.key} en {menu}{heard}, que no tiene esa opción"
        case StepResult.SILENT:
            return CITIZEN, f"No marcó nada en {menu}"
        case StepResult.REPEATED:
            return CITIZEN, f"Pidió oír de nuevo {menu}{heard}"
        case StepResult.GAVE_UP:
            return LINE, f"Dejó de preguntar en {menu}"


def _text_chosen(event: TextChosen) -> tuple[str, str]:
    return LINE, f"Empezó a informarle: «{event.text}»"


def _hung_up(event: HungUp) -> tuple[str, str]:
    return CITIZEN, f"Colgó {_DURING[event.stage].format(name=event.name)}"


def _callback_offered(event: CallbackOffered) -> tuple[str, str]:
    match event.result:
        case OfferResult.MADE:
            return LINE, f"Le ofreció una devolución de llamada en la cola {event.queue}"
        case OfferResult.ACCEPTED:
            return CITIZEN, f"Aceptó la devolución de llamada de la cola {event.queue}"
        case OfferResult.DECLINED:
            return CITIZEN, f"Prefirió esperar en la cola {event.queue}"


def _mailbox_stepped(event: MailboxStepped) -> tuple[str, str]:
    match event.step:
        case MailboxStep.BEGUN:
            return CITIZEN, f"Comenzó a dejar sus datos en el buzón, radicado {event.request}"
        case MailboxStep.FINISHED:
            return CITIZEN, f"Terminó de dejar sus datos en el buzón, radicado {event.request}"


def _message_left(_event: MessageLeft) -> tuple[str, str]:
    return LINE, "Le pidió un mensaje después del tono: el guion no respondió"


def _survey_answered(event: SurveyAnswered) -> tuple[str, str]:
    if event.by:
        return event.by, _typed(event)
    if event.file:
        return CITIZEN, f"Respondió con su voz la pregunta «{event.question}»"
    if event.answer is None:
        return CITIZEN, f"No respondió la pregunta «{event.question}»"
    return CITIZEN, f"Respondió {event.answer} a la pregunta «{event.question}»"


def _typed(event: SurveyAnswered) -> str:
    match event.answer:
        case None:
            return f"Quitó la respuesta a la pregunta «{event.question}»"
        case 0:
            return f"Escribió lo que el ciudadano respondió a la pregunta «{event.question}»"
        case _:
            return f"Escribió que el ciudadano respondió {event.answer} a la pregunta «{event.question}»"


def _recorded(event: Recorded) -> tuple[str, str]:
    return LINE, f"Empezó a grabar la conversación con {event.agent}"


def _queue_entered(event: QueueEntered) -> tuple[str, str]:
    place = "" if event.position is None else f", puesto {event.position}"
    return CITIZEN, f"Entró a la cola {event.queue}{place}"


def _agent_rang(event: AgentRang) -> tuple[str, str]:
    return event.agent, "Le suena el teléfono"


def _ring_ended(event: RingEnded) -> tuple[str, str]:
    if event.result is RingResult.CANCELED:
        return event.agent, "Su teléfono dejó de sonar"
    return event.agent, f"No contestó ({duration(event.ring_ms)})"


def _connected(event: Connected) -> tuple[str, str]:
    return event.agent, f"Contestó{_after_waiting(event.wait_seconds)}"


def _completed(event: Completed) -> tuple[str, str]:
    after = "" if event.talk_seconds is None else f" tras hablar {duration(event.talk_seconds * 1000)}"
    match event.by:
        case EndedBy.AGENT:
            return event.agent, f"Colgó{after}"
        case EndedBy.CALLER:
            return CITIZEN, f"Colgó{after}"
        case EndedBy.SYSTEM:
            return SYSTEM, f"Terminó la conversación{after}"
        case EndedBy.BLIND_TRANSFER:
            return event.agent, f"Pasó la llamada a {event.target or 'otra extensión'}{after}"
        case EndedBy.ATTENDED_TRANSFER:
            return event.agent, f"Consultó y pasó la llamada{after}"


def _queue_exited(event: QueueExited) -> tuple[str, str]:
    wait = _after_waiting(event.wait_seconds)
    queue = f"la cola {event.queue}"
    match event.reason:
        case ExitReason.ABANDONED:
            return CITIZEN, f"Colgó en {queue}{wait}"
        case ExitReason.TIMEOUT:
            return LINE, f"Lo sacó de {queue}: se cumplió el tiempo máximo{wait}"
        case ExitReason.KEY:
            return CITIZEN, f"Marcó {event.key or 'una tecla'} y salió de {queue}{wait}"
        case ExitReason.WITHDRAWN:
            return LINE, f"Lo retiró de {queue}{wait}" + (f": {event.detail}" if event.detail else "")
        case ExitReason.EMPTY:
            return LINE, f"Lo sacó de {queue}: no quedaban asesores{wait}"


def _queue_left(event: QueueLeft) -> tuple[str, str]:
    return CITIZEN, f"Dejó de esperar en la cola {event.queue}"


def _rejected(event: Rejected) -> tuple[str, str]:
    return LINE, f"La cola {event.queue} no lo admitió: {_REJECTIONS.get(event.status, event.status)}"


def _hold_changed(event: HoldChanged) -> tuple[str, str]:
    return AGENT, "Dejó al ciudadano en espera" if event.on else "Retomó la conversación"


def _listened(event: Listened) -> tuple[str, str]:
    match event.step:
        case ListenStep.LISTENING:
            return event.by, f"Escucha la conversación con {event.agent}"
        case ListenStep.WHISPERING:
            return event.by, f"Le habla al oído a {event.agent}; el ciudadano no lo oye"
        case ListenStep.ENDED:
            return event.by, "Dejó de escuchar"


def _after_waiting(wait_seconds: int | None) -> str:
    return "" if wait_seconds is None else f", tras {duration(wait_seconds * 1000)} de espera"


def _work_ended(event: WorkEnded) -> tuple[str, str]:
    if not event.disposition:
        return event.agent, "Volvió a estar disponible sin tipificar"
    what = {
        Resolution.SOLVED: ", solucionada en primer contacto",
        Resolution.ESCALATED: ", escalada",
        Resolution.OTHER: "",
    }[event.resolution]
    return event.by, f"Tipificó «{event.title}»{what}"


def _ended(event: CallEnded) -> tuple[str, str]:
    match event.by:
        case EndedBy.CALLER:
            return CITIZEN, "Colgó"
        case EndedBy.AGENT:
            return AGENT, "Colgó"
        case _:
            return SYSTEM, "Terminó la llamada"


def _vanished(_event: CallVanished) -> tuple[str, str]:
    return SYSTEM, "La llamada ya no estaba"


def _restarted(_event: SystemRestarted) -> tuple[str, str]:
    return SYSTEM, "Se reinició"


_TELL: dict[type[Event], Callable[[Any], tuple[str, str]]] = {
    CallStarted: _started,
    LanguageChosen: _language_chosen,
    ConsentAnswered: _consent_answered,
    MenuStepped: _menu_stepped,
    TextChosen: _text_chosen,
    HungUp: _hung_up,
    CallbackOffered: _callback_offered,
    MailboxStepped: _mailbox_stepped,
    MessageLeft: _message_left,
    SurveyAnswered: _survey_answered,
    Recorded: _recorded,
    QueueEntered: _queue_entered,
    AgentRang: _agent_rang,
    RingEnded: _ring_ended,
    Connected: _connected,
    Completed: _completed,
    QueueExited: _queue_exited,
    QueueLeft: _queue_left,
    Rejected: _rejected,
    HoldChanged: _hold_changed,
    Listened: _listened,
    WorkEnded: _work_ended,
    CallEnded: _ended,
    CallVanished: _vanished,
    SystemRestarted: _restarted,
}
