"""Requests of the mailbox on the disk: nothing confirmed is lost, no number is given twice, damage is kept apart."""

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback_queue.mailbox_request import Caller, MailboxRequest, Place, Speech, begun, entry, read
from callback_queue.mailbox_spool import Spool
from core import codes
from core.errors import NotAvailableError

BEGUN = datetime(2025, 6, 3, 14, 0, tzinfo=UTC)
PLACE = Place(queue="atencion", since=BEGUN - timedelta(minutes=5))
CALLER = Caller(call_id="1.1", line="anm", mailbox="te_llamamos", language="es", number="+573001234567", place=PLACE)
ANONYMOUS = Caller(call_id="1.2", line="anm", mailbox="te_llamamos", language="es", number="anonymous")


@pytest.fixture
def clock() -> list[datetime]:
    return [BEGUN]


@pytest.fixture
def spool(tmp_path: Path, clock: list[datetime]) -> Spool:
    return Spool(tmp_path / "buzon", now=lambda: clock[-1])


def only(spool: Spool) -> MailboxRequest:
    (request,) = spool.requests()
    return request


def test_whole_request(spool: Spool, clock: list[datetime]) -> None:
    writing = spool.begin(CALLER)
    writing.confirm("document", "1023456789")
    writing.confirm("phone", "+576012345678")
    writing.speaking("description", "1.1-description-1.wav")
    writing.spoke("description", "1.1-description-1.wav", 12.34)
    clock.append(BEGUN + timedelta(minutes=3))
    writing.finish(complete=True)
    writing.leave()
    assert only(spool) == MailboxRequest(
        number="2506030001",
        code=writing.code,
        caller=CALLER,
        begun_at=BEGUN,
        fields={"document": "1023456789", "phone": "+576012345678"},
        speech={"description": Speech(file="1.1-description-1.wav", seconds=12.3)},
        finished=True,
        complete=True,
        over_at=clock[-1],
    )
    assert only(spool).telephone == "+576012345678"
    assert len(writing.code) == codes.LENGTH
    assert set(writing.code) <= set(codes.CHARACTERS)


def test_caller_hangs_up_after_a_request_was_settled(spool: Spool) -> None:
    writing = spool.begin(CALLER)
    writing.finish(complete=False)
    spool.settle(writing.number)
    writing.leave()
    assert (list(spool.requests()), spool.illegible()) == ([], ())


def test_caller_leaves_half_way(spool: Spool) -> None:
    writing = spool.begin(CALLER)
    writing.confirm("document", "1023456789")
    writing.speaking("description", "a.wav")
    assert not only(spool).is_over(BEGUN + timedelta(minutes=29))
    assert only(spool).is_over(BEGUN + timedelta(minutes=31))
    writing.leave()
    request = only(spool)
    assert request.is_over(BEGUN)
    assert (request.finished, request.complete) == (False, False)
    assert request.fields == {"document": "1023456789"}
    assert request.speech == {"description": Speech(file="a.wav", seconds=None)}


@pytest.mark.parametrize(
    ("caller", "confirmed", "spoken", "worth"),
    [
        (CALLER, {}, (), False),
        (CALLER, {"document": "1"}, (), True),
        (ANONYMOUS, {"document": "1"}, (), False),
        (ANONYMOUS, {"phone": "+573001234567"}, (), True),
        (ANONYMOUS, {}, ("message",), True),
    ],
)
def test_only_what_can_be_answered_is_worth_keeping(
    spool: Spool, caller: Caller, confirmed: dict[str, str], spoken: tuple[str, ...], *, worth: bool
) -> None:
    writing = spool.begin(caller)
    for what, value in confirmed.items():
        writing.confirm(what, value)
    for what in spoken:
        writing.spoke(what, "a.wav", 5)
    assert only(spool).is_worth_keeping is worth


def test_what_is_said_again_replaces_what_was_said(spool: Spool) -> None:
    writing = spool.begin(CALLER)
    writing.spoke("name", "1.wav", 4)
    writing.speaking("name", "2.wav")
    assert only(spool).speech["name"].file == "1.wav"  # until the second is there
    writing.spoke("name", "2.wav", 5)
    assert only(spool).speech["name"] == Speech(file="2.wav", seconds=5)
    writing.spoke("name", "3.wav", 0)
    assert only(spool).speech["name"] == Speech(file="2.wav", seconds=5)


def test_nothing_said_leaves_no_file(spool: Spool) -> None:
    writing = spool.begin(CALLER)
    writing.speaking("name", "1.wav")
    writing.spoke("name", "1.wav", 0)
    assert only(spool).speech == {}


def test_numbers_follow_each_other_and_begin_anew_each_local_day(
    spool: Spool, tmp_path: Path, clock: list[datetime]
) -> None:
    assert [spool.begin(CALLER).number for _ in range(2)] == ["2506030001", "2506030002"]
    another = Spool(tmp_path / "buzon", now=lambda: clock[-1])
    assert another.begin(CALLER).number == "2506030003"
    assert spool.begin(CALLER).number == "2506030004"
    clock.append(datetime(2025, 6, 4, 4, 59, tzinfo=UTC))
    assert spool.begin(CALLER).number == "2506030005"
    clock.append(datetime(2025, 6, 4, 5, 0, tzinfo=UTC))
    assert spool.begin(CALLER).number == "2506040001"
    assert [request.number for request in spool.requests()][-1] == "2506040001"


