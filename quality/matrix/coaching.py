"""What is agreed with an adviser after an audit, followed to its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .lifecycle import IllegalStepError


class ActionState(StrEnum):
    """Where an action is."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class ActionStep(StrEnum):
    """What ends an action; both say how it came out."""

    FINISH = "finish"
    DROP = "drop"


TRANSITIONS: Mapping[tuple[ActionState, ActionStep], ActionState] = {
    (ActionState.OPEN, ActionStep.FINISH): ActionState.DONE,
    (ActionState.OPEN, ActionStep.DROP): ActionState.DROPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an adviser is to do until a day, because of an audit."""

    id: int
    audit_id: int
    agent: str
    what: str
    due: date
    opened_by: str
    state: ActionState = ActionState.OPEN
    closed_by: str = ""
    result: str = ""

    def is_late(self, today: date) -> bool:
        """Tell whether it should have ended."""
        return self.state is ActionState.OPEN and self.due < today


def advance(state: ActionState, step: ActionStep, result: str) -> ActionState:
    """Give the state after a step.

    Raises:
        IllegalStepError: it has ended already, or nobody says how it came out.
    """
    after = TRANSITIONS.get((state, step))
    if after is None:
        raise IllegalStepError("esa acción ya terminó")
    if not result.strip():
        raise IllegalStepError("diga cómo terminó la acción")
    return after
