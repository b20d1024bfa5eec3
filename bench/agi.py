"""What the AGI channel and server cost, against a server of bare sockets and threads in the same run.

1. One call, as fast as it goes: CPU of the server per command, and its turn-around, from the answer to the next
   command. The bare server writes its texts and takes the result out of the answer, and no more: no quoting, no checks,
   no hang-up, no deadline. Goal: at most 2 times its CPU.
2. 500 calls at once, each answered after 0.2 to 0.8 s as prompts would be: turn-around. Goal: p99 under 10 ms.
3. The same 500 calls while somebody keeps 1000 connections half open.

The servers run in processes of their own, and so does the load, as it would on a real machine. Rounds alternate
between the two, and of each the best is kept: what disturbs a round is not the server's doing.
"""

import heapq
import json
import random
import selectors
import socket
import statistics
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from time import clock_gettime, perf_counter, sleep

import structlog

from ivr.server import Server
from telephony.agi import Channel

ENVIRONMENT = b"agi_network: yes\nagi_network_script: %b\nagi_uniqueid: 1.1\n" + b"agi_filler: something\n" * 20 + b"\n"
THIS = [sys.executable, "-m", "bench.agi"]
ROUNDS = 5
TURNS = 1500
CALLS_AT_ONCE = 500
LOAD_SECONDS = 6
HALF_OPEN = 1000


def turn(channel: Channel) -> None:
    """Say seven things in pyst2's words, as a call would."""
    channel.stream_file("contesta/bienvenida", "0123456789*#")
    channel.get_data("contesta/menu_principal", 6000, 1)
    channel.exec_command("QueueLog", "NONE", "1795400226.1", "NONE", "MENU", "principal|1|chosen")
    channel.get_variable("CHANNEL(language)")
    channel.verbose("hola", 1)
    channel.wait_for_digit(1000)
    channel.set_variable("CONTESTA_DESTINO", "cola")


COMMANDS = (
    (b'STREAM FILE "contesta/bienvenida" "0123456789*#" "0"\n', b"200 result=0 endpos=29000\n"),
    (b'GET DATA "contesta/menu_principal" "6000" "1"\n', b"200 result=1\n"),
    (b'EXEC "QueueLog" "NONE,1795400226.1,NONE,MENU,principal|1|chosen"\n', b"200 result=0\n"),
    (b'GET VARIABLE "CHANNEL(language)"\n', b"200 result=1 (es)\n"),
    (b'VERBOSE "hola" "1"\n', b"200 result=1\n"),
    (b'WAIT FOR DIGIT "1000"\n', b"200 result=0\n"),
    (b'SET VARIABLE "CONTESTA_DESTINO" "cola"\n', b"200 result=1\n"),
)
ANSWERS = {command.split(b" ", 2)[0] + command.split(b" ", 2)[1][:3]: answer for command, answer in COMMANDS}


def answer_to(command: bytes) -> bytes:
    verb, rest = command.split(b" ", 1)
    return ANSWERS[verb + rest[:3]]


# -- the servers


def serve_ours() -> None:
    def fast(channel: Channel) -> None:
        for _ in range(TURNS):
            turn(channel)

    def talk(channel: Channel) -> None:
        while True:
            turn(channel)

    log = structlog.wrap_logger(structlog.WriteLogger(sys.stderr), processors=[structlog.processors.JSONRenderer()])
    server = Server("127.0.0.1", 0, {"fast": fast, "talk": talk}, log=log)
    announce(server.port)
    server.serve_forever()


def serve_bare() -> None:
    def say(sock: socket.socket, command: str) -> str:
        sock.sendall(f"{command}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            chunk = sock.recv(4096)
            if not chunk:
                raise EOFError
            answer += chunk
        return answer.decode().partition("result=")[2].partition(" ")[0].strip()

    def call(sock: socket.socket) -> None:
        unread = b""
        while b"\n\n" not in unread:
            unread += sock.recv(4096)
        with sock, suppress(EOFError):
            for _ in range(TURNS) if b"agi_network_script: fast\n" in unread else count():
                for command in commands:
                    say(sock, command)

    commands = [command.decode().removesuffix("\n") for command, _answer in COMMANDS]
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    announce(listener.getsockname()[1])
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=call, args=(sock,), daemon=True).start()


def announce(port: int) -> None:
    print(port, flush=True)


# -- the loads: each prints a JSON object


def load_fast(port: int) -> None:
    """One call as fast as it goes."""
    waits = []
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(ENVIRONMENT % b"fast")
        command = sock.recv(4096)
        while command:
            answer = answer_to(command)
            began_at = perf_counter()
            sock.sendall(answer)
            command = sock.recv(4096)
            waits.append(perf_counter() - began_at)
    print(json.dumps(waits))


