"""The figures of one period, as each command tells them, add up and agree, whatever the calls were like."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from typer.testing import CliRunner

from callback_queue.request import Place, Reason, Result, Source
from callback_queue.states import Accepted, Answered, AttemptFailed, Cancelled, Claimed, Connected, Dialled, TalkEnded
from callback_queue.states import Event as Step
from contesta.cli import app
from storage.callbacks import Callbacks
from storage.ledger import Ledger
from storage.tables import LedgerTable
from tests.callbacks import ANY_HOUR, wish
from tests.stories import events_of

MIDNIGHT = datetime(2025, 11, 4, 5, tzinfo=UTC)
"""In Bogotá."""
PERIODS = ((), ("--from", "2025-11-04", "--to", "2025-11-04"))

QUEUES, AGENTS = ("atencion", "juridica"), ("Ana Ruiz", "Beto")
DEFINITION = """
definitions:
  - {id: atencion, version: 1, title: Atención, clause: "1", indicator: answer_rate, at_least: 90 %,
     ghost_seconds: 5, calendar: all, valid_from: 2020-01-01}
"""

OF_NOBODY = {
    "ENTERQUEUE": "|anonymous|1",
    "ABANDON": "1|1|{said}",
    "EXITWITHTIMEOUT": "1|1|{said}",
    "EXITEMPTY": "1|1|{said}",
    "EXITWITHKEY": "3|1|1|{said}",
    "WITHDRAW": "1|1|{said}|supervisor",
    "RECHAZADA": "FULL",
    "MENU": "principal|1|chosen",
    "ENCUESTA": "satisfaccion|{rating}",
    "COLGO": "menu|principal",
    "FIN": "caller|16",
    "QUEUESTART": "",
}
OF_AGENTS = {
    "CONNECT": "{said}|9.9|1",
    "COMPLETEAGENT": "{said}|{after}|1",
    "COMPLETECALLER": "{said}|{after}|1",
    "BLINDTRANSFER": "810|interno|{said}|{after}|1",
    "ATTENDEDTRANSFER": "BRIDGE|b|{said}|{after}|1",
    "RINGNOANSWER": "{said}000",
    "TIPIFICACION": "informado|Informado|solved|ana|0|{at}",
}
"""What a line of each kind says after its event."""

WORD = st.tuples(
    st.sampled_from(sorted({**OF_NOBODY, **OF_AGENTS})),
    st.integers(0, 12),  # seconds since the last one
    st.integers(0, 9),  # what it says: a wait, a key, an answer
    st.sampled_from(QUEUES),
    st.sampled_from(AGENTS),
)
CALLS = st.lists(
    st.tuples(st.sampled_from(["anm", "ciudadanos", ""]), st.integers(-60, 40), st.lists(WORD, max_size=9)),
    min_size=6,
    max_size=14,
)
LIVES: tuple[tuple[Step, ...], ...] = (
    (),
    (Cancelled(by="citizen", reason=Reason.BY_CITIZEN),),
    (Dialled(by="w"), AttemptFailed(by="w", result=Result.BUSY, retry_at=MIDNIGHT + timedelta(hours=1))),
    (Dialled(by="w"), Answered(by="w"), AttemptFailed(by="w", result=Result.MACHINE, retry_at=MIDNIGHT)),
    (Dialled(by="w"), Answered(by="w"), Accepted(by="w"), Connected(by="w", agent="Beto"), TalkEnded(by="w")),
)
PROMISES = st.lists(
    st.tuples(st.sampled_from(Source), st.integers(-60, 60), st.sampled_from(LIVES), st.integers(0, 5)), max_size=9
)


def lines_of(number: int, line: str, second: int, words: Iterable[Any]) -> Iterator[str]:
    """What queue_log has of one call; hardly any is in order."""
    at, channel = int(MIDNIGHT.timestamp()) + second, f"{number}.1"
    if line:
        yield f"{at}|{channel}|NONE|NONE|LLAMADA|{channel}|{line}|+5730000000{number:02}"
    for event, after, said, queue, agent in words:
        at += after
        data = (OF_NOBODY | OF_AGENTS)[event].format(at=at, said=said, after=after, rating=said % 5 + 1 if said else "")
        where = "NONE|NONE" if event == "QUEUESTART" else f"{channel}|{queue}"
        yield f"{at}|{where}|{agent if event in OF_AGENTS else 'NONE'}|{event}|{data}"


def promise(store: Callbacks, number: int, source: Source, second: int, life: Iterable[Step], at_number: int) -> None:
    now = MIDNIGHT + timedelta(seconds=second)
    asked = wish(
        source=source,
        origin=f"{source}:{number}",
        line="anm",
        telephone=f"+5730000000{at_number:02}",
        place=Place(queue="atencion", since=now),
    )
    taken = store.ask(asked, ANY_HOUR, now)
    if taken.joined:
        return
    steps = tuple(life)
    if steps and isinstance(steps[0], Dialled):
        store.step(taken.request.id, Claimed(by="w", worker="w", until=now + timedelta(hours=1)), now)
    for step in steps:
        store.step(taken.request.id, step, now)


def told(*words: str) -> Any:  # noqa: ANN401  whatever the program prints
    result = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


COUNTS = ("offered", "answered", "abandoned", "ghost", "overflow", "closed", "lost", "waiting", "talk_unknown")
ENDS = COUNTS[1:-1]


def of_stats(figures: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield what must be equal: what it is, and both."""
    totals = figures["totals"]
    yield "identity", totals["offered"], sum(totals[end] for end in ENDS)
    for table in ("by_day", "by_queue", "by_hour"):
        for count in COUNTS:
            yield f"{table} {count}", sum(row[count] for row in figures[table].values()), totals[count]
    yield "by_disposition", sum(row["disposed"] for row in figures["by_disposition"].values()), totals["disposed"]


