"""Every figure of surveys and of the ways through the menus leads to exactly the calls it counts, on both databases."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from contesta.call_search import CallSearch
from contesta.figure_calls import of_calls, of_flow, of_hang_up, of_menu, of_question, of_row, of_span
from contesta.funnel_results import Funnels, funnels_of
from contesta.lines import SHIPPED, examine_files
from contesta.survey_results import By, QuestionResult, SurveyResults, results_of
from contesta.told_calls import Span
from core.events import CallStarted, Connected, Event, Source, SurveyAnswered
from ivr.line.model import Line
from quality.metrics.funnel import Did
from quality.metrics.history import CallHistory
from storage.ledger import Ledger
from storage.tables import LedgerTable
from tests.test_funnel import WORDS, told

ZONE = ZoneInfo("America/Bogota")
MIDNIGHT = datetime(2025, 11, 4, tzinfo=ZONE)
SPANS = [Span(zone=ZONE), *(Span(zone=ZONE, first=date(2025, 11, day), last=date(2025, 11, day)) for day in (3, 4))]
ANSWERS = [
    f"asked:{survey}/{question}/{answer}"
    for survey, question in (
        ("anm_servicio", "satisfaccion"),
        ("anm_servicio", "confianza"),
        ("anm_servicio", "comentario"),
        ("vieja", "antes"),
    )
    for answer in ("1", "4", "5", "", "voz")
]
TALKS = [f"talk:{queue}/{agent}" for queue in ("q", "r") for agent in ("Ana", "Luis")]
STORIES = st.lists(
    st.tuples(
        st.sampled_from(["anm", "otra"]),
        st.integers(-90, 5),  # seconds from midnight: the call may go on into the next day
        st.lists(st.one_of(WORDS, st.sampled_from(ANSWERS), st.sampled_from(TALKS)), max_size=14),
    ),
    min_size=5,
    max_size=12,
)


@pytest.fixture(scope="module")
def anm() -> Line:
    (examined,) = examine_files([SHIPPED.parent / "anm.yaml"])
    assert examined.line, examined.faults
    return examined.line


def events_of(number: int, line: str, second: int, words: Iterable[str]) -> Iterator[Event]:
    for place, word in enumerate(["", *words]):
        about: dict[str, Any] = {
            "at": MIDNIGHT + timedelta(seconds=second + 10 * place),
            "call_id": f"{number}.1",
            "channel_id": f"{number}.1",
            "source": Source.QUEUE_LOG,
        }
        kind, _, named = word.partition(":")
        match kind:
            case "":
                yield CallStarted(**about, line=line, number="anonymous")
            case "talk":
                queue, agent = named.split("/")
                yield Connected(**about, queue=queue, agent=agent, wait_seconds=1)
            case "asked":
                survey, question, answer = named.split("/")
                key, file = (int(answer), "") if answer.isdigit() else (None, answer and "2025/11/03/voz.wav")
                yield SurveyAnswered(**about, survey=survey, question=question, answer=key, file=file)
            case _:
                yield told(word, about)


def of_surveys(found: SurveyResults, span: Span) -> Iterator[tuple[str, int, CallSearch]]:
    """Each figure of the page of surveys that leads to calls: its name, what it says, what is asked for."""

    def of_one(name: str, one: QuestionResult, base: CallSearch | None, attended: str) -> Iterator[Any]:
        says = {"answered": one.answered, "in_vain": one.asked - one.answered, "top": one.top.numerator}
        says |= {"mean": 0 if one.mean is None else one.answered}
        says |= {str(each.answer): each.count for each in one.distribution}
        searches = of_question(base, one, attended)
        assert set(searches) == {figure for figure, count in says.items() if count}
        for figure, search in searches.items():
            yield f"{name} {attended} {one.survey} {one.question} {figure}", says[figure], search

    for line in found.lines:
        base = of_span(span, line.line)
        for one in (*line.questions, *line.consolidated):
            yield from of_one(line.line, one, base, "si")
        for one in line.without_adviser:
            yield from of_one(line.line, one, base, "no")
        for row in line.rows:
            for one in row.questions:
                yield from of_one(f"{line.line} {row.name}", one, of_row(base, span, found.by, row.name), "si")


def of_ways(found: Funnels, span: Span) -> Iterator[tuple[str, int, CallSearch]]:
    """Each figure of the page of ways that leads to calls."""
    for line in found.lines:
        base = of_span(span, line.line)
        for did, count in ((Did.SOLVED, line.solved_in_ivr), (Did.ANSWERED, line.reached_adviser)):
            search = of_calls(base, did)
            assert search is not None
            yield f"{line.line} {did}", count, search
        for menu in line.menus:
            says = {did.value: getattr(menu, did, 0) for did in Did}
            says |= {f"key{each.key}": each.chosen for each in menu.options if each.key}
            searches = of_menu(base, menu)
            assert set(searches) == {figure for figure, count in says.items() if count}
            for figure, search in searches.items():
                yield f"{line.line} {menu.menu} {figure}", says[figure], search
        for flow in line.flows:
            search = of_flow(base, flow)
            assert search is not None
            yield f"{line.line} {flow.passage}", flow.calls, search
        for each in line.hang_ups:
            search = of_hang_up(base, each)
            assert search is not None
            yield f"{line.line} {each.stage} {each.name}", each.calls, search


def figures(calls: list[CallHistory], anm: Line, span: Span) -> Iterator[tuple[str, int, CallSearch]]:
    yield from of_ways(funnels_of(calls, [anm], span), span)
    for group in By:
        yield from of_surveys(results_of(calls, [anm], span, group), span)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories=STORIES)
def test_each_figure_leads_to_the_calls_it_counts(
    engine: Engine, anm: Line, stories: list[tuple[str, int, list[str]]]
) -> None:
    with engine.begin() as connection:
        for table in reversed(LedgerTable.metadata.sorted_tables):
            connection.execute(table.delete())
    ledger = Ledger(engine)
    ledger.apply(event for number, story in enumerate(stories) for event in events_of(number, *story))
    calls = list(ledger.histories())

    @cache  # most figures come with each way of grouping: what they lead to is asked once
    def found(search: CallSearch) -> tuple[list[str], list[int | None]]:
        wanted = search.filter(ghost_seconds=5)
        counts = ledger.counts(wanted)
        listed = sorted(call.call_id for call in ledger.calls(wanted, size=500).calls)
        return listed, [counts.answers, counts.deeds, counts.calls]

    for span in SPANS:
        alone = {call.call_id: {name: says for name, says, _ in figures([call], anm, span)} for call in calls}
        for name, says, search in figures(calls, anm, span):
            listed, counted = found(search)
            assert listed == sorted(call for call, own in alone.items() if own.get(name)), name
            assert says == next(count for count in counted if count is not None), name


def test_what_else_is_asked_is_asked_of_the_visits_of_those_calls(ledger: Ledger) -> None:
    answered = ["queue:q", "talk:q/Ana", "asked:anm_servicio/satisfaccion/5"]
    ledger.apply(events_of(1, "anm", 0, answered))
    ledger.apply(events_of(2, "anm", 0, answered[2:]))
    asked = CallSearch(survey="anm_servicio", question="satisfaccion", answer="4,5")
    for search, calls in (
        (asked, ["1.1", "2.1"]),
        (replace(asked, outcome="contestada"), ["1.1"]),
        (replace(asked, agent="Ana"), ["1.1"]),
        (replace(asked, queue="r"), []),
        (replace(asked, answer="1"), []),
    ):
        found = ledger.calls(search.filter(ghost_seconds=5)).calls
        assert sorted(call.call_id for call in found) == calls
