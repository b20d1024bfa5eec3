"""What every answer and every request must obey, whatever the page."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import hdrs, web
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError
from yarl import URL

from contesta.format import sentence
from contesta.web.context import SETTINGS
from contesta.web.pages import NONCE, render
from contesta.web.routes import of_api, route_of
from contesta.web.sessions import COOKIE
from contesta.web.validation import InvalidInputError, RefusedError
from core.errors import ContestaError, NotAvailableError

OUR_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this machine itself, which are always answered."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_TWO_YEARS = "max-age=63072000; includeSubDomains"

_KEPT = (hdrs.ALLOW, hdrs.RETRY_AFTER)
_FOR_CITIZENS = (hdrs.METH_GET, hdrs.METH_POST)
_FOR_PUBLIC: Mapping[int, str] = {
    503: "En este momento no podemos recibir ni mostrar solicitudes. Espere unos minutos e intente de nuevo.",
}
_READING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_OWN_SITES = frozenset({"same-origin", "none"})

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Said(BaseModel):
    """What went wrong: `code` for programs, `message` for people, `where` the field that is meant, "" if none."""

    code: str
    message: str
    where: str = ""


class Problem(BaseModel):
    """The answer of the API to what it cannot do."""

    error: Said


_SAID: Mapping[int, Said] = {
    400: Said(code="invalid_input", message="La dirección tiene un dato que no se entiende."),
    401: Said(code="not_signed_in", message="Su sesión terminó o no ha ingresado. Ingrese de nuevo."),
    403: Said(code="forbidden", message="Su cuenta no tiene permiso para esto. Pídalo a quien administra la línea."),
    404: Said(code="not_found", message="Esta página no existe."),
    405: Said(code="method_not_allowed", message="Esta página no acepta esa orden."),
    409: Said(code="conflict", message="Esto no se puede hacer como están las cosas."),
    413: Said(code="too_large", message="Lo enviado es demasiado grande."),
    415: Said(code="unsupported_media_type", message="Lo enviado no viene en la forma que se espera."),
    421: Said(code="wrong_host", message="Esta página solo se abre con su propia dirección."),
    429: Said(code="too_many_requests", message="Hubo demasiadas solicitudes. Espere un momento e intente de nuevo."),
    503: Said(
        code="unavailable",
        message="No se puede leer el libro de llamadas en este momento. Espere unos segundos y vuelva a intentarlo.",
    ),
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Send the headers that keep a browser from doing more than the page needs."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    own = f"'self' 'nonce-{request[NONCE]}'" if NONCE in request else "'self'"
    framing = request.app[SETTINGS].web_frame_origins.replace(",", " ") if _is_public(request) else ""
    if framing:
        del response.headers["X-Frame-Options"]
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {own}; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "media-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors "
        + (framing or "'none'")
    )
    if request.app[SETTINGS].web_origin or request.app[SETTINGS].web_public_origin:
        response.headers["Strict-Transport-Security"] = _TWO_YEARS
    response.headers.popall(hdrs.SERVER, None)


@web.middleware
async def errors_are_told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say what happened in words, as a page or as JSON; what we did not expect is logged and said without details."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status not in _SAID:
            raise
        kept = {str(name): error.headers[name] for name in _KEPT if name in error.headers}
        if of_api(request) and error.status == web.HTTPUnauthorized.status_code:
            kept[hdrs.WWW_AUTHENTICATE] = "Bearer"
        return tell(request, error.status, _SAID[error.status], kept)
    except InvalidInputError as error:
        said = Said(code=_SAID[400].code, message=sentence(str(error)), where=error.where)
        return tell(request, web.HTTPBadRequest.status_code, said)
    except (RefusedError, NotAvailableError) as error:
        status = 409 if isinstance(error, RefusedError) else 503
        return tell(request, status, Said(code=_SAID[status].code, message=sentence(str(error))))
    except ContestaError as error:
        said = Said(code=_SAID[400].code, message=sentence(str(error)))
        return tell(request, web.HTTPBadRequest.status_code, said)
    except (OperationalError, InterfaceError) as error:
        log.error("cannot read the ledger", error=str(error.orig))  # noqa: TRY400 - its trace tells nothing
        return tell(request, web.HTTPServiceUnavailable.status_code, _SAID[503])


@web.middleware
async def only_our_names(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse any name that is not ours; under the citizens' own, answer what is theirs, by GET and POST, and no more.

    A page elsewhere that has its own name point to this machine (DNS rebinding) would otherwise be of our origin.
    """
    if not _origins(request):
        raise web.HTTPMisdirectedRequest
    if _on_public_origin(request):
        if request.method not in _FOR_CITIZENS:
            raise web.HTTPMethodNotAllowed(request.method, _FOR_CITIZENS)
        if not _is_public(request):
            raise web.HTTPNotFound
    return await handler(request)


@web.middleware
async def only_from_our_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what changes something unless our own page sent it, or a program that shows its key (CSRF).

    Browsers tell in Sec-Fetch-Site where a request comes from; those that do not, in Origin.
    """
    if request.method not in _READING and hdrs.AUTHORIZATION not in request.headers:
        site = request.headers.get("Sec-Fetch-Site")
        ours = site in _OWN_SITES if site is not None else request.headers.get(hdrs.ORIGIN, "") in _origins(request)
        if not ours:
            if COOKIE in request.cookies:
                log.warning("a request that did not come from our pages", path=request.path, site=site)
            raise web.HTTPForbidden
    return await handler(request)


def _origins(request: web.Request) -> frozenset[str]:
    """Give the origins that pages of ours have under the name that was asked for; none if it is not our name."""
    settings = request.app[SETTINGS]
    own = frozenset({settings.web_origin, settings.web_public_origin} - {""})
    asked = _url("http", request.host)
    if asked is not None and asked.host in OUR_NAMES:
        return own | {f"http://{request.host.lower()}"}
    return frozenset(origin for origin in own if _asked_for(request, origin))


def _asked_for(request: web.Request, origin: str) -> bool:
    """Tell whether the Host header names an origin of ours."""
    asked = _url("https", request.host)
    return asked is not None and asked.host_port_subcomponent == URL(origin).host_port_subcomponent


def _on_public_origin(request: web.Request) -> bool:
    public = request.app[SETTINGS].web_public_origin
    return bool(public) and _asked_for(request, public)


def _is_public(request: web.Request) -> bool:
    route = route_of(request)
    return route is not None and route.public


def _url(scheme: str, host: str) -> URL | None:
    """Give the address that a Host header stands for, None if it is no host."""
    try:
        told = URL(f"{scheme}://{host}")
    except ValueError:
        return None
    plain = told.user is None and told.path == "/" and not told.query_string and not told.fragment
    return told if told.host and plain else None


def tell(request: web.Request, status: int, said: Said, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with what went wrong, as the asker can read it."""
    if of_api(request):
        answer = Problem(error=said).model_dump_json()
        return web.Response(text=answer, status=status, content_type="application/json", headers=headers)
    public = _on_public_origin(request) or _is_public(request)
    message = _FOR_PUBLIC.get(status, said.message) if public else said.message
    response = render(request, "public_error.html" if public else "error.html", {"said": message}, status)
    response.headers.update(headers or {})
    return response
