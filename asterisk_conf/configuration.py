"""Asterisk's configuration files, made from templates and what the lines need."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asterisk_conf.line_plan import line_plan
from asterisk_conf.recordings import FINISH
from core.errors import ConfigurationError
from ivr.line.exchange import SURVEY
from ivr.line.model import DEFAULT_MUSIC, SPANISH, Line
from ivr.line.walk import last, target

TEMPLATES = Path(__file__).parent / "templates"
LONGEST_SOCKET_PATH = 100
_WORD = re.compile(r"[A-Za-z0-9_+/-]+", re.ASCII)
NOTHING_TO_SAY = ("acl", "ccss", "features", "pjproject", "queuerules", "udptl")
"""Files Asterisk complains about when they are absent."""


class Member(Protocol):
    """Somebody who answers the queue, or a telephone for listening."""

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
    """What one Asterisk is to be. `folder` holds etc, log, spool, run and lib; `trunk` are the callers' addresses.

    `sounds` holds a folder of prompts for each language, `music` one for each music, `messages` what callers leave,
    `names` the spoken names of those to be called.
    `today` is the day from which holidays are written out. `outbound` is the address calls back go out to, "" if none
    do, and `dialler_user` who places them.
    """

    folder: Path
    modules: Path
    system_data: Path
    sounds: Path
    music: Path
    recordings: Path
    messages: Path
    names: Path
    host: str
    sip_port: int
    rtp_first_port: int
    rtp_ports: int
    manager_port: int
    manager_user: str
    manager_secret: str
    desk_user: str
    desk_secret: str
    listen_user: str
    listen_secret: str
    manager_events: Sequence[str]
    agi_host: str
    agi_port: int
    lines: Sequence[Line]
    today: date
    members: Sequence[Member]
    listening: Sequence[Member]
    trunk: Sequence[str]
    outbound: str = ""
    dialler_user: str = ""
    dialler_secret: str = ""


def render(system: TelephoneSystem) -> Mapping[str, str]:
    """Make every configuration file: name to text.

    Raises:
        ConfigurationError: a value would break the file it stands in, or the folder's path is too long for a socket.
    """
    dialler = [system.outbound, system.dialler_user, system.dialler_secret] if system.outbound else []
    of_managers = [system.manager_secret, system.desk_secret, system.listen_secret, *dialler]
    telephones = (*system.members, *system.listening)
    texts = [*of_managers, *(t for m in telephones for t in (m.account, m.name, m.secret))]
    played = (system.sounds, system.music, system.recordings, system.messages, system.names)
    paths = [str(folder) for folder in (system.folder, system.modules, *played)]
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
    values = {"s": system, "finish_recording": FINISH, **_of_lines(system)}
    empty = {f"{name}.conf": "; Asterisk's defaults are right.\n" for name in NOTHING_TO_SAY}
    return empty | {
        template.removesuffix(".j2"): environment.get_template(template).render(values)
        for template in environment.list_templates(extensions=["j2"])
    }


def _of_lines(system: TelephoneSystem) -> dict[str, object]:
    """Say what the templates need of the lines.

    Raises:
        ConfigurationError: a word would break the file it stands in, or two things have one name.
    """
    for line in system.lines:
        _refuse_strange_words(line)
    accounts = [member.account for member in system.members]
    plans = [line_plan(line, system.today, accounts) for line in system.lines]
    passed_on: dict[str, str] = {}
    surveyed: dict[str, tuple[str, str]] = {}
    for line in system.lines:
        for area in line.areas.values():
            passed_on[area.name] = area.queue
        for queue in line.queues.values():
            passed_on |= {name: queue.name for name in (queue.name, queue.extension) if name}
            for member in queue.members:
                if member not in accounts:
                    raise ConfigurationError(f"cola «{queue.name}»: no hay una cuenta de asesor «{member}»")
        for survey in line.surveys.values():
            names = (f"{SURVEY}_{survey.name}", survey.extension)
            surveyed |= {name: (line.name, survey.name) for name in names if name}
    for name in accounts:
        if name in passed_on or name in surveyed:
            raise ConfigurationError(f"«{name}» es una cuenta de asesor; use otro nombre para la cola o el área")
    music = {queue.music for line in system.lines for queue in line.queues.values()} - {DEFAULT_MUSIC}
    return {"plans": plans, "passed_on": passed_on, "surveyed": surveyed, "music": sorted(music)}


def _refuse_strange_words(line: Line) -> None:
    """See to it, whatever a line's file was checked for, that nothing of it is more than a word in our files."""
    closed_to = target(last(line.closed.to))
    words = [line.name, line.edition, line.calendar.zone.key, line.closed.prompt, *line.numbers, *(closed_to or ())]
    for queue in line.queues.values():
        overflow = target(queue.overflow) if queue.overflow else None
        words += [queue.name, queue.music, *queue.members, *(overflow or ())]
        words += [word for word in (queue.survey, queue.extension) if word]
        words += [queue.offer.key, queue.offer.prompt] if queue.offer else []
    for area in line.areas.values():
        words += [area.name, area.queue]
    for survey in line.surveys.values():
        words += [survey.name, *([survey.extension] if survey.extension else [])]
    for word in words:
        if not _WORD.fullmatch(word):
            raise ConfigurationError(f"{word!r} no puede estar en la configuración de Asterisk: use letras, cifras y _")


def write(system: TelephoneSystem) -> Path:
    """Write the configuration and the folders it names; return the path of asterisk.conf.

    Raises:
        ConfigurationError: as `render`.
    """
    files = render(system)
    for name in ("etc", "log", "spool", "run", "lib"):
        (system.folder / name).mkdir(parents=True, exist_ok=True)
    (system.folder / "etc").chmod(0o700)
    for folder in (system.recordings, system.messages):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        part = system.folder / "etc" / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(system.folder / "etc" / name)
    _gather_data(system)
    return system.folder / "etc" / "asterisk.conf"


def _gather_data(system: TelephoneSystem) -> None:
    """Make lib/: everything Asterisk brought, and for each language our prompts among the Spanish sounds."""
    lib = system.folder / "lib"
    for entry in system.system_data.iterdir():
        if entry.name != "sounds":
            _link(lib / entry.name, entry)
    brought = system.system_data / "sounds"
    (lib / "sounds").mkdir(parents=True, exist_ok=True)
    if english := _first_folder(brought, "en", "en_US_f_Allison"):
        _link(lib / "sounds" / "en", english)
    spanish = _first_folder(brought, "es_MX_f_Allison", "es")
    for language in {SPANISH, *(each.code for line in system.lines for each in line.languages.all)}:
        sounds, prompts = lib / "sounds" / language, system.sounds / language / "contesta"
        if sounds.is_symlink():
            sounds.unlink()
        for folder in (sounds, prompts):
            folder.mkdir(parents=True, exist_ok=True)
        for entry in spanish.iterdir() if spanish else ():
            _link(sounds / entry.name, entry)
        _link(sounds / "contesta", prompts)


def _first_folder(folder: Path, *names: str) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
