"""Routes: each says who may open it and what it takes, and is registered in one way that holds it to that.

A feature module exports `ROUTES: tuple[Route, ...]` and, if it needs something started with the application,
`prepare(app)`; both are listed in `contesta/web/app.py`. A route with `answer` belongs to the API, and so to its
description. Addresses that begin with /api/ speak JSON, errors included; all others are pages.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, get_origin
from urllib.parse import urlencode

import structlog
from aiohttp import hdrs, web
from multidict import MultiMapping
from pydantic import BaseModel

from contesta.web import sessions
from contesta.web.access import IDENTITY, Permission, identity
from contesta.web.validation import InvalidInputError, is_plain, read

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Model = TypeVar("Model", bound=BaseModel)

API = "/api/"
SIGN_IN = "/ingreso"
LARGEST_BODY_BYTES = 64 * 1024
IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_PATTERN = r"^[A-Za-z0-9_.:-]{8,128}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one address.

    `permission` None is open to everybody. With WATCH_WALL the address has a part `{key}`: the wall's key, which is
    all that is asked. `query` and `body` are what it takes (a form from pages, JSON from the API): the handler
    gets them from `query` and `body` below. `media_type` is that of the answer. `nav` puts a page, by that name, in
    the navigation of whoever may open it. One with `events` is a stream of server-sent events, each with its name. One
    that is `public` is for citizens: it is all that the public origin answers, it answers no HEAD, and the entity's own
    sites may frame it. One that is `idempotent` takes a header Idempotency-Key.
    """

    method: str
    path: str
    handler: Handler
    permission: Permission | None
    name: str = ""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    media_type: str = "application/json"
    summary: str = ""
    nav: str = ""
    events: Mapping[str, type[BaseModel]] = field(default_factory=dict, hash=False)
    public: bool = False
    idempotent: bool = False


log = structlog.get_logger()

ROUTES = web.AppKey("routes", tuple[Route, ...])
_QUERY = web.RequestKey("query", BaseModel)
_BODY = web.RequestKey("body", BaseModel)


def register(app: web.Application, routes: Iterable[Route]) -> None:
    """Add routes to an application. Pages answer HEAD too, but for those that stream: they would send a body."""
    for route in routes:
        handler = partial(_obeying, route)
        resource = app.router.add_resource(route.path, name=route.name or None)
        resource.add_route(route.method, handler)
        if route.method == hdrs.METH_GET and not (route.events or route.public or route.path.startswith(API)):
            resource.add_route(hdrs.METH_HEAD, handler)


def route_of(request: web.Request) -> Route | None:
    """Give the route that an address leads to; None if it leads nowhere."""
    handler = request.match_info.handler
    return handler.args[0] if isinstance(handler, partial) else None


def query(request: web.Request, model: type[Model]) -> Model:
    """Give the query, as the route's `query` has it."""
    return _given(request[_QUERY], model)


def body(request: web.Request, model: type[Model]) -> Model:
    """Give the body, as the route's `body` has it."""
    return _given(request[_BODY], model)


def told(answer: BaseModel) -> web.Response:
    """Answer with a model, as JSON."""
    return web.Response(text=answer.model_dump_json(), content_type="application/json")


def of_api(request: web.Request) -> bool:
    """Tell whether a request is of the API, so that it is answered in JSON."""
    return request.path.startswith(API)


async def _obeying(route: Route, request: web.Request) -> web.StreamResponse:
    """Let in who may, and only what the route takes."""
    if not all(is_plain(part) for part in request.match_info.values()):
        raise web.HTTPNotFound
    if route.permission is Permission.WATCH_WALL:
        request[IDENTITY] = await sessions.of_wall(request)
    if route.permission is not None:
        if request.get(IDENTITY) is None and request.method in {hdrs.METH_GET, hdrs.METH_HEAD} and not of_api(request):
            raise web.HTTPSeeOther(f"{SIGN_IN}?{urlencode({'volver': request.path_qs})}")
        known = identity(request)
        if not known.may(route.permission):
            log.warning("not allowed", who=known.who, role=known.role, method=request.method, path=route.path)
            raise web.HTTPForbidden
    if route.query is not None:
        request[_QUERY] = read(route.query, _named(request.query, route.query), "query")
    if route.body is not None:
        request[_BODY] = read(route.body, await _sent(request, route.body), "body")
    return await route.handler(request)


async def _sent(request: web.Request, model: type[BaseModel]) -> Mapping[str, Any]:
    kind = "application/json" if of_api(request) else "application/x-www-form-urlencoded"
    if request.content_type != kind:
        raise web.HTTPUnsupportedMediaType
    try:
        if not of_api(request):
            return _named(await request.post(), model)
        sent = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError, LookupError, RecursionError) as error:
        raise InvalidInputError("lo enviado no se entiende", "body") from error
    if not isinstance(sent, dict):
        raise InvalidInputError("lo enviado debe ser un objeto JSON", "body")
    return sent


def _named(sent: MultiMapping[Any], model: type[BaseModel]) -> dict[str, Any]:
    """Give what was sent by name: a list where the model has one, or where a name was sent more than once."""
    lists = {field.alias or name for name, field in model.model_fields.items() if _is_list(field.annotation)}
    return {
        name: values if name in lists or len(values) > 1 else values[0]
        for name, values in ((name, sent.getall(name)) for name in set(sent))
    }


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) in {list, tuple, set, frozenset}


def _given(found: BaseModel, model: type[Model]) -> Model:
    if not isinstance(found, model):
        raise TypeError(f"the route gives {type(found).__name__}, not {model.__name__}")
    return found
