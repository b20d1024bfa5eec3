"""A promised call as the citizen who asked for it reads it: where it stands, what comes, what happened. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from callback_queue.policy import Rules
from callback_queue.request import CallbackRequest, Reason, Result, State, Step, Window
from callback_queue.states import TRANSITIONS, Cancelled, Rescheduled
from contesta.callbacks import form_words
from contesta.format import long_date, public_hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One step: when, in words, and what."""

    when: str
    what: str


_ENDS: Mapping[Reason, str] = {
    Reason.TALKED: "Hablamos con usted.",
    Reason.SOLVED: "Hablamos con usted y quedó solucionado.",
    Reason.ESCALATED: "Hablamos con usted y pasamos su caso a otra área.",
    Reason.NOT_SOLVED: "Hablamos con usted. No quedó solucionado.",
    Reason.CALLED_IN: "Usted llamó y ya le atendimos.",
    Reason.BY_CITIZEN: "Usted canceló la solicitud.",
    Reason.BY_STAFF: "La entidad canceló la solicitud.",
    Reason.LEFT_ALONE: "No le llamamos porque pidió no recibir llamadas.",
    Reason.TOO_MANY_ATTEMPTS: "Le llamamos varias veces y no logramos hablar con usted.",
    Reason.WRONG_NUMBER: "Contestó otra persona: el número no era el suyo.",
    Reason.INVALID_NUMBER: "El número no existe.",
    Reason.NUMBER_NOT_ALLOWED: "No podemos llamar a ese número.",
    Reason.NO_NUMBER: "No tenemos un número para llamarle.",
    Reason.EXPIRED: "Se acabó el plazo sin que lográramos llamarle.",
    Reason.RESULT_UNKNOWN: "Le llamamos y no sabemos si su teléfono sonó.",
    Reason.LINE_GONE: "Esta línea ya no atiende, y no pudimos llamarle.",
}
_RESULTS: Mapping[Result, str] = {
    Result.BUSY: "estaba ocupado",
    Result.NO_ANSWER: "no contestó nadie",
    Result.MACHINE: "contestaron y nadie marcó 1",
    Result.HUNG_UP: "contestaron y colgaron",
    Result.REFUSED: "rechazaron la llamada",
    Result.UNREACHABLE: "no se pudo comunicar",
    Result.WRONG_NUMBER: "contestó otra persona",
    Result.INVALID_NUMBER: "el número no existe",
    Result.LEFT_WAITING: "se cortó antes de hablar con un asesor",
    Result.ADVISER_LEFT: "se cortó antes de hablar con un asesor",
}
_AGAIN = "Si todavía lo necesita, pida otra llamada."
_ANSWERING = "Al contestar, marque 1 si se lo pedimos."
_NOW: Mapping[State, str] = {
    State.HELD: "La estamos revisando.",
    State.CLAIMED: "Está por salir la llamada.",
    State.DIALLING: "Le estamos llamando en este momento.",
    State.ANSWERED: "Le estamos llamando en este momento.",
    State.ACCEPTED: "Le estamos comunicando con un asesor.",
    State.CONNECTED: "Está hablando con un asesor.",
}
_FACTS = {
    "Asked": "Recibimos su solicitud.",
    "Joined": "Llegó otra solicitud para este número. La unimos.",
    "Rescheduled": "Se cambió la hora de la llamada.",
    "Dialled": "Le llamamos.",
    "Connected": "Habló con un asesor.",
    "TalkEnded": "Terminó la llamada.",
    "Amended": "Se corrigieron sus datos.",
    "Renumbered": "Se corrigió su teléfono.",
}


def heading(request: CallbackRequest) -> str:
    """Say in a sentence where a request stands."""
    if request.reason is not None:
        return _ENDS[request.reason]
    if request.state is State.WAITING:
        return "Vamos a llamarle de nuevo." if request.dialled else "Vamos a llamarle."
    return _NOW.get(request.state, "La estamos atendiendo.")


def next_step(request: CallbackRequest, rules: Rules, now: datetime, zone: tzinfo) -> str:
    """Say what happens next."""
    if request.state.final:
        good = {Reason.TALKED, Reason.SOLVED, Reason.ESCALATED, Reason.CALLED_IN}
        return "No falta nada más." if request.reason in good else _AGAIN
    if request.state is not State.WAITING:
        return "Actualice esta página para ver cómo sigue."
    if request.window != Window() and not request.dialled:
        return f"{form_words.when(request.window, rules, now, zone)}. Tenga el teléfono a la mano. {_ANSWERING}"
    if request.due_at > now:
        moment = f"{long_date(request.due_at, zone)}, a las {public_hour(request.due_at, zone)}"
        return f"{_sentence(f'Le llamamos desde el {moment}')} {_ANSWERING}"
    return f"{_sentence(form_words.when(Window(), rules, now, zone))} {_ANSWERING}"


def steps(request: CallbackRequest, messages: Iterable[datetime], zone: tzinfo) -> list[Told]:
    """Tell what happened, in order, without what is only of ours; `messages` is when text messages were sent."""
    said = [(step.at, what) for step in request.steps for what in _said(step)]
    said += [(at, "Le enviamos un mensaje de texto.") for at in messages]
    return [
        Told(when=f"{long_date(at, zone)}, {public_hour(at, zone)}", what=what)
        for at, what in sorted(said, key=lambda one: one[0])
    ]


def may_cancel(request: CallbackRequest) -> bool:
    """Tell whether the citizen can still take it back."""
    return (request.state, Cancelled) in TRANSITIONS


def may_change(request: CallbackRequest) -> bool:
    """Tell whether the citizen can still choose another time."""
    return (request.state, Rescheduled) in TRANSITIONS


def _sentence(text: str) -> str:
    """End a sentence; an hour ends in a full stop of its own."""
    return text if text.endswith(".") else f"{text}."


def _said(step: Step) -> Iterator[str]:
    word = step.detail.partition(" ")[0]
    if step.event == "AttemptFailed" and word in set(Result) and Result(word) in _RESULTS:
        yield f"No logramos hablar: {_RESULTS[Result(word)]}."
    elif step.event in {"GaveUp", "Cancelled"} and word in set(Reason):
        yield _ENDS[Reason(word)]
    elif step.event == "Superseded":
        yield _ENDS[Reason.CALLED_IN]
    elif step.event == "StaysUnknown":
        yield _ENDS[Reason.RESULT_UNKNOWN]
    elif step.event in _FACTS:
        yield _FACTS[step.event]
