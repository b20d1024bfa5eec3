"""What the pages of quality show of audits, samples and coaching, in words."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from contesta.auditing import desk as desk_of
from contesta.auditing import drawing
from contesta.auditing.desk import KIND_WORDS
from contesta.auditing.results import plain
from contesta.format import UNKNOWN, clock, day_and_hour, duration, short_date, whole
from contesta.web.quality_read import PATH
from quality.matrix.agreement import Agreement
from quality.matrix.audit import Mark
from quality.matrix.coaching import Action as CoachingAction
from quality.matrix.coaching import ActionState
from quality.matrix.lifecycle import COUNTED, State, Step
from quality.matrix.sampling import Conversation
from storage.quality_audits import StoredAudit
from storage.quality_samples import StoredSample

STATE_WORDS = {
    State.DRAFT: ("stale", "Borrador"),
    State.DISCARDED: ("stale", "Descartada"),
    State.DELIVERED: ("warn", "Entregada, sin respuesta"),
    State.ACCEPTED: ("ok", "Aceptada"),
    State.DISPUTED: ("bad", "Objetada"),
    State.UPHELD: ("ok", "Confirmada"),
    State.SUPERSEDED: ("stale", "Reemplazada"),
}
STEP_WORDS = {
    Step.DELIVER: "Entregó la auditoría",
    Step.DISCARD: "Descartó el borrador",
    Step.ACCEPT: "Aceptó",
    Step.DISPUTE: "Objetó",
    Step.UPHOLD: "Confirmó",
    Step.SUPERSEDE: "La reemplazó por otra",
}
ACTION_WORDS = {
    ActionState.OPEN: ("warn", "En curso"),
    ActionState.DONE: ("ok", "Hecha"),
    ActionState.DROPPED: ("stale", "Retirada"),
}


def results(one: StoredAudit) -> list[dict[str, str]]:
    """Say the three results of one audit; they are never blended."""
    told = []
    for category in desk_of.categories(one.audit):
        marks = [each.mark for item in category.items for each in item.subitems]
        fails, applies = marks.count(Mark.FAILS), len(marks) - marks.count(Mark.NOT_APPLICABLE)
        if category.category.is_critical:
            word = "Sin fallas" if not fails else f"{fails} {'falla' if fails == 1 else 'fallas'}"
        else:
            word = f"{applies - fails} de {applies} cumplen"
        told.append({"title": category.title, "word": word, "tone": "bad" if fails else "ok"})
    return told


def sample_shown(sample: StoredSample, made: tuple[StoredAudit, ...], who: str, zone: ZoneInfo) -> dict[str, Any]:
    """Lay out a sample: each conversation that was drawn, and what was left out and why."""
    rows = [_sampled(place, one, made, who, zone) for place, one in enumerate(sample.drawn, 1)]
    return {
        "id": sample.id,
        "title": f"Línea {sample.of.line}, del {_day(sample.of.first)} al {_day(sample.of.last)}",
        "size": sample.size,
        "seed": sample.seed,
        "made": f"{sample.of.made_by}, {day_and_hour(sample.of.made_at, zone)}",
        "population": sum(sample.population.values()),
        "rows": rows,
        "done": sum(row["done"] for row in rows),
        "reasons": drawing.reasons_of(sample.excluded),
        "excluded": [
            {
                "when": day_and_hour(one.at, zone),
                "agent": one.agent,
                "call": one.call_id,
                "reason": drawing.EXCLUSION_WORDS[one.exclusion] if one.exclusion else "",
            }
            for one in sample.excluded[:200]
        ],
    }


def _sampled(place: int, one: Conversation, made: tuple[StoredAudit, ...], who: str, zone: ZoneInfo) -> dict[str, Any]:
    """Lay out a conversation of a sample, with its audit and what this auditor can do."""
    of_contact = [
        each for each in made if (each.audit.call, each.audit.agent, each.at) == (one.call_id, one.agent, one.at)
    ]
    in_force = next((each for each in of_contact if each.state in COUNTED and not each.audit.blind), None)
    draft = next((each for each in of_contact if each.state is State.DRAFT and not each.audit.blind), None)
    own = [
        each
        for each in of_contact
        if each.audit.auditor == who and each.state not in {State.DISCARDED, State.SUPERSEDED}
    ]
    mine = next((each for each in own if each.state is State.DRAFT), None)
    shown = in_force or draft
    tone, word = STATE_WORDS[shown.state] if shown else ("stale", "Sin auditar")
    may_look = in_force is not None and (mine is None or not mine.audit.blind)
    return {
        "place": place,
        "when": f"{short_date(one.at, zone)} {clock(one.at, zone)}",
        "agent": one.agent,
        "length": duration(one.seconds * 1000),
        "tone": tone,
        "word": word,
        "auditor": shown.audit.auditor if shown else UNKNOWN,
        "done": in_force is not None,
        "begin": shown is None,
        "go_on": address_of(mine.number) if mine else "",
        "blind": in_force is not None and not own,
        "look": address_of(in_force.number) if may_look and in_force else "",
    }


def line_shown(one: StoredAudit, zone: ZoneInfo) -> dict[str, Any]:
    """Lay out an audit as a line of a list."""
    tone, word = STATE_WORDS[one.state]
    return {
        "number": one.number,
        "address": address_of(one.number),
        "when": day_and_hour(one.at, zone),
        "agent": one.audit.agent,
        "auditor": one.audit.auditor,
        "line": one.audit.setting.line,
        "kind": KIND_WORDS[one.audit.setting.kind],
        "matrix": one.audit.matrix.name,
        "delivered": day_and_hour(one.delivered_at, zone) if one.delivered_at else UNKNOWN,
        "tone": tone,
        "word": word,
        "results": results(one) if one.state in COUNTED else [],
    }


def action_shown(one: CoachingAction, today: date) -> dict[str, Any]:
    """Lay out what was agreed with an adviser; `today` tells whether it is late."""
    tone, word = ACTION_WORDS[one.state]
    if one.is_late(today):
        tone, word = "bad", "Vencida"
    return {
        "id": one.id,
        "what": one.what,
        "due": _day(one.due),
        "opened_by": one.opened_by,
        "tone": tone,
        "word": word,
        "open": one.state is ActionState.OPEN,
        "result": one.result,
        "audit": address_of(one.audit_id),
    }


def agreement_shown(one: Agreement) -> dict[str, str]:
    """Write how far two agree, with the interval of kappa."""
    bounds = f"{plain(one.interval.low)} y {plain(one.interval.high)}" if one.interval else UNKNOWN
    return {"equal": f"{whole(one.equal)}/{whole(one.pairs)}", "kappa": plain(one.kappa), "bounds": bounds}


def agreement_by_item(found: Mapping[str, Agreement]) -> dict[str, Any]:
    """Lay out the agreement on each item, for the table of calibracion_acuerdo.html; kappa needs marks that differ."""
    same_in = [number for number, one in found.items() if one.equal == one.pairs and one.kappa is None]
    rows = [{"number": number, **agreement_shown(one)} for number, one in found.items() if number not in same_in]
    return {"by_item": rows, "same_in": same_in}


def _day(day: date) -> str:
    return f"{day.day}/{day:%m/%Y}"


def address_of(number: int) -> str:
    """Give the address of an audit."""
    return f"{PATH}/auditorias/{number}"
