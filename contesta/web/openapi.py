"""The description of the API in OpenAPI 3.1, written from the routes and the models of what they take and answer.

A route that neither has an `answer` nor is a stream of the API is a page and is left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from contesta.web.access import GRANTS, KEYS, PEOPLE, Permission, Role
from contesta.web.guard import Problem
from contesta.web.routes import API, IDEMPOTENCY_KEY, IDEMPOTENCY_PATTERN, Route
from contesta.web.sessions import COOKIE

VERSION = "1"
JSON = "application/json"
STREAM = "text/event-stream"
_REFERENCE = "#/components/schemas/{model}"
_PART = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
"""Characters that no text may have, as in a pattern."""
_ANY = f"^[^{CONTROLS}]*$"
_SOME = f"^[^{CONTROLS}]*[^\\s{CONTROLS}][^{CONTROLS}]*$"
_ABOUT = (
    "Everything that the pages of Contesta show, for programs. People come with the cookie of their session, programs "
    "with a key as `Authorization: Bearer`. Moments are ISO 8601 in UTC, durations say their unit in their name, and "
    "what is not known is null. What goes wrong is told in one shape, `Problem`, in Spanish: people read it."
)

Schema = dict[str, Any]


Refs = Mapping[tuple[Any, JsonSchemaMode], Schema]
"""What refers to the schema of a model, as it is sent ("validation") or answered ("serialization")."""


def document(routes: Iterable[Route]) -> Schema:
    """Describe the routes that belong to the API."""
    told = [route for route in routes if route.answer is not None or (route.events and route.path.startswith(API))]
    refs, schemas = _schemas(told)
    paths: dict[str, Schema] = {}
    for route in told:
        paths.setdefault(_PART.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route, refs)
    problem = {JSON: {"schema": refs[Problem, "serialization"]}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Contesta", "version": VERSION, "description": _ABOUT, "license": _LICENCE},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {status.name: {"description": said, "content": problem} for status, said in _PROBLEMS.items()},
            "securitySchemes": _SCHEMES,
        },
    }


_LICENCE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
_SCHEMES: Schema = {
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The session of a signed-in browser"},
    "key": {"type": "http", "scheme": "bearer", "description": "A key that an administrator made"},
}
_PROBLEMS: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "Something asked for cannot be; `where` names the field",
    HTTPStatus.UNAUTHORIZED: "Nobody has signed in, or the session or the key has ended",
    HTTPStatus.FORBIDDEN: "Whoever asks may not do this, or a page elsewhere made his browser ask",
    HTTPStatus.NOT_FOUND: "There is no such thing, or not for whoever asks",
    HTTPStatus.CONFLICT: "It cannot be done in the state that things are in",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON",
    HTTPStatus.MISDIRECTED_REQUEST: "The Host header is not ours",
    HTTPStatus.TOO_MANY_REQUESTS: "Too much was asked in too little time; `Retry-After` says how long to wait",
    HTTPStatus.SERVICE_UNAVAILABLE: "What is asked for cannot be had at this moment",
}


_IDEMPOTENCY_KEY: Schema = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "Names this wish: sent again with the same key and body, it is answered again and done once",
    "schema": {"type": "string", "pattern": IDEMPOTENCY_PATTERN},
}


def _operation(route: Route, refs: Refs) -> Schema:
    operation: Schema = {
        "operationId": _name_of(route),
        "summary": route.summary,
        "tags": [route.path.split("/")[3]],
        "parameters": [
            *_path_parameters(route.path),
            *_query_parameters(route.query),
            *([_IDEMPOTENCY_KEY] if route.idempotent else []),
        ],
        "responses": {"200": _done(route, refs)}
        | {str(int(status)): {"$ref": f"#/components/responses/{status.name}"} for status in _faults(route)},
        "security": list(_security(route.permission)),
    }
    if (doc := (route.handler.__doc__ or "").strip()) != route.summary:
        operation["description"] = doc
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": refs[route.body, "validation"]}}}
    if roles := [role.value for role in Role if route.permission in GRANTS[role]]:
        operation["x-roles"] = roles
    return operation


def _name_of(route: Route) -> str:
    words = [word for word in _PART.sub(r"\1", route.path).split("/")[3:] if word]
    return route.name or "_".join([route.method.lower(), *words]).replace(".", "_")


def _path_parameters(path: str) -> Iterator[Schema]:
    for name, pattern in _PART.findall(path):
        schema = {"type": "string", "minLength": 1} | ({"pattern": f"^{pattern}$"} if pattern else {})
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(model: type[BaseModel] | None) -> Iterator[Schema]:
    if model is None:
        return
    schema = model.model_json_schema(ref_template=_REFERENCE)
    for name, about in schema.get("properties", {}).items():
        told = {key: value for key, value in _plain(about).items() if key not in {"description", "title"}}
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": told}
        yield parameter | ({"description": about["description"]} if "description" in about else {})


def _done(route: Route, refs: Refs) -> Schema:
    if route.events:
        told = {"oneOf": [_event(name, refs[model, "serialization"]) for name, model in route.events.items()]}
        return {
            "description": "A stream without end; each event is one of these",
            "content": {STREAM: {"schema": told}},
        }
    answer = {} if route.answer is None else refs[route.answer, "serialization"]
    return {"description": "Done", "content": {route.media_type: {"schema": answer}}}


def _event(name: str, data: Schema) -> Schema:
    """Describe a server-sent event by its fields, as OpenAPI does from 3.2 on; `data` is JSON."""
    held = {"type": "string", "contentMediaType": JSON, "contentSchema": data}
    fields: Schema = {"event": {"const": name}, "id": {"type": "string"}, "data": held}
    return {"title": name, "type": "object", "properties": fields, "required": ["event", "data"]}


def _faults(route: Route) -> Iterator[HTTPStatus]:
    yield HTTPStatus.BAD_REQUEST
    if route.permission is not None:
        yield from (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    if _PART.search(route.path) or route.query is not None or route.body is not None:
        yield HTTPStatus.NOT_FOUND
    if route.method != "GET" or route.query is not None:
        yield HTTPStatus.CONFLICT
    if route.body is not None:
        yield from (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    yield from (HTTPStatus.MISDIRECTED_REQUEST, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def _security(permission: Permission | None) -> Iterator[Schema]:
    """Yield the ways in; the empty one stands for no need of any."""
    if permission is None:
        yield {}
    if any(permission in GRANTS[role] for role in PEOPLE):
        yield {"session": []}
    if any(permission in GRANTS[role] for role in KEYS):
        yield {"key": []}


def _schemas(routes: Iterable[Route]) -> tuple[Refs, Schema]:
    """Give the schemas of all that is sent and answered, by name, and which of them each model is."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    of_queries: Schema = {}
    for route in routes:
        for model in (route.answer, *route.events.values()):
            if model is not None:
                wanted[model, "serialization"] = None
        if route.body is not None:
            wanted[route.body, "validation"] = None
        if route.query is not None:
            of_queries |= route.query.model_json_schema(ref_template=_REFERENCE).get("$defs", {})
    refs, schemas = models_json_schema(list(wanted), ref_template=_REFERENCE)
    for sent in (schemas["$defs"][_name_in(refs[key])] for key in wanted if key[1] == "validation"):
        sent["properties"] = {name: _plain(about) for name, about in sent.get("properties", {}).items()}
    return refs, dict(sorted((of_queries | schemas["$defs"]).items()))


def _name_in(reference: Schema) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _plain(schema: Schema) -> Schema:
    """Say of a text that is taken what `validation.is_plain` holds it to, and that one of spaces is none."""
    if "anyOf" in schema:
        return schema | {"anyOf": [_plain(one) for one in schema["anyOf"]]}
    if schema.get("type") != "string" or not schema.keys().isdisjoint({"pattern", "format", "enum"}):
        return schema
    return schema | {"pattern": _SOME if schema.get("minLength") else _ANY}
