"""The state machine of promised calls: every pair of state and event, and whole lives against their promises."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from callback_queue import intake, states
from callback_queue.policy import Promise
from callback_queue.request import (
    CallbackRequest,
    Filing,
    Lease,
    Person,
    Place,
    Reason,
    Result,
    Solution,
    Source,
    State,
    Window,
)
from callback_queue.states import TRANSITIONS, Dial, Event, IllegalStepError, LookUp, advance
from tests.callbacks import NOW, PHONE, begun, wish

LATER = NOW + timedelta(minutes=5)
SOLUTION = Solution(outcome=Reason.SOLVED, disposition="informado", agent="Ana Ruiz", at=LATER)


def events(request: CallbackRequest) -> dict[type[Event], Event]:
    """Give one event of each kind that could be told of a request."""
    again = wish(source=Source.ABANDONED, origin="abandoned:1.1", call_id="1.1")
    owed = Promise(promised_at=LATER, due_at=LATER, expires_at=LATER, priority=1)
    becomes = intake.join(request, again, owed, None, LATER)
    told = (
        states.Joined(by="system", asked=again, becomes=becomes),
        states.Completed(by="ana", telephone=PHONE),
        states.Amended(by="ana", subject="titulos"),
        states.Renumbered(by="marta", telephone="+573009999999"),
        states.Rescheduled(by="citizen", window=Window(not_before=LATER), due_at=LATER, expires_at=None),
        states.Moved(by="system", queue="otra"),
        states.Taken(by="Ana Ruiz", agent="Ana Ruiz"),
        states.Claimed(by="worker:a", worker="a", until=LATER),
        states.Released(by="worker:a", why="no_adviser", due_at=LATER),
        states.LeaseEnded(by="worker:b"),
        states.Dialled(by="worker:a"),
        states.Adopted(by="worker:b", worker="b", until=LATER),
        states.Answered(by="worker:a"),
        states.Accepted(by="worker:a"),
        states.Connected(by="worker:a", agent="Ana Ruiz"),
        states.TalkEnded(by="worker:a"),
        states.AttemptFailed(by="worker:a", result=Result.BUSY, retry_at=LATER),
        states.GaveUp(by="worker:a", reason=Reason.TOO_MANY_ATTEMPTS, result=Result.BUSY),
        states.StaysUnknown(by="worker:b"),
        states.Superseded(by="worker:a", call_id="1.2"),
        states.Cancelled(by="citizen", reason=Reason.BY_CITIZEN),
        states.TakenBack(by="citizen", number="12506030099"),
        states.Typified(by="ana", solution=SOLUTION),
    )
    return {type(event): event for event in told}


ROADS: dict[State, tuple[type[Event], ...]] = {
    State.WAITING: (),
    State.CLAIMED: (states.Claimed,),
    State.DIALLING: (states.Claimed, states.Dialled),
    State.ANSWERED: (states.Claimed, states.Dialled, states.Answered),
    State.ACCEPTED: (states.Claimed, states.Dialled, states.Answered, states.Accepted),
    State.CONNECTED: (states.Claimed, states.Dialled, states.Answered, states.Accepted, states.Connected),
    State.ATTENDED: (
        *(states.Claimed, states.Dialled, states.Answered, states.Accepted, states.Connected),
        states.TalkEnded,
    ),
    State.SUPERSEDED: (states.Superseded,),
    State.CANCELLED: (states.Cancelled,),
    State.FAILED: (states.GaveUp,),
    State.UNCERTAIN: (states.Claimed, states.Dialled, states.StaysUnknown),
}


def in_state(state: State) -> CallbackRequest:
    if state is State.HELD:
        return begun(wish(telephone=""))
    request = begun()
    for kind in ROADS[state]:
        request, _ = advance(request, events(request)[kind], NOW)
    assert request.state is state
    return request


KINDS = tuple(events(begun()))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("kind", KINDS)
def test_every_pair(state: State, kind: type[Event]) -> None:
    before = in_state(state)
    event = events(before)[kind]
    copy = replace(before)
    if (state, kind) not in TRANSITIONS:
        with pytest.raises(IllegalStepError, match=before.id):
            advance(before, event, LATER)
        assert before == copy
        return
    after, _ = advance(before, event, LATER)
    assert after.state is TRANSITIONS[state, kind]
    assert (after.version, len(after.steps)) == (before.version + 1, len(before.steps) + 1)
    step = after.steps[-1]
    assert (step.position, step.at, step.author, step.event) == (after.version, LATER, event.by, kind.__name__)
    assert (after.reason is not None) is after.state.final
    assert (after.ended_at is not None) is after.state.final
    assert before == copy


def test_the_table_has_every_event_and_each_state_can_be_reached() -> None:
    assert {kind for _, kind in TRANSITIONS} == set(KINDS)
    assert {*TRANSITIONS.values(), State.HELD, State.WAITING} == set(State)


def test_nothing_leaves_a_final_state() -> None:
    assert {state for (state, _), after in TRANSITIONS.items() if state.final and after is not state} == set()


def test_dialling_commands_one_ring_under_a_channel_of_its_own() -> None:
    request = in_state(State.CLAIMED)
    request, commands = advance(request, states.Dialled(by="worker:a"), LATER)
    assert commands == (Dial(channel_id="cb-r1-1", telephone=PHONE),)
    assert request.attempts[0].committed_at == LATER


def test_adopted_attempt_is_looked_up_and_not_dialled() -> None:
    for state in (State.DIALLING, State.ANSWERED, State.ACCEPTED, State.CONNECTED):
        request = in_state(state)
        after, commands = advance(request, states.Adopted(by="worker:b", worker="b", until=LATER), LATER)
        assert commands == (LookUp(channel_id="cb-r1-1"),)
        assert after.lease == Lease(worker="b", until=LATER)
        assert (after.state, len(after.attempts)) == (state, 1)


def test_what_the_adviser_wrote_during_the_call_is_its_reason_after_it() -> None:
    typified, _ = advance(in_state(State.CONNECTED), states.Typified(by="ana", solution=SOLUTION), LATER)
    attended, _ = advance(typified, states.TalkEnded(by="worker:a"), LATER)
    assert (attended.reason, attended.attended_call) == (Reason.SOLVED, "cb-r1-1")
    later = replace(SOLUTION, outcome=Reason.ESCALATED)
    corrected, _ = advance(attended, states.Typified(by="ana", solution=later), LATER)
    assert (corrected.state, corrected.reason, corrected.ended_at) == (State.ATTENDED, Reason.ESCALATED, LATER)


def test_second_wish_keeps_the_earlier_place_and_completes_the_data() -> None:
    place = Place(queue="atencion", since=NOW - timedelta(minutes=9))
    first = begun(wish(source=Source.KEPT_PLACE, place=place, person=Person(document="1023"), call_id="1.1"))
    second = wish(
        origin="web:2", person=Person(name="Luz Marina Gómez"), subject="titulos", window=Window(not_before=LATER)
    )
    owed = Promise(promised_at=LATER, due_at=LATER, expires_at=LATER + timedelta(days=9), priority=9)
    joined = intake.join(first, second, owed, None, LATER)
    assert joined.place == place
    assert (joined.promised_at, joined.due_at) == (NOW, NOW)
    assert joined.person == Person(name="Luz Marina Gómez", document="1023")
    assert (joined.subject, joined.priority, joined.window) == ("titulos", 9, Window())
    assert (joined.source, joined.joined, joined.came_from) == (Source.KEPT_PLACE, (Source.WEB,), ("1.1",))


@pytest.mark.parametrize("source", [each for each in Source if not each.asked_by_citizen])
def test_an_hour_that_the_citizen_chose_is_moved_by_himself_alone(source: Source) -> None:
    hour = Window(not_before=LATER, not_after=LATER + timedelta(hours=1))
    chosen = Promise(promised_at=LATER, due_at=LATER, expires_at=LATER + timedelta(hours=1), priority=7)
    first = intake.begin(
        wish(source=Source.APPOINTMENT, window=hour), chosen, Filing(number="12506030001", code="ACEFHJ"), "r1", NOW
    )
    at_once = Promise(promised_at=NOW, due_at=NOW, expires_at=NOW + timedelta(days=3), priority=9)
    joined = intake.join(first, wish(source=source, origin="other:1"), at_once, None, NOW)
    assert (joined.window, joined.promised_at, joined.due_at, joined.expires_at) == (hour, LATER, LATER, hour.not_after)
    himself = intake.join(first, wish(origin="web:2"), at_once, None, NOW)
    assert (himself.window, himself.due_at) == (Window(), NOW)


class Life(RuleBasedStateMachine):
    """Any order of events, legal or not: the promises hold whatever comes."""

    def __init__(self) -> None:
        super().__init__()
        self.request = begun()
        self.now: datetime = NOW
        self.rings: list[str] = []
        self.may_ring_now = False

    @initialize(held=st.booleans())
    def begin(self, *, held: bool) -> None:
        self.request = begun(wish(telephone="" if held else PHONE))

    @precondition(lambda self: not self.request.state.final or self.request.version < 40)
    @rule(kind=st.sampled_from(KINDS), seconds=st.integers(0, 3600))
    def happen(self, kind: type[Event], seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        before = self.request
        try:
            self.request, commands = advance(before, events(before)[kind], self.now)
        except IllegalStepError:
            assert (before.state, kind) not in TRANSITIONS
            return
        for command in commands:
            if isinstance(command, Dial):
                assert before.state is State.CLAIMED, "only what somebody holds is dialled"
                assert before.lease
                assert all(attempt.ended_at for attempt in before.attempts), "never twice at once"
                assert command.channel_id not in self.rings, "one ring an attempt"
                self.rings.append(command.channel_id)

    @invariant()
    def every_ring_was_committed_before(self) -> None:
        assert self.rings == [attempt.channel_id for attempt in self.request.attempts]

    @invariant()
    def held_by_somebody_or_not(self) -> None:
        leased = self.request.state is State.CLAIMED or self.request.state.in_attempt
        assert (self.request.lease is not None) is leased

    @invariant()
    def one_attempt_at_most_goes_on(self) -> None:
        going_on = [attempt for attempt in self.request.attempts if attempt.ended_at is None]
        assert len(going_on) == self.request.state.in_attempt

    @invariant()
    def every_end_has_its_reason(self) -> None:
        assert (self.request.reason is not None) is self.request.state.final

    @invariant()
    def history_is_whole(self) -> None:
        assert [step.position for step in self.request.steps] == list(range(1, self.request.version + 1))
        assert [step.at for step in self.request.steps] == sorted(step.at for step in self.request.steps)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
