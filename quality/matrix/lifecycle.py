"""What becomes of an audit, and who may do it: the one place that moves its states.

A finished audit is never edited. Whoever finds it wrong makes another that takes its place (`SUPERSEDE`), with author,
time and reason; both are kept. The adviser accepts or disputes; an auditor who did not make the audit decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.errors import ContestaError


class IllegalStepError(ContestaError):
    """The audit is not where this can be done, or not by this person."""


class State(StrEnum):
    """Where an audit is."""

    DRAFT = "draft"
    DISCARDED = "discarded"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    UPHELD = "upheld"
    SUPERSEDED = "superseded"


class Step(StrEnum):
    """What somebody does with an audit."""

    DELIVER = "deliver"
    DISCARD = "discard"
    ACCEPT = "accept"
    DISPUTE = "dispute"
    UPHOLD = "uphold"
    SUPERSEDE = "supersede"


TRANSITIONS: Mapping[tuple[State, Step], State] = {
    (State.DRAFT, Step.DELIVER): State.DELIVERED,
    (State.DRAFT, Step.DISCARD): State.DISCARDED,
    (State.DELIVERED, Step.ACCEPT): State.ACCEPTED,
    (State.DELIVERED, Step.DISPUTE): State.DISPUTED,
    (State.DELIVERED, Step.SUPERSEDE): State.SUPERSEDED,
    (State.ACCEPTED, Step.SUPERSEDE): State.SUPERSEDED,
    (State.DISPUTED, Step.UPHOLD): State.UPHELD,
    (State.DISPUTED, Step.SUPERSEDE): State.SUPERSEDED,
    (State.UPHELD, Step.SUPERSEDE): State.SUPERSEDED,
}

COUNTED = frozenset({State.DELIVERED, State.ACCEPTED, State.DISPUTED, State.UPHELD})
"""States of the audits that figures count: each contact's one that is in force, whether disputed or not."""

NEEDS_REASON = frozenset({Step.DISPUTE, Step.UPHOLD, Step.SUPERSEDE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something: by his sign-in name, whether he audits, and how queue_log calls him if he is an adviser."""

    login: str
    audits: bool = False
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What of an audit decides who may do what. `agent` is the adviser; blind audits are not shown to him."""

    state: State
    auditor: str
    agent: str
    blind: bool = False


def advance(case: Case, step: Step, actor: Actor, reason: str = "") -> State:
    """Give the state after a step.

    Raises:
        IllegalStepError: it cannot be taken now, by this person, or without a reason; nothing has changed.
    """
    after = TRANSITIONS.get((case.state, step))
    if after is None:
        raise IllegalStepError(f"una auditoría {_STATE_WORDS[case.state]} no se puede {_STEP_WORDS[step]}")
    if not may(case, step, actor):
        raise IllegalStepError(_WHO[step])
    if step in NEEDS_REASON and not reason.strip():
        raise IllegalStepError(f"para {_STEP_WORDS[step]} la auditoría escriba el motivo")
    return after


def may(case: Case, step: Step, actor: Actor) -> bool:
    """Tell whether it is this person's to take a step that the state allows."""
    if (case.state, step) not in TRANSITIONS:
        return False
    match step:
        case Step.DELIVER | Step.DISCARD:
            return actor.audits and actor.login == case.auditor
        case Step.ACCEPT | Step.DISPUTE:
            return bool(actor.agent) and actor.agent == case.agent and not case.blind
        case Step.UPHOLD:
            return actor.audits and actor.login != case.auditor and actor.agent != case.agent
        case Step.SUPERSEDE:
            decides = case.state is not State.DISPUTED or actor.login != case.auditor
            return actor.audits and decides and actor.agent != case.agent


_STATE_WORDS = {
    State.DRAFT: "en borrador",
    State.DISCARDED: "descartada",
    State.DELIVERED: "entregada",
    State.ACCEPTED: "aceptada",
    State.DISPUTED: "objetada",
    State.UPHELD: "confirmada",
    State.SUPERSEDED: "reemplazada",
}
_STEP_WORDS = {
    Step.DELIVER: "entregar",
    Step.DISCARD: "descartar",
    Step.ACCEPT: "aceptar",
    Step.DISPUTE: "objetar",
    Step.UPHOLD: "confirmar",
    Step.SUPERSEDE: "reemplazar",
}
_WHO = {
    Step.DELIVER: "solo quien la hizo puede entregar la auditoría",
    Step.DISCARD: "solo quien la hizo puede descartar la auditoría",
    Step.ACCEPT: "solo el asesor auditado puede aceptar la auditoría",
    Step.DISPUTE: "solo el asesor auditado puede objetar la auditoría",
    Step.UPHOLD: "de una objeción decide un auditor distinto de quien hizo la auditoría",
    Step.SUPERSEDE: "solo un auditor puede reemplazar la auditoría; si está objetada, uno distinto de quien la hizo",
}


def diagram() -> str:
    """Draw the states and steps as Mermaid, for the docs."""
    lines = [f"    {before} --> {after}: {step}" for (before, step), after in TRANSITIONS.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.DRAFT}", *lines]) + "\n"
