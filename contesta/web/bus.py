"""The bus of the web process, what tells on it for other systems, and the bridge to their broker."""

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import structlog
from aiohttp import web

from contesta import accounts
from contesta.bus.bus import Bus
from contesta.bus.call_events import SOURCES, AnyCallEvent, pseudonyms, told
from contesta.bus.mqtt import Bridge, Broker
from contesta.bus.outbox import Outbox
from contesta.bus.snapshots import publish_snapshots
from contesta.settings import Settings, is_loopback
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from core.errors import ConfigurationError
from storage.outbox import Feed

BUS = web.AppKey("bus", Bus)
CALL_FEED = web.AppKey("call_feed", Feed)
PSEUDONYM = web.AppKey[Callable[[str], str]]("pseudonym")
OUTBOX = web.AppKey("outbox", Outbox)
BRIDGE = web.AppKey("bridge", Bridge)
"""There only if there is a broker, as is OUTBOX."""

log = structlog.get_logger()


def prepare(app: web.Application) -> None:
    """Give the application its bus and what is told there, and a bridge if the settings name a broker.

    Raises:
        ConfigurationError: a file that the settings name cannot be read.
    """
    settings = app[SETTINGS]
    app[BUS] = Bus()
    app[CALL_FEED] = Feed(app[ENGINE], SOURCES)
    app[PSEUDONYM] = pseudonyms(_secret(settings))
    if settings.mqtt_host:
        app[OUTBOX] = Outbox(app[CALL_FEED], settings.mqtt_name, app[PSEUDONYM])
        app[BRIDGE] = Bridge(app[BUS], broker(settings), settings.mqtt_name, app[OUTBOX], app[CLOCK])
    app.cleanup_ctx.append(_run)


def events_after(app: web.Application, sequence: int, limit: int) -> list[AnyCallEvent]:
    """Read the call events that follow a number, as they are told on the bus. It blocks.

    Raises:
        sqlalchemy.exc.OperationalError: the database does not answer.
    """
    return [told(entry, app[PSEUDONYM]) for entry in app[CALL_FEED].after(sequence, limit)]


def broker(settings: Settings) -> Broker:
    """Tell what the settings say of the broker.

    Raises:
        ConfigurationError: a file that they name cannot be read.
    """
    password = settings.mqtt_password
    if settings.mqtt_password_file:
        password = _text(settings.mqtt_password_file, "CONTESTA_MQTT_PASSWORD_FILE").strip()
    if password and not settings.mqtt_tls and not is_loopback(settings.mqtt_host):
        log.warning("the password of the broker travels in clear", host=settings.mqtt_host)
    return Broker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        user=settings.mqtt_user,
        password=password,
        tls=_tls(settings.mqtt_ca_file) if settings.mqtt_tls else None,
    )


def _tls(ca_file: str) -> ssl.SSLContext:
    authority = _text(ca_file, "CONTESTA_MQTT_CA_FILE") if ca_file else None
    try:
        return ssl.create_default_context(cadata=authority)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"{ca_file} no tiene certificados en forma PEM. Corrija CONTESTA_MQTT_CA_FILE"
        ) from error


def _text(file: str, setting: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"no se puede leer {file} ({error}). Corrija {setting}") from error


def _secret(settings: Settings) -> str:
    """Give what pseudonyms are made with. Where no line was set up nobody answers, and any will do."""
    if settings.secrets_file.exists():
        return accounts.read(settings.secrets_file).manager_secret
    return secrets.token_urlsafe()


async def _run(app: web.Application) -> AsyncIterator[None]:
    works: dict[str, Coroutine[None, None, None]] = {
        "bus: snapshots": publish_snapshots(app[BUS], app[SETTINGS].mqtt_name)
    }
    if BRIDGE in app:
        works["bus: bridge"] = app[BRIDGE].run()
    tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
    for task in tasks:
        task.add_done_callback(_say_if_it_failed)
    yield
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _say_if_it_failed(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("task ended", task=task.get_name(), exc_info=error)
