"""The short way through a log gives what decoding and folding every line gives, whatever stands in the log."""

import gzip
import random
from collections import defaultdict
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import AgentPresence, Event, SystemRestarted
from quality.metrics.aggregate import Aggregate
from quality.metrics.batch import Batch
from quality.metrics.history import build
from quality.metrics.presence import Presences
from quality.metrics.rows import Row, Settling, rows_of
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds
from telephony.queue_log.visits import LogVisits

START = 1767280000
ODD_LINES = [
    b"basura",
    b"",
    b"\x00\x00\x00",
    b"1767280001|c1|atencion|NONE",
    b"1767280001||atencion|NONE|ENTERQUEUE||300|1",
    b"1767280001|NONE|atencion|NONE|ENTERQUEUE||300|1",
    b"1767280001|c1|atencion|Ana|CONNECT|x|y|z",
    b"1767280001|c1|atencion|Ana||1",
    b"17672800011|c1|atencion|Ana|CONNECT|1|x|1",
    b"1767280|c1|atencion|NONE|ENTERQUEUE||300|1",
    b"1767280001|c1|atencion|Ana|CONNECT|1|x|1\r",
    b"1767280001|c\x011|atencion|Ana|CONNECT|1|x|1",
    b"1767280001|c1|NONE|NONE|MENU|principal|1|otra cosa",
    b"1767280001|c1|NONE|NONE|FIN|nadie|16",
    b"1767280001|c1|NONE|NONE|ENCUESTA|claridad|mucho",
    b"1767280001|c1|NONE|NONE|CONSENTIMIENTO|v1|tal vez",
    b"1767280001|c1|NONE|NONE|MENU|principal|1|chosen|2.4",
    b"1767280001|c1|NONE|NONE|CUALQUIERCOSA|" + b"x" * 300,
    b"1767280001|c1|atencion|NONE|ENTERQUEUE||" + b"3" * 17_000 + b"|1",
    b"1767280001|c1|atencion|NONE|" + b"E" * 40 + b"|1",
    b"1767280001|NONE|NONE|NONE|QUEUESTART|",
    b"1767280001|c1|NONE|NONE|QUEUESTART|",
    b"1767280001|MANAGER|atencion|Ana|ADDMEMBER|",
    b"1767280003|c9|atencion|Ana|ADDMEMBER|PAUSED",
    b"1767280009|NONE|atencion|Ana|PAUSE|almuerzo",
    b"1767280030|NONE|atencion|Ana|UNPAUSE|",
    b"1767280001|c1|atencion|NONE|ENTERQUEUE||300|7|8|1",
    b"1767280001|c1|atencion|Ana|CONNECT|123456789|x|1",
    b"1767280001|c1|atencion|Ana|COMPLETEAGENT|1234567890|1|1",
    b"1767280001|c1|" + b"q" * 40 + b"|NONE|ENTERQUEUE||300|1",
    b"1767280001|" + b"c" * 40 + b"|atencion|NONE|ABANDON|1|1|0",
    b"1767280001|" + b"c" * 40 + b"x|atencion|NONE|ABANDON|1|1|0",
    "1767280001|c1|atención|José|CONNECT|1|x|1".encode("latin-1"),
]