def of_surveys(found: Mapping[str, Any], answered: int) -> Iterator[tuple[str, Any, Any]]:
    yield "survey attended", sum(line["attended"] for line in found["lines"]), answered
    for line in found["lines"]:
        yield f"rows of {line['line']}", sum(row["attended"] for row in line["rows"]), line["attended"]
        for place, question in enumerate(line["questions"]):
            of_rows = [row["questions"][place] for row in line["rows"]]
            for count in ("asked", "answered"):
                yield f"{question['question']} {count}", sum(one[count] for one in of_rows), question[count]
            given = sum(answer["count"] for answer in question["distribution"])
            yield f"{question['question']} distribution", given, question["answered"]
            yield f"{question['question']} of", question["response_rate"]["denominator"], line["attended"]


def of_ways(found: Mapping[str, Any], calls: int, reached: int) -> Iterator[tuple[str, Any, Any]]:
    yield "funnel calls", sum(line["calls"] for line in found["lines"]), calls
    yield "funnel advisers", sum(line["reached_adviser"] for line in found["lines"]), reached
    for line in found["lines"]:
        first = sum(flow["calls"] for flow in line["flows"] if flow["step"] == 0)
        yield f"ways of {line['line']}", first, line["calls"]
        for menu in line["menus"]:
            ways_out = ("chose", "gave_up", "hung_up", "cut_off", "inside")
            yield f"menu {menu['menu']}", sum(menu[way] for way in ways_out), menu["reached"]
            yield f"keys of {menu['menu']}", sum(o["chosen"] for o in menu["options"] if o["key"]), menu["chose"]


def of_promises(found: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    asked = Counter(request["source"] for request in found["callbacks"])
    in_funnel: Counter[str] = Counter()
    for row in found["funnel"]:
        in_funnel[row["source"]] += row["asked"]
        came = [row[stage] for stage in ("asked", "dialled", "answered", "accepted", "connected")]
        yield f"funnel of {row['source']}", came, sorted(came, reverse=True)
    yield "promised calls", in_funnel, asked


@settings(
    max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=CALLS, promises=PROMISES)
def test_figures_of_one_period_add_up_and_agree_in_every_command(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[Any], promises: list[Any]
) -> None:
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONTESTA_DATABASE_URL", str(sqlite_engine.url))
    with sqlite_engine.begin() as connection:
        for table in reversed(LedgerTable.metadata.sorted_tables):
            connection.execute(table.delete())
    log = [line for number, call in enumerate(calls) for line in lines_of(number, *call)]
    log.sort(key=lambda line: int(line.partition("|")[0]))
    Ledger(sqlite_engine).apply(events_of(log))
    for number, one in enumerate(promises):
        promise(Callbacks(sqlite_engine), number, *one)
    definitions = tmp_path / "ans.yaml"
    definitions.write_text(DEFINITION)
    assert CliRunner().invoke(app, ["sla", "load", str(definitions)]).exit_code == 0
    for period in PERIODS:
        bounds = period or ("--from", "2025-11-02", "--to", "2025-11-05")
        figures = told("stats", *period)
        totals = figures["totals"]
        began = told("calls", "--size", "1000", *period)["calls"]
        reached = told("calls", "--size", "1000", "--did", "habló con asesor", *period)["calls"]
        (verdict,) = told("sla", "verdicts", *bounds)["verdicts"]
        agree = [
            *of_stats(figures),
            *of_surveys(told("survey", "results", *period), totals["answered"]),
            *of_ways(told("funnel", *period), len(began), len(reached)),
            *of_promises(told("callbacks", "--size", "1000", *period)),
            ("sla", verdict["numerator"], totals["answered"]),
            ("sla of", verdict["denominator"], totals["offered"] - totals["ghost"]),
        ]
        assert [each for each in agree if each[1] != each[2]] == [], (period, log)