def load_calm(port: int) -> None:
    """Many calls at once, each answered after a while."""
    chance = random.Random(1)
    selector = selectors.DefaultSelector()
    answered_at: dict[socket.socket, float] = {}
    due: list[tuple[float, int, socket.socket, bytes]] = []
    numbers = count()
    waits = []
    calls: dict[int, socket.socket] = {}
    for _ in range(CALLS_AT_ONCE):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(sock, selectors.EVENT_READ)
        calls[sock.fileno()] = sock
        sock.sendall(ENVIRONMENT % b"talk")
    end_at = perf_counter() + LOAD_SECONDS
    while (now := perf_counter()) < end_at:
        for key, _ in selector.select(max(0.0, due[0][0] - now) if due else 0.1):
            sock = calls[key.fd]
            command = sock.recv(4096)
            now = perf_counter()
            if sock in answered_at:
                waits.append(now - answered_at[sock])
            heapq.heappush(due, (now + chance.uniform(0.2, 0.8), next(numbers), sock, answer_to(command)))
        while due and due[0][0] <= perf_counter():
            _, _, sock, answer = heapq.heappop(due)
            answered_at[sock] = perf_counter()
            sock.sendall(answer)
    print(json.dumps(waits))


def besiege(port: int) -> None:
    """Keep half-open connections, and open new ones for those that are closed."""
    held: deque[socket.socket] = deque()
    while True:
        held.append(socket.create_connection(("127.0.0.1", port)))
        held[-1].sendall(b"agi_network: yes\n")
        if len(held) > HALF_OPEN:
            held.popleft().close()
            sleep(0.002)


# -- the measurement


@contextmanager
def server(kind: str) -> Iterator[tuple[int, int]]:
    """Run a server; its process id and port."""
    with subprocess.Popen([*THIS, "serve", kind], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of another process, to the nanosecond (clock_getcpuclockid(3) gives this number)."""
    return clock_gettime((~pid << 3) | 2)


def measure(kind: str, pid: int, port: int) -> tuple[float, list[float]]:
    """Return CPU seconds of the server per command, and sorted turn-arounds in seconds."""
    before = cpu_seconds(pid)
    done = subprocess.run([*THIS, kind, str(port)], check=True, capture_output=True)
    waits = sorted(json.loads(done.stdout))
    return (cpu_seconds(pid) - before) / len(waits), waits


def cpu_of(measured: tuple[float, list[float]]) -> float:
    return measured[0]


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report(name: str, cpu: float, waits: list[float], note: str = "") -> None:
    p50, p99 = percentile(waits, 0.5) * 1000, percentile(waits, 0.99) * 1000
    print(f"{name:28} {cpu * 1e6:8.1f} us CPU/command   p50 {p50:7.3f} ms   p99 {p99:7.3f} ms   {note}")


def main() -> None:
    with server("ours") as ours, server("bare") as bare:
        sleep(0.5)
        rounds = [(measure("fast", *ours), measure("fast", *bare)) for _ in range(ROUNDS)]
        best_ours = min((mine for mine, _ in rounds), key=cpu_of)
        best_bare = min((theirs for _, theirs in rounds), key=cpu_of)
        ratios = sorted(mine[0] / theirs[0] for mine, theirs in rounds)
        report("one call, bare sockets", *best_bare)
        ratio = best_ours[0] / best_bare[0]
        turnaround = percentile(best_ours[1], 0.5) / percentile(best_bare[1], 0.5)
        report("one call, our server", *best_ours, f"CPU x{ratio:.2f} (goal: at most x2), p50 x{turnaround:.2f}")
        print(f"{'':28} CPU ratio in each of {ROUNDS} rounds: {', '.join(f'{r:.2f}' for r in ratios)}")
        report(f"{CALLS_AT_ONCE} calls, bare sockets", *measure("calm", *bare))
        cpu, waits = measure("calm", *ours)
        share = cpu * len(waits) / LOAD_SECONDS
        report(f"{CALLS_AT_ONCE} calls, our server", cpu, waits, f"{share:.0%} of a core (goal: p99 under 10 ms)")
        with subprocess.Popen([*THIS, "siege", str(ours[1])]) as siege:
            try:
                report(f"and {HALF_OPEN} half open", *measure("calm", *ours), "(CPU includes theirs)")
            finally:
                siege.kill()
        print(f"{'':28} {len(waits) / LOAD_SECONDS:.0f} commands/s, mean {statistics.fmean(waits) * 1000:.3f} ms")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", "ours"]:
            serve_ours()
        case ["serve", "bare"]:
            serve_bare()
        case ["fast", number]:
            load_fast(int(number))
        case ["calm", number]:
            load_calm(int(number))
        case ["siege", number]:
            besiege(int(number))
        case _:
            main()
