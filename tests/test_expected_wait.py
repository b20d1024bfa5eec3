"""The expected wait: cases that can be worked out by hand, what must hold in any case, and simulated days."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.expected_wait import KINDS, measure
from quality.metrics.expected_wait import LEAST_TALKS, NOTHING, Recent, Staffing, expected_wait

ALIKE = Recent(handle_seconds=[120.0] * 10)


def mean_of(ahead: int, staffing: Staffing, recent: Recent = ALIKE) -> float:
    told = expected_wait(ahead, staffing, recent)
    assert told is not None
    return told.mean_seconds


def test_with_more_free_advisers_than_callers_nobody_waits() -> None:
    assert expected_wait(1, Staffing(free=2), Recent(handle_seconds=[])) == NOTHING


@pytest.mark.parametrize("staffing", [Staffing(free=0), Staffing(free=0, talking_seconds=())])
def test_without_advisers_nothing_is_told(staffing: Staffing) -> None:
    assert expected_wait(0, staffing, ALIKE) is None


def test_with_few_conversations_known_nothing_is_told() -> None:
    known = Recent(handle_seconds=[100.0] * (LEAST_TALKS - 1))
    assert expected_wait(0, Staffing(free=0, talking_seconds=(5,)), known) is None


def test_the_next_one_waits_for_what_is_left_of_the_only_conversation() -> None:
    assert mean_of(0, Staffing(free=0, talking_seconds=(30,))) == pytest.approx(90)


def test_the_one_after_waits_a_whole_conversation_more() -> None:
    assert mean_of(1, Staffing(free=0, talking_seconds=(30,))) == pytest.approx(90 + 120)


def test_two_advisers_free_themselves_twice_as_often() -> None:
    assert mean_of(0, Staffing(free=0, talking_seconds=(60, 60))) == pytest.approx(30)


def test_callers_ahead_take_the_free_advisers_first() -> None:
    assert mean_of(2, Staffing(free=2)) == pytest.approx(60)


def test_a_conversation_longer_than_all_known_goes_on_as_long_as_is_usual() -> None:
    assert mean_of(0, Staffing(free=0, talking_seconds=(500,))) == pytest.approx(120)


def test_who_gives_up_shortens_the_wait_of_those_behind() -> None:
    impatient = Recent(handle_seconds=[120.0] * 10, abandoned=10, waited_seconds=1200)
    behind_one = mean_of(1, Staffing(free=0, talking_seconds=(0,)), impatient)
    assert behind_one == pytest.approx(1 / (1 / 120 + 1 / 120) + 120)


@given(
    ahead=st.integers(0, 200),
    free=st.integers(0, 5),
    talking=st.lists(st.floats(0, 1e5), max_size=30),
    handle=st.lists(st.floats(0, 1e5), max_size=60),
    abandoned=st.just(0) | st.integers(0, 500),
    waited=st.floats(0, 1e6),
)
def test_whatever_is_seen_the_bounds_hold_the_mean_or_nothing_is_told(
    *, ahead: int, free: int, talking: list[float], handle: list[float], abandoned: int, waited: float
) -> None:
    recent = Recent(handle_seconds=handle, abandoned=abandoned, waited_seconds=waited)
    staffing = Staffing(free=free, talking_seconds=talking)
    told = expected_wait(ahead, staffing, recent)
    if told is None:
        return
    assert all(math.isfinite(value) for value in (told.mean_seconds, told.low_seconds, told.high_seconds))
    assert 0 <= told.low_seconds <= told.high_seconds
    if not abandoned:  # where callers give up, it is not known who has taken another call meanwhile
        behind = expected_wait(ahead + 1, staffing, recent)
        assert behind is None or behind.mean_seconds >= told.mean_seconds


def test_a_moment_in_which_somebody_gave_up_tells_nothing() -> None:
    gave_up_at_once = Recent(handle_seconds=[120.0] * 10, abandoned=3, waited_seconds=5e-324)
    assert mean_of(0, Staffing(free=0, talking_seconds=(30,)), gave_up_at_once) == pytest.approx(90)


@pytest.mark.parametrize("kind", random.Random(1).sample(sorted(KINDS), 2))
def test_on_simulated_days_it_is_nearer_than_asterisks_holdtime(kind: str) -> None:
    ours, asterisk = measure(KINDS[kind], days=2)
    assert ours.told > 100
    assert ours.mean < asterisk.mean
