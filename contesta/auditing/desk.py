"""What the auditor's desk shows of a contact, from its audit and its call."""

from datetime import datetime, tzinfo

from contesta.auditing.desk_keys import WORDS, DeskAction, in_use
from contesta.auditing.drawing import EXCLUSION_WORDS
from contesta.auditing.results import CATEGORY_WORDS, percent
from contesta.auditing.view import (
    CategoryOf,
    Desk,
    DeskWanted,
    EventOf,
    FactOf,
    ItemOf,
    KeyOf,
    Lane,
    Lanes,
    LiveOf,
    SubItemOf,
)
from contesta.auditing.waveform import Outline
from contesta.format import UNKNOWN, clock, duration, long_date
from contesta.narrative import sentence, timeline
from core.events import ConsentAnswer, ConsentAnswered, HoldChanged, Resolution
from quality.audio.spans import Spans
from quality.audio.suggest import ANSWER_TIME
from quality.matrix.audit import Audit, Mode
from quality.matrix.matrix import Category, Channel, ContactKind
from quality.matrix.sampling import Exclusion
from quality.metrics.visits import CallHistory, Leg, Visit
from storage.desk_preferences import DeskPreferences
from storage.quality_audits import StoredAudit

CHANNEL_WORDS = {Channel.VOICE: "voz", Channel.VIDEO: "video", Channel.CHAT: "chat", Channel.WHATSAPP: "WhatsApp"}
KIND_WORDS = {
    ContactKind.INBOUND: "entrante",
    ContactKind.CALLBACK: "devolución de llamada",
    ContactKind.CAMPAIGN: "campaña",
}
MODE_WORDS = {Mode.RECORDED: "remoto, sobre la grabación", Mode.LIVE: "en línea"}
_CONSENT_WORDS = {
    ConsentAnswer.ACCEPTED: "autorizó grabar",
    ConsentAnswer.DECLINED: "no autorizó grabar",
    ConsentAnswer.NONE: "no respondió: no se entiende autorizado",
}
_RESOLUTION_WORDS = {
    Resolution.SOLVED: ", solucionada en primer contacto",
    Resolution.ESCALATED: ", escalada",
    Resolution.OTHER: "",
}
_BESIDE = 3  # seconds before and after a recording whose events are put at its ends


def categories(audit: Audit) -> list[CategoryOf]:
    """Lay out the matrix with the marks there are."""
    applying = {subitem.id for subitem in audit.matrix.applying(audit.setting)}
    told: dict[Category, list[ItemOf]] = {category: [] for category in Category}
    for item in audit.matrix.items:
        subitems = []
        for each in item.subitems:
            if each.id in applying:
                found = audit.findings.get(each.id)
                subitems.append(
                    SubItemOf(
                        number=each.id,
                        title=each.title,
                        guidance=each.guidance,
                        mark=found.mark if found else None,
                        seconds=found.seconds if found else None,
                        note=found.note if found else "",
                    )
                )
        if subitems:
            told[item.category].append(ItemOf(number=item.id, title=item.title, subitems=subitems))
    return [
        CategoryOf(
            category=category,
            title=CATEGORY_WORDS[category],
            threshold=percent(audit.matrix.thresholds[category]),
            items=items,
        )
        for category, items in told.items()
    ]


def facts(one: StoredAudit, call: CallHistory | None, zone: tzinfo, ghost_seconds: int) -> list[FactOf]:
    """Tell what is known of the contact, beside its timeline."""
    audit = one.audit
    told = {
        "Asesor": audit.agent,
        "Línea": audit.setting.line,
        "Día": long_date(one.at, zone),
        "Hora": clock(one.at, zone),
        "Contacto": f"{CHANNEL_WORDS[audit.setting.channel]}, {KIND_WORDS[audit.setting.kind]}",
        "Monitoreo": MODE_WORDS[audit.mode],
    }
    if call is not None:
        visit, leg = _contact(one, call)
        told |= {
            "Esperó": UNKNOWN if visit is None else duration(visit.wait_ms),
            "Timbró": UNKNOWN if leg is None else f"{leg.ring_seconds} s hasta que contestó{_for_answer_time(audit)}",
            "Habló": UNKNOWN if leg is None else duration(leg.talk_ms),
            "Espera en retención": UNKNOWN if leg is None else duration(leg.hold_ms),
            "Autorización": _consent(call),
            "Tipificación": UNKNOWN if leg is None else _disposition(leg),
            "Encuesta": ", ".join(f"{said.question}: {_answer(said.answer)}" for said in call.survey) or UNKNOWN,
            "Recorrido": sentence(call, ghost_seconds),
        }
    return [FactOf(title=title, text=text) for title, text in told.items()]


def events(one: StoredAudit, call: CallHistory | None, zone: tzinfo) -> list[EventOf]:
    """Tell the call's timeline, each fact with its place in the recording."""
    if call is None:
        return []
    begun = _recording_begun(one, call)
    _, leg = _contact(one, call)
    ended = leg.ended_at if leg else None
    return [
        EventOf(hour=clock(step.at, zone), seconds=_place(step.at, begun, ended), actor=step.actor, fact=step.fact)
        for step in timeline(call)
    ]