def test_settled_request_is_gone_and_its_number_stays_taken(
    spool: Spool, tmp_path: Path, clock: list[datetime]
) -> None:
    number = spool.begin(CALLER).number
    spool.settle(number)
    spool.settle("2506039999")
    assert list(spool.requests()) == []
    assert spool.read(number) is None
    assert Spool(tmp_path / "buzon", now=lambda: clock[-1]).begin(CALLER).number == "2506030002"
    clock.append(BEGUN + timedelta(days=8))
    spool.begin(CALLER)
    names = {file.name for file in (tmp_path / "buzon").iterdir()}
    assert names == {"2506030002.jsonl", "2506110001.jsonl"}


def test_only_the_owner_can_read(spool: Spool, tmp_path: Path) -> None:
    spool.begin(CALLER).confirm("document", "1")
    folder = tmp_path / "buzon"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_folder_that_cannot_be_written(tmp_path: Path, clock: list[datetime]) -> None:
    (tmp_path / "file").touch()
    spool = Spool(tmp_path / "file" / "buzon", now=lambda: clock[-1])
    with pytest.raises(NotAvailableError, match="no se puede guardar"):
        spool.begin(CALLER)


def test_folder_that_vanishes_is_made_again(spool: Spool, tmp_path: Path) -> None:
    first = spool.begin(CALLER)
    for file in (tmp_path / "buzon").iterdir():
        file.unlink()
    (tmp_path / "buzon").rmdir()
    with pytest.raises(NotAvailableError, match=first.number):
        first.confirm("document", "1")
    with pytest.raises(NotAvailableError, match="no se puede guardar"):
        spool.begin(CALLER)
    assert spool.begin(CALLER).number == "2506030001"


FULL = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from callback_queue.mailbox_request import Caller
from callback_queue.mailbox_spool import Spool
from core.errors import NotAvailableError
spool = Spool(Path(sys.argv[1]), now=lambda: datetime(2025, 6, 3, 14, tzinfo=UTC))
writing = spool.begin(Caller(call_id="1.1", line="l", mailbox="m", language="es", number="+573001234567"))
writing.confirm("document", "1023456789")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = next(Path(sys.argv[1]).iterdir()).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, resource.RLIM_INFINITY))
try:
    writing.confirm("phone", "+573009999999")
except NotAvailableError:
    print("told")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writing.confirm("subject", "otro")
"""


def test_full_disk_is_told_and_what_comes_later_is_legible(spool: Spool, tmp_path: Path) -> None:
    folder = str(tmp_path / "buzon")
    done = subprocess.run([sys.executable, "-c", FULL, folder], capture_output=True, text=True, check=True)
    assert done.stdout == "told\n"
    request = only(spool)
    assert request.fields == {"document": "1023456789", "subject": "otro"}
    assert request.damaged_lines == 0


RACE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from callback_queue.mailbox_request import Caller
from callback_queue.mailbox_spool import Spool
spool = Spool(Path(sys.argv[1]), now=lambda: datetime(2025, 6, 3, 14, tzinfo=UTC))
caller = Caller(call_id=sys.argv[2], line="l", mailbox="m", language="es", number="anonymous")
print(*(spool.begin(caller).number for _ in range(40)))
"""


def test_programs_at_once_never_give_the_same_number(spool: Spool, tmp_path: Path) -> None:
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path / "buzon"), str(name)], stdout=subprocess.PIPE, text=True
        )
        for name in range(3)
    ]
    numbers = [number for program in programs for number in program.communicate(timeout=60)[0].split()]
    assert len(numbers) == len(set(numbers)) == 120
    assert [request.number for request in spool.requests()] == sorted(numbers)


LINES = [
    begun("2506030001", "ACE479", CALLER, BEGUN),
    entry("confirmed", BEGUN, what="document", value="1"),
    entry("confirmed", BEGUN, what="phone", value="+573001234567"),
    entry("finished", BEGUN, complete=True),
]


def test_line_cut_off_was_not_confirmed() -> None:
    whole = b"".join(LINES)
    confirmed = read(LINES[:2])
    assert confirmed is not None
    for size in range(len(LINES[0]) + len(LINES[1]), len(whole) - len(LINES[3])):
        assert read(whole[:size].splitlines(keepends=True)) == confirmed
    assert read([]) is None
    assert read([LINES[0][:-1]]) is None


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"\xff\xfe\n",
        b'{"kind": "confirmed"}\n',
        b'{"kind": "spoke", "what": "name", "file": "a", "seconds": "x"}\n',
        b'{"kind": "finished", "complete": true, "at": "2025-06-03T14:00:00"}\n',
        b'{"kind": "other"}\n',
    ],
)
def test_damaged_line_is_counted_and_the_rest_is_read(line: bytes) -> None:
    request = read([LINES[0], line, *LINES[1:]])
    assert request is not None
    assert (request.damaged_lines, request.fields["document"], request.finished) == (1, "1", True)


def test_file_without_a_beginning_is_shown_to_a_person(spool: Spool, tmp_path: Path) -> None:
    spool.begin(CALLER)
    broken = tmp_path / "buzon" / "2506030002.jsonl"
    broken.write_bytes(LINES[1])
    (tmp_path / "buzon" / "notes.txt").touch()
    assert [request.number for request in spool.requests()] == ["2506030001"]
    assert spool.illegible() == (broken,)
    assert Spool(tmp_path / "nothing", now=lambda: BEGUN).illegible() == ()


@given(st.lists(st.sampled_from(LINES) | st.binary(max_size=40).map(lambda line: line + b"\n")))
def test_any_lines_are_read_or_counted(lines: list[bytes]) -> None:
    request = read(lines)
    assert request is None or request.damaged_lines < len(lines)
