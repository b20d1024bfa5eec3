"""The access log, as administrators read it. Nothing here changes it."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field, field_validator

from contesta.format import clock, short_date
from contesta.web.access import LOG, Action, Permission, Role
from contesta.web.access_keys import KIND_WORDS
from contesta.web.context import SETTINGS
from contesta.web.pages import Context, page
from contesta.web.people import ROLE_WORDS
from contesta.web.routes import Route, query
from contesta.web.validation import Asked
from storage.people_access_log import Access, AccessFilter

PATH = "/administracion/accesos"
PAGE_SIZE = 50

ACTION_WORDS = {
    Action.SIGNED_IN: "Ingresó",
    Action.SIGN_IN_REFUSED: "Ingreso rechazado",
    Action.SIGNED_OUT: "Salió",
    Action.INVITATION_ACCEPTED: "Aceptó su invitación",
    Action.PASSWORD_CHANGED: "Cambió su contraseña",
    Action.SESSION_ENDED: "Cerró otra sesión suya",
    Action.CALL_READ: "Abrió una llamada",
    Action.NUMBER_REVEALED: "Vio un número completo",
    Action.CALLS_EXPORTED: "Descargó llamadas",
    Action.RECORDING_HEARD: "Oyó una grabación",
    Action.LISTENING_BEGAN: "Empezó a escuchar",
    Action.LISTENING_CHANGED: "Cambió cómo escucha",
    Action.LISTENING_ENDED: "Dejó de escuchar",
    Action.CALLBACK_READ: "Abrió una devolución",
    Action.CALLBACK_CANCELLED: "Canceló una devolución",
    Action.CALLBACK_COMPLETED: "Completó el teléfono de una devolución",
    Action.CALLBACKS_EXPORTED: "Descargó devoluciones",
    Action.LEFT_ALONE: "Puso un número en «No llamar»",
    Action.CALLED_AGAIN: "Quitó un número de «No llamar»",
    Action.DIALLING_STOPPED: "Detuvo la marcación",
    Action.DIALLING_RESUMED: "Reanudó la marcación",
    Action.AUDIT_READ: "Abrió una auditoría",
    Action.AUDIT_STEPPED: "Movió una auditoría",
    Action.SAMPLE_DRAWN: "Sacó una muestra",
    Action.PERSON_INVITED: "Invitó a una persona",
    Action.PERSON_CHANGED: "Cambió una cuenta",
    Action.PERSON_DISABLED: "Desactivó una cuenta",
    Action.PERSON_RESET: "Restableció una cuenta",
    Action.KEY_MADE: "Creó una clave",
    Action.KEY_REVOKED: "Retiró una clave",
    Action.CAMPAIGN_LOADED: "Cargó una campaña",
    Action.CAMPAIGN_PUBLISHED: "Publicó una campaña",
    Action.CAMPAIGN_PAUSED: "Puso una campaña en pausa",
    Action.CAMPAIGN_RESUMED: "Reanudó una campaña",
    Action.CAMPAIGN_DISCARDED: "Descartó una base",
    Action.CAMPAIGN_EXPORTED: "Descargó una campaña",
    Action.CALL_DISPOSED: "Tipificó una llamada",
    Action.TRAINING_WRITTEN: "Escribió una capacitación",
    Action.TRAINING_REMOVED: "Borró una capacitación",
    Action.CALIBRATION_OPENED: "Abrió una calibración",
    Action.CALIBRATION_CLOSED: "Cerró una calibración",
    Action.CALIBRATION_AGREED: "Guardó el acuerdo de una calibración",
    Action.HOLD_SET: "Puso un bloqueo legal",
    Action.HOLD_LIFTED: "Levantó un bloqueo legal",
    Action.DATA_REQUEST_NOTED: "Anotó una solicitud de datos",
    Action.DATA_REQUEST_EXTENDED: "Amplió el plazo de una solicitud de datos",
    Action.DATA_REQUEST_ANSWERED: "Respondió una solicitud de datos",
    Action.DATA_EXPORTED: "Descargó los datos de una persona",
    Action.DATA_CORRECTED: "Corrigió los datos de una persona",
    Action.DATA_ERASED: "Borró los datos de una persona",
}
_ROLE_WORDS = ROLE_WORDS | KIND_WORDS


Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(3000, 1, 1))]


class Wanted(Asked):
    """Which lines. Both days belong to the period; an empty field asks for nothing."""

    desde: Day | None = None
    hasta: Day | None = None
    quien: str = Field(default="", max_length=80)
    que: Action | None = None
    antes: int | None = Field(default=None, ge=1, le=2**31 - 1)

    @field_validator("desde", "hasta", "que", "antes", mode="before")
    @classmethod
    def _empty_is_nothing(cls, value: object) -> object:
        return None if value == "" else value


@page("accesses.html")
async def show(request: web.Request) -> Context:
    """Show a page of the log, newest first."""
    asked, zone = query(request, Wanted), ZoneInfo(request.app[SETTINGS].timezone)
    wanted = AccessFilter(
        since=_midnight(asked.desde, zone),
        until=_midnight(asked.hasta, zone, days=1),
        who=asked.quien or None,
        action=asked.que,
    )
    found = await asyncio.to_thread(request.app[LOG].read, wanted, asked.antes, PAGE_SIZE)
    in_force = asked.model_dump(mode="json", exclude_defaults=True, exclude={"antes"})
    return {
        "lines": [_line(line, zone) for line in found.lines],
        "asked": {name: in_force.get(name, "") for name in ("desde", "hasta", "quien", "que")},
        "filtered": bool(in_force),
        "actions": [{"id": str(action), "word": word} for action, word in ACTION_WORDS.items()],
        "older": _address(in_force | {"antes": str(found.next)}) if found.next else "",
        "newest": _address(in_force) if asked.antes else "",
    }


def _midnight(day: date | None, zone: ZoneInfo, days: int = 0) -> datetime | None:
    """Give the moment when a day begins, or one so many days later."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC)


def _address(asked: dict[str, Any]) -> str:
    return f"{PATH}?{urlencode(asked)}" if asked else PATH


def _line(line: Access, zone: ZoneInfo) -> dict[str, str]:
    role = _ROLE_WORDS.get(Role(line.role), "") if line.role else ""
    return {
        "day": short_date(line.at, zone),
        "hour": clock(line.at, zone),
        "at": line.at.isoformat(),
        "who": line.who,
        "role": role,
        "address": line.address,
        "action": ACTION_WORDS[Action(line.action)],
        "what": line.what,
    }


ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=Permission.READ_ACCESS_LOG, query=Wanted, nav="Accesos"),
)
