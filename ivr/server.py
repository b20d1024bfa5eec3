"""The FastAGI server: a thread for each call, and one loop that lets nobody cost a live call anything.

The loop accepts connections, collects their environments without blocking (a half-open connection takes no thread and
no place among the calls), answers the supervisor's `ping`, and watches: a script that does not issue its next command,
or a command that Asterisk does not answer in its time, has its connection closed. For Asterisk a closed connection is
the end of the script, and the dialplan takes the caller on; only silence would leave a caller in silence.

Logs carry the telephone system's id of the call and nothing that a caller is, says or presses.
"""

import contextlib
import ipaddress
import resource
import selectors
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import structlog

from core.errors import CallEndedError, ProtocolError
from telephony.agi import ENVIRONMENT_LINES, Channel

Script = Callable[[Channel], None]

BACKLOG = 1024
ACCEPTED_PER_TURN = 64  # less than may be arriving, so that all are listened to before the oldest has to go
TICK_SECONDS = 0.25
STACK_BYTES = 512 * 1024
ENVIRONMENT_BYTES = 65_536
SPARE_FILES = 64
LOOPBACK = ("127.0.0.0/8", "::1/128")
_CALL_ID_CHARACTERS = 64


class _SocketStream:
    """A blocking socket as the two streams of a channel, without the buffers of `makefile`."""

    def __init__(self, sock: socket.socket) -> None:
        self.read1 = sock.recv
        self.write = sock.sendall


@dataclass(slots=True, eq=False)
class _Arriving:
    """A connection whose environment is not complete."""

    sock: socket.socket
    due_at: float
    received: bytearray = field(default_factory=bytearray)


