"""The listener keeps what the manager interface tells of advisers, through cuts, restarts and a database away."""

import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, select
from sqlmodel import col

from quality.metrics.agents import Member, Telephone
from quality.metrics.attendance import Stretch
from storage.presence import PresenceBook, Watch
from storage.presence_tables import MemberRow, WatchRow
from storage.told import NO_END
from tests.fake_manager import FakeManager
from tests.test_listener import eventually, listening, scene

FREE, BUSY, ABSENT = 1, 2, 5  # device states of the telephone system
ANA, JOSE = "Ana Ruiz", "José Díaz"


def told(watch: Watch | None) -> dict[str, tuple[Telephone | None, str]]:
    """The last that a watch tells of each adviser."""
    return {} if watch is None else {one.agent: (one.telephone, one.reason) for one in watch.members}


def since(watch: Watch | None, agent: str) -> float:
    assert watch is not None
    return next(one.at for one in reversed(watch.members) if one.agent == agent).timestamp()


def test_only_changes_are_kept_and_a_cut_ends_the_watch(engine: Engine, tmp_path: Path) -> None:
    book, begin = PresenceBook(engine), int(time.time()) - 100

    async def play(fake: FakeManager) -> None:
        fake.clock = f"{begin:.6f}"
        fake.members = [(ANA, FREE, ""), (JOSE, ABSENT, "")]
        async with listening(engine, tmp_path / "queue_log", fake):
            await eventually(lambda: len(told(book.at(NO_END))) == 2, "the picture")
            for tick in range(20):
                await fake.send_member("QueueMemberStatus", begin + tick, ANA, FREE)
            await fake.send_member("QueueMemberPause", begin + 30, ANA, FREE, "almuerzo")
            await fake.send_member("QueueMemberStatus", begin + 31, ANA, FREE, "almuerzo")
            await fake.send_member("QueueMemberAdded", begin + 32, "Eva", FREE)
            await fake.send_member("QueueMemberRemoved", begin + 33, JOSE, ABSENT)
            await eventually(lambda: told(book.at(NO_END)).get(JOSE) == (None, ""), "all of it")
            first = book.at(NO_END)
            fake.clock = f"{begin + 60:.6f}"
            fake.members = [(ANA, FREE, "almuerzo"), ("Eva", BUSY, "")]
            fake.cut()
            await eventually(lambda: told(book.at(NO_END)).get("Eva") == (Telephone.BUSY, ""), "the next picture")
        second = book.at(NO_END)
        assert first is not None
        assert [(one.agent, one.telephone, one.reason) for one in first.members] == [
            (ANA, Telephone.FREE, ""),
            (JOSE, Telephone.ABSENT, ""),
            (ANA, Telephone.FREE, "almuerzo"),
            ("Eva", Telephone.FREE, ""),
            (JOSE, None, ""),
        ]
        assert since(second, ANA) == begin + 30, "paused since before the cut"
        assert since(second, "Eva") == begin + 60
        assert set(told(second)) == {ANA, "Eva"}

    scene(play)
    with engine.connect() as connection:
        watches = connection.execute(select(WatchRow).order_by(col(WatchRow.id))).all()
        rows = connection.execute(select(col(MemberRow.id))).all()
    assert len(watches) == 2
    assert len(rows) == 7
    assert watches[1].until.timestamp() >= begin + 100, "the end of the last watch is when the listener stopped"


def test_another_listener_goes_on_where_the_last_one_stopped(engine: Engine, tmp_path: Path) -> None:
    book, begin = PresenceBook(engine), int(time.time()) - 100

    async def play(fake: FakeManager) -> None:
        fake.clock = f"{begin:.6f}"
        fake.members = [(ANA, FREE, "almuerzo")]
        async with listening(engine, tmp_path / "queue_log", fake):
            await eventually(lambda: bool(told(book.at(NO_END))), "the first picture")
        fake.clock = f"{begin + 50:.6f}"
        fake.members = [(ANA, FREE, "almuerzo"), (JOSE, FREE, "")]
        async with listening(engine, tmp_path / "queue_log", fake):
            await eventually(lambda: len(told(book.at(NO_END))) == 2, "the second picture")

    scene(play)
    last = book.at(NO_END)
    assert since(last, ANA) == begin
    assert since(last, JOSE) == begin + 50
    assert [watch.since.timestamp() for watch in book.between(None, None)] == [begin, begin + 50]


def test_damaged_messages_about_members_tell_nothing(engine: Engine, tmp_path: Path) -> None:
    book = PresenceBook(engine)

    async def play(fake: FakeManager) -> None:
        fake.members = [(ANA, FREE, ""), ("", FREE, ""), (JOSE, 77, "")]
        async with listening(engine, tmp_path / "queue_log", fake):
            await eventually(lambda: bool(told(book.at(NO_END))), "the picture")
            await fake.send(b"Event: QueueMemberStatus\r\nTimestamp: x\r\nQueue: atencion\r\nMemberName: Eva\r\n\r\n")
            await fake.send_member("QueueMemberStatus", 1e300, ANA, BUSY)
            await fake.send_member("QueueMemberPause", time.time(), ANA, BUSY, "a\x00b\udcff" + 400 * "x")
            await eventually(lambda: told(book.at(NO_END)).get(ANA, ("", ""))[0] is Telephone.BUSY, "the good one")

    scene(play)
    watch = book.at(NO_END)
    assert watch is not None
    assert {one.agent for one in watch.members} == {ANA}
    assert [len(one.reason) for one in watch.members] == [0, 300]


def test_a_picture_of_nobody_is_a_watch(engine: Engine, tmp_path: Path) -> None:
    book = PresenceBook(engine)

    async def play(fake: FakeManager) -> None:
        async with listening(engine, tmp_path / "queue_log", fake):
            await eventually(lambda: book.at(NO_END) is not None, "a watch")

    scene(play)
    assert book.first() is not None


def test_nothing_is_known_of_a_moment_before_the_first_watch(engine: Engine) -> None:
    assert PresenceBook(engine).at(datetime.now(UTC)) is None
    assert list(PresenceBook(engine).between(None, None)) == []


def test_a_change_without_a_watch_is_not_kept(engine: Engine) -> None:
    member = Member(at=datetime.now(UTC), queue="atencion", agent=ANA, telephone=Telephone.FREE)
    PresenceBook(engine).write(Stretch(until=member.at, members=[member]))
    assert PresenceBook(engine).first() is None
