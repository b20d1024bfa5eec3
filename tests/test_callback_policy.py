"""When a promised call may be dialled, what follows each result, and what a line's file says of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ivr
from callback_queue.policy import Rules, after, may_ring, next_allowed, promise
from callback_queue.request import Reason, Result, Source, Window
from callback_queue.states import AttemptFailed, Claimed, Dialled, GaveUp, advance
from core.calendar import BOGOTA, is_holiday
from ivr import prompts
from ivr.line.callbacks import CallbackPolicy, Caps, Mode, Retry
from ivr.line.examine import Examined, examine
from tests.callbacks import ALWAYS, ANY_HOUR, NOW, OFFICE, begun, wish

ART = (Path(ivr.__file__).parent / "lines" / "art.yaml").read_text(encoding="utf-8")
SHARED = {"es": prompts.load().texts}
TWO_MONTHS_SECONDS = 61 * 24 * 3600
ALL_DAY = Rules(policy=CallbackPolicy(), calendar=ALWAYS)


def local(moment: datetime) -> datetime:
    return moment.astimezone(BOGOTA)


@given(seconds=st.integers(0, TWO_MONTHS_SECONDS), office=st.booleans())
def test_through_two_months_nothing_is_due_outside_the_hours(*, seconds: int, office: bool) -> None:
    asked_at = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    due = promise(OFFICE if office else ALL_DAY, wish(), asked_at).due_at
    assert due >= asked_at
    day, hour = local(due).date(), local(due).time()
    assert not is_holiday(day)
    assert day.weekday() < (5 if office else 6)
    last = {5: time(15)}.get(day.weekday(), time(17 if office else 19))
    assert time(8 if office or day.weekday() == 5 else 7) <= hour < last
    opening = next_allowed(OFFICE if office else ALL_DAY, asked_at)
    assert due == opening, "as soon as it may be"


@pytest.mark.parametrize(
    ("asked_at", "due"),
    [
        ("2025-06-20T18:59", "2025-06-20T18:59"),
        ("2025-06-20T19:00", "2025-06-21T08:00"),  # a Friday evening: Saturday
        ("2025-06-21T15:00", "2025-06-24T07:00"),  # Monday 23 is Corpus Christi
        ("2025-06-28T16:00", "2025-07-01T07:00"),  # Monday 30 is Sagrado Corazón
        ("2025-12-24T20:00", "2025-12-26T07:00"),
    ],
)
def test_nights_sundays_and_holidays_are_passed_over(asked_at: str, due: str) -> None:
    owed = promise(ALL_DAY, wish(), datetime.fromisoformat(f"{asked_at}-05:00"))
    assert local(owed.due_at).isoformat() == f"{due}:00-05:00"


def test_a_window_bounds_the_call_and_one_without_an_open_moment_expires() -> None:
    sunday = datetime(2025, 6, 8, 10, 0, tzinfo=BOGOTA)
    window = Window(not_before=sunday, not_after=sunday + timedelta(hours=2))
    owed = promise(ALL_DAY, wish(window=window), NOW)
    assert owed.due_at == owed.expires_at == window.not_after
    tuesday = Window(not_before=NOW + timedelta(hours=3), not_after=NOW + timedelta(hours=4))
    owed = promise(ALL_DAY, wish(window=tuesday), NOW)
    assert (owed.promised_at, owed.due_at, owed.expires_at) == (
        tuesday.not_before,
        tuesday.not_before,
        tuesday.not_after,
    )


def test_abandoned_waits_a_little_and_a_follow_up_longer() -> None:
    for source, seconds in ((Source.ABANDONED, 30), (Source.FOLLOW_UP, 3600), (Source.WEB, 0)):
        assert promise(ANY_HOUR, wish(source=source), NOW).due_at == NOW + timedelta(seconds=seconds)


def ended(results: list[Result], rules: Rules = ANY_HOUR) -> AttemptFailed | GaveUp:
    """Let attempts end so, one after the other, and tell what followed the last."""
    request, now = begun(), NOW
    for result in results:
        request, _ = advance(request, Claimed(by="w", worker="w", until=now), now)
        request, _ = advance(request, Dialled(by="w"), now)
        followed = after(rules, request, result, now, by="w")
        if result is not results[-1] or len(request.attempts) < len(results):
            request, _ = advance(request, followed, now)
        now = getattr(followed, "retry_at", now)
    return followed


@pytest.mark.parametrize(
    ("results", "minutes"),
    [
        ([Result.BUSY], 5),
        ([Result.BUSY, Result.BUSY], 15),
        ([Result.NO_ANSWER], 30),
        ([Result.BUSY, Result.NO_ANSWER], 30),
        ([Result.NOT_DIALLED], 0),
    ],
)
def test_another_attempt_after_its_delay(results: list[Result], minutes: int) -> None:
    followed = ended(results)
    assert isinstance(followed, AttemptFailed)
    start = NOW + timedelta(minutes=5 if len(results) > 1 else 0)
    assert followed.retry_at == start + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([Result.BUSY] * 3, Reason.TOO_MANY_ATTEMPTS),
        ([Result.MACHINE] * 2, Reason.TOO_MANY_ATTEMPTS),
        (
            [Result.BUSY, Result.NO_ANSWER, Result.BUSY, Result.NO_ANSWER, Result.MACHINE, Result.UNREACHABLE],
            Reason.TOO_MANY_ATTEMPTS,
        ),
        ([Result.WRONG_NUMBER], Reason.WRONG_NUMBER),
        ([Result.BUSY, Result.INVALID_NUMBER], Reason.INVALID_NUMBER),
    ],
)
def test_no_more_attempts(results: list[Result], reason: Reason) -> None:
    followed = ended(results)
    assert isinstance(followed, GaveUp)
    assert (followed.reason, followed.result) == (reason, results[-1])


def test_no_attempt_after_the_request_expires() -> None:
    policy = replace(ANY_HOUR.policy, retries={"busy": Retry(limit=9, after_minutes=(10_000,))})
    followed = ended([Result.BUSY], replace(ANY_HOUR, policy=policy))
    assert isinstance(followed, GaveUp)
    assert followed.reason is Reason.EXPIRED


@pytest.mark.parametrize(
    ("number", "allowed"),
    [
        ("+573001234567", True),
        ("+576012345678", True),
        ("+5718000123456", False),
        ("+57123", False),
        ("+13055551234", False),
        ("+5356789012", False),
        ("300&PJSIP/x", False),
        ("anonymous", False),
        ("", False),
    ],
)
def test_only_colombian_mobile_and_fixed_numbers_may_ring(number: str, allowed: bool) -> None:  # noqa: FBT001  a case
    assert may_ring(CallbackPolicy(), number) is allowed
    assert not may_ring(CallbackPolicy(ranges=("604",)), number)


FILE = """
callbacks:
  enabled: no
  mode: adviser_first
  abandoned: no
  caller_id: 6012201999
  attempts: 4
  legal_hours:
    hours: {monday-friday: 09:00-12:00}
    public_holidays: closed
  retries:
    busy: {limit: 2, after_minutes: [1, 2]}
  priorities: {web: 9}
  ranges: ["300", "601"]
  caps: {per_hour: 10, pesos_per_day: 50000, mobile_pesos_per_minute: 80, fixed_pesos_per_minute: 40}
