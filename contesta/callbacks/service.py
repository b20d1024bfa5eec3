"""`contesta callbacks-worker`: takes promised calls in, dials them, ends those whose time is over.

Each job is a loop of its own. One that cannot reach the database or the disk says so, waits longer each time, and goes
on where it was: what it had not committed did not happen.
"""

import asyncio
import contextlib
import secrets
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from callback_queue.mailbox_spool import Spool
from callback_queue.worker import Worker
from contesta import accounts, lines
from contesta.callbacks.intake import LedgerIntake, MailboxIntake
from contesta.callbacks.names import SpokenNames
from contesta.campaigns.feeding import Feeder
from contesta.erasing import remover, rules
from contesta.settings import Settings
from core.errors import ContestaError
from core.privacy.retention import Retention
from ivr.line.model import Line
from ivr.line.published import Published
from storage.callback_facts import CallbackFacts
from storage.callback_homes import Homes
from storage.callback_list import CallbackLists
from storage.callbacks import Callbacks
from storage.campaigns import Campaigns
from storage.database import connect
from storage.dialling import Dialling
from storage.expiry import Expiry
from storage.forgetting import Forgetting
from storage.ledger import Ledger
from storage.migrate import upgrade
from telephony.ami.client import Client, Disconnected
from telephony.ami.connection import Account
from telephony.dialler import Dialler

MAILBOX_SECONDS = 1.0
LEDGER_SECONDS = 3.0
EXPIRY_SECONDS = 20.0
CAMPAIGN_SECONDS = 5.0
FORGET_SECONDS = 3600.0
NAMES_SECONDS = 5.0
ROUND_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0

_UNAVAILABLE = (OperationalError, InterfaceError, OSError, ContestaError)

log = structlog.get_logger()


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def by_name(published: Published) -> Mapping[str, Line]:
    """Give the lines that are published, by name."""
    return {line.name: line for line in published.current()}


def queues_by_line(published: Published) -> Mapping[str, Sequence[str]]:
    """Give the queues of each line that is published, its first before the others."""
    return {line.name: [queue.name for queue in line.queues.values()] for line in published.current()}


async def run_service(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    engine = connect(settings.ledger_url)
    await asyncio.to_thread(upgrade, engine)
    published = lines.published(settings)
    store = Callbacks(engine)
    spool = Spool(settings.data_dir / "buzon", now=utc_now)
    mailbox = MailboxIntake(spool, store, Ledger(engine), lambda: by_name(published))
    calls = LedgerIntake(store, Ledger(engine), CallbackFacts(engine), lambda: by_name(published))
    feeder = Feeder(Campaigns(engine), store, Ledger(engine), lambda: by_name(published))
    forgetting = Forgetting(engine, lambda file: remove_below(settings.messages_dir, file))
    names = SpokenNames(settings.names_dir)
    expiry, homes = Expiry(engine, remover(settings)), Homes(engine)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    jobs: tuple[tuple[str, float, Callable[[datetime], object]], ...] = (
        ("mailbox", MAILBOX_SECONDS, mailbox.take_in),
        ("ledger", LEDGER_SECONDS, calls.take_in),
        ("expiry", EXPIRY_SECONDS, store.expire),
        ("homes", EXPIRY_SECONDS, lambda now: homes.settle(queues_by_line(published), now)),
        ("campaigns", CAMPAIGN_SECONDS, feeder.work),
        ("forgetting", FORGET_SECONDS, lambda now: forget(forgetting, settings, now)),
        ("names", NAMES_SECONDS, lambda _: names.remove_over(CallbackLists(engine).open_among)),
        ("retention", FORGET_SECONDS, lambda now: expire(expiry, rules(settings, published), now)),
    )
    async with asyncio.TaskGroup() as tasks:
        if settings.outbound_trunk:
            known = await asyncio.to_thread(accounts.read, settings.secrets_file)
            account = Account(port=settings.manager_port, username=known.dialler_user, secret=known.dialler_secret)
            names.start()
            make = _worker(settings, engine, store, published, names)
            tasks.create_task(dial(account, make, stop), name="dial")
        for name, seconds, job in jobs:
            tasks.create_task(_repeat(name, seconds, job, stop), name=name)
    names.stop()
    engine.dispose()


def forget(forgetting: Forgetting, settings: Settings, now: datetime) -> None:
    """Take out the personal data that are older than the settings allow."""
    callbacks = forgetting.callbacks(now - timedelta(days=settings.callback_data_days))
    records = forgetting.bases(now - timedelta(days=settings.campaign_data_days))
    if callbacks or records:
        log.info("personal data forgotten", callbacks=callbacks, records=records)


def expire(expiry: Expiry, kept: Retention, now: datetime) -> None:
    """Erase what was said and written and is too old."""
    done = expiry.expire(kept, now, lambda so_far: log.info("erasing by age", **so_far.counts))
    if done.again:
        log.warning("files that had been erased were there again", count=done.again)
    if done.failed:
        log.error("files could not be erased", of=done.failed)


def remove_below(folder: Path, name: str) -> None:
    """Delete a file of a folder, if it is there; whatever its name says, nothing outside."""
    file = (folder / name).resolve()
    if file.is_relative_to(folder.resolve()):
        file.unlink(missing_ok=True)


def _worker(
    settings: Settings, engine: Engine, store: Callbacks, published: Published, names: SpokenNames
) -> Callable[[Client], Worker]:
    """Give what makes the worker over a manager client; its name is new at each start, so that its leases are too."""
    name, switch = f"{socket.gethostname()}-{secrets.token_hex(4)}", Dialling(engine)

    def make(client: Client) -> Worker:
        return Worker(
            name=name,
            store=store,
            facts=CallbackFacts(engine),
            dialler=Dialler(client),
            lines=lambda: by_name(published),
            now=utc_now,
            dials=lambda: settings.dialling and switch.stopped() is None,
            names=names.say,
        )

    return make


async def dial(account: Account, make: Callable[[Client], Worker], stop: asyncio.Event) -> None:
    """Let the worker do its rounds until told to stop. What is under way then is adopted by the next."""
    pause_seconds = ROUND_SECONDS
    async with Client(account) as client, asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(_listen(client), name="manager")
        worker = make(client)
        while not stop.is_set():
            try:
                pause_seconds = 0.0 if await worker.round() else ROUND_SECONDS
            except _UNAVAILABLE as error:
                pause_seconds = min(max(ROUND_SECONDS, 2 * pause_seconds), LONGEST_PAUSE_SECONDS)
                log.error("cannot dial now", error=str(error), again_in_seconds=pause_seconds)  # noqa: TRY400 - its trace tells nothing
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_seconds)
        listening.cancel()


async def _listen(client: Client) -> None:
    """Take what the client says of its connection; this user is told of nothing else."""
    async for item in client.events():
        if isinstance(item, Disconnected):
            log.warning("manager disconnected", reason=item.reason)


async def _repeat(name: str, every_seconds: float, job: Callable[[datetime], object], stop: asyncio.Event) -> None:
    """Do a job again and again until told to stop; what is under way is finished."""
    pause_seconds = every_seconds
    while not stop.is_set():
        try:
            await asyncio.to_thread(job, utc_now())
            pause_seconds = every_seconds
        except _UNAVAILABLE as error:
            pause_seconds = min(max(1.0, 2 * pause_seconds), LONGEST_PAUSE_SECONDS)
            log.error("cannot do this now", job=name, error=str(error), again_in_seconds=pause_seconds)  # noqa: TRY400 - its trace tells nothing
        try:
            await asyncio.wait_for(stop.wait(), pause_seconds)
        except TimeoutError:
            continue
