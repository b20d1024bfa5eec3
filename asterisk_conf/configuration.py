"""Asterisk's configuration files, made from templates and what the line needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asterisk_conf.recordings import FINISH
from core.errors import ConfigurationError

TEMPLATES = Path(__file__).parent / "templates"
LONGEST_SOCKET_PATH = 100
NOTHING_TO_SAY = ("acl", "ccss", "features", "pjproject", "queuerules", "udptl")
"""Files Asterisk complains about when they are absent."""


class Member(Protocol):
    """Somebody who answers the queue."""

    @property
    def account(self) -> str:
        """SIP account."""

    @property
    def name(self) -> str:
        """Name in queue_log."""

    @property
    def secret(self) -> str:
        """Password of the SIP account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneSystem:
    """What one Asterisk is to be. `folder` holds etc, log, spool, run and lib; `trunk` are the callers' addresses."""

    folder: Path
    modules: Path
    system_data: Path
    prompts: Path
    recordings: Path
    host: str
    sip_port: int
    rtp_first_port: int
    rtp_ports: int
    manager_port: int
    manager_user: str
    manager_secret: str
    manager_events: Sequence[str]
    agi_host: str
    agi_port: int
    line_name: str
    line_number: str
    queue: str
    queue_timeout_seconds: int
    ring_seconds: int
    timezone: str
    members: Sequence[Member]
    trunk: Sequence[str]


def render(system: TelephoneSystem) -> Mapping[str, str]:
    """Make every configuration file: name to text.

    Raises:
        ConfigurationError: a value would break the file it stands in, or the folder's path is too long for a socket.
    """
    texts = [
        system.manager_secret,
        system.timezone,
        *(t for m in system.members for t in (m.account, m.name, m.secret)),
    ]
    paths = [str(p) for p in (system.folder, system.modules, system.prompts, system.recordings)]
    for text in texts + paths:
        if not text or any(c in text for c in ',;"|[]\\\n\r$'):
            raise ConfigurationError(
                f"{text!r} no puede estar en la configuración de Asterisk: quite comas, punto y coma, comillas, "
                "|, [ ], \\ y $"
            )
    if any(" " in path for path in paths):
        raise ConfigurationError(f"la ruta {system.folder} tiene espacios: ponga CONTESTA_DATA_DIR en una sin ellos")
    if len(str(system.folder / "run" / "asterisk.ctl")) > LONGEST_SOCKET_PATH:
        raise ConfigurationError(f"la ruta {system.folder} es muy larga: ponga CONTESTA_DATA_DIR en una más corta")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  these are configuration files, checked above, not pages
    )
    values = {"s": system, "finish_recording": FINISH}
    empty = {f"{name}.conf": "; Asterisk's defaults are right.\n" for name in NOTHING_TO_SAY}
    return empty | {
        template.removesuffix(".j2"): environment.get_template(template).render(values)
        for template in environment.list_templates(extensions=["j2"])
    }


def write(system: TelephoneSystem) -> Path:
    """Write the configuration and the folders it names; return the path of asterisk.conf.

    Raises:
        ConfigurationError: as `render`.
    """
    files = render(system)
    for name in ("etc", "log", "spool", "run", "lib"):
        (system.folder / name).mkdir(parents=True, exist_ok=True)
    (system.folder / "etc").chmod(0o700)
    system.recordings.mkdir(parents=True, exist_ok=True)
    system.prompts.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        part = system.folder / "etc" / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(system.folder / "etc" / name)
    _gather_data(system)
    return system.folder / "etc" / "asterisk.conf"


def _gather_data(system: TelephoneSystem) -> None:
    """Make lib/: everything Asterisk brought, and our prompts among the Spanish sounds."""
    lib = system.folder / "lib"
    for entry in system.system_data.iterdir():
        if entry.name != "sounds":
            _link(lib / entry.name, entry)
    sounds = lib / "sounds"
    (sounds / "es").mkdir(parents=True, exist_ok=True)
    for name, candidates in {"en": ("en", "en_US_f_Allison"), "es": ("es_MX_f_Allison", "es")}.items():
        found = [system.system_data / "sounds" / c for c in candidates if (system.system_data / "sounds" / c).is_dir()]
        if found and name == "en":
            _link(sounds / name, found[0])
        elif found:
            for entry in found[0].iterdir():
                _link(sounds / name / entry.name, entry)
    _link(sounds / "es" / "contesta", system.prompts)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
