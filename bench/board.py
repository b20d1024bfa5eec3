"""The way of an event to the screen: 50 boards open at 100 calls/s, and what an open board costs.

The real web process hears a manager interface and follows a queue_log that tell of 100 calls a second, after 6 000 in
the last minute. One board is open in a real browser, the others in plain readers of the stream. A call's way is from
the moment that its first event is sent until the sum of the day's calls that is shown has it; in the browser, until
that is painted. The baseline in the same run is a bare aiohttp loop that writes as many bytes to as many readers at the
same pace.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from aiohttp import ClientSession, TCPConnector, web
from playwright.async_api import Page, async_playwright
from sqlalchemy import Engine

from contesta import accounts
from contesta.settings import Settings
from contesta.web import sessions
from contesta.web.access import Role
from storage.database import connect
from storage.migrate import upgrade
from tests.fake_manager import SECRET, USER, FakeManager, fake_manager
from tests.ports import free_port
from tests.web import CHROMIUM, CHROMIUM_OPTIONS, session_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

BOARDS: Final = 50
OF_ONE_SESSION: Final = 7
CALLS_PER_SECOND: Final = 100
CALLS_BEFORE: Final = 6_000
ADVISERS: Final = 120
WARM_SECONDS: Final = 5
ALONE_SECONDS: Final = 15
TOGETHER_SECONDS: Final = 40
BARE_SECONDS: Final = 10
QUEUES: Final = ("atencion", "juridica", "tramites", "pqrs")
OFFERED: Final = re.compile(rb'"id":"offered","word":"[^"]*","count":(\d+)')
TICK_SECONDS: Final = 1 / os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
Seen = list[tuple[float, int]]
"""When a reader saw which number."""

WATCH_SUM: Final = """() => {
  window.seen = [];
  const painted = (text) => requestAnimationFrame(() => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => seen.push([(performance.timeOrigin + performance.now()) / 1000, text]);
    port2.postMessage(null);
  });
  const sum = () => document.querySelector('.balance p').innerText;
  new MutationObserver(() => painted(sum())).observe(
    document.querySelector('.balance'), {subtree: true, characterData: true, childList: true});
}"""


class Calls:
    """Calls as a telephone system tells them, in both ways. `entered_at` has when each one's first event was sent."""

    def __init__(self, manager: FakeManager, log: Path) -> None:
        self.entered_at: list[float] = []
        self._manager = manager
        self._log = log.open("a", encoding="utf-8", buffering=1 << 20)
        self._chance = random.Random(1)
        self._ahead: list[tuple[float, int, str, str]] = []
        self._numbers = count()

    def before(self, calls: int, now: float) -> None:
        """Have calls end within the last minute, told by the log alone."""
        for number in range(calls):
            self._call(now - 65 + 60 * number / calls)
        told = sorted(self._ahead)
        self._ahead.clear()
        self._log.writelines(line for _, _, _, line in told)
        self._log.flush()
        self.entered_at = [now] * calls

    async def come(self) -> None:
        """Come at an even rate, until cancelled."""
        began = time.time()
        for number in count():
            at = began + number / CALLS_PER_SECOND
            await asyncio.sleep(max(0, at - time.time()))
            self._call(at)
            messages = []
            while self._ahead and self._ahead[0][0] <= time.time():
                _, _, message, line = heappop(self._ahead)
                messages.append(message)
                self._log.write(line)
            self.entered_at.append(time.time())
            self._log.flush()
            await self._send("".join(messages).encode())

    async def _send(self, data: bytes) -> None:
        """Send to whoever hears events; the pages have users of their own besides, who hear none."""
        for writer in list(self._manager.hearing):
            with contextlib.suppress(ConnectionError):
                writer.write(data)
                await writer.drain()

    def _call(self, begins: float) -> None:
        number, chance = next(self._numbers), self._chance
        uid = f"{begins:.0f}.{number}"
        queue = QUEUES[number % len(QUEUES)]
        caller, adviser = f"+57300{number:07}", f"Asesora {number % ADVISERS:03}"
        call = f"Channel: PJSIP/linea-{number:08x}\r\nUniqueid: {uid}\r\nLinkedid: {uid}\r\nQueue: {queue}\r\n"
        leaves, ends = begins + chance.uniform(0.2, 0.4), begins + chance.uniform(0.9, 1.1)

        def tell(at: float, event: str, more: str, middle: str, data: str = "") -> None:
            message = f"Event: {event}\r\nTimestamp: {at:.6f}\r\n{more}\r\n" if event else ""
            line = f"{at:.0f}|{uid}|{middle}|{data}\n" if middle else ""
            heappush(self._ahead, (at, next(self._numbers), message, line))

        def member(at: float, status: int) -> None:
            of = f"Queue: atencion\r\nMemberName: {adviser}\r\nStatus: {status}\r\nPaused: 0\r\nPausedReason: \r\n"
            tell(at, "QueueMemberStatus", of, "")

        tell(begins, "", "", "NONE|NONE|LLAMADA", f"{uid}|018000910123|{caller}")
        tell(begins, "QueueCallerJoin", f"{call}Position: 1\r\n", f"{queue}|NONE|ENTERQUEUE", f"|{caller}|1")
        if number % 10 == 0:
            tell(leaves, "QueueCallerAbandon", f"{call}HoldTime: 0\r\n", f"{queue}|NONE|ABANDON", "1|1|0")
            ends = leaves
        else:
            of = f"{call}MemberName: {adviser}\r\n"
            tell(begins + 0.1, "AgentCalled", of, "")
            tell(leaves, "QueueCallerLeave", call, "")
            tell(
                leaves,
                "AgentConnect",
                f"{of}HoldTime: 0\r\nRingTime: 0\r\n",
                f"{queue}|{adviser}|CONNECT",
                f"0|{uid}|0",
            )
            member(leaves, 2)
            said = f"{of}HoldTime: 0\r\nTalkTime: 1\r\nReason: caller\r\n"
            tell(ends, "AgentComplete", said, f"{queue}|{adviser}|COMPLETECALLER", "0|1|1")
            member(ends, 1)
        tell(ends, "Hangup", f"{call}Cause: 16\r\n", "NONE|NONE|FIN", "caller|16")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process has used: CPU seconds so far, and memory now."""

    at: float
    cpu_seconds: float
    megabytes: float

    @classmethod
    def of(cls, pid: int) -> "Cost":
        """Read it."""
        times = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
        return cls(time.monotonic(), (int(times[11]) + int(times[12])) * TICK_SECONDS, pages * PAGE_BYTES / 2**20)

    def share_since(self, before: "Cost") -> float:
        """Share of a core since then."""
        return (self.cpu_seconds - before.cpu_seconds) / (self.at - before.at)


@dataclass
class Read:
    """What the readers of a process got: what each saw, one version as it came, and how many bytes and versions."""

    seen: list[Seen] = field(default_factory=list)
    version: bytes = b""
    received: int = 0
    versions: int = 0


def read_streams(address: str, cookies: list[str], pattern: bytes, told: "Connection[None, Read]") -> None:
    """Read a stream with each cookie until told to stop, in a process of its own."""
    asyncio.run(_read_all(address, cookies, re.compile(pattern), told))


async def _read_all(
    address: str, cookies: list[str], pattern: re.Pattern[bytes], told: "Connection[None, Read]"
) -> None:
    read = Read()
    async with (
        ClientSession(connector=TCPConnector(limit=0), read_bufsize=2**20, auto_decompress=False) as session,
        asyncio.TaskGroup() as tasks,
    ):
        reading = [tasks.create_task(_read(session, address, cookie, pattern, read)) for cookie in cookies]
        await asyncio.to_thread(told.recv)
        for one in reading:
            one.cancel()
    told.send(read)  # type: ignore[arg-type]  # the two ends differ


async def _read(session: ClientSession, address: str, cookie: str, pattern: re.Pattern[bytes], read: Read) -> None:
    seen: Seen = []
    read.seen.append(seen)
    rest = bytearray()
    async with session.get(address, headers={"Cookie": f"{sessions.COOKIE}={cookie}"}, timeout=None) as response:
        assert response.status == 200, response.status
        gzip = zlib.decompressobj(zlib.MAX_WBITS + 16) if "Content-Encoding" in response.headers else None
        async for data in response.content.iter_any():
            read.received += len(data)
            rest += gzip.decompress(data) if gzip else data
            while (end := rest.find(b"\n\n")) >= 0:
                event = bytes(rest[: end + 2])
                del rest[: end + 2]
                if found := pattern.search(event):
                    seen.append((time.time(), int(found[1])))
                    read.version = event
                    read.versions += 1


@contextlib.contextmanager
def readers(address: str, cookies: list[str], pattern: bytes = OFFERED.pattern) -> Iterator[Read]:
    """Have readers in a process of their own; what they got is there after the block."""
    got, (ours, theirs) = Read(), multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=read_streams, args=(address, cookies, pattern, theirs)
    )
    process.start()
    yield got
    ours.send(None)
    read = ours.recv()
    got.seen, got.version, got.received, got.versions = read.seen, read.version, read.received, read.versions
    process.join()


def latencies_ms(entered_at: list[float], seen: Seen, since: float) -> Iterator[float]:
    """Yield how long each call that entered after a moment took to be seen."""
    known = 0
    for at, number in seen:
        yield from (
            1000 * (at - entered) for entered in entered_at[known : min(number, len(entered_at))] if entered > since
        )
        known = max(known, number)


def told_of(what: str, latencies: list[float]) -> float:
    p50, p99, most = np.percentile(latencies, [50, 99, 100])
    print(f"  {what:44} p50 {p50:4.0f} ms, p99 {p99:4.0f} ms, longest {most:4.0f} ms  ({len(latencies):,})", flush=True)
    return float(p99)


def cookies_of(engine: Engine, sessions_wanted: int) -> list[str]:
    return [session_of(engine, Role.SUPERVISOR) for _ in range(sessions_wanted)]


@contextlib.contextmanager
def web_process(settings: Settings) -> Iterator[int]:
    """Run the program's own web process; give its id."""
    program = [sys.executable, "-m", "contesta", "web"]
    process = subprocess.Popen(program, env=settings.as_child_environment(), stdin=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


@contextlib.asynccontextmanager
async def browser_at(address: str, cookie: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        context = await browser.new_context(base_url=address, viewport={"width": 1280, "height": 900}, locale="es-CO")
        secure = address.replace("http:", "https:")
        await context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": secure, "secure": True}])
        page = await context.new_page()
        await page.goto("/tablero")
        await page.locator(".balance p").wait_for()
        await page.evaluate(WATCH_SUM)
        yield page
        await browser.close()


async def painted(page: Page) -> Seen:
    """Give what the browser has painted."""
    seen: list[tuple[float, str]] = await page.evaluate("() => seen.splice(0)")
    found = ((at, re.search(r"recibidas\s+([\d.]+)", text, re.IGNORECASE)) for at, text in seen)
    return [(at, int(number[1].replace(".", ""))) for at, number in found if number]


def bare_server(size: int, pace_seconds: float, told: "Connection[int, None]") -> None:
    """Write so many bytes, with the time before them, to all who read, again and again."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):
            while True:
                await changed[0].wait()
                await response.write(current[0])
        return response

    async def turn(_app: web.Application) -> AsyncIterator[None]:
        async def write() -> None:
            while True:
                await asyncio.sleep(pace_seconds)
                current[0] = b"event: %d\n%b\n\n" % (time.time_ns() // 1000, b"x" * size)
                changed[0].set()
                changed[0] = asyncio.Event()

        writing = asyncio.create_task(write())
        yield
        writing.cancel()

    current, changed = [b""], [asyncio.Event()]
    app = web.Application()
    app.router.add_get("/", stream)
    app.cleanup_ctx.append(turn)
    port = free_port()
    told.send(port)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None, shutdown_timeout=0)


@contextlib.contextmanager
def bare(size: int, pace_seconds: float) -> Iterator[tuple[int, str]]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=bare_server, args=(size, pace_seconds, theirs))
    server.start()
    address = f"http://127.0.0.1:{ours.recv()}/"
    time.sleep(1)
    assert server.pid
    yield server.pid, address
    server.terminate()
    server.join()


async def until_served(address: str, cookie: str, calls: int) -> None:
    """Wait until there is a board, and of a line that tells of so many calls, if any."""
    headers = {"Cookie": f"{sessions.COOKIE}={cookie}"}
    async with ClientSession(headers=headers) as session:
        while True:
            with contextlib.suppress(OSError):
                async with session.get(f"{address}/api/v1/board") as answer:
                    board = await answer.json()
                    if not calls or (board["connected"] and board["identity"]["parts"][0]["count"] >= calls):
                        return
            await asyncio.sleep(0.1)


async def measure(settings: Settings, manager: FakeManager, engine: Engine) -> None:
    cookies = [one for one in cookies_of(engine, -(-BOARDS // OF_ONE_SESSION)) for _ in range(OF_ONE_SESSION)][:BOARDS]
    address = settings.web_address.rstrip("/")
    calls = Calls(manager, settings.queue_log)
    calls.before(CALLS_BEFORE, time.time())
    with web_process(settings) as pid:
        await until_served(address, cookies[0], CALLS_BEFORE)
        coming = asyncio.create_task(calls.come())
        async with browser_at(address, cookies[0]) as page:
            await asyncio.sleep(WARM_SECONDS)
            begun = Cost.of(pid)
            await asyncio.sleep(ALONE_SECONDS)
            alone = Cost.of(pid)
            with readers(f"{address}/api/v1/board/stream", cookies[1:]) as got:
                await asyncio.sleep(WARM_SECONDS)
                since, before = time.time(), Cost.of(pid)
                await painted(page)
                await asyncio.sleep(TOGETHER_SECONDS)
                together, shown = Cost.of(pid), await painted(page)
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await coming
    rate = sum(at > since for at in calls.entered_at) / (together.at - before.at)
    size = round(got.received / got.versions)
    print(f"{BOARDS} boards, {rate:.0f} calls/s, {ADVISERS} advisers", flush=True)
    print(
        f"  a version is {len(got.version) / 1000:.0f} kB, of which {size / 1000:.1f} kB are sent, heartbeats included"
    )
    ours = told_of("event to figure, painted in the browser", list(latencies_ms(calls.entered_at, shown, since)))
    told_of("event to reader", [one for seen in got.seen for one in latencies_ms(calls.entered_at, seen, since)])
    versions = got.versions / len(got.seen) / (TOGETHER_SECONDS + WARM_SECONDS)
    one, all_of_them = alone.share_since(begun), together.share_since(before)
    each = (all_of_them - one) / (BOARDS - 1)
    print(
        f"  web process: {one:.0%} of a core with one board, {all_of_them:.0%} with {BOARDS}; {versions:.1f} versions/s"
    )
    memory = (together.megabytes - alone.megabytes) / (BOARDS - 1)
    print(f"  memory: {alone.megabytes:.0f} MB with one board, {together.megabytes:.0f} MB with {BOARDS}")

    with bare(size, 1 / versions) as (pid, address), readers(address, cookies, rb"event: (\d+)\n") as loop:
        await asyncio.sleep(WARM_SECONDS)
        before = Cost.of(pid)
        await asyncio.sleep(BARE_SECONDS)
        after = Cost.of(pid)
    waits = [1000 * (at - sent / 1e6) for seen in loop.seen for at, sent in seen]
    theirs = told_of("bare loop, the same bytes to as many readers", waits)
    bare_each = after.share_since(before) / BOARDS
    print(f"  an open board: {each:.2%} of a core, {memory:.2f} MB")
    print(f"  an open reader of the bare loop: {bare_each:.2%} of a core; ratio {each / bare_each:.1f}")
    print(f"  p99: {ours:.0f} ms, {ours / theirs:.1f} times the bare loop's {theirs:.0f} ms; goal 250 ms", flush=True)


async def main() -> None:
    async with fake_manager() as manager:
        with tempfile.TemporaryDirectory(prefix="contesta-bench-") as folder:
            ports = {"manager_port": manager.port, "web_port": free_port()}
            settings = Settings.model_validate({"data_dir": Path(folder), **ports, "web_requests_per_minute": 100_000})
            known = accounts.Accounts(
                manager_user=USER,
                manager_secret=SECRET,
                desk_secret=SECRET,
                listen_secret=SECRET,
                advisers=(),
                scripted=(),
            )
            manager.deaf = {known.desk_user, known.listen_user}
            settings.secrets_file.write_text(json.dumps(asdict(known)), encoding="utf-8")
            settings.queue_log.parent.mkdir(parents=True)
            manager.members = [(f"Asesora {number:03}", 1, "") for number in range(ADVISERS)]
            engine = connect(settings.ledger_url)
            upgrade(engine)
            await measure(settings, manager, engine)
            engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
