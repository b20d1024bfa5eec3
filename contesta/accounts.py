"""The accounts of this line: advisers' telephones and the manager interface. Secrets are made once, never given."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.errors import ConfigurationError

ADVISERS = {"asesor1": "Ana Ruiz", "asesor2": "Luis Peña", "asesor3": "Marta Niño"}
DIALLER = "contesta-marca"
DESK = "contesta-puesto"
LISTEN = "contesta-escucha"
LISTENING = {"monitoreo1": "Monitoreo 1", "monitoreo2": "Monitoreo 2", "monitoreo3": "Monitoreo 3"}
SCRIPTED = {"demo1": "Diana Demo", "demo2": "Esteban Demo", "demo3": "Farid Demo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adviser:
    """An adviser's SIP account. `name` is how queue_log and the pages call the adviser."""

    account: str
    name: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """All accounts of a line. `advisers` are for people, `scripted` for `contesta call` and `contesta demo`.

    `listening` are telephones on which supervisors and auditors listen; they answer no queue and dial nothing.
    """

    manager_user: str
    manager_secret: str
    dialler_user: str = DIALLER
    dialler_secret: str = ""
    desk_user: str = DESK
    desk_secret: str = ""
    listen_user: str = LISTEN
    listen_secret: str = ""
    advisers: tuple[Adviser, ...]
    scripted: tuple[Adviser, ...]
    listening: tuple[Adviser, ...] = ()

    @property
    def members(self) -> tuple[Adviser, ...]:
        """Everybody who answers the queue."""
        return self.advisers + self.scripted


def _people(names: Mapping[str, str]) -> tuple[Adviser, ...]:
    return tuple(Adviser(account=a, name=n, secret=secrets.token_urlsafe(18)) for a, n in names.items())


def _make() -> Accounts:
    return Accounts(
        manager_user="contesta",
        manager_secret=secrets.token_urlsafe(24),
        dialler_user=DIALLER,
        dialler_secret=secrets.token_urlsafe(24),
        desk_user=DESK,
        desk_secret=secrets.token_urlsafe(24),
        listen_secret=secrets.token_urlsafe(24),
        advisers=_people(ADVISERS),
        scripted=_people(SCRIPTED),
        listening=_people(LISTENING),
    )


def _write(path: Path, accounts: Accounts) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(accounts), file, ensure_ascii=False, indent=2)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read(path: Path) -> Accounts:
    """Read the accounts of a line that has been set up.

    Raises:
        ConfigurationError: there are none yet, or the file is not what we wrote.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Accounts(
            manager_user=stored["manager_user"],
            manager_secret=stored["manager_secret"],
            dialler_user=DIALLER,
            dialler_secret=stored.get("dialler_secret", ""),
            desk_user=DESK,
            desk_secret=stored.get("desk_secret", ""),
            listen_secret=stored.get("listen_secret", ""),
            advisers=tuple(Adviser(**a) for a in stored["advisers"]),
            scripted=tuple(Adviser(**a) for a in stored["scripted"]),
            listening=tuple(Adviser(**a) for a in stored.get("listening", ())),
        )
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path}: todavía no hay cuentas. Inicie la línea con: make run") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path}: el archivo de secretos está dañado ({error}). Bórrelo e inicie de nuevo: se hacen otros"
        ) from error


def ensure(path: Path) -> Accounts:
    """Read the accounts, or make them on the first start."""
    if not path.exists():
        _write(path, _make())
    known = read(path)
    if not (known.dialler_secret and known.desk_secret and known.listen_secret and known.listening):
        # made before anything was dialled, advisers had a desk, or anybody listened
        known = replace(
            known,
            dialler_secret=known.dialler_secret or secrets.token_urlsafe(24),
            desk_secret=known.desk_secret or secrets.token_urlsafe(24),
            listen_secret=known.listen_secret or secrets.token_urlsafe(24),
            listening=known.listening or _people(LISTENING),
        )
        _write(path, known)
    return known
