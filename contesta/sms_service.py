"""`contesta messenger`: the sender of text messages with its settings, lines and ledger."""

import asyncio
import signal
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from contesta import lines
from contesta.settings import Settings
from contesta.sms_plan import Planner
from contesta.sms_sender import Pace, Sender
from core.errors import ConfigurationError
from ivr.line.model import Line
from storage.database import connect
from storage.migrate import upgrade
from storage.sms import SmsOutbox
from telephony.smpp import SmppGateway

PLAN_SECONDS = 60.0

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


def gateway(settings: Settings) -> SmppGateway:
    """Give the gateway that the settings name.

    Raises:
        ConfigurationError: they name none, or its password cannot be read.
    """
    if not settings.sms_host:
        raise ConfigurationError("no hay puerta de SMS: escriba CONTESTA_SMS_HOST, CONTESTA_SMS_USER y su contraseña")
    return SmppGateway(
        host=settings.sms_host,
        port=settings.sms_port,
        system_id=settings.sms_user,
        password=_password(settings),
        now=_now,
        tls=settings.sms_tls,
        window=settings.sms_window,
    )


async def run(settings: Settings) -> None:
    """Plan, send and listen until SIGTERM or SIGINT."""
    engine = connect(settings.ledger_url)
    try:
        await asyncio.to_thread(upgrade, engine)
        sender = Sender(
            SmsOutbox(engine),
            gateway(settings),
            now=_now,
            lines_open=partial(_open, settings),
            pace=Pace(per_second=settings.sms_per_second, window=settings.sms_window),
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, sender.stop)
        async with asyncio.TaskGroup() as tasks:
            planning = tasks.create_task(_plan(settings, Planner(engine)), name="sms plan")
            await sender.run()
            planning.cancel()
    finally:
        engine.dispose()


async def _plan(settings: Settings, planner: Planner) -> None:
    while True:
        found = await asyncio.to_thread(_sending, settings)
        if added := await asyncio.to_thread(planner.plan, found, _now()):
            log.info("messages planned", count=added)
        await asyncio.sleep(PLAN_SECONDS)


def _sending(settings: Settings) -> tuple[Line, ...]:
    return tuple(line for line in lines.published(settings).current() if line.messages.templates)


def _open(settings: Settings, now: datetime) -> tuple[str, ...]:
    return tuple(line.name for line in _sending(settings) if line.messages.hours.is_open(now))


def _password(settings: Settings) -> str:
    if not settings.sms_password_file:
        return settings.sms_password
    try:
        return Path(settings.sms_password_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"no se puede leer {settings.sms_password_file}: {error.strerror}") from error
