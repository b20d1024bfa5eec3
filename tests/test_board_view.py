"""The board as a pure function: its figures are the ledger's, its levels follow its thresholds, walls show nobody."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contesta.board.board import wall
from contesta.board.cells import Cells
from contesta.board.links import Links
from contesta.board.view import Alert, Board, Figure, WallBoard
from contesta.board.why_text import explanation
from contesta.format import UNKNOWN, duration, percentage, whole
from core.events import CallEnded, CallStarted, Connected, EndedBy, QueueEntered, Source
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.batch import Batch
from quality.metrics.figures import Ratio, Tally
from quality.metrics.limits import Level, Metric
from storage.callback_list import Broken, Pending
from storage.ledger import Ledger
from storage.visits import visits
from tests.board import (
    REST,
    ZONE,
    ToldFeed,
    TurnedClock,
    asked_of,
    board_of,
    callers,
    hub_over,
    longest_sentence,
    signs_in,
    stories,
    texts,
    watched,
)
from tests.stories import at, events_of, log_of, number_of, restart

DAY = REST.astimezone(ZONE).date()


def counted(ledger: Ledger) -> Aggregate:
    """What the ledger's visits come to, by the road of `contesta stats`."""
    figures = Aggregate(ZONE, period=Period(first=DAY, last=DAY))
    for rows in visits(ledger._engine, None, None):  # noqa: SLF001  the same database
        figures.add(Batch.of(rows))
    return figures


def share(ratio: Ratio) -> str:
    return percentage(*ratio) if ratio.denominator else UNKNOWN


def parts(ratio: Ratio) -> str:
    return f"{whole(ratio.numerator)}/{whole(ratio.denominator)}"


def cards(board: WallBoard) -> dict[str, Figure]:
    return {card.id: card for card in board.cards}


def figures_of(board: WallBoard) -> Iterator[Figure]:
    yield from board.cards
    for row in board.queues:
        yield from (cell for _, cell in row if isinstance(cell, Figure))


def of_waiting(board: WallBoard) -> list[Alert]:
    return [alert for alert in board.alerts if alert.figure == "waiting"]


@pytest.mark.parametrize("log", [log_of(range(48)), log_of(range(40), restart(500)), log_of([]), log_of([3])])
def test_at_rest_the_figures_are_those_of_the_ledger(log: list[str], sqlite_ledger: Ledger) -> None:
    events = events_of(log)
    sqlite_ledger.apply(events)
    board, ledgers = board_of(events, at(900)), counted(sqlite_ledger)
    total = ledgers.total()
    assert cards(board)["service_level"].shown == share(total.service_level_offered)
    assert cards(board)["service_level"].detail.startswith(parts(total.service_level_offered))
    assert cards(board)["abandonment"].shown == share(total.abandonment_rate)
    assert {part.id: part.count for part in board.identity.parts} == {
        "offered": total.offered,
        "answered": total.answered,
        "abandoned": total.abandoned,
        "ghost": total.ghost,
        "others": total.overflow + total.closed + total.lost,
        "waiting": total.waiting,
    }
    assert board.identity.balances
    assert {row.name for row in board.queues} == set(ledgers.by_queue())
    for row in board.queues:
        tally = ledgers.by_queue()[row.name]
        assert row.offered.shown == whole(tally.offered)
        assert (row.service_level.shown, row.service_level.detail) == (
            share(tally.service_level_offered),
            parts(tally.service_level_offered),
        )
        assert (row.abandonment.shown, row.abandonment.detail) == (
            share(tally.abandonment_rate),
            parts(tally.abandonment_rate),
        )
    assert {adviser.id: (adviser.answered.shown, adviser.tmo.shown) for adviser in board.advisers} == {
        agent: (
            whole(tally.answered),
            duration(round(tally.tmo_ms.value)) if tally.tmo_ms.value is not None else UNKNOWN,
        )
        for agent, tally in ledgers.by_agent.items()
    }


