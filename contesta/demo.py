"""`contesta demo`: a stream of varied calls, so that whoever tries the product sees it alive."""

import asyncio
import contextlib
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from contesta import accounts, processes
from contesta.narrative import OUTCOMES
from contesta.plans import Plan, varied
from contesta.scripted import Stage, conversation
from contesta.settings import Settings
from storage.call_filter import CallFilter
from storage.database import connect
from storage.ledger import Ledger
from telephony.phone import Phone

MOST_AT_ONCE = 30
LOOK_SECONDS = 1.0
LAST_LOOK_SECONDS = 4.0
LAST_CALLS = 200  # whose outcome may still change
SECONDS_A_MINUTE = 60

Calls = Iterator[tuple[Plan, float]]


def demo(
    ctx: typer.Context,
    *,
    calls: Annotated[int, typer.Option("--calls", min=0, help="Cuántas llamadas; 0: hasta Ctrl-C.")] = 0,
    rate: Annotated[float, typer.Option("--rate", min=0.1, max=600, help="Llamadas por minuto, en promedio.")] = 6,
    seed: Annotated[int | None, typer.Option("--seed", help="Repite las mismas llamadas; sin él, son otras.")] = None,
) -> None:
    """Mantiene la línea con llamadas variadas y tres asesores de prueba; Ctrl-C la deja en paz."""
    settings: Settings = ctx.obj
    console = Console()
    progress = Progress(Ledger(connect(settings.ledger_url)), datetime.now(UTC).replace(microsecond=0))
    with processes.only_one(settings.run_dir, "demo"):
        console.print("Tres asesores de prueba atienden. Ctrl-C termina las llamadas en curso y se detiene.\n")
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(_demo(settings, console, progress, stream(random.Random(seed), calls or None, rate)))
    with contextlib.suppress(KeyboardInterrupt):
        _last_look(progress, settings.ghost_seconds)
    console.print(f"{progress.text()}\nVéalas con «contesta calls» o en {settings.web_address}", highlight=False)


def stream(chance: random.Random, count: int | None, per_minute: float) -> Calls:
    """Yield what each caller does and the pause after which the next one calls: at random, as callers do."""
    for _ in itertools.count() if count is None else range(count):
        yield varied(chance), chance.expovariate(per_minute / SECONDS_A_MINUTE)


class Progress:
    """How the calls since a time go, according to the ledger, which knows whole seconds."""

    def __init__(self, ledger: Ledger, since: datetime) -> None:
        self.made = 0
        self.going_on = 0
        self._ledger = ledger
        self._since = since
        self._outcomes: dict[str, str] = {}

    def look(self, ghost_seconds: int) -> bool:
        """Read the last calls from the ledger; True if all of them are over."""
        calls = self._ledger.calls(CallFilter(since=self._since), size=LAST_CALLS).calls
        for call in calls:
            last = call.visits[-1] if call.visits else None
            self._outcomes[call.call_id] = OUTCOMES[last.outcome(ghost_seconds)] if last else "sin llegar a la cola"
        return all(call.ended_at for call in calls)

    def text(self) -> str:
        """Tell it in one line."""
        outcomes = Counter(self._outcomes.values()).most_common()
        return " · ".join(
            [f"{self.made} llamadas, {self.going_on} en curso", *(f"{word} {count}" for word, count in outcomes)]
        )


async def _demo(settings: Settings, console: Console, progress: Progress, calls: Calls) -> None:
    if own := asyncio.current_task():  # calls are hung up whoever ends it: nobody must seem to wait for minutes
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, own.cancel)
    stage = Stage(settings, await asyncio.to_thread(conversation))
    async with contextlib.AsyncExitStack() as stack:
        for adviser in accounts.read(settings.secrets_file).scripted:
            await stack.enter_async_context(stage.adviser(adviser))
        telephone = await stack.enter_async_context(stage.public())
        live = stack.enter_context(Live(console=console, auto_refresh=False))

        async def show() -> None:
            while True:
                await asyncio.to_thread(progress.look, settings.ghost_seconds)
                live.update(progress.text(), refresh=True)
                await asyncio.sleep(LOOK_SECONDS)

        showing = asyncio.create_task(show(), name="progress")
        try:
            await _keep_calling(stage, telephone, progress, calls)
        finally:
            showing.cancel()
            live.update("", refresh=True)


def _last_look(progress: Progress, ghost_seconds: int) -> None:
    """Give the ledger a moment to hear of the last ends."""
    deadline = time.monotonic() + LAST_LOOK_SECONDS
    while not progress.look(ghost_seconds) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS / 4)


async def _keep_calling(stage: Stage, telephone: Phone, progress: Progress, calls: Calls) -> None:
    room = asyncio.Semaphore(MOST_AT_ONCE)

    async def one(plan: Plan) -> None:
        try:
            await stage.call(telephone, plan)
        finally:
            progress.going_on -= 1
            room.release()

    async with asyncio.TaskGroup() as tasks:
        for plan, pause_seconds in calls:
            await room.acquire()
            progress.made += 1
            progress.going_on += 1
            tasks.create_task(one(plan), name=f"call {progress.made}")
            await asyncio.sleep(pause_seconds)
