"""Fixtures every test may use: a whole running line on free ports, started as its user starts it."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import asterisk_conf
from contesta.settings import Settings
from telephony import asterisk
from tests.running import RunningLine, start_line

pytest_plugins = ["tests.databases", "tests.mosquitto", "tests.smpp_gateway", "tests.web_calls"]

settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("other", deadline=None, max_examples=1000)
settings.load_profile("same")
"""Every run tries the same examples, however slow the machine; `--hypothesis-profile other` looks for new ones."""

LONGEST_FIRST = (
    "test_ivr_telephone_calls.py",
    "test_faults.py",
    "test_real_calls.py",
    "test_callbacks_on_the_line.py",
    "test_campaigns_on_the_line.py",
    "test_board_real.py",
    "test_bus_on_the_line.py",
    "test_quality_pages.py",
    "test_offer_on_the_line.py",
    "test_desk_on_the_line.py",
    "test_web_hostile.py",
    "test_web_campaigns.py",
    "test_call_and_demo.py",
    "test_line_examples.py",
    "test_line.py",
    "test_board_page.py",
    "test_board_page_real.py",
    "test_live_cli.py",
    "test_live_real.py",
    "test_line_on_asterisk.py",
    "test_listener.py",
    "test_mailbox_on_the_line.py",
)
"""Files that take minutes: started first, they end with the others and not after them."""


CRASHED = pytest.StashKey[bool]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Have an Asterisk before anything begins, once for all workers."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # who runs us behind a shell ignores it, and so would all we start
    cache = Settings().cache_dir
    if not hasattr(session.config, "workerinput") and asterisk.find(cache) is None:
        asterisk.provision(cache, Path(asterisk_conf.__file__).parent / "provision.sh", lambda _: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the workers the longest files first; the rest keeps its order."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
    gc.freeze()  # all that was imported stays: it is not looked through again after each test


def pytest_handlecrashitem(sched: Any) -> None:  # noqa: ANN401  xdist's own
    """Remember that a worker died: its test did not merely fail."""
    sched.config.stash[CRASHED] = True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell a crash from a failure (tests/run.py runs failures again)."""
    if CRASHED in session.config.stash:
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLine]:
    """One line for all tests that leave it as they found it."""
    with start_line(tmp_path_factory.mktemp("l")) as running:
        yield running


@pytest.fixture
def own_line(tmp_path: Path) -> Iterator[RunningLine]:
    """A line for a test that breaks it."""
    with start_line(tmp_path) as running:
        yield running
