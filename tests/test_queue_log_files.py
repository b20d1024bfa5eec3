"""Files: plain and gzip, rotated and overlapping, damaged, and growing under the reader."""

import gzip
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Event
from quality.metrics.coalesce import coalesce
from telephony.queue_log.reader import Reader
from telephony.queue_log.tailer import Batch, Tailer


def entry(number: int, per_second: int = 3) -> bytes:
    return b"%d|c%d|atencion|NONE|ENTERQUEUE||anonymous|1\n" % (1767280000 + number // per_second, number)


def ids(events: Iterable[Event]) -> list[str]:
    return [event.channel_id for event in events]


def names(*numbers: int) -> list[str]:
    return [f"c{number}" for number in numbers]


def append(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.writelines(lines)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "queue_log"
    path.write_bytes(b"")
    return path


def drain(tailer: Tailer, max_lines: int = 1000) -> list[str]:
    taken: list[str] = []
    while batch := tailer.read(max_lines).events:
        taken += ids(batch)
    return taken


def test_rotated_and_packed_files_in_any_order_and_overlapping(tmp_path: Path) -> None:
    lines = [entry(number) for number in range(12)]
    new, packed, old = tmp_path / "queue_log", tmp_path / "queue_log.1.gz", tmp_path / "queue_log.2"
    old.write_bytes(b"".join(lines[:6]))
    packed.write_bytes(gzip.compress(b"".join(lines[4:9])))
    new.write_bytes(b"".join(lines[7:]))
    reader = Reader([new, old, packed])
    once = coalesce(reader)
    assert ids(once) == names(*range(12))
    assert reader.lines == 6 + 5 + 5
    assert reader.faults_count == 0


def test_damaged_lines_are_counted_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_bytes(
        entry(0) + b"basura\n" + entry(1) + b"1767280000|c|q|Ana|CONNECT|x\n" + b"\x00" * 5000 + b"\n" + entry(2)
    )
    reader = Reader([path])
    assert ids(reader) == names(0, 1, 2)
    assert [(fault.line, fault.damage.reason) for fault in reader.faults] == [
        (2, "too few fields"),
        (4, "a value that cannot be"),
        (5, "too few fields"),
    ]
    assert {fault.file for fault in reader.faults} == {str(path)}


def test_archive_cut_short_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "queue_log.1.gz"
    path.write_bytes(gzip.compress(b"".join(entry(number) for number in range(5000)))[:-2000])
    reader = Reader([path])
    taken = ids(reader)
    assert 0 < len(taken) < 5000
    assert taken == names(*range(len(taken)))
    assert reader.faults_count >= 1


def test_endless_line_is_damage_not_memory(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_bytes(entry(0) + b"9" * 100_000 + b"\n" + entry(1))
    reader = Reader([path])
    assert ids(reader) == names(0, 1)
    assert [fault.line for fault in reader.faults] == [2]


def test_half_written_line_waits_for_its_end(log: Path) -> None:
    tailer = Tailer(log)
    append(log, entry(0), entry(1)[:20])
    assert ids(tailer.read().events) == names(0)
    assert tailer.read().events == ()
    append(log, entry(1)[20:])
    assert ids(tailer.read().events) == names(1)


def test_restart_goes_on_after_the_last_line_with_its_number_in_the_second(log: Path) -> None:
    append(log, entry(0), entry(1))
    first = Tailer(log).read()
    append(log, entry(2), entry(3))
    second = Tailer(log, first.position).read()
    assert [(event.channel_id, event.order) for event in first.events + second.events] == [
        ("c0", 0),
        ("c1", 1),
        ("c2", 2),
        ("c3", 0),
    ]
    assert second.position is not None
    assert second.position.line == 4


def test_rotated_file_is_finished_before_the_new_one(log: Path) -> None:
    tailer = Tailer(log)
    append(log, entry(0))
    assert drain(tailer) == names(0)
    append(log, entry(1))
    log.rename(log.with_name("queue_log.1"))
    append(log.with_name("queue_log.1"), entry(2))
    append(log, entry(3))
    assert drain(tailer, max_lines=1) == names(1, 2, 3)


def test_writer_that_still_holds_the_rotated_file_is_waited_for(log: Path) -> None:
    tailer = Tailer(log)
    append(log, entry(0))
    assert drain(tailer) == names(0)
    old = log.rename(log.with_name("queue_log.1"))
    log.write_bytes(b"")
    append(old, entry(1), entry(2)[:9])
    assert drain(tailer) == names(1)
    append(old, entry(2)[9:])
    append(log, entry(3))
    assert drain(tailer) == names(2, 3)


def test_last_line_of_a_rotated_file_may_lack_its_end(log: Path) -> None:
    tailer = Tailer(log)
    append(log, entry(0))
    assert drain(tailer) == names(0)
    append(log, entry(1).rstrip())
    log.rename(log.with_name("queue_log-20260101"))
    append(log, entry(2))
    assert drain(tailer) == names(1, 2)


def test_several_rotations_while_nobody_read(log: Path) -> None:
    tailer = Tailer(log)
    append(log, entry(0), entry(1))
    assert ids(tailer.read(1).events) == names(0)
    for number, rotated in ((2, "queue_log.3"), (3, "queue_log.2"), (4, "queue_log.1")):
        log.rename(log.with_name(rotated))
        os.utime(log.with_name(rotated), (number, number))
        append(log, entry(number))
    log.with_name("queue_log.bak").write_bytes(entry(99))
    packed = log.with_name("queue_log.3.gz")
    packed.write_bytes(gzip.compress(log.with_name("queue_log.3").read_bytes()))
    os.utime(packed, (2, 2))
    log.with_name("queue_log.3").unlink()
    assert drain(tailer) == names(1, 2, 3, 4)


def test_copied_and_truncated(log: Path) -> None:
    tailer = Tailer(log)
    append(log, entry(0), entry(1))
    assert ids(tailer.read(1).events) == names(0)
    shutil.copy(log, log.with_name("queue_log.1"))
    log.write_bytes(entry(2))
    assert drain(tailer) == names(1, 2)


def test_truncated_in_place_and_grown_again_is_noticed(log: Path) -> None:
    tailer = Tailer(log)
    append(log, entry(0))
    assert drain(tailer) == names(0)
    log.write_bytes(entry(1) + entry(2) + entry(3))
    batch = tailer.read()
    assert ids(batch.events) == names(1, 2, 3)
    assert batch.place_lost


def test_deleted_log_is_waited_for_and_its_successor_read(log: Path) -> None:
    tailer = Tailer(log)
    append(log, entry(0))
    assert drain(tailer) == names(0)
    log.unlink()
    assert tailer.read() == Batch(position=tailer.position)
    append(log, entry(1))
    assert drain(tailer) == names(1)


def test_no_log_yet(tmp_path: Path) -> None:
    assert Tailer(tmp_path / "queue_log").read() == Batch(position=None)


def test_damaged_lines_bear_their_number(log: Path) -> None:
    append(log, entry(0), b"basura\n", entry(1))
    batch = Tailer(log).read()
    assert ids(batch.events) == names(0, 1)
    assert [fault.line for fault in batch.faults] == [2]


STEPS = st.lists(
    st.sampled_from(["write", "half", "rotate", "rotate empty", "copy and truncate", "read one", "read", "restart"]),
    max_size=30,
)


@given(STEPS)
def test_whatever_happens_each_line_is_taken_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    log = tmp_path_factory.mktemp("log") / "queue_log"
    log.write_bytes(b"")
    tailer, taken, position = Tailer(log), list[Event](), None
    written = rotations = 0
    rest = b""

    def read(max_lines: int) -> None:
        nonlocal position
        batch = tailer.read(max_lines)
        assert not batch.faults
        taken.extend(batch.events)
        position = batch.position

    for step in [*steps, "write", "write", "read", "read"]:
        match step:
            case "write":
                append(log, rest or entry(written))
                written += 1
                rest = b""
            case "half" if not rest:
                append(log, entry(written)[:12])
                rest = entry(written)[12:]
            case "rotate" | "rotate empty" | "copy and truncate" if not rest and log.stat().st_size:
                read(1000) if rotations == 0 or step == "copy and truncate" else None
                rotations += 1
                rotated = log.with_name(f"queue_log.{rotations:03}")
                if step == "copy and truncate":
                    shutil.copy(log, rotated)
                    log.write_bytes(b"")
                else:
                    log.rename(rotated)
                    log.write_bytes(b"" if step == "rotate empty" else entry(written))
                    written += step == "rotate"
                os.utime(rotated, ns=(rotations, rotations))
            case "read one":
                read(1)
            case "read":
                read(1000)
            case "restart":
                tailer = Tailer(log, position)
    assert ids(taken) == names(*range(written))
    assert len({(event.at, event.order) for event in taken}) == len(taken)
