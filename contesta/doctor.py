"""`contesta doctor`: what is there, what is missing, and how to mend it."""

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contesta import lines, processes
from contesta.ports import listening_ports
from contesta.settings import Settings
from core.errors import ConfigurationError, ContestaError
from telephony import asterisk

LEAST_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `mend` is empty when all is well; only a `needed` fault stops the line."""

    subject: str
    found: str
    mend: str = ""
    needed: bool = True


def _asterisk(settings: Settings) -> Finding:
    installed = asterisk.find(settings.cache_dir)
    if installed is None:
        return Finding(subject="Asterisk", found="no está", mend=f"make run lo prepara. {asterisk.WAYS}")
    return Finding(subject="Asterisk", found=f"{installed.version} en {installed.program}")


def _programs(_: Settings) -> Iterator[Finding]:
    for program, use, needed in (
        ("sox", "convierte las grabaciones", True),
        ("dot", "dibujo de las líneas, del paquete graphviz", False),
        ("sipp", "llamadas de las pruebas", False),
        ("chromium", "páginas en las pruebas", False),
    ):
        path = shutil.which(program)
        mend = "" if path else "make setup" if needed else "make setup-test, solo si va a correr las pruebas"
        yield Finding(subject=program, found=f"{path or 'no está'} ({use})", mend=mend, needed=needed)


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    enough = free >= LEAST_FREE_BYTES
    yield Finding(
        subject="Disco",
        found=f"{free / 1024**3:.1f} GiB libres en {existing}",
        mend="" if enough else "libere espacio o cambie CONTESTA_DATA_DIR: con el disco lleno no se graba",
    )
    if settings.secrets_file.exists():
        mode = stat.S_IMODE(settings.secrets_file.stat().st_mode)
        private = not mode & 0o077
        yield Finding(
            subject="Secretos",
            found=f"{settings.secrets_file} con permisos {mode:o}",
            mend="" if private else f"chmod 600 {settings.secrets_file}",
        )
    else:
        yield Finding(subject="Secretos", found="todavía no hay", mend="make run los crea", needed=False)


def _lines(settings: Settings) -> Iterator[Finding]:
    try:
        examined = lines.examine_files(lines.files(settings))
    except ConfigurationError as unreadable:
        yield Finding(subject="Líneas", found="no se pueden leer", mend=str(unreadable))
        return
    faults = [fault for each in examined for fault in each.faults]
    names = ", ".join(each.line.title if each.line else each.file for each in examined)
    yield Finding(subject="Líneas", found=names, mend="; ".join(faults))


def _ports(settings: Settings) -> Iterator[Finding]:
    if processes.holder(settings.run_dir, "run") is not None:
        return
    for port in listening_ports(settings):
        free = port.free()
        mend = "" if free else f"otro programa lo usa: deténgalo o elija otro con {port.setting}"
        yield Finding(subject=f"Puerto {port.number}", found="libre" if free else "ocupado", mend=mend)


def _running(settings: Settings) -> Iterator[Finding]:
    for name, meaning in (
        ("run", "supervisor"),
        ("listen", "libro de llamadas"),
        ("agi", "guiones de llamada"),
        ("web", "páginas"),
        ("callbacks-worker", "devoluciones de llamada"),
        ("measure", "medida de grabaciones"),
    ):
        pid = processes.holder(settings.run_dir, name)
        found = f"en marcha (proceso {pid})" if pid else "detenido"
        yield Finding(subject=meaning.capitalize(), found=found, mend="" if pid else "make run", needed=False)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything the line stands on."""
    checks: list[Callable[[Settings], Iterator[Finding]]] = [_programs, _lines, _folder, _ports, _running]
    return [_asterisk(settings), *(finding for check in checks for finding in check(settings))]


def doctor(ctx: typer.Context) -> None:
    """Dice qué hay, qué falta y cómo arreglarlo."""
    findings = examine(ctx.obj)
    table = Table(show_edge=False, box=None, padding=(0, 2))
    for title in ("", "Qué", "Estado", "Cómo arreglarlo"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        mark = "[green]●[/]" if not finding.mend else "[red]■[/]" if finding.needed else "[yellow]▲[/]"
        table.add_row(mark, escape(finding.subject), escape(finding.found), escape(finding.mend))
    Console().print(table)
    missing = [f.subject for f in findings if f.mend and f.needed]
    if missing:
        raise ContestaError(f"falta: {', '.join(missing)}")