"""


def examined(more: str) -> Examined:
    (one,) = examine({"linea.yaml": ART + more}, SHARED)
    return one


def test_what_the_file_says() -> None:
    line = examined(FILE).line
    assert line
    policy = line.callbacks
    assert (policy.enabled, policy.abandoned, policy.attempts) == (False, False, 4)
    assert policy.mode is Mode.ADVISER_FIRST
    assert policy.retries["busy"] == Retry(limit=2, after_minutes=(1, 2))
    assert policy.retries["machine"] == CallbackPolicy().retries["machine"]
    assert (policy.priorities["web"], policy.priorities["campaign"]) == (9, 1)
    assert (policy.ranges, policy.caller_id) == (("300", "601"), "6012201999")
    assert policy.caps == Caps(per_hour=10, pesos_per_day=50000, mobile_pesos_per_minute=80, fixed_pesos_per_minute=40)
    assert policy.legal_hours.spans(date(2025, 6, 7)) == ()
    assert examined("").line
    assert examined("").line.callbacks == CallbackPolicy()  # type: ignore[union-attr]  # asserted above


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("attempts: 4", "attempts: 0", "clave «attempts»: escriba un número entero de 1 a 20"),
        ("mode: adviser_first", "mode: machine_first", "clave «mode»"),
        ("busy: {", "bussy: {", "«bussy»"),
        ("limit: 2, ", "", "falta «limit»"),
        ("[1, 2]", "[]", "clave «after_minutes»: escriba al menos un tiempo"),
        ('"300"', '"1900"', "clave «ranges»: escriba el comienzo de números móviles"),
        ('["300", "601"]', "[]", "clave «ranges»: escriba al menos un comienzo"),
        ("mobile_pesos_per_minute: 80, ", "", "clave «pesos_per_day»: escriba también"),
        ("{web: 9}", "{web: 10}", "clave «web»: escriba un número entero de 0 a 9"),
        ("abandoned: no", "abandonned: no", "«abandonned»"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, told: str) -> None:
    source = FILE.replace(old, new)
    assert source != FILE
    (fault,) = examined(source).faults
    assert told in fault
    assert fault.startswith("linea.yaml, línea ")
