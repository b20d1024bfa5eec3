"""Fixtures every test may use: a whole running line on free ports, started as its user starts it."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

import asterisk_conf
from contesta.settings import Settings
from telephony import asterisk
from tests.running import RunningLine, start_line

pytest_plugins = ["tests.databases", "tests.mosquitto", "tests.smpp_gateway", "tests.web_calls"]

settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("other", deadline=None, max_examples=1000)
settings.load_profile("same")
"""Every run tries the same examples, however slow the machine; `--hypothesis-profile other` looks for new ones."""

ON_THE_LINE = (
    (
        "test_call_and_demo.py",
        "test_board_page_real.py",
        "test_presence_on_the_line.py",
        "test_phone_on_the_line.py",
    ),
    (
        "test_board_real.py",
        "test_live_real.py",
        "test_mailbox_on_the_line.py",
        "test_hostile_callers.py",
        "test_measuring.py",
        "test_ami_client.py",
        "test_listening_on_the_line.py",
    ),
)
"""Files whose tests use `line`, in two rows of about the same length, one worker's each: two such lines are enough."""

LONGEST_FIRST = (
    *(file for row in ON_THE_LINE for file in row),
    "test_callbacks_on_the_line.py",
    "test_ivr_telephone_calls.py",
    "test_faults.py",
    "test_real_calls.py",
    "test_line_examples.py",
    "test_web_hostile.py",
    "test_quality_pages.py",
    "test_campaigns_on_the_line.py",
    "test_bus_on_the_line.py",
    "test_board_page.py",
    "test_offer_on_the_line.py",
    "test_web_administration.py",
    "test_line.py",
    "test_audio.py",
    "test_ledger_crashes.py",
    "test_results_pages.py",
    "test_listener.py",
    "test_line_on_asterisk.py",
    "test_live_cli.py",
    "test_presence.py",
    "test_te_llamamos_page.py",
    "test_te_llamamos.py",
    "test_api.py",
    "test_line_reload.py",
    "test_figure_calls.py",
    "test_desk_on_the_line.py",
    "test_web_sign_in.py",
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


class _Rows(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Files as they are, and each row of `ON_THE_LINE` as if it were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((row[0] for row in ON_THE_LINE if Path(file).name in row), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:  # noqa: ANN401  xdist's own
    """Let the files of a row follow each other in one worker."""
    return _Rows(config, log)


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
