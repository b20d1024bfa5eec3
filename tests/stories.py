"""Calls as the telephone system tells them: by queue_log, and by the live feed as it is decoded."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from core.events import (
    AgentRang,
    CallEnded,
    CallVanished,
    Completed,
    Connected,
    EndedBy,
    Event,
    HoldChanged,
    QueueEntered,
    QueueLeft,
    Source,
)
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds

START = 1_767_280_000  # 1 January 2026, 15:06:40 UTC
KINDS = ("answered", "caller_hangs_up_first", "abandoned", "ghost", "key", "two_queues", "menu_only", "cut_off")


def at(second: float) -> datetime:
    return datetime.fromtimestamp(START, UTC) + timedelta(seconds=second)


def uid(number: int) -> str:
    return f"{START + 3 * number}.{number}"


def number_of(call: int) -> str:
    return f"+57300{call:07}"


def lines(call: int) -> list[str]:
    """What queue_log has of the call with this number, whose kind follows from it."""
    kind = KINDS[call % len(KINDS)]
    told = [
        (0, "NONE|NONE|LLAMADA", f"{uid(call)}|018000910123|{number_of(call)}"),
        (3, "NONE|NONE|MENU", "principal|1|chosen"),
    ]
    wait, talk, enter = 7 + call % 5, 20 + call % 7, (4, "atencion|NONE|ENTERQUEUE", f"|{number_of(call)}|1")
    connect = [
        (4 + wait, "atencion|Ana Ruiz|CONNECT", f"{wait}|{uid(call)}1|3"),
        (4 + wait, "atencion|Ana Ruiz|GRABACION", f"{uid(call)}.wav"),
    ]
    match kind:
        case "answered":
            told += [enter, *connect, (4 + wait + talk, "atencion|Ana Ruiz|COMPLETEAGENT", f"{wait}|{talk}|1")]
            told += [(40 + place, "NONE|NONE|ENCUESTA", f"p{place}|{5 - place}") for place in range(3)]
            told += [(45, "NONE|NONE|FIN", "caller|16")]
        case "caller_hangs_up_first":
            told += [enter, *connect, (4 + wait + talk, "atencion|Ana Ruiz|COMPLETECALLER", f"{wait}|{talk}|1")]
            told += [(4 + wait + talk, "NONE|NONE|FIN", "caller|16")]
        case "abandoned":
            told += [enter, (14, "atencion|NONE|ABANDON", "1|1|10"), (14, "NONE|NONE|FIN", "caller|16")]
        case "ghost":
            told += [enter, (6, "atencion|NONE|ABANDON", "1|1|2"), (6, "NONE|NONE|FIN", "caller|16")]
        case "key":
            told += [enter, (20, "atencion|NONE|EXITWITHKEY", "3|1|1|16"), (25, "NONE|NONE|FIN", "caller|16")]
        case "two_queues":
            told += [enter, (34, "atencion|NONE|EXITWITHTIMEOUT", "1|1|30"), (34, "segunda|NONE|RECHAZADA", "FULL")]
            told += [(36, "NONE|NONE|FIN", "system|16")]
        case "menu_only":
            told += [(5, "NONE|NONE|FIN", "caller|16")]
        case _:
            told += [enter]  # no end: a restart must close it
    second = START + 3 * call
    return [
        f"{second + after}|{uid(call)}|{middle}|{data}" for after, middle, data in sorted(told, key=lambda one: one[0])
    ]


def restart(second: int) -> str:
    return f"{START + second}|NONE|NONE|NONE|QUEUESTART|"


def log_of(calls: Iterable[int], *more: str) -> list[str]:
    """The lines of many calls as a queue_log has them: in order of time."""
    return sorted((line for call in calls for line in lines(call)), key=lambda line: int(line.split("|")[0])) + list(
        more
    )


def events_of(log: Iterable[str]) -> list[Event]:
    seconds = Seconds()
    events: list[Event] = []
    for line in log:
        decoded = seconds.events(line.encode())
        assert not isinstance(decoded, DamagedLine), decoded
        events += decoded
    return events


def live(call: int) -> list[Event]:
    """What the live feed tells of the same call, under the name of an older channel that it is linked to."""
    kind = KINDS[call % len(KINDS)]
    start, wait, talk = 3 * call, 7 + call % 5, 20 + call % 7
    of: dict[str, Any] = {"call_id": f"{START - 1}.{call}", "channel_id": uid(call), "source": Source.AMI}
    queue = of | {"queue": "atencion"}
    agent = queue | {"agent": "Ana Ruiz"}
    told: list[Event] = []
    if kind != "menu_only":
        told += [QueueEntered(at=at(start + 4.2), position=1, **queue), AgentRang(at=at(start + 5.1), **agent)]
    if kind in {"answered", "caller_hangs_up_first"}:
        by = EndedBy.AGENT if kind == "answered" else EndedBy.CALLER
        told += [
            QueueLeft(at=at(start + 4 + wait + 0.3), **queue),
            Connected(at=at(start + 4 + wait + 0.4), wait_seconds=wait, ring_seconds=3, **agent),
            HoldChanged(at=at(start + 15), on=True, **(of | {"channel_id": f"{START + start + 5}.9{call}"})),
            Completed(at=at(start + 4 + wait + talk + 0.4), wait_seconds=wait, talk_seconds=talk, by=by, **agent),
        ]
    if kind in {"abandoned", "ghost"}:
        after = {"abandoned": 14, "ghost": 6}[kind]
        told += [QueueLeft(at=at(start + after + 0.2), wait_seconds=after - 4, **queue)]
        told += [CallEnded(at=at(start + after + 0.4), by=None, cause=16, **of)]
    if kind == "cut_off":
        told += [CallVanished(at=at(start + 60.5), **(of | {"source": Source.INFERRED}))]
    return told
