"""`contesta run`: starts the whole line, watches its parts and stops them in order.

Asterisk and our services are processes of their own. One that dies is started again; a server of call scripts
that does not answer is killed, because the dialplan handles a dead server at once and a hung one not at all.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog
from rich.console import Console
from rich.markup import escape

import asterisk_conf
from asterisk_conf.recordings import finish_cut_off
from contesta import accounts, lines, processes
from contesta.ports import listening_ports
from contesta.publish import publish_or_keep
from contesta.settings import LOCALHOST, Settings
from core.errors import NotAvailableError
from storage.database import connect
from storage.migrate import upgrade
from telephony import asterisk

SERVICES = ("listen", "agi", "web", "callbacks-worker", "measure")
MESSENGER = "messenger"
PING_SECONDS = 1.0
PING_TIMEOUT_SECONDS = 3.0
LONGEST_BACKOFF_SECONDS = 2.0
STEADY_SECONDS = 30.0
STARTING_SECONDS = 30.0
HALF_OF_THE_PORTS = 32_768

log = structlog.get_logger()


def prepare(settings: Settings, tell: Callable[[str], None]) -> asterisk.Asterisk:
    """Make everything the line needs that is not there yet: Asterisk, secrets, ledger, prompts, configuration.

    Raises:
        ContestaError: something cannot be had; the message says what and how to mend it.
    """
    installation = asterisk.find(settings.cache_dir)
    if installation is None:
        tell("Asterisk no está: se descarga (unos 100 MB, una sola vez)")
        script = Path(asterisk_conf.__file__).parent / "provision.sh"
        installation = asterisk.provision(settings.cache_dir, script, tell)
    tell(f"Asterisk {installation.version}")
    made = accounts.ensure(settings.secrets_file)
    upgrade(connect(settings.ledger_url))
    tell("libro de llamadas al día")
    publish_or_keep(settings, made, installation, datetime.now(UTC), tell)
    config = settings.asterisk_dir / "etc" / "asterisk.conf"
    return asterisk.Asterisk(installation, config, settings.log_dir / "asterisk.log")


def check_ports(settings: Settings) -> None:
    """Make sure that nobody else has the ports of this line.

    Raises:
        NotAvailableError: one is taken; the message names the setting that moves it.
    """
    for port in listening_ports(settings):
        if not port.free():
            another = port.number + (10_000 if port.number < HALF_OF_THE_PORTS else -10_000)
            raise NotAvailableError(
                f"otro programa usa el puerto {port.number} de {port.host}. Deténgalo o elija otro: "
                f"{port.setting}={another} make run"
            )


async def _ping(settings: Settings) -> bool:
    """Whether the server of call scripts answers in time."""
    try:
        async with asyncio.timeout(PING_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(LOCALHOST, settings.agi_port)
            with contextlib.closing(writer):
                writer.write(b"agi_network_script: ping\n\n")
                return await reader.readline() == b"pong\n"
    except (OSError, TimeoutError):
        return False


async def _connects(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        _, writer = await asyncio.open_connection(LOCALHOST, port)
    except OSError:
        return False
    writer.close()
    return True


class Line:
    """The running line: Asterisk and the services, watched."""

    def __init__(self, settings: Settings, system: asterisk.Asterisk) -> None:
        self._settings = settings
        self._system = system
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = False
        self._services = (*SERVICES, MESSENGER) if settings.sms_host else SERVICES

    async def start(self) -> bool:
        """Start Asterisk, or adopt the one that outlived its last supervisor, and the services. True if adopted."""
        for name in self._services:
            await asyncio.to_thread(processes.end, self._settings.run_dir, name)
        if self._settings.manage_asterisk and not await asyncio.to_thread(self._system.running):
            check_ports(self._settings)
        for name in self._services:
            await self._spawn(name)
        await self._until_it_answers("agi", partial(_ping, self._settings))
        adopted = await asyncio.to_thread(self._start_asterisk) if self._settings.manage_asterisk else True
        await self._until_it_answers("web", partial(_connects, self._settings.web_port))
        return adopted

    def _start_asterisk(self) -> bool:
        if not self._system.running():
            for recording in finish_cut_off(self._settings.recordings_dir):
                log.warning("recording cut off", file=str(recording.relative_to(self._settings.recordings_dir)))
        return self._system.start()

    async def _until_it_answers(self, name: str, answers: Callable[[], Awaitable[bool]]) -> None:
        log_file = self._settings.log_dir / f"{name}.log"
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                while not await answers():
                    if self._children[name].returncode is not None:
                        raise NotAvailableError(f"«contesta {name}» terminó al iniciar: vea {log_file}")
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise NotAvailableError(
                f"«contesta {name}» no respondió en {STARTING_SECONDS:.0f} s: vea {log_file}"
            ) from error

    async def _spawn(self, name: str) -> asyncio.subprocess.Process:
        self._settings.log_dir.mkdir(parents=True, exist_ok=True)
        with (self._settings.log_dir / f"{name}.log").open("ab") as output:
            self._children[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "contesta",
                name,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._settings.as_child_environment(),
                start_new_session=True,
            )
        return self._children[name]

    async def watch(self) -> None:
        """Keep every part running until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name in self._services:
                tasks.create_task(self._keep_service(name), name=f"keep {name}")
            if self._settings.manage_asterisk:
                tasks.create_task(self._keep_asterisk(), name="keep asterisk")
            tasks.create_task(self._watch_scripts(), name="watch scripts")

    async def _keep_service(self, name: str) -> None:
        backoff = 0.2
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            code = await self._children[name].wait()
            if self._stopping:
                return
            backoff = 0.2 if clock() - started > STEADY_SECONDS else min(backoff * 2, LONGEST_BACKOFF_SECONDS)
            log.warning("service ended", service=name, code=code, again_in_seconds=backoff)
            await asyncio.sleep(backoff)
            await self._spawn(name)

    async def _keep_asterisk(self) -> None:
        while not self._stopping:
            await asyncio.sleep(0.5)
            if self._system.pid is None and not self._stopping:
                log.error("asterisk ended, starting it again")
                with contextlib.suppress(NotAvailableError):
                    await asyncio.to_thread(self._start_asterisk)

    async def _watch_scripts(self) -> None:
        answered: asyncio.subprocess.Process | None = None
        starting_since = asyncio.get_running_loop().time()
        while not self._stopping:
            await asyncio.sleep(PING_SECONDS)
            server, now = self._children["agi"], asyncio.get_running_loop().time()
            if await _ping(self._settings):
                answered = server
                starting_since = now
            elif server.returncode is None and (server is answered or now - starting_since > STARTING_SECONDS):
                log.error("the server of call scripts does not answer, killing it")
                with contextlib.suppress(ProcessLookupError):
                    server.kill()
                await server.wait()
                starting_since = asyncio.get_running_loop().time()

    async def stop(self, tell: Callable[[str], None]) -> None:
        """Stop everything: first the calls, then, when the last line of the log has been read, the rest."""
        self._stopping = True
        if self._settings.manage_asterisk and self._system.pid is not None:
            await asyncio.to_thread(self._system.stop)
            tell("Asterisk detenido")
        for name in self._services:
            child = self._children.get(name)
            if child is None or child.returncode is not None:
                continue
            child.terminate()
            try:
                await asyncio.wait_for(child.wait(), 15)
            except TimeoutError:
                child.kill()
            tell(f"{name} detenido")