@dataclass(slots=True, eq=False)
class _Call:
    """A connection that a script is working on."""

    sock: socket.socket
    channel: Channel
    script: str
    began_at: float
    overdue: bool = False

    @property
    def call_id(self) -> str:
        return self.channel.env.get("agi_uniqueid", "")[:_CALL_ID_CHARACTERS]

    def close_connection(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


class Server:
    """Runs `scripts` by the name that Asterisk asks for: agi://host:port/NAME.

    `max_calls` bounds the scripts at once and `max_arriving` the connections that have not said what they want; at the
    first bound a new call is closed at once, at the second the oldest one is. `thinking_seconds` is how long a script
    may take between two commands. `peers` are the networks that may connect.
    """

    def __init__(  # noqa: PLR0913  each limit is a promise of its own
        self,
        host: str,
        port: int,
        scripts: Mapping[str, Script],
        *,
        max_calls: int = 1000,
        max_arriving: int = 512,
        environment_seconds: float = 3.0,
        thinking_seconds: float = 4.0,
        grace_seconds: float = 10.0,
        peers: Sequence[str] = LOOPBACK,
        log: structlog.typing.FilteringBoundLogger | None = None,
    ) -> None:
        """Listen at once; port 0 takes a free one."""
        self._scripts = scripts
        self._max_calls = max_calls
        self._max_arriving = max_arriving
        self._environment_seconds = environment_seconds
        self._thinking_seconds = thinking_seconds
        self._grace_seconds = grace_seconds
        self._peers = [ipaddress.ip_network(peer) for peer in peers]
        self._log = log or structlog.get_logger("agi")
        self._arriving: dict[socket.socket, _Arriving] = {}  # oldest first
        self._calls: set[_Call] = set()
        self._stopping = False
        _allow_open_files(max_calls + max_arriving + SPARE_FILES)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self._listener.setblocking(False)
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_write.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def calls(self) -> int:
        """The number of scripts at work."""
        return len(self._calls)

    def stop(self) -> None:
        """Ask `serve_forever` to end. May be called from any thread and from a signal handler."""
        self._stopping = True
        self._wake()

    def serve_forever(self) -> None:
        """Serve until `stop`; then accept nothing more, give running scripts their grace, and return."""
        self._log.info("listening", port=self.port, max_calls=self._max_calls)
        while not self._stopping:
            self._turn()
        self._selector.unregister(self._listener)
        self._listener.close()
        for arriving in tuple(self._arriving.values()):
            self._forget(arriving)
        end_at = monotonic() + self._grace_seconds
        while self._calls and monotonic() < end_at:
            self._turn()
        cut_off = tuple(self._calls)
        for call in cut_off:
            call.close_connection()
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()
        self._log.info("stopped", cut_off=len(cut_off))

    def serve_until_signal(self) -> None:
        """Serve in the main thread until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        self.serve_forever()

    def _turn(self) -> None:
        knocking = False
        for key, _ in self._selector.select(TICK_SECONDS):
            if key.fileobj is self._listener:
                knocking = True
            elif key.fileobj is self._wake_read:
                self._wake_read.recv(BACKLOG)
            else:
                self._receive(key.data)
        if knocking:  # last, so that the oldest connection to go has been listened to
            self._accept()
        now = monotonic()
        self._close_half_open(now)
        self._close_overdue(now)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # a full pipe wakes as well as one byte more
            self._wake_write.send(b"\0")

    # -- arriving

    def _accept(self) -> None:
        for _ in range(ACCEPTED_PER_TURN):
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as refused:  # the caller was quicker to leave, or no file is left: make room
                self._log.warning("accept_failed", error=type(refused).__name__)
                self._drop_oldest()
                return
            peer = ipaddress.ip_address(address[0])
            if not any(peer in network for network in self._peers):
                self._log.warning("stranger_refused")
                sock.close()
                continue
            if len(self._arriving) >= self._max_arriving:
                self._drop_oldest()
            sock.setblocking(False)
            arriving = _Arriving(sock, monotonic() + self._environment_seconds)
            self._arriving[sock] = arriving
            self._selector.register(sock, selectors.EVENT_READ, arriving)

    def _drop_oldest(self) -> None:
        if oldest := next(iter(self._arriving.values()), None):
            self._forget(oldest)

    def _forget(self, arriving: _Arriving) -> None:
        self._leave_arrivals(arriving)
        arriving.sock.close()

    def _leave_arrivals(self, arriving: _Arriving) -> None:
        self._selector.unregister(arriving.sock)
        del self._arriving[arriving.sock]

    def _receive(self, arriving: _Arriving) -> None:
        if arriving.sock not in self._arriving:
            return  # dropped earlier in this turn
        try:
            chunk = arriving.sock.recv(ENVIRONMENT_BYTES)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        received = arriving.received
        received += chunk
        if b"\n\n" in received:
            self._leave_arrivals(arriving)
            self._admit(arriving)
        elif (
            not chunk
            or not received.startswith(b"agi_"[: len(received)])
            or len(received) > ENVIRONMENT_BYTES
            or received.count(b"\n") > ENVIRONMENT_LINES
        ):
            self._forget(arriving)

    def _close_half_open(self, now: float) -> None:
        expired = [arriving for arriving in self._arriving.values() if arriving.due_at < now]
        for arriving in expired:
            self._forget(arriving)
        if expired:
            self._log.warning("half_open_closed", count=len(expired))

    # -- calls

    def _admit(self, arriving: _Arriving) -> None:
        sock = arriving.sock
        stream = _SocketStream(sock)
        try:
            channel = Channel(
                stream, stream, received=bytes(arriving.received), thinking_seconds=self._thinking_seconds
            )
        except (CallEndedError, ProtocolError) as broken:
            self._log.warning("environment_refused", error=str(broken))
            sock.close()
            return
        name = channel.env.get("agi_network_script", "").partition("?")[0]
        call = _Call(sock, channel, name, monotonic())
        if name == "ping":
            with contextlib.suppress(OSError):
                sock.send(b"pong\n")
            sock.close()
        elif name not in self._scripts:
            self._log.error("no_such_script", call=call.call_id)
            sock.close()
        elif len(self._calls) >= self._max_calls:
            self._log.warning("full", call=call.call_id, script=name, calls=len(self._calls))
            sock.close()
        else:
            self._start(call)

    def _start(self, call: _Call) -> None:
        call.sock.setblocking(True)
        call.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        call.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._calls.add(call)
        usual = threading.stack_size(STACK_BYTES)
        try:
            threading.Thread(target=self._run, args=(call,), name=f"call {call.call_id}", daemon=True).start()
        except RuntimeError:  # the machine gives no more threads
            self._log.exception("no_thread", call=call.call_id)
            self._end(call)
        finally:
            threading.stack_size(usual)

    def _run(self, call: _Call) -> None:
        log = self._log.bind(call=call.call_id, script=call.script)
        try:
            outcome = self._outcome(call, log)
            log.info("call_ended", outcome=outcome, seconds=round(monotonic() - call.began_at, 3))
        finally:
            self._end(call)

    def _outcome(self, call: _Call, log: structlog.typing.FilteringBoundLogger) -> str:
        """Run the script and close the connection, whatever comes of it."""
        outcome = "done"
        try:
            self._scripts[call.script](call.channel)
        except CallEndedError:
            outcome = "caller_left"
        except Exception as error:  # noqa: BLE001  whatever a script raises must end its own call only
            outcome = "failed"
            # The error's own text may repeat what a caller said or pressed: its kind and place are enough.
            log.error("script_failed", error=type(error).__name__, at=_places(error))  # noqa: TRY400  see above
        finally:
            call.sock.close()
        return "overdue" if call.overdue else outcome

    def _end(self, call: _Call) -> None:
        call.sock.close()
        self._calls.discard(call)
        if self._stopping:
            self._wake()

    def _close_overdue(self, now: float) -> None:
        for call in tuple(self._calls):
            if call.channel.due_at < now and not call.overdue:
                call.overdue = True
                call.close_connection()
                self._log.error("overdue", call=call.call_id, script=call.script)


def _places(error: BaseException) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]


def _allow_open_files(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
