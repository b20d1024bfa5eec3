"""`contesta call`: one real call over SIP, told from what the system records of it, not from what the script did."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Hashable, Iterator
from datetime import UTC, datetime, timedelta

import typer
from rich.console import Console
from rich.markup import escape

from contesta import accounts, processes
from contesta.format import elapsed, phone
from contesta.narrative import Step, sentence, step_of
from contesta.plans import Plan, plausible_number
from contesta.scripted import Stage, conversation
from contesta.settings import Settings
from core.errors import NotAvailableError
from core.events import EndedBy, Event, QueueLeft
from quality.metrics.history import CallHistory, Leg
from storage.call_filter import CallFilter
from storage.database import connect
from storage.ledger import Ledger

POLL_SECONDS = 0.25
WRITTEN_WITHIN_SECONDS = 10.0  # after the call, its end is to be in the ledger

_COUNTRY = "+57"
_CLOCKS_DIFFER = timedelta(seconds=2)
_IDENTIFYING = ("agent", "menu", "key", "result", "question", "queue", "on")


def call(ctx: typer.Context) -> None:
    """Hace una llamada real de prueba y la cuenta paso a paso, según lo que el sistema registra."""
    settings: Settings = ctx.obj
    with processes.only_one(settings.run_dir, "call"), contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_call(settings, Console()))


async def _call(settings: Settings, console: Console) -> None:
    adviser = accounts.read(settings.secrets_file).scripted[0]
    voices = await asyncio.to_thread(conversation)
    stage = Stage(settings, voices)
    plan = Plan(number=plausible_number(random.Random()), talk_seconds=voices.seconds)
    number = f"{_COUNTRY}{plan.number}"
    story = Story(Ledger(connect(settings.ledger_url)), number, since=datetime.now(UTC))
    async with contextlib.AsyncExitStack() as stack:
        if processes.holder(settings.run_dir, "demo") is None:  # its advisers would lose their telephones
            await stack.enter_async_context(stage.adviser(adviser))
        telephone = await stack.enter_async_context(stage.public())
        console.print(
            f"Llamada de [bold]{phone(number)}[/] al [bold]{stage.dialled}[/]. Dura cerca de un minuto.\n",
            highlight=False,
        )
        calling = asyncio.create_task(stage.call(telephone, plan), name="call")
        try:
            while not calling.done():
                await asyncio.sleep(POLL_SECONDS)
                await _tell_news(story, console)
                legs = story.legs()
                parted = any(leg.ended_by is EndedBy.AGENT for leg in legs)
                stage.notice(plan.number, connected=bool(legs), parted=parted)
            await calling
        finally:
            calling.cancel()
    history = await _written(story, console, settings)
    console.print(f"\n{sentence(history, settings.ghost_seconds)}", highlight=False)
    console.print(
        f"\n  En la página    [bold]{settings.web_address}llamadas/{history.call_id}[/]\n"
        f"  En la terminal  [bold]contesta calls show {history.call_id}[/]",
        highlight=False,
    )


class Story:
    """What the ledger says of the call from `number`, each fact once, in the order in which it came to be known."""

    def __init__(self, ledger: Ledger, number: str, since: datetime) -> None:
        self.history: CallHistory | None = None
        self._ledger = ledger
        self._number = number
        self._since = since - _CLOCKS_DIFFER
        self._told: Counter[Hashable] = Counter()

    def news(self) -> list[Step]:
        """Read the ledger again, and return what it did not say before."""
        if self.history is None:
            page = self._ledger.calls(CallFilter(since=self._since), size=200)
            found = next((stored.call_id for stored in page.calls if stored.number == self._number), None)
        else:
            found = self.history.call_id
        self.history = self._ledger.call(found) if found else None
        return list(self._untold(self.history)) if self.history else []

    def legs(self) -> tuple[Leg, ...]:
        """Return the conversations so far."""
        return tuple(leg for visit in self.history.visits for leg in visit.legs) if self.history else ()

    def _untold(self, history: CallHistory) -> Iterator[Step]:
        seen: Counter[Hashable] = Counter()
        for event in history.events:
            if isinstance(event, QueueLeft):  # says only that the wait is over; what comes next says why
                continue
            fact = _identity(event)
            seen[fact] += 1
            if seen[fact] > self._told[fact]:
                self._told[fact] += 1
                yield step_of(event, history)


def _identity(event: Event) -> Hashable:
    """Name a fact so that both sources, whose times and seconds may differ a little, name it alike."""
    return type(event), tuple(getattr(event, name, None) for name in _IDENTIFYING)


async def _tell_news(story: Story, console: Console) -> None:
    for step in await asyncio.to_thread(story.news):
        console.print(
            f"  {elapsed(step.since_start)}  [bold]{escape(step.actor):<16}[/] {escape(step.fact)}", highlight=False
        )


async def _written(story: Story, console: Console, settings: Settings) -> CallHistory:
    """Wait until the ledger knows how the call ended.

    Raises:
        NotAvailableError: it does not.
    """
    deadline = asyncio.get_running_loop().time() + WRITTEN_WITHIN_SECONDS
    while story.history is None or story.history.ended_at is None:
        if asyncio.get_running_loop().time() > deadline:
            raise NotAvailableError(
                "la llamada terminó, pero no quedó completa en el libro de llamadas. "
                f"Vea qué pasa con «contesta doctor» y en {settings.log_dir / 'listen.log'}"
            )
        await asyncio.sleep(POLL_SECONDS)
        await _tell_news(story, console)
    return story.history
