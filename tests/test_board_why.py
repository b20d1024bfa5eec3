"""Why a figure is what it is: when it was lost, who was there, what it takes; and the sentences that say so."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import isclose
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contesta.board.links import Links
from contesta.board.on_duty import on_duty
from contesta.board.why_text import explanation
from core.events import CallEnded, Completed, Connected, EndedBy, Event, QueueEntered, Source
from quality.metrics.agents import Member, Telephone
from quality.metrics.erlang import MOST_AGENTS, agents_needed, answered_within
from quality.metrics.figures import Ratio, Tally
from quality.metrics.limits import Limit, Metric
from quality.metrics.sla.definition import Indicator
from quality.metrics.why import Asked, explain, sum_of, to_recover
from storage.presence import Watch
from tests.board import ZONE, ToldFeed, TurnedClock, hub_over, watched

TEN = datetime(2026, 1, 5, 15, tzinfo=UTC)  # 10:00 in Bogotá, a Monday
QUARTER = timedelta(minutes=15)
GOAL = Asked(
    indicator=Indicator.SERVICE_LEVEL_OFFERED,
    limit=Limit(value=Fraction(8, 10)),
    within_seconds=20,
    answered_share=0.8,
)


def tally(offered: int, within: int, handle_seconds: int = 180) -> Tally:
    return Tally(
        offered=offered,
        answered=within,
        answered_within=within,
        abandoned=offered - within,
        talk_ms=within * handle_seconds * 1000,
    )


def test_a_published_example_of_the_formula() -> None:
    """100 calls in half an hour, of three minutes each, 80 % in 20 s: 14 agents, who answer 88,8 % in time.

    The worked example of Call Centre Helper's guide to the Erlang formula.
    """
    assert agents_needed(100, 1800, 180, 20, 0.8) == 14
    assert round(answered_within(14, 10, 20, 180), 3) == 0.888


def test_the_formula_against_its_sum() -> None:
    """The recursion gives what the textbook's sum gives."""
    load, agents = 5.0, 8
    terms = [1.0]
    for n in range(1, agents + 1):
        terms.append(terms[-1] * load / n)
    last = terms[-1] * agents / (agents - load)
    waits = last / (sum(terms[:-1]) + last)
    assert isclose(answered_within(agents, load, 0, 60), 1 - waits)


@given(st.integers(0, 400), st.floats(1, 900), st.floats(0.0, 1.0), st.integers(0, 120))
def test_so_many_agents_do_and_one_fewer_do_not(calls: int, handle: float, share: float, within: int) -> None:
    agents = agents_needed(calls, 900, handle, within, share)
    assert agents is not None
    load = calls * handle / 900
    wanted = min(share, 0.999)
    assert answered_within(agents, load, within, handle) >= wanted
    assert agents == int(load) + (calls > 0) or answered_within(agents - 1, load, within, handle) < wanted


def test_a_load_beyond_all_measure_needs_nobody_knows_how_many() -> None:
    assert agents_needed(MOST_AGENTS, 1, 1, 20, 0.8) is None
    assert agents_needed(1, 0, 60, 20, 0.8) is None


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 100), st.booleans())
def test_after_so_many_good_calls_it_is_as_asked_and_not_one_sooner(
    good: int,
    bad: int,
    percent: int,
    strict: bool,  # noqa: FBT001  hypothesis gives it by its place
) -> None:
    limit = Limit(value=Fraction(percent, 100), strict=strict)
    calls = to_recover(Ratio(good, good + bad), Indicator.ANSWER_RATE, limit)

    def as_asked(more: int) -> bool:
        needed = limit.value * (good + bad + more)
        return good + more > needed if strict else good + more >= needed

    if calls is None:
        assert not as_asked(100_000)
    else:
        assert as_asked(calls)
        assert calls == 0 or not as_asked(calls - 1)


@given(st.integers(0, 300), st.integers(1, 300), st.integers(1, 99))
def test_so_does_abandonment_where_nobody_more_abandons(lost: int, more: int, percent: int) -> None:
    calls = to_recover(Ratio(lost, lost + more), Indicator.ABANDONMENT_RATE, Limit(value=Fraction(percent, 100)))
    assert calls is not None
    assert 100 * lost <= percent * (lost + more + calls)
    assert calls == 0 or 100 * lost > percent * (lost + more + calls - 1)


def test_the_worst_time_is_found_with_its_neighbours_that_were_bad_too() -> None:
    quarters = [
        (TEN, tally(10, 10)),
        (TEN + QUARTER, tally(10, 7)),
        (TEN + 2 * QUARTER, tally(20, 4)),
        (TEN + 3 * QUARTER, tally(10, 9)),
        (TEN + 6 * QUARTER, tally(10, 1)),
    ]
    why = explain(quarters, GOAL, TEN + 8 * QUARTER)
    assert (why.figure, why.missed) == (Ratio(31, 60), 29)
    assert why.worst
    assert (why.worst.begins_at, why.worst.ends_at) == (TEN + QUARTER, TEN + 3 * QUARTER)
    assert (why.worst.counted, why.worst.missed) == (30, 19)
    assert why.worst.needed == agents_needed(30, 1800, 180, 20, 0.8)


def test_a_quarter_that_still_goes_on_is_as_long_as_it_has_lasted() -> None:
    why = explain([(TEN, tally(30, 3))], GOAL, TEN + timedelta(minutes=3))
    assert why.worst
    assert why.worst.needed == agents_needed(30, 180, 180, 20, 0.8)


def test_where_nobody_missed_there_is_no_worst_time() -> None:
    assert explain([(TEN, tally(10, 10))], GOAL, TEN + QUARTER).worst is None
    assert explain([], GOAL, TEN).worst is None


