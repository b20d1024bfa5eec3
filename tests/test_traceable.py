"""Every figure leads to its calls: the list, asked for what a figure counts, has as many."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contesta.cli import app

BOGOTA = timedelta(hours=5)
DAY = "2019-09-02"


def _log() -> str:
    """Calls about a day's two midnights: some began the day before they entered the queue, some end the day after."""
    midnight = datetime.fromisoformat(DAY).replace(tzinfo=UTC) + BOGOTA
    lines = []
    for number, (began, ending) in enumerate(
        [
            (-20, ["CONNECT|3|x|1", "COMPLETEAGENT|3|60|1"]),
            (-20, ["ABANDON|1|1|40"]),
            (100, ["CONNECT|25|x|1"]),
            (200, ["ABANDON|1|1|4"]),
            (300, ["ABANDON|1|1|6"]),
            (400, ["EXITWITHTIMEOUT|1|1|60"]),
            (500, ["WITHDRAW|1|1|9|supervisor"]),
            (600, ["EXITEMPTY|1|1|9"]),
            (86_380, ["CONNECT|90|x|1", "COMPLETECALLER|90|600|1"]),
            (86_399 - 40, []),
        ]
    ):
        at, channel = midnight + timedelta(seconds=began), f"{number}.1"
        lines.append((at, f"{channel}|NONE|NONE|LLAMADA|{channel}|ciudadanos|+57300123456{number}"))
        entered = at + timedelta(seconds=30)
        lines.append((entered, f"{channel}|atencion|NONE|ENTERQUEUE||+57300123456{number}|1"))
        for event in ending:
            parts = event.split("|")
            seconds = int(parts[3] if parts[0] in {"ABANDON", "EXITWITHTIMEOUT", "WITHDRAW", "EXITEMPTY"} else parts[1])
            seconds += int(parts[2]) if parts[0].startswith("COMPLETE") else 0
            agent = "Ana Ruiz" if parts[0].startswith("CO") else "NONE"
            lines.append((entered + timedelta(seconds=seconds), f"{channel}|atencion|{agent}|{event}"))
    return "".join(f"{int(at.timestamp())}|{rest}\n" for at, rest in sorted(lines))


def _json(*arguments: str) -> Any:  # noqa: ANN401  whatever the program prints
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.mark.parametrize("period", [("--from", DAY, "--to", DAY), ()])
def test_the_list_has_as_many_calls_as_the_figure_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, period: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    log = tmp_path / "queue_log"
    log.write_text(_log())
    assert CliRunner().invoke(app, ["import", str(log)]).exit_code == 0
    figures = _json("stats", "--json", *period)
    totals = figures["totals"]
    words = {
        "answered": "contestada",
        "abandoned": "abandonada",
        "ghost": "fantasma",
        "overflow": "desbordada",
        "closed": "rechazada",
        "lost": "perdida",
        "waiting": "espera",
    }
    listed = {name: len(_json("calls", "--json", "--outcome", word, *period)["calls"]) for name, word in words.items()}
    assert listed == {name: totals[name] for name in words}
    assert sum(listed.values()) == totals["offered"] > 0
    assert min(listed[name] for name in ("answered", "abandoned", "ghost", "overflow", "closed")) > 0
    of_ana = _json("calls", "--json", "--agent", "Ana Ruiz", *period)["calls"]
    assert len(of_ana) == figures["by_agent"]["Ana Ruiz"]["answered"]
    in_queue = _json("calls", "--json", "--queue", "atencion", *period)["calls"]
    assert len(in_queue) == totals["offered"]


def test_figures_of_the_ledger_are_those_of_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    log = tmp_path / "queue_log"
    log.write_text(_log())
    assert CliRunner().invoke(app, ["import", str(log)]).exit_code == 0
    from_log = _json("stats", "--json", "--queue-log", str(log))
    from_ledger = _json("stats", "--json")
    for table in ("totals", "by_day", "by_queue", "by_hour"):
        assert from_ledger[table] == from_log[table]
