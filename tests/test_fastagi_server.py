"""The FastAGI server on real sockets: its caps, its watchdog, its log, and peers that mean no good."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import StringIO
from time import monotonic, sleep
from typing import Any

import pytest
import structlog

from ivr.server import Script, Server
from telephony.agi import Channel
from tests.scripted_asterisk import CALL_ID, environment

PATIENCE_SECONDS = 20


class Running:
    """A server in a thread of its own, and what it has logged."""

    def __init__(self, scripts: Mapping[str, Script], **limits: Any) -> None:  # noqa: ANN401  as Server has them
        self.output = StringIO()
        log = structlog.wrap_logger(
            structlog.WriteLogger(self.output),
            processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.server = Server("127.0.0.1", 0, scripts, log=log, **limits)
        self.port = self.server.port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def connect(self, first: bytes = b"") -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        sock.sendall(first)
        return sock

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [entry for line in self.output.getvalue().splitlines() if (entry := json.loads(line))["event"] == event]

    def stop(self) -> None:
        self.server.stop()
        self.thread.join(PATIENCE_SECONDS)
        assert not self.thread.is_alive()


@contextmanager
def serving(scripts: Mapping[str, Script], **limits: Any) -> Iterator[Running]:  # noqa: ANN401  as Server has them
    running = Running(scripts, **limits)
    running.thread.start()
    try:
        yield running
    finally:
        running.stop()


def until(happened: Callable[[], object]) -> None:
    end_at = monotonic() + PATIENCE_SECONDS
    while not happened():
        assert monotonic() < end_at, "did not happen"
        sleep(0.01)


def rest_of(sock: socket.socket) -> bytes:
    """Return all that still comes, to the end of the connection."""
    data = b""
    try:
        while chunk := sock.recv(4096):
            data += chunk
    except ConnectionResetError:
        pass
    return data


def hello(channel: Channel) -> None:
    channel.set_variable("SALUDO", channel.env["agi_calleridname"])


def is_served(running: Running, name: bytes = b"Ana") -> bytes:
    """Make a whole call to the script `hello` and return the command it sent."""
    with running.connect(environment("hello", name)) as sock, sock.makefile("rb") as lines:
        command = lines.readline()
        sock.sendall(b"200 result=1\n")
        assert lines.read() == b""
    return command


def test_call_runs_its_script_and_is_logged_with_its_id_and_nothing_personal() -> None:
    with serving({"hello": hello}) as running:
        assert is_served(running) == b'SET VARIABLE "SALUDO" "Ana"\n'
        until(lambda: running.logged("call_ended"))
    [entry] = running.logged("call_ended")
    assert (entry["call"], entry["script"], entry["outcome"]) == (CALL_ID, "hello", "done")
    assert "Ana" not in running.output.getvalue()
    assert "3001234567" not in running.output.getvalue()


def test_script_is_named_without_the_question_that_follows_it() -> None:
    with serving({"hello": hello}) as running, running.connect(environment("hello?a=b")) as sock:
        assert sock.recv(4096).startswith(b"SET VARIABLE")


def test_unknown_script_is_closed_at_once() -> None:
    with serving({"hello": hello}) as running:
        with running.connect(environment("nothing")) as sock:
            assert rest_of(sock) == b""
        assert is_served(running)


def test_ping_is_answered_even_when_full() -> None:
    with serving({"hello": hello}, max_calls=1) as running, running.connect(environment("hello")) as busy:
        assert busy.recv(4096)
        with running.connect(b"agi_network_script: ping\n\n") as sock:
            assert rest_of(sock) == b"pong\n"


def test_above_the_cap_a_call_is_closed_at_once_and_the_accepted_ones_go_on() -> None:
    with serving({"hello": hello}, max_calls=2) as running:
        with running.connect(environment("hello")) as first, running.connect(environment("hello")) as second:
            assert first.recv(4096)
            assert second.recv(4096)
            with running.connect(environment("hello")) as third:
                assert rest_of(third) == b""
            for accepted in (first, second):
                accepted.sendall(b"200 result=1\n")
                assert rest_of(accepted) == b""
        until(lambda: not running.server.calls)
        assert is_served(running)
    assert len(running.logged("full")) == 1


def test_1000_half_open_connections_take_no_place_and_no_thread() -> None:
    with (
        serving({"hello": hello}, max_calls=2, max_arriving=300, environment_seconds=60) as running,
        ExitStack() as open_,
    ):
        threads = threading.active_count()
        half_open = [open_.enter_context(running.connect(b"agi_network: yes\n")) for _ in range(1000)]
        for oldest in half_open[:700]:
            assert rest_of(oldest) == b""
        assert threading.active_count() == threads
        assert is_served(running)
        assert running.server.calls <= 1


def test_crowd_of_half_open_connections_does_not_push_out_a_call_that_came_before_it() -> None:
    running = Running({"hello": hello}, max_arriving=100)
    with ExitStack() as open_:
        call = open_.enter_context(running.connect(environment("hello")))
        for _ in range(600):
            open_.enter_context(running.connect(b"agi_network: yes\n"))
        running.thread.start()  # all of them are waiting to be accepted
        assert call.recv(4096).startswith(b"SET VARIABLE")
        call.sendall(b"200 result=1\n")
        assert rest_of(call) == b""
    running.stop()


def test_half_open_connection_is_closed_after_its_time() -> None:
    with serving({}, environment_seconds=0.2) as running, running.connect(b"agi_network: yes\n") as sock:
        assert rest_of(sock) == b""
        until(lambda: running.logged("half_open_closed"))


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\n\n",
        b"agi_x: " + b"y" * 70_000,
        b"agi_x: y\n" * 300,
        b"agi_x: y\n" * 300 + b"\n",
        b"\0" * 100,
    ],
)
def test_garbage_is_closed_and_the_next_call_served(garbage: bytes) -> None:
    with serving({"hello": hello}, environment_seconds=60) as running:
        with running.connect() as sock:
            try:
                sock.sendall(garbage)
            except (BrokenPipeError, ConnectionResetError):
                pass
            else:
                assert rest_of(sock) == b""
        assert is_served(running)


def test_half_lines_are_put_together() -> None:
    with serving({"hello": hello}) as running, running.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in environment("hello", b"Ana"):
            sock.sendall(bytes([byte]))
        assert sock.recv(4096) == b'SET VARIABLE "SALUDO" "Ana"\n'
        sock.sendall(b"200 resu")
        sock.sendall(b"lt=1\n")
        assert rest_of(sock) == b""


@pytest.mark.parametrize(
    "name",
    [
        b'a"\nHANGUP',
        b"a\n\n200 result=1\n",
        b"\0\0",
        b"Jos\xe9",
        b"x" * 4096,
        b"(hangup)",
        b"200 result=-1",
        b"result=-1",
        b"; DROP TABLE call",
        b"a\\",
    ],
)
def test_hostile_caller_names_inject_nothing_and_the_next_call_is_served(name: bytes) -> None:
    with serving({"hello": hello}) as running:
        with running.connect(environment("hello", name)) as sock:
            with suppress(OSError):  # the script may be over, and the connection with it, before we are
                sock.sendall(b"200 result=1\n")
                sock.shutdown(socket.SHUT_WR)
            assert rest_of(sock).count(b"\n") <= 1
        until(lambda: not running.server.calls)
        assert is_served(running) == b'SET VARIABLE "SALUDO" "Ana"\n'


def test_script_that_hangs_is_closed_by_the_watchdog() -> None:
    release = threading.Event()

    def hangs(channel: Channel) -> None:
        channel.noop()
        release.wait(PATIENCE_SECONDS)

    with serving({"hangs": hangs, "hello": hello}, thinking_seconds=1) as running:
        with running.connect(environment("hangs")) as sock:
            assert sock.recv(4096) == b"NOOP\n"
            sock.sendall(b"200 result=0\n")
            assert rest_of(sock) == b""  # while the script still hangs
        assert is_served(running)
        release.set()
        until(lambda: len(running.logged("call_ended")) == 2)
    assert running.logged("overdue")[0]["call"] == CALL_ID
    assert "overdue" in {entry["outcome"] for entry in running.logged("call_ended")}


def test_command_that_asterisk_does_not_answer_in_time_ends_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.agi.MARGIN_SECONDS", 0.2)
    with serving({"hello": hello}) as running, running.connect(environment("hello")) as sock:
        assert sock.recv(4096).startswith(b"SET VARIABLE")
        assert rest_of(sock) == b""
        until(lambda: running.logged("call_ended"))
    assert running.logged("call_ended")[0]["outcome"] == "overdue"


def test_script_that_raises_is_logged_by_kind_and_place_and_its_connection_closed() -> None:
    def raises(channel: Channel) -> None:
        raise ValueError(channel.env["agi_callerid"])

    with serving({"raises": raises, "hello": hello}) as running:
        with running.connect(environment("raises")) as sock:
            assert rest_of(sock) == b""
        assert is_served(running)
        until(lambda: len(running.logged("call_ended")) == 2)
    [entry] = running.logged("script_failed")
    assert entry["error"] == "ValueError"
    assert entry["at"][-1].startswith("test_fastagi_server.py:")
    assert "3001234567" not in running.output.getvalue()


def test_caller_who_hangs_up_ends_the_script() -> None:
    with serving({"hello": hello}) as running:
        with running.connect(environment("hello")) as sock:
            assert sock.recv(4096)
            sock.sendall(b"HANGUP\n")
        until(lambda: running.logged("call_ended"))
    assert running.logged("call_ended")[0]["outcome"] == "caller_left"


def test_strangers_are_refused() -> None:
    with serving({"hello": hello}, peers=["10.0.0.0/8"]) as running, running.connect() as sock:
        assert rest_of(sock) == b""
        until(lambda: running.logged("stranger_refused"))


def test_stop_waits_for_running_scripts_and_accepts_nobody_else() -> None:
    running = Running({"hello": hello}, grace_seconds=PATIENCE_SECONDS)
    running.thread.start()
    with running.connect(environment("hello")) as sock:
        assert sock.recv(4096)
        running.server.stop()
        until(lambda: refused(running.port))
        assert running.thread.is_alive()
        sock.sendall(b"200 result=1\n")
        assert rest_of(sock) == b""
    running.stop()
    assert running.logged("call_ended")[0]["outcome"] == "done"
    assert running.logged("stopped")[0]["cut_off"] == 0


def test_stop_cuts_off_what_outlasts_its_grace() -> None:
    with serving({"hello": hello}, grace_seconds=0) as running, running.connect(environment("hello")) as sock:
        assert sock.recv(4096)
        running.stop()
        assert rest_of(sock) == b""
    assert running.logged("stopped")[0]["cut_off"] == 1


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return False


def test_300_calls_at_once_are_all_served() -> None:
    with serving({"hello": hello}) as running, ExitStack() as open_:
        calls = [open_.enter_context(running.connect(environment("hello", b"%d" % number))) for number in range(300)]
        for number, sock in enumerate(calls):
            assert sock.recv(4096) == b'SET VARIABLE "SALUDO" "%d"\n' % number
        for sock in calls:
            sock.sendall(b"200 result=1\n")
        for sock in calls:
            assert rest_of(sock) == b""
        until(lambda: not running.server.calls)
    assert len(running.logged("call_ended")) == 300