def welcome(settings: Settings, invitation: str) -> str:
    """Say what to do next, in the terminal's markup. `invitation` is the link of the first administrator, or ""."""
    first = f"  Primer administrador [bold]{invitation}[/]\n                       (sirve una sola vez)\n"
    here = f"{settings.host}:{settings.sip_port}"
    numbers = "".join(
        f"  {escape(line.title)}\n                       [bold]sip:{line.numbers[0]}@{here}[/]\n"
        for line in lines.current(settings)
    )
    people = "\n".join(f"    {a.account}  ({a.name})" for a in accounts.read(settings.secrets_file).advisers)
    return (
        f"[bold green]La línea contesta.[/]\n\n"
        f"  Páginas              [bold]{settings.web_origin or settings.web_address}[/]\n"
        f"{first if invitation else ''}"
        f"{numbers}"
        f"  Cuentas de asesores  sip:CUENTA@{here}, contraseñas en "
        f"{settings.secrets_file}\n{people}\n\n"
        f"  Haga una llamada de prueba en otra terminal:   [bold]make call[/]\n"
        f"  Vea la línea con movimiento:                   [bold]make demo[/]\n"
        f"  Ctrl-C detiene todo."
    )


def _first_invitation(settings: Settings) -> str:
    from contesta.users import first_invitation  # noqa: PLC0415  the pages' libraries, wanted only once all is running

    engine = connect(settings.ledger_url)
    try:
        return first_invitation(settings, engine, datetime.now(UTC))
    finally:
        engine.dispose()


async def run(settings: Settings, console: Console) -> None:
    """Start the line, show what to do next, and keep it running until SIGINT or SIGTERM."""

    def tell(text: str) -> None:
        console.print(f"  [green]✓[/] {text}", highlight=False)

    with processes.only_one(settings.run_dir, "run"):
        system = await asyncio.to_thread(prepare, settings, tell)
        line = Line(settings, system)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        try:
            tell("Asterisk seguía en marcha: se conserva" if await line.start() else "Asterisk en marcha")
            tell("servicios en marcha")
            console.print()
            invitation = await asyncio.to_thread(_first_invitation, settings)
            console.print(welcome(settings, invitation), highlight=False, soft_wrap=True)
            watching = asyncio.create_task(line.watch(), name="watch")
            stopped = asyncio.create_task(stop.wait(), name="stop")
            await asyncio.wait([watching, stopped], return_when=asyncio.FIRST_COMPLETED)
            watching.cancel()
            stopped.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        finally:
            console.print("\nDeteniendo la línea…")
            await line.stop(tell)