@dataclass
class Life:
    """A call that happens, line by line."""

    chance: random.Random
    name: str
    second: int
    longest: int
    lines: list[tuple[int, str]] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.lines.append((self.second, f"{self.second}|{self.name}|{text}"))

    def ours(self, *texts: str) -> None:
        if self.chance.random() < 0.4:
            for text in texts:
                self.tell(text)

    def whole(self) -> list[tuple[int, str]]:
        line, result = self.chance.choice(["018000910123", "018000119900"]), self.chance.choice(["chosen", "wrong"])
        self.ours(f"NONE|NONE|LLAMADA|{self.name}|{line}|+573001234567", f"NONE|NONE|MENU|principal|1|{result}")
        self.ours("NONE|NONE|IDIOMA|es", "NONE|NONE|CONSENTIMIENTO|v1|accepted", "atencion|NONE|OFERTA|made")
        for _ in range(self.chance.choice([0, 1, 1, 1, 1, 2, 3])):
            self.stay(self.chance.choice(["atencion", "jurídica"]), self.chance.choice(["Ana Ruiz", "Beto", "José"]))
            self.second += self.chance.choice([0, 0, 1, 4])
        self.ours(f"NONE|NONE|BUZON|{self.second}|begun")
        self.ours(f"NONE|NONE|ENCUESTA|claridad|{self.chance.choice(['', '5'])}", "NONE|NONE|FIN|caller|16")
        return self.lines

    def stay(self, queue: str, agent: str) -> None:
        chance = self.chance
        if chance.random() < 0.05:
            self.tell(f"{queue}|NONE|RECHAZADA|{chance.choice(['FULL', 'JOINEMPTY'])}")
            return
        self.tell(f"{queue}|NONE|ENTERQUEUE||+573001234567|{chance.randint(1, 3)}")
        for _ in range(chance.choice([0, 0, 0, 1, 3])):
            self.second += chance.randint(0, self.longest // 4)
            self.tell(f"{queue}|{agent}|{chance.choice(['RINGNOANSWER', 'RINGCANCELED'])}|{chance.choice([0, 5000])}")
        wait = chance.randint(0, self.longest)
        self.second += wait
        if chance.random() < 0.4:
            exits = (
                "ABANDON|1|1",
                "ABANDON|1|1",
                "EXITEMPTY|1|1",
                "EXITWITHKEY|3|1|1",
                "EXITWITHTIMEOUT|1|1",
                "WITHDRAW|1|1",
            )
            self.tell(f"{queue}|NONE|{chance.choice(exits)}|{wait}")
            return
        talk = chance.randint(0, self.longest)
        self.tell(f"{queue}|{agent}|CONNECT|{wait}|x|{chance.randint(0, 9)}")
        self.second += talk
        ends = (
            "COMPLETEAGENT",
            "COMPLETECALLER",
            "ATTENDEDTRANSFER|BRIDGE|b",
            "BLINDTRANSFER|700|ctx",
            "BLINDTRANSFER|701|c",
            "",
        )
        if end := chance.choice(ends):
            self.tell(f"{queue}|{agent}|{end}|{wait}|{talk}|1")


def log_of(chance: random.Random, calls: int, *, every: int, longest: int) -> list[bytes]:
    lines = [
        line for number in range(calls) for line in Life(chance, f"c{number}", START + number * every, longest).whole()
    ]
    for _ in range(chance.choice([0, 0, 1, 2])):
        second = START + chance.randint(0, calls * every)
        lines.append((second, f"{second}|NONE|NONE|NONE|QUEUESTART|"))
    lines.sort(key=lambda line: line[0])
    return [text.encode() for _, text in lines]


def spoiled(chance: random.Random, log: list[bytes]) -> list[bytes]:
    """Repeat, drop, swap and alter some lines, and put odd ones among them."""
    for _ in range(chance.randint(0, 6)):
        at = chance.randrange(len(log) + 1)
        match chance.randint(0, 6):
            case 0:
                log.insert(at, chance.choice(log or ODD_LINES))
            case 1:
                log[at : at + 1] = []
            case 2:
                other = chance.randrange(len(log) + 1)
                log[at : at + 1], log[other : other + 1] = log[other : other + 1], log[at : at + 1]
            case 3:
                log[at : at + 1] = [line + b"|" for line in log[at : at + 1]]
            case 4:
                fields = [line.split(b"|") for line in log[at : at + 1]]
                for line in fields:
                    line[chance.randrange(len(line))] = chance.choice(
                        [b"", b"0", b"7", b"c1", b"-3", b"Ana Ruiz", b"NONE"]
                    )
                log[at : at + 1] = [b"|".join(line) for line in fields]
            case 5:
                log[at:at] = log[max(0, at - 5) : at]
            case _:
                log.insert(at, chance.choice(ODD_LINES))
    return log


def told(aggregate: Aggregate) -> dict[str, Any]:
    return {
        "total": aggregate.total(),
        "queues": aggregate.by_queue(),
        "lines": aggregate.by_line(),
        "quarters": aggregate.by_quarter_hour(),
        "areas": aggregate.by_transfer_area(),
        "agents": {agent: tally for agent, tally in aggregate.by_agent.items() if any(astuple(tally))},
    }


def short_way(paths: list[Path], chunk_bytes: int) -> tuple[dict[str, Any], int, int]:
    aggregate = Aggregate(UTC)
    visits = LogVisits(paths, chunk_bytes=chunk_bytes)
    for batch in visits:
        aggregate.add(batch)
    aggregate.add_presence(visits.presences.until(visits.last_second))
    assert len(visits.faults()) >= min(visits.damaged, 1)
    return told(aggregate), visits.damaged, visits.orphan_ends


def long_way(log: list[bytes]) -> tuple[dict[str, Any], int, int]:
    seconds, damaged, last_second = Seconds(), 0, 0
    by_call: defaultdict[str, list[Event]] = defaultdict(list)
    system: list[Event] = []
    for raw in log:
        time = raw.split(b"|")[0]
        last_second = int(time) if len(time) == 10 and time.isdigit() else last_second
        events = seconds.events(raw)
        if isinstance(events, DamagedLine):
            damaged += 1
            continue
        for event in events:
            (by_call[event.channel_id] if event.channel_id else system).append(event)
    restarts = [event.at for event in system if isinstance(event, SystemRestarted)]
    presences = Presences()
    for event in sorted((event for event in system if isinstance(event, AgentPresence)), key=lambda event: event.at):
        presences.take(event)
    settling, rows, orphan_ends = Settling(), list[Row](), 0
    for call in (build(events, restarts) for events in by_call.values()):
        rows += settling.take(rows_of(call))
        orphan_ends += call.orphan_ends
    aggregate = Aggregate(UTC)
    aggregate.add(Batch.of(rows + settling.rest()))
    aggregate.add_presence(presences.until(last_second))
    return told(aggregate), damaged, orphan_ends


@given(st.integers(0, 2**32), st.integers(1, 12))
@settings(deadline=None, max_examples=120)
def test_any_log(tmp_path_factory: pytest.TempPathFactory, seed: int, calls: int) -> None:
    chance = random.Random(seed)
    log = spoiled(chance, log_of(chance, calls, every=20, longest=40))
    path = tmp_path_factory.getbasetemp() / "any_log"
    path.write_bytes(b"\n".join(log) + b"\n" if log else b"")
    assert short_way([path], 1 << 20) == long_way(log)


@given(st.integers(0, 2**32), st.integers(500, 5000))
@settings(deadline=None, max_examples=12)
def test_long_log_in_small_pieces(tmp_path_factory: pytest.TempPathFactory, seed: int, size: int) -> None:
    """Calls minutes apart over hours: most are settled, and forgotten, long before the end."""
    log = log_of(random.Random(seed), 60, every=300, longest=200)
    path = tmp_path_factory.getbasetemp() / "long_log"
    path.write_bytes(b"".join(line + b"\n" for line in log))
    assert short_way([path], size) == long_way(log)


def test_overlapping_files_count_once(tmp_path: Path) -> None:
    log = log_of(random.Random(3), 300, every=60, longest=100)
    old, packed, new = tmp_path / "queue_log.2", tmp_path / "queue_log.1.gz", tmp_path / "queue_log"
    middle, end = len(log) // 3, 2 * len(log) // 3
    old.write_bytes(b"\n".join(log[:end]) + b"\n")
    packed.write_bytes(gzip.compress(b"\n".join(log[middle // 2 : end]) + b"\n"))
    new.write_bytes(b"\n".join(log[end - 50 :]))
    assert short_way([new, packed, old], 2000) == long_way(log)
    assert short_way([new, new], 2000) == short_way([new], 2000)


def test_damaged_lines_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_bytes(b"%d|c|q|NONE|ENTERQUEUE||300|1\nbasura\n%d|c|q|A|CONNECT|x|1|1\n" % (START, START))
    visits = LogVisits([path])
    assert sum(len(batch.entered) for batch in visits) == 1
    assert visits.damaged == 2
    assert [(fault.line, fault.damage.reason) for fault in visits.faults()] == [
        (2, "too few fields"),
        (3, "a value that cannot be"),
    ]


def test_empty_file_and_archive_cut_short(tmp_path: Path) -> None:
    empty, cut = tmp_path / "queue_log", tmp_path / "queue_log.1.gz"
    empty.write_bytes(b"")
    log = log_of(random.Random(1), 400, every=60, longest=100)
    cut.write_bytes(gzip.compress(b"\n".join(log))[:-100])
    visits = LogVisits([empty, cut])
    assert sum(len(batch.entered) for batch in visits) > 100
    assert visits.damaged == 1
    assert [fault.file for fault in visits.faults()] == [str(cut)]


def test_attended_transfer_into_a_queue_is_one_stay_under_two_channels(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_text("""\
1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
1767280040|1767280030.7|juridica|NONE|ENTERQUEUE||ana|1
1767280040|1767280039.8|juridica|NONE|ENTERQUEUE||+573009999999|2
1767280045|1767280000.1|atencion|Ana|ATTENDEDTRANSFER|BRIDGE|b|5|40|1
1767280050|1767280000.1|juridica|Beto|CONNECT|10|y|2
1767280080|1767280000.1|juridica|Beto|COMPLETECALLER|10|30|1
""")
    aggregate = Aggregate(UTC)
    for batch in LogVisits([path]):
        aggregate.add(batch)
    total = aggregate.total()
    assert (total.offered, total.answered, total.waiting, total.inferred) == (3, 2, 1, 1)
    assert aggregate.by_quarter_hour().keys() == {datetime.fromtimestamp(START - START % 900, UTC)}
