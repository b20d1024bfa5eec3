"""An audit's states: every pair of state and step, by everybody."""

from datetime import date

import pytest

from quality.matrix import coaching
from quality.matrix.coaching import Action, ActionState, ActionStep
from quality.matrix.lifecycle import (
    COUNTED,
    TRANSITIONS,
    Actor,
    Case,
    IllegalStepError,
    State,
    Step,
    advance,
    diagram,
    may,
)

AUTHOR = Actor(login="iris", audits=True)
OTHER = Actor(login="oscar", audits=True)
ADVISER = Actor(login="ana", agent="Ana Ruiz")
STRANGER = Actor(login="luis", agent="Luis Gil")
SUPERVISOR = Actor(login="jefe")
EVERYBODY = (AUTHOR, OTHER, ADVISER, STRANGER, SUPERVISOR)

WHO = {
    Step.DELIVER: {"iris"},
    Step.DISCARD: {"iris"},
    Step.ACCEPT: {"ana"},
    Step.DISPUTE: {"ana"},
    Step.UPHOLD: {"oscar"},
    Step.SUPERSEDE: {"iris", "oscar"},
}


def case(state: State, *, blind: bool = False) -> Case:
    return Case(state=state, auditor="iris", agent="Ana Ruiz", blind=blind)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("state", State)
def test_every_pair_of_state_and_step(state: State, step: Step) -> None:
    who = WHO[step] if state is not State.DISPUTED else WHO[step] - {"iris"}
    for actor in EVERYBODY:
        if (state, step) in TRANSITIONS and actor.login in who:
            assert may(case(state), step, actor)
            assert advance(case(state), step, actor, "motivo") is TRANSITIONS[state, step]
        else:
            assert not may(case(state), step, actor)
            with pytest.raises(IllegalStepError):
                advance(case(state), step, actor, "motivo")


@pytest.mark.parametrize(
    ("state", "step", "actor"),
    [
        (State.DELIVERED, Step.DISPUTE, ADVISER),
        (State.DISPUTED, Step.UPHOLD, OTHER),
        (State.ACCEPTED, Step.SUPERSEDE, AUTHOR),
    ],
)
def test_what_is_contested_needs_a_reason(state: State, step: Step, actor: Actor) -> None:
    with pytest.raises(IllegalStepError, match="escriba el motivo"):
        advance(case(state), step, actor, " ")


def test_adviser_neither_accepts_nor_disputes_a_blind_audit() -> None:
    assert not may(case(State.DELIVERED, blind=True), Step.ACCEPT, ADVISER)


def test_auditor_who_is_also_the_adviser_does_not_decide() -> None:
    both = Actor(login="ana", audits=True, agent="Ana Ruiz")
    assert not may(case(State.DISPUTED), Step.UPHOLD, both)
    assert not may(case(State.DELIVERED), Step.SUPERSEDE, both)


def test_figures_count_what_was_delivered_and_is_in_force() -> None:
    assert set(State) - COUNTED == {State.DRAFT, State.DISCARDED, State.SUPERSEDED}


def test_drawing_has_every_step() -> None:
    assert diagram().count("-->") == len(TRANSITIONS) + 1


def test_action_ends_once_and_says_how() -> None:
    assert coaching.advance(ActionState.OPEN, ActionStep.FINISH, "Practicó el guion") is ActionState.DONE
    assert coaching.advance(ActionState.OPEN, ActionStep.DROP, "Cambió de puesto") is ActionState.DROPPED
    with pytest.raises(IllegalStepError, match="ya terminó"):
        coaching.advance(ActionState.DONE, ActionStep.DROP, "x")
    with pytest.raises(IllegalStepError, match="diga cómo terminó"):
        coaching.advance(ActionState.OPEN, ActionStep.FINISH, "")


def test_open_action_is_late_after_its_day() -> None:
    action = Action(id=1, audit_id=1, agent="Ana Ruiz", what="Guion", due=date(2019, 9, 30), opened_by="jefe")
    assert [action.is_late(day) for day in (date(2019, 9, 30), date(2019, 10, 1))] == [False, True]
