"""`contesta live`: the line of this moment in the terminal, read-only."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.live import Live

from contesta.format import clock
from contesta.live_feed import LiveFeed, begin
from contesta.live_table import as_json, screen

if TYPE_CHECKING:
    from contesta.settings import Settings

LOOK_SECONDS = 1.0
CONNECT_SECONDS = 5.0


def live(
    ctx: typer.Context,
    *,
    json_once: Annotated[bool, typer.Option("--json", help="Una sola imagen, en JSON, para otros programas.")] = False,
) -> None:
    """Muestra en vivo las colas, quién espera, los asesores y las cifras de hoy; Ctrl-C sale."""
    settings: Settings = ctx.obj
    feed = begin(settings, datetime.now(UTC))
    if json_once:
        asyncio.run(_once(feed))
        typer.echo(
            json.dumps(
                as_json(feed.engine.snapshot(datetime.now(UTC)), connected=feed.connected.is_set()),
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_show(feed, Console(), ZoneInfo(settings.timezone)))


async def _once(feed: LiveFeed) -> None:
    """Feed until all is known, or the manager interface does not answer."""
    feeding = asyncio.create_task(feed.run(), name="feed")
    connecting = asyncio.create_task(feed.connected.wait(), name="connect")
    await asyncio.wait([feeding, connecting], timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    connecting.cancel()
    await _stop(feeding)


async def _show(feed: LiveFeed, console: Console, zone: ZoneInfo) -> None:
    feeding = asyncio.create_task(feed.run(), name="feed")
    heard_at = datetime.now(UTC)
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as shown:
        while not feeding.done():
            now = datetime.now(UTC)
            heard_at = now if feed.connected.is_set() else heard_at
            shown.update(screen(feed.engine.snapshot(now), zone, _remark(feed, heard_at, zone)), refresh=True)
            await asyncio.wait([feeding], timeout=LOOK_SECONDS)
    await _stop(feeding)


def _remark(feed: LiveFeed, heard_at: datetime, zone: ZoneInfo) -> str:
    if feed.connected.is_set():
        return "con conexión a la central"
    lost = f"◌ sin conexión a la central desde las {clock(heard_at, zone)}: esperas y asesores no son actuales"
    return f"{lost}. {feed.trouble}" if feed.trouble else lost


async def _stop(feeding: "asyncio.Task[None]") -> None:
    """End the feed; what ended it before is raised here."""
    feeding.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await feeding