def test_a_sum_of_tallies_adds_up_and_keeps_the_longest_wait() -> None:
    both = sum_of([Tally(offered=2, longest_wait_ms=9), Tally(offered=3, longest_wait_ms=4)])
    assert both == Tally(offered=5, longest_wait_ms=9)


def morning(seconds: int = 0) -> list[Event]:
    """Six calls at ten: four answered at once, two after a minute; Ana alone. Then four at once, a quarter later."""
    told: list[Event] = []
    for number, (after, wait) in enumerate([(0, 3), (60, 3), (120, 70), (150, 3), (240, 90), (300, 3)]):
        told += call(number, after, wait)
    for number in range(6, 10):
        told += call(number, 900 + 60 * (number - 6), 3)
    return [event for event in told if not seconds or event.at <= TEN + timedelta(seconds=seconds)]


def call(number: int, after: int, wait: int, talk: int = 30) -> list[Event]:
    of: dict[str, Any] = {"call_id": f"{number}.1", "channel_id": f"{number}.1", "source": Source.QUEUE_LOG}
    entered = TEN + timedelta(seconds=after)
    answered = entered + timedelta(seconds=wait)
    ended = answered + timedelta(seconds=talk)
    return [
        QueueEntered(at=entered, queue="atencion", **of),
        Connected(at=answered, queue="atencion", agent="Ana Ruiz", wait_seconds=wait, **of),
        Completed(
            at=ended,
            queue="atencion",
            agent="Ana Ruiz",
            wait_seconds=wait,
            talk_seconds=talk,
            by=EndedBy.AGENT,
            **of,
        ),
        CallEnded(at=ended, by=EndedBy.AGENT, **of),
    ]


def said(metric: Metric, now: datetime, queue: str = "atencion", there: float | None = 1.5) -> list[str]:
    feed, clock = ToldFeed(morning()), TurnedClock(now)
    hub = hub_over(feed, clock)
    watched(hub, clock, 1)
    links = Links(day=now.astimezone(ZONE).date(), zone=ZONE)
    return list(explanation(hub.moment, metric, queue, lambda _since, _until: there, links).sentences)


def test_the_service_level_is_explained() -> None:
    assert said(Metric.SERVICE_LEVEL, TEN + 2 * QUARTER) == [
        "De 10 recibidas, 8 se contestaron en 20 s: 80,00\N{NO-BREAK SPACE}%; la meta es 80\N{NO-BREAK SPACE}%.",
        "Lo peor fue de 10:00 a 10:15: 2 de 6 no se contestaron en 20 s.",
        "La meta pedía 1 asesor; hubo 1,5 en turno.",
        "Cada llamada ocupó a un asesor 0:30 en promedio.",
        "Está dentro de la meta.",
    ]
    unknown = said(Metric.SERVICE_LEVEL, TEN + 2 * QUARTER, queue="", there=None)
    assert "La meta pedía 1 asesor." in unknown


def test_what_there_is_nothing_of_is_not_explained() -> None:
    assert said(Metric.SERVICE_LEVEL, TEN + timedelta(days=1), queue="") == ["Hoy no hay llamadas con qué medirlo."]


def test_a_wait_is_explained_by_who_is_there_and_what_came() -> None:
    feed = ToldFeed([*morning(400), *call(20, 1000, 300, 10)[:1], *call(21, 1010, 300, 10)[:1]])
    clock = TurnedClock(TEN + timedelta(seconds=1100))
    hub = hub_over(feed, clock)
    watched(hub, clock, 1)
    links = Links(day=TEN.date(), zone=ZONE)
    why = explanation(hub.moment, Metric.LONGEST_WAIT, "", lambda _since, _until: None, links)
    assert why.sentences == [
        "Quien más espera entró a atencion a las 10:16:40.",
        "En espera: 2. Asesores libres: 1 de 1 en turno.",
        "Desde las 10:00 entraron 8 y se contestaron 6.",
        "Para contestar a tiempo, esa carga pide 1 asesor.",
    ]
    assert why.calls == "/llamadas?resultado=esperando"


def test_a_queue_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        said(Metric.WAITING, TEN + QUARTER, queue="ninguna")


def member(
    minutes: float, telephone: Telephone | None, agent: str = "Ana", queue: str = "q", *, paused: bool = False
) -> Member:
    at = TEN + timedelta(minutes=minutes)
    return Member(at=at, queue=queue, agent=agent, telephone=telephone, paused=paused)


def test_who_was_there_is_a_mean_of_the_time_that_was_watched() -> None:
    one = Watch(
        since=TEN,
        until=TEN + timedelta(minutes=10),
        members=(
            member(-5, Telephone.FREE),
            member(-5, Telephone.FREE, queue="otra"),
            member(0, Telephone.ABSENT, agent="Luis"),
            member(5, Telephone.FREE, agent="Luis"),
            member(8, Telephone.BUSY, paused=True),
            member(8, Telephone.BUSY, queue="otra", paused=True),
        ),
    )
    assert on_duty([one], TEN, TEN + timedelta(minutes=10)) == pytest.approx((8 + 5) / 10)
    assert on_duty([one], TEN, TEN + timedelta(minutes=20)) == pytest.approx((8 + 5) / 10)
    assert on_duty([one], TEN, TEN + timedelta(minutes=10), queue="otra") == pytest.approx(8 / 10)
    assert on_duty([one], TEN + timedelta(minutes=9), TEN + timedelta(minutes=10)) == pytest.approx(1)
    assert on_duty([one], TEN + timedelta(hours=1), TEN + timedelta(hours=2)) is None
    two = Watch(since=TEN + timedelta(minutes=15), until=TEN + timedelta(minutes=20), members=())
    assert on_duty([one, two], TEN, TEN + timedelta(minutes=20)) == pytest.approx((8 + 5) / 15)
