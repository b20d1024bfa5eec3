"""When a figure becomes an alert: every state with every sighting, the holds by the clock, and any history at all."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.metrics.alerts import ENTER_AFTER, HOLDS, LEAVE_AFTER, TRANSITIONS, Sighting, State, Watch, advance

NOW = datetime(2026, 1, 1, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LONG_AGO = NOW - timedelta(hours=1)


def standing(state: State, since: datetime) -> Watch:
    """A watch that has been in a state since then; an alert began a day before."""
    raised_at = NOW - timedelta(days=1) if state in {State.ACTIVE, State.LEAVING} else None
    return Watch() if state is State.QUIET else Watch(state=state, since=since, raised_at=raised_at)


def test_every_state_knows_every_sighting() -> None:
    assert set(TRANSITIONS) == {(state, sighting) for state in State for sighting in Sighting}
    assert set(HOLDS) <= set(TRANSITIONS)


@pytest.mark.parametrize("sighting", Sighting)
@pytest.mark.parametrize("state", State)
def test_what_a_state_becomes(state: State, sighting: Sighting) -> None:
    becomes = {
        (State.QUIET, Sighting.BREACH): State.ENTERING,
        (State.ENTERING, Sighting.BREACH): State.ACTIVE,
        (State.ACTIVE, Sighting.OUT): State.LEAVING,
        (State.LEAVING, Sighting.BREACH): State.ACTIVE,
        (State.LEAVING, Sighting.NEAR): State.ACTIVE,
        (State.LEAVING, Sighting.BLIND): State.ACTIVE,
        (State.ACTIVE, Sighting.BREACH): State.ACTIVE,
        (State.ACTIVE, Sighting.NEAR): State.ACTIVE,
        (State.ACTIVE, Sighting.BLIND): State.ACTIVE,
    }
    before = standing(state, LONG_AGO)
    after = advance(before, sighting, NOW)
    assert after.state is becomes.get((state, sighting), State.QUIET)
    assert (after.raised_at is not None) is (after.state in {State.ACTIVE, State.LEAVING})
    if before.raised_at and after.raised_at:
        assert after.raised_at == before.raised_at, "it is the same alert as before"


@pytest.mark.parametrize(
    ("state", "sighting", "hold"),
    [(State.ENTERING, Sighting.BREACH, ENTER_AFTER), (State.LEAVING, Sighting.OUT, LEAVE_AFTER)],
)
def test_a_hold_lasts_to_the_second(state: State, sighting: Sighting, hold: timedelta) -> None:
    assert advance(standing(state, NOW - hold + SECOND), sighting, NOW).state is state
    assert advance(standing(state, NOW - hold), sighting, NOW).state is TRANSITIONS[state, sighting] is not state


def test_the_documentation_has_the_same_table() -> None:
    page = (Path(__file__).parent.parent / "docs" / "definitions.md").read_text(encoding="utf-8")
    rows = ["| state | " + " | ".join(Sighting) + " |", "|---|" + "---|" * len(Sighting)]
    for state in State:
        cells = []
        for sighting in Sighting:
            hold = HOLDS.get((state, sighting))
            after = f", after {hold.total_seconds():.0f} s" if hold else ""
            cells.append(f"{TRANSITIONS[state, sighting]}{after}")
        rows.append(f"| {state} | " + " | ".join(cells) + " |")
    assert "\n".join(rows) in page


def test_an_alert_begins_after_five_seconds_in_breach_and_ends_after_fifteen_clearly_out() -> None:
    told = [Sighting.BREACH] * 8 + [Sighting.NEAR] * 3 + [Sighting.OUT] * 20
    watch, raised = Watch(), []
    for second, sighting in enumerate(told):
        watch = advance(watch, sighting, NOW + second * SECOND)
        raised.append(watch.raised_at)
    began = NOW + 5 * SECOND
    assert raised == [None] * 5 + [began] * (8 - 5 + 3 + 15) + [None] * 5


def test_a_figure_that_swings_about_its_threshold_alarms_once() -> None:
    watch, alerts = Watch(), set()
    for second in range(600):
        sighting = Sighting.BREACH if second < 6 or second % 10 < 2 else Sighting.OUT
        watch = advance(watch, sighting, NOW + second * SECOND)
        alerts |= {watch.raised_at} - {None}
    assert len(alerts) == 1
    assert watch.raised_at


def test_who_cannot_see_neither_raises_nor_lifts() -> None:
    for state in State:
        before = standing(state, LONG_AGO)
        after = advance(before, Sighting.BLIND, NOW)
        assert (after.raised_at is None) is (before.raised_at is None)


@given(st.lists(st.tuples(st.sampled_from(Sighting), st.integers(0, 20)), max_size=60))
def test_an_alert_has_always_been_in_breach_for_long_and_never_ends_sooner_than_it_may(
    told: list[tuple[Sighting, int]],
) -> None:
    """Held against what was seen, by rules of its own: no state is looked at."""
    at, watch = NOW, Watch()
    seen: list[tuple[datetime, Sighting]] = []
    raised: list[datetime | None] = []
    for sighting, seconds in told:
        at += seconds * SECOND
        watch = advance(watch, sighting, at)
        seen.append((at, sighting))
        raised.append(watch.raised_at)
    for place, (before, after) in enumerate(pairwise([None, *raised])):
        if before is None and after is not None:
            assert unbroken(seen[: place + 1], Sighting.BREACH) >= ENTER_AFTER
        if before is not None and after is None:
            assert unbroken(seen[: place + 1], Sighting.OUT) >= LEAVE_AFTER
        if before is not None and after is not None:
            assert before == after


def unbroken(seen: list[tuple[datetime, Sighting]], sighting: Sighting) -> timedelta:
    """For how long nothing else was seen, up to the end."""
    since = seen[-1][0]
    for at, what in reversed(seen):
        if what is not sighting:
            break
        since = at
    return seen[-1][0] - since
