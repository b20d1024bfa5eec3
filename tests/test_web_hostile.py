"""Every parameter of every route against hostile values: dealt with, never a fault, never given back as it came.

The table is the application's own: a route, a field of a query or a body that is new is tried without a word here.
Requests are written by hand, since no client would send them.
"""

import asyncio
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import hdrs
from pydantic import BaseModel
from sqlalchemy import Engine

from contesta.web.access import GRANTS, PEOPLE, Role
from contesta.web.app import EVERY_ROUTE, is_of_ours
from contesta.web.limits import SignInRates
from contesta.web.routes import API, LARGEST_BODY_BYTES, Route
from contesta.web.sessions import COOKIE
from storage.ledger import Ledger
from tests.stories import events_of, log_of, uid
from tests.web import Office, open_office

MARK = "xq7z"
"""Stands in every value that could be given back."""
TEXTS = (
    f"<script>{MARK}</script>",
    f"\"'><img src=x onerror={MARK}>",
    f"</textarea></title>{{{{7*7}}}}{MARK}",
    f"javascript:{MARK}",
    f"a\r\nX-{MARK}: 1\r\n\r\n<b>{MARK}",
    f"{MARK}\x00\x1b[31m\x7f",
    f"\u202e{MARK}\u200b\ufeff\u0301\U0001f9a4",
    "\ud800",
    f"' OR 1=1; DROP TABLE people; --{MARK}",
    "=HYPERLINK(1)",
    "../../../etc/passwd%2e%2e%00",
    f"{MARK}" * 1500,
    "9" * 400,
    "-1",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31",
    "",
)
FEW = TEXTS[:6:2]
"""For what the application knows no name for."""
VALUES: tuple[Any, ...] = (None, True, -1, 10**400, [], [f"<b>{MARK}"], {"<b>": MARK}, [[[[]]]])
"""What JSON can hold besides texts."""
HEADERS = ("Accept", "Accept-Encoding", "Accept-Language", "Last-Event-ID", "Referer", "User-Agent", "X-Forwarded-For")
FREE_HEADERS = (*HEADERS, "If-None-Match", "Range", "X-Requested-With", "X-HTTP-Method-Override")
EVIDENCE = ("Traceback", 'File "/', "sqlalchemy", "pydantic")
THINGS = {"call_id": uid(0), "number": "999999999", "name": "contesta.css", "key": "of-nobody"}
PART = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}")
NAME = f"{MARK}<i>"
PLENTY = "1000000 per minute"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A request as it is written. `parts` go into the path as they are, `form` and `query` are encoded."""

    route: Route
    parts: Mapping[str, str] = field(default_factory=dict)
    query: Any = ()
    body: bytes = b""
    kind: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def written(self, office: Office, credentials: str) -> bytes:
        path = PART.sub(
            lambda part: quote((THINGS | dict(self.parts)).get(part[1], "1"), safe="%", errors="surrogatepass"),
            self.route.path,
        )
        query = urlencode(self.query, errors="surrogatepass")
        own = {"Host": office.address.removeprefix("http://"), "Origin": office.address, "Connection": "close"}
        own |= {"Content-Length": str(len(self.body))} if self.body or self.route.body else {}
        own |= {"Content-Type": self.kind} if self.kind else {}
        lines = [f"{self.route.method} {path}{'?' * bool(query)}{query} HTTP/1.1", credentials]
        lines += [f"{name}: {value}" for name, value in (own | dict(self.headers)).items()]
        return "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Answer:
    status: int
    head: str
    body: str

    @property
    def html(self) -> bool:
        return "content-type: text/html" in self.head.lower()


@cache  # asked for each request, and slow to find out
def fitting(model: type[BaseModel] | None) -> Mapping[str, Any]:
    """Values that a model takes, for what it must have."""
    if model is None:
        return {}
    schema = model.model_json_schema()
    found = {}
    for name in schema.get("required", ()):
        about = schema["properties"][name]
        about = schema["$defs"][about["$ref"].rpartition("/")[2]] if "$ref" in about else about
        by_kind = {"integer": 1, "boolean": True, "array": ["a"]}
        found[name] = (
            about.get("enum") or [by_kind.get(about.get("type", ""), "a".ljust(about.get("minLength", 1), "a"))]
        )[0]
    return found


def fields(model: type[BaseModel] | None) -> list[str]:
    return [] if model is None else [field.alias or name for name, field in model.model_fields.items()]


def body(route: Route, values: Mapping[str, Any]) -> Attempt:
    """A request whose body holds these values, in the form that the route takes."""
    if route.path.startswith(API):
        written = json.dumps(values).encode()
        return Attempt(route=route, query=fitting(route.query), body=written, kind="application/json")
    form = urlencode(values, doseq=True, errors="surrogatepass").encode()
    return Attempt(route=route, query=fitting(route.query), body=form, kind="application/x-www-form-urlencoded")


def bodies(route: Route) -> Iterator[Attempt]:
    right = dict(fitting(route.body))
    for name in (*fields(route.body), NAME):
        for value in FEW if name == NAME else (*TEXTS, *(VALUES if route.path.startswith(API) else ())):
            yield body(route, right | {name: value})
    yield body(route, {})
    fit = body(route, right)
    for kind in (
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=nil",
        "",
        MARK,
    ):
        yield replace(fit, kind=kind)
    other = "application/x-www-form-urlencoded" if route.path.startswith(API) else "application/json"
    yield replace(fit, kind=other)
    for raw in (
        b"",
        b"\xff\xfe",
        b'{"a',
        b"[" * 20_000,
        b'{"a":' * 9_000,
        b"[]",
        b"null",
        b"a=%ff%00&a=2",
        b"x" * LARGEST_BODY_BYTES,
    ):
        yield replace(fit, body=raw)
    yield replace(fit, body=b"x" * (LARGEST_BODY_BYTES + 1))


def attempts(route: Route) -> Iterator[Attempt]:
    """Everything that is tried on a route."""
    fit = (
        replace(body(route, fitting(route.body)), query=fitting(route.query))
        if route.body
        else Attempt(route=route, query=fitting(route.query))
    )
    for name in PART.findall(route.path):
        for text in TEXTS:
            yield replace(fit, parts={name: quote(text, safe="", errors="surrogatepass") or "%"})
    for name in (*fields(route.query), NAME):
        for text in FEW if name == NAME else TEXTS:
            yield replace(fit, query={**fitting(route.query), name: text})
        yield replace(fit, query=[*fitting(route.query).items(), (name, "1"), (name, f"<b>{MARK}")])
    for text in (*FEW, *TEXTS[10:13]):
        yield replace(fit, headers=dict.fromkeys(FREE_HEADERS, text))
    for name in ("Host", "Authorization", "Cookie", "Sec-Fetch-Site", "Expect"):
        yield replace(fit, headers={name: f"<b>{MARK}", "Accept": "text/html"})
    if route.body:
        yield from bodies(route)


async def asked(office: Office, attempt: Attempt, credentials: str) -> Answer:
    """Send a request; of a stream only what comes first is read."""
    reader, writer = await asyncio.open_connection(office.server.host, office.server.port)
    try:
        writer.write(attempt.written(office, credentials))
        async with asyncio.timeout(30):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            streams = "text/event-stream" in head
            told = b"" if streams else await reader.read()
    finally:
        writer.transport.abort()
    return Answer(int(head.split(" ", 2)[1]), head, told.decode("utf-8", "replace"))


def credentials(office: Office, route: Route) -> str:
    """The header by which somebody comes in who may."""
    for role in Role:
        if route.permission in GRANTS[role] and role in PEOPLE:
            return f"Cookie: {COOKIE}={office.session(office.person(role))}"
    for role in (Role.INTEGRATION, Role.SITE):
        if route.permission in GRANTS[role]:
            return f"Authorization: Bearer {office.key(role)}"
    return "X-Nobody: 1"


def faults(answer: Answer, usual: int) -> Iterator[str]:
    """What is wrong with an answer. Who asks for what is not there today, such as a line, may be told so as always."""
    if answer.status >= 500 and answer.status != usual:
        yield "a fault"
    if f"x-{MARK}" in answer.head.lower():
        yield "a header that was smuggled in"
    if any(evidence in answer.body for evidence in EVIDENCE):
        yield "its inner life"
    if answer.html and re.search(rf"<(script|img|b)\b[^>]*>?{MARK}|</title>{{{{|{MARK}<i>", answer.body):
        yield "what was sent, as it was sent"
    if answer.html and f'href="javascript:{MARK}' in answer.body:
        yield "a link to a script"
    # what is no HTTP at all is answered by the server itself, before any of ours
    parsed = answer.status != 400 or "Content-Security-Policy" in answer.head
    if parsed and "X-Content-Type-Options: nosniff" not in answer.head:
        yield "no headers"
    if parsed and "Server:" in answer.head:
        yield "what it is made of"


def told(attempt: Attempt) -> str:
    """What was tried, in a line."""
    sent = {"parts": attempt.parts, "query": attempt.query, "body": attempt.body, "headers": attempt.headers}
    return (
        f"{attempt.route.method} {attempt.route.path} { ({name: str(one)[:200] for name, one in sent.items() if one}) }"
    )


async def tried(office: Office, route: Route) -> list[str]:
    """Try everything on a route; what went wrong."""
    known = credentials(office, route)
    usual = (await asked(office, next(iter(attempts(route))), known)).status
    wrong, tries, let_in = [], 0, 0
    for attempt in attempts(route):
        tries += 1
        answer = await asked(office, attempt, known)
        wrong += [f"{told(attempt)}: {answer.status}: {fault}" for fault in faults(answer, usual)]
        turned_away = answer.status == 401 or "Location: /ingreso?" in answer.head
        let_in += not turned_away
        if turned_away or route.path in {"/salir", "/cuenta/clave"}:
            known = credentials(office, route)
    if route.permission is not None and "key" not in PART.findall(route.path) and let_in < tries * 0.8:
        wrong.append(f"{route.method} {route.path}: turned away too often to have tried anything")
    return wrong


def test_nothing_hostile_gets_through(sqlite_engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    Ledger(sqlite_engine).apply(events_of(log_of(range(4))))

    async def run() -> list[str]:
        rates = SignInRates(pair=PLENTY, account=PLENTY, address=PLENTY)
        async with open_office(sqlite_engine, rates, web_requests_per_minute=1_000_000) as office:
            found = [fault for route in EVERY_ROUTE for fault in await tried(office, route)]
            for route in EVERY_ROUTE:  # what was kept is shown somewhere
                if route.method == hdrs.METH_GET and not route.events and not PART.search(route.path):
                    attempt = Attempt(route=route, query=fitting(route.query))
                    answer = await asked(office, attempt, credentials(office, route))
                    found += [f"{route.path} shows {fault}" for fault in faults(answer, answer.status)]
            return found

    with caplog.at_level(logging.WARNING, "aiohttp"):
        wrong = asyncio.run(run())
    assert wrong == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR and is_of_ours(record)] == []


def test_the_corpus_finds_what_it_is_for() -> None:
    """Answers that a careless application would give."""

    def found(head: str, told: str, status: int = 200) -> set[str]:
        guarded = f"HTTP/1.1 {status} x\r\nX-Content-Type-Options: nosniff\r\n{head}\r\n"
        return set(faults(Answer(status, guarded, told), 200))

    page = "Content-Type: text/html"
    assert found(page, f"<p>{quote(TEXTS[0])}</p>") == set()
    for text in TEXTS[:3]:
        assert found(page, f"<p>{text}</p>") == {"what was sent, as it was sent"}, text
    assert found(page, f'<a href="{TEXTS[3]}">') == {"a link to a script"}
    assert found(f"X-{MARK}: 1", "") == {"a header that was smuggled in"}
    assert found("", "Traceback (most recent call last)", 500) == {"a fault", "its inner life"}
    assert found("Server: Python/3.11", "") == {"what it is made of"}