def test_who_waits_is_counted_shown_and_masked_longest_first() -> None:
    board = board_of([*callers(3), *callers(2, "segunda", first=950, since=300)], at(400))
    assert cards(board)["waiting"].shown == "5"
    assert (cards(board)["longest_wait"].shown, cards(board)["longest_wait"].since) == ("1:40", at(300))
    assert [(one.queue, one.since) for one in board.waiting] == [
        ("segunda", at(300)),
        ("segunda", at(301)),
        ("atencion", at(380)),
        ("atencion", at(381)),
        ("atencion", at(382)),
    ]
    assert {one.number for one in board.waiting} == {
        "300 *** **00",
        "300 *** **01",
        "300 *** **02",
        "300 *** **50",
        "300 *** **51",
    }


def test_an_adviser_in_two_queues_counts_once() -> None:
    board = board_of([signs_in("Ana Ruiz"), signs_in("Ana Ruiz", "segunda"), signs_in("Luis Peña")])
    assert cards(board)["available"].shown == "2"
    assert {row.name: row.advisers.shown for row in board.queues} == {"atencion": "2", "segunda": "1"}
    assert {state.state: state.count for state in board.advisers_by_state}["available"] == 2
    assert [adviser.queues for adviser in board.advisers] == [["atencion", "segunda"], ["atencion"]]


def test_the_worst_breach_is_first_then_who_has_waited_longest() -> None:
    waiting = [*callers(10, "muchos"), *callers(1, "viejo", first=950, since=350), *callers(1, "nuevo", first=960)]
    assert [row.name for row in board_of(waiting, at(400)).queues] == ["muchos", "viejo", "nuevo"]


def test_levels_come_after_five_seconds_and_stay_fifteen() -> None:
    feed, clock = ToldFeed([signs_in("Ana Ruiz"), *callers(5)]), TurnedClock(at(390))
    hub = hub_over(feed, clock)
    assert cards(watched(hub, clock, 4))["waiting"].state is Level.OK
    board = watched(hub, clock, 2)
    assert cards(board)["waiting"].state is Level.WARN
    assert [alert.text for alert in of_waiting(board)] == ["Esperan más de 4 personas."]
    gone: list[Any] = [
        CallEnded(at=at(396), call_id=f"1.{number}", channel_id=f"1.{number}", source=Source.QUEUE_LOG, by=None)
        for number in range(900, 905)
    ]
    feed.tell(gone)
    assert cards(watched(hub, clock, 14))["waiting"].state is Level.WARN
    board = watched(hub, clock, 2)
    assert cards(board)["waiting"].state is Level.OK
    assert of_waiting(board) == []


def test_a_board_that_is_not_current_has_no_level_at_all() -> None:
    feed, clock = ToldFeed([*stories(), *callers(12)]), TurnedClock(at(395))
    hub = hub_over(feed, clock)
    before = watched(hub, clock, 7)
    assert {Level.OK, Level.BAD} <= {figure.state for figure in figures_of(before)}
    feed.connected.clear()
    after = watched(hub, clock, 1)
    assert not after.connected
    assert after.connected_at == clock() - timedelta(seconds=1)
    assert {figure.state for figure in figures_of(after)} == {None}
    assert {row.state for row in after.queues} == {None}
    after = watched(hub, clock, 6)
    assert "disconnected" in {alert.id for alert in after.alerts}
    feed.connected.set()
    assert cards(watched(hub, clock, 1))["waiting"].state is Level.BAD


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=12))
@settings(max_examples=30, deadline=None)
def test_never_green_while_not_connected(spells: list[tuple[bool, int]]) -> None:
    feed, clock = ToldFeed([*callers(6)]), TurnedClock(at(390))
    hub = hub_over(feed, clock)
    for connected, seconds in spells:
        feed.connected.set() if connected else feed.connected.clear()
        board = watched(hub, clock, seconds)
        states = {figure.state for figure in figures_of(board)} | {row.state for row in board.queues}
        assert connected or states == {None}