def silent_because(one: StoredAudit, call: CallHistory | None, erased: str) -> str:
    """Say why there is nothing to hear; `erased` says that it was erased, "" if it was not."""
    if erased:
        return f"{erased}. Las marcas de la auditoría se conservan."
    if call is not None and _answers(call) and _answers(call)[-1] is not ConsentAnswer.ACCEPTED:
        return "La grabación no existe: el ciudadano no autorizó grabar."
    why = Exclusion.FILE_MISSING if one.file else Exclusion.NO_RECORDING
    return f"No se puede oír: {EXCLUSION_WORDS[why]}."


def lanes(outline: Outline) -> Lanes:
    """Lay out what is drawn of a recording; channel 0 is the adviser, 1 the citizen."""
    adviser, *others = outline.channels
    if others:
        drawn = [
            Lane(id="citizen", title="Ciudadano", peaks=list(others[0])),
            Lane(id="adviser", title="Asesor", peaks=list(adviser)),
        ]
    else:
        drawn = [Lane(id="both", title="Conversación", peaks=list(adviser))]
    return Lanes(duration_seconds=outline.seconds, lanes=drawn)


def holds(one: StoredAudit, call: CallHistory | None) -> Spans:
    """Tell the holds that the telephone system announced, in seconds of the recording."""
    if call is None:
        return ()
    found, begun, since = [], _recording_begun(one, call), None
    for event in call.events:
        if isinstance(event, HoldChanged):
            at = max(0.0, (event.at - begun).total_seconds())
            if event.on:
                since = at
            elif since is not None:
                if at > since:
                    found.append((since, at))
                since = None
    return tuple(found)


def desk(  # noqa: PLR0913 - all that the desk shows
    one: StoredAudit,
    call: CallHistory | None,
    zone: tzinfo,
    ghost_seconds: int,
    *,
    why: str,
    place: str,
    address: str | None,
    erased: str,
    next_address: str,
    wanted: DeskPreferences,
    going_on: bool = False,
) -> Desk:
    """Lay out one audit. `address` is that of its recording, None if there is nothing to hear.

    `erased` says that the recording was erased, "" if it was not. `going_on` tells whether the conversation is not over
    yet.
    """
    return Desk(
        number=one.number,
        revision=one.revision,
        title=f"Auditoría {one.number}: {one.audit.agent}, {clock(one.at, zone)}",
        why=why,
        place=place,
        matrix=one.audit.matrix.name,
        reason=one.reason,
        note=one.note,
        facts=facts(one, call, zone, ghost_seconds),
        events=events(one, call, zone),
        categories=categories(one.audit),
        recording=address,
        lanes=address and f"/api/v1/audits/{one.number}/lanes",
        evidence=address and f"/api/v1/audits/{one.number}/evidence",
        live=LiveOf(call=one.audit.call, agent=one.audit.agent, since=one.at, going_on=going_on)
        if one.audit.mode is Mode.LIVE
        else None,
        silent_because="" if address else silent_because(one, call, erased),
        next=next_address,
        wanted=wanted_told(wanted),
    )


def wanted_told(wanted: DeskPreferences) -> DeskWanted:
    """Tell how somebody wants the desk."""
    chosen = {DeskAction(action): key for action, key in wanted.keys.items() if action in set(DeskAction)}
    keys = [
        KeyOf(action=action, does=WORDS[action], keys=list(named), chosen=action in chosen)
        for action, named in in_use(chosen).items()
    ]
    return DeskWanted(keys=keys, evidence_last=wanted.evidence_last)


def _contact(one: StoredAudit, call: CallHistory) -> tuple[Visit, Leg] | tuple[None, None]:
    legs = ((visit, leg) for visit in call.visits for leg in visit.legs)
    return next(
        ((v, leg) for v, leg in legs if (leg.agent, leg.connected_at) == (one.audit.agent, one.at)), (None, None)
    )


def _for_answer_time(audit: Audit) -> str:
    """Say which sub-item the ringing is evidence of, where the matrix has it for this contact."""
    applies = any(each.id == ANSWER_TIME for each in audit.matrix.applying(audit.setting))
    return f"; mire el {ANSWER_TIME}" if applies else ""


def _disposition(leg: Leg) -> str:
    if not leg.disposition:
        return "sin tipificar"
    return leg.title + _RESOLUTION_WORDS[leg.resolution]


def _recording_begun(one: StoredAudit, call: CallHistory) -> datetime:
    return next((told.at for told in call.recordings if told.file == one.file), one.at)


def _place(at: datetime, begun: datetime, ended: datetime | None) -> float | None:
    seconds = (at - begun).total_seconds()
    if seconds < -_BESIDE or (ended is not None and (at - ended).total_seconds() > _BESIDE):
        return None
    return max(0.0, seconds)


def _answers(call: CallHistory) -> list[ConsentAnswer]:
    return [event.answer for event in call.events if isinstance(event, ConsentAnswered)]


def _consent(call: CallHistory) -> str:
    answers = _answers(call)
    return _CONSENT_WORDS[answers[-1]] if answers else "la línea no la pidió, o no se sabe"


def _answer(answer: int | None) -> str:
    return UNKNOWN if answer is None else str(answer)
