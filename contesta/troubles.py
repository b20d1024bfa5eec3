"""What is wrong with disk or database, in one sentence for whoever ran a command.

Only what somebody can mend; whatever else an error is, is a defect of ours, and its trace is what helps.
"""

import errno
import os
from collections.abc import Iterator

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError

from core.errors import ContestaError

_OF_DISK = {
    errno.EACCES: "no hay permiso",
    errno.EPERM: "no hay permiso",
    errno.EROFS: "el disco es de solo lectura",
    errno.ENOENT: "no existe",
    errno.ENOTDIR: "no es una carpeta",
    errno.EISDIR: "es una carpeta",
    errno.ENOSPC: "el disco está lleno",
    errno.EDQUOT: "se acabó la cuota de disco",
}
_MENDABLE = {OperationalError, InterfaceError, InternalError, DatabaseError}
"""How SQLAlchemy tells of databases that are gone, locked, damaged, or let nobody write; exactly these."""

_OF_SQLITE = {
    "unable to open database file": "no existe su carpeta, o no hay permiso para abrirla",
    "attempt to write a readonly database": "no hay permiso para escribir en ella, o en su carpeta",
    "database is locked": "otro programa la tiene ocupada; intente de nuevo",
    "file is not a database": "el archivo no es una base de datos, o está dañado",
    "database disk image is malformed": "el archivo está dañado; restaure una copia",
    "disk I/O error": "el disco falla, o no hay permiso para escribir en su carpeta",
    "database or disk is full": "el disco está lleno",
}


def told(error: BaseException, database_url: str) -> str | None:
    """Say what an error that ended a command means, and what to look at; None if nobody but us can mend it.

    Of several that happened at once each must be such a one.
    """
    said = [_told(each, database_url) for each in _leaves(error)]
    if any(each is None for each in said):
        return None
    return " ".join(dict.fromkeys(each for each in said if each)) or None


def _told(error: BaseException, database_url: str) -> str | None:
    if isinstance(error, ContestaError):
        return str(error)
    if isinstance(error, DBAPIError):
        return _of_database(error, database_url) if type(error) in _MENDABLE else None
    if isinstance(error, OSError) and error.filename is not None:
        number = error.errno or 0
        why = _OF_DISK.get(number) or os.strerror(number)
        return f"No puedo usar {os.fsdecode(error.filename)}: {why}. Revise sus permisos y CONTESTA_DATA_DIR."
    return None


def _of_database(error: DBAPIError, database_url: str) -> str:
    url = make_url(database_url)
    said = str(error.orig).strip().partition("\n")[0]
    if url.get_backend_name() == "sqlite":
        return f"No puedo usar la base de datos {url.database}: {_OF_SQLITE.get(said, said)}. Revise CONTESTA_DATA_DIR."
    return (
        f"No puedo usar la base de datos {url.render_as_string()}: {said}. Revise que esté en marcha y "
        "CONTESTA_DATABASE_URL."
    )


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