def test_faults_of_the_board_are_alerts() -> None:
    feed, clock = ToldFeed(stories()), TurnedClock(REST)
    hub = hub_over(feed, clock)
    feed.damaged_lines = 3
    feed.unread = "No se puede leer queue_log: Permission denied."
    board = watched(hub, clock, 6)
    assert board.trouble == feed.unread
    assert board.connected
    (unread,) = (alert for alert in board.alerts if alert.id == "unread")
    assert (unread.level, unread.text) == (Level.BAD, "Faltan datos: no se puede leer el registro de la central.")
    (damaged,) = (alert for alert in board.alerts if alert.id == "damaged")
    assert (damaged.level, damaged.text) == (
        Level.WARN,
        "El registro de la central tiene líneas dañadas. Revíselas con «contesta reconcile --check».",
    )


def test_broken_promises_are_alerts_that_say_what_to_do_and_lead_to_them() -> None:
    clock = TurnedClock(REST)
    hub = hub_over(ToldFeed(stories()), clock)
    quiet = watched(hub, clock, 6)
    broken = Broken(late=("anm", "art"), expired=("anm",), stopped=True, capped=("art",))
    hub.count(Pending(total=9, late=4), broken)
    board = watched(hub, clock, 6)
    stopped, capped = (alert for alert in board.alerts if alert.id.startswith("dialling_"))
    assert (stopped.level, stopped.text, stopped.calls) == (
        Level.BAD,
        "La marcación de devoluciones está detenida: nadie recibe llamadas.",
        "/devoluciones?estado=pendientes",
    )
    assert (capped.level, capped.text) == (
        Level.WARN,
        "Se llegó al tope de llamadas en art: por ahora no se marca más.",
    )
    late, expired = (alert for alert in board.alerts if alert.id.endswith("_callbacks"))
    assert (late.level, late.text, late.to_do, late.calls) == (
        Level.BAD,
        "Hay devoluciones con más de 10 minutos de retraso en anm, art.",
        "Revise que haya asesores libres y que el marcador esté en marcha.",
        "/devoluciones?estado=atrasadas",
    )
    assert (expired.level, expired.text, expired.calls) == (
        Level.WARN,
        "Hoy vencieron devoluciones sin hacer la llamada en anm.",
        "/devoluciones?estado=vencidas",
    )
    assert {alert.calls for alert in wall(board).alerts} == {""}, "a wall leads nowhere"
    hub.count(Pending(total=5, late=0))
    assert [alert.id for alert in watched(hub, clock, 16).alerts] == [alert.id for alert in quiet.alerts]


