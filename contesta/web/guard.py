"""What every answer and every request must obey, whatever the page."""

from collections.abc import Awaitable, Callable

import aiohttp_jinja2
import structlog
from aiohttp import hdrs, web
from sqlalchemy.exc import InterfaceError, OperationalError

from core.errors import ContestaError

OUR_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_SAID = {
    400: "La dirección tiene un dato que no se entiende.",
    404: "Esta página no existe.",
    405: "Esta página solo se puede leer.",
    421: "Esta página solo se abre con la dirección de este equipo, por ejemplo http://127.0.0.1.",
    503: "No se puede leer el libro de llamadas en este momento. Espere unos segundos y vuelva a intentarlo.",
}

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Send the headers that keep a browser from doing more than showing the page."""
    response.headers.update(HEADERS)
    response.headers.popall(hdrs.SERVER, None)


@web.middleware
async def errors_are_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say what happened in words; what we did not expect is logged and said without details."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status not in _SAID:
            raise
        return _page(request, error.status, _SAID[error.status], allow=error.headers.get(hdrs.ALLOW))
    except ContestaError as error:
        return _page(request, web.HTTPBadRequest.status_code, _sentence(str(error)))
    except (OperationalError, InterfaceError) as error:
        log.error("cannot read the ledger", error=str(error.orig))  # noqa: TRY400 - its trace tells nothing
        return _page(request, web.HTTPServiceUnavailable.status_code, _SAID[503])


@web.middleware
async def only_reading_and_only_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse all but GET and HEAD, and any name that is not this machine's.

    There is no sign-in yet. A page elsewhere that has its own name point to this machine (DNS rebinding) would
    otherwise read the calls through the browser of whoever opens it.
    """
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if name.lower() not in OUR_NAMES:
        raise web.HTTPMisdirectedRequest
    if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
        raise web.HTTPMethodNotAllowed(request.method, [hdrs.METH_GET, hdrs.METH_HEAD])
    return await handler(request)


def _page(request: web.Request, status: int, said: str, allow: str | None = None) -> web.Response:
    response = aiohttp_jinja2.render_template("error.html", request, {"said": said}, status=status)
    if allow:
        response.headers[hdrs.ALLOW] = allow
    return response


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