def test_an_identity_that_does_not_hold_is_the_worst_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is made on purpose: nothing that may be told leads to one."""
    feed, clock = ToldFeed(stories()), TurnedClock(REST)
    hub = hub_over(feed, clock)
    assert watched(hub, clock, 1).identity.text.endswith(" · Cuadra")
    monkeypatch.setattr(Tally, "remainder", property(lambda _: 1))
    board = watched(hub, clock, 6)
    assert board.identity.text.endswith("NO CUADRA: es un defecto del programa")
    (alert,) = (alert for alert in board.alerts if alert.id == "unbalanced")
    assert alert.level is Level.BAD


def test_what_a_queue_and_the_line_both_have_is_said_once() -> None:
    assert [alert.id for alert in of_waiting(board_of(callers(12)))] == ["waiting"]
    both = board_of([*callers(12), *callers(1, "otra", first=990)])
    assert [alert.id for alert in of_waiting(both)] == ["waiting:atencion"]
    spread = board_of([*callers(3), *callers(3, "otra", first=990)])
    assert [alert.id for alert in of_waiting(spread)] == ["waiting"]


def test_nobody_misses_a_free_adviser_at_night() -> None:
    assert cards(board_of([signs_in("Ana Ruiz")], at(400)))["available"].state is Level.OK
    assert cards(board_of([]))["available"].state is None
    assert cards(board_of(callers(1)))["available"].state is Level.WARN


NAME, QUEUE = "Zoraida Quiñones", "atencion"


def personal() -> list[Any]:
    of: dict[str, Any] = {"call_id": "7.7", "channel_id": "7.7", "source": Source.QUEUE_LOG}
    return [
        signs_in(NAME),
        CallStarted(at=at(300), line="018000910123", number="+573157654321", **of),
        QueueEntered(at=at(301), queue=QUEUE, **of),
        Connected(at=at(310), queue=QUEUE, agent=NAME, wait_seconds=9, **of),
    ]


def test_a_wall_shows_the_same_figures_and_nothing_of_anybody() -> None:
    board = board_of([*stories(), *personal(), *callers(7)], at(395))
    shown = wall(board)
    told = shown.model_dump_json()
    assert set(json.loads(told)) == set(WallBoard.model_fields)
    numbers = [number_of(number) for number in range(900, 907)] + ["+573157654321"]
    secrets = [NAME, "Quiñones", "Ana Ruiz", "/llamadas", "/api/", "7.7", "1.900", "***", "asesor="]
    for secret in [*secrets, *numbers, *(number[-4:] for number in numbers), *(number[3:] for number in numbers)]:
        assert secret not in told
    assert NAME in board.model_dump_json()
    assert [card.shown for card in shown.cards] == [card.shown for card in board.cards]
    assert [(row.name, row.state, row.waiting.shown) for row in shown.queues] == [
        (row.name, row.state, row.waiting.shown) for row in board.queues
    ]
    WallBoard.model_validate_json(told)


def test_a_board_survives_its_json() -> None:
    board = board_of([*stories(), *callers(7), signs_in(NAME)], at(395))
    assert Board.model_validate_json(board.model_dump_json()) == board


@pytest.mark.parametrize("metric", Metric)
@pytest.mark.parametrize("queue", ["", "atencion"])
def test_every_text_is_written_in_short_sentences(metric: Metric, queue: str) -> None:
    feed, clock = ToldFeed([*stories(), *callers(12), *personal()]), TurnedClock(at(395))
    hub = hub_over(feed, clock)
    board = watched(hub, clock, 7)
    why = explanation(hub.moment, metric, queue, lambda _since, _until: 2.5, Links(day=DAY, zone=ZONE))
    assert why.sentences
    for text in [*texts(json.loads(board.model_dump_json())), *why.sentences]:
        assert longest_sentence(text) <= 20, text


def test_a_figure_that_runs_is_the_same_however_long_it_has_run() -> None:
    first, later = (board_of(callers(2), at(385 + seconds), seconds=1) for seconds in (0, 1))
    assert first != later
    assert first.shows_the_same_as(later)
    assert not board_of(callers(3), at(385)).shows_the_same_as(later)


def test_who_hung_up_first_is_no_fault_of_a_figure() -> None:
    """A call that ends while it talks leaves the adviser free and the figures whole."""
    of: dict[str, Any] = {"call_id": "7.7", "channel_id": "7.7", "source": Source.QUEUE_LOG}
    board = board_of([*personal(), CallEnded(at=at(350), by=EndedBy.CALLER, cause=16, **of)], at(400))
    assert {state.state: state.count for state in board.advisers_by_state}["available"] == 1
    assert board.identity.balances


def test_promised_calls_that_are_open_are_counted_and_lead_to_their_list() -> None:
    cells = Cells(targets=asked_of(at(0)), alarms=None, links=Links(day=at(0).date(), zone=ZONE))
    figure = cells.callbacks(Pending(total=1142, late=3))
    assert (figure.shown, figure.detail, figure.calls) == ("1.142", "3 en mora", "/devoluciones?estado=pendientes")
    assert cells.callbacks(None).shown == UNKNOWN
