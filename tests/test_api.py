"""The API: what it answers is what the pages show, to those who may see it, and its description says so."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse
from jsonschema import Draft202012Validator
from sqlalchemy import Engine

from contesta.web.access import GRANTS, PEOPLE, Permission, Role
from contesta.web.api_calls import AskedOutcome
from contesta.web.app import EVERY_ROUTE
from contesta.web.openapi import document
from contesta.web.routes import API
from quality.metrics.visits import Outcome
from storage.call_filter import CallFilter
from storage.ledger import Ledger
from tests.stories import number_of, uid
from tests.web import Client, Office, run_office
from tests.web_calls import browse, logged

DESCRIPTION = document(EVERY_ROUTE)
NOT_DESCRIBED = {"/api/v1/openapi.json", "/api/v1/desk/callbacks/{id}/recordings/{number:[0-9]{1,9}}"}
"""The description itself, and what is heard and not read."""


async def answer(response: ClientResponse) -> Any:  # noqa: ANN401  whatever JSON holds
    assert response.status == 200, await response.text()
    return await response.json()


async def problem(response: ClientResponse, status: int) -> dict[str, str]:
    assert response.status == status
    told: dict[str, str] = (await response.json())["error"]
    assert told.keys() == {"code", "message", "where"}
    return told


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_route_of_the_api_is_described() -> None:
    for route in EVERY_ROUTE:
        told = route.path.startswith(API) and route.path not in NOT_DESCRIBED
        assert (route.answer is not None) == (told and not route.events)
    described = [route for route in EVERY_ROUTE if route.answer or (route.events and route.path.startswith(API))]
    assert len(list(operations())) == len(described) > 10


def test_a_stream_is_described_with_its_events() -> None:
    (stream,) = [operation for path, _, operation in operations() if path == "/api/v1/board/stream"]
    told = stream["responses"]["200"]["content"]["text/event-stream"]["schema"]["oneOf"]
    assert {
        one["properties"]["event"]["const"]: one["properties"]["data"]["contentSchema"]["$ref"] for one in told
    } == {
        name: f"#/components/schemas/{model}"
        for name, model in (("board", "Board"), ("heartbeat", "Heartbeat"), ("end", "End"))
    }


def test_description_is_sound() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for schema in DESCRIPTION["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(DESCRIPTION):
        place: Any = DESCRIPTION
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    for path, _, operation in operations():
        assert operation["summary"]
        assert {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"} == {
            part.split("}")[0] for part in path.split("{")[1:]
        }


def references(part: Any) -> Iterator[str]:  # noqa: ANN401  whatever JSON holds
    if isinstance(part, dict):
        for name, inner in part.items():
            if name == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_description_says_who_may() -> None:
    of_path = {(path, method): operation for path, method, operation in operations()}
    reveal = of_path["/api/v1/calls/{call_id}/reveal", "post"]
    assert reveal["x-roles"] == ["supervisor", "auditor"]
    assert reveal["security"] == [{"session": []}]
    assert of_path["/api/v1/events", "get"]["security"] == [{"key": []}]
    assert of_path["/api/v1/session", "get"]["security"] == [{"session": []}, {"key": []}]


def test_description_is_told_to_whoever_has_come_in(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        for client in (await office.signed_in(Role.ADVISER, "Ana Ruiz"), await office.with_key()):
            assert await answer(await client.get("/api/v1/openapi.json")) == json.loads(json.dumps(DESCRIPTION))
        told = await problem(await (await office.visitor()).get("/api/v1/openapi.json"), 401)
        assert told["code"] == "not_signed_in"

    run_office(full, scenario)


@pytest.mark.parametrize("role", PEOPLE)
def test_session_says_who_is_asking(full: Engine, role: Role) -> None:
    async def scenario(office: Office) -> None:
        client = await office.signed_in(role, "Ana Ruiz" if role is Role.ADVISER else "")
        told = await answer(await client.get("/api/v1/session"))
        assert told["role"] == role
        assert told["permissions"] == sorted(GRANTS[role])
        assert told["only_own_calls"] is (role is Role.ADVISER)
        told = await answer(await (await office.with_key()).get("/api/v1/session"))
        assert (told["role"], told["who"]) == ("integration", "clave integration")
        assert Permission.READ_CALLS not in told["permissions"]

    run_office(full, scenario)


async def every_call(client: Client, **asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = await answer(await client.get("/api/v1/calls", params=asked | ({"after": after} if after else {})))
        found += page["calls"]
        if page["next"] is None:
            return found
        after = page["next"]


def test_calls_are_those_of_the_ledger_over_all_pages(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        told = await every_call(client, size="10")
        assert [call["id"] for call in told] == [uid(call) for call in reversed(range(64))]
        text = json.dumps(told)
        assert not any(number_of(call) in text for call in range(64))
        call = told[-1]
        assert call["number"] == "300 *** **00"
        assert [(step["menu"], step["key"]) for step in call["menu_steps"]] == [("principal", "1")]
        (visit,) = call["visits"]
        assert (visit["outcome"], visit["wait_seconds"], visit["entry_inferred"]) == ("answered", 7, False)
        (talk,) = visit["conversations"]
        assert (talk["adviser"], talk["talk_seconds"], talk["ended_by"]) == ("Ana Ruiz", 20, "agent")
        assert [one["state"] for one in call["recordings"]] == ["done"]
        assert (call["disposition"], call["callback"]) == (None, None)

    browse(full, scenario)


def test_calls_are_counted_as_figures_count(full: Engine) -> None:
    ledger = Ledger(full)

    async def scenario(client: Client) -> None:
        for outcome in AskedOutcome:
            count = (await answer(await client.get("/api/v1/calls", params={"outcome": outcome})))["count"]
            assert count["calls"] == len(await every_call(client, outcome=outcome))
            if outcome in Outcome:
                wanted = CallFilter(outcomes=frozenset({Outcome(outcome)}))
                assert count["visits"] == ledger.counts(wanted).visits
        count = (await answer(await client.get("/api/v1/calls?adviser=Ana+Ruiz&talk_known=true&size=1")))["count"]
        assert count == {"calls": 16, "visits": 16, "conversations": 16} | dict.fromkeys(
            ("unanswered_rings", "answers", "deeds")
        )
        asked = {"since": "2026-01-01T15:07:00Z", "until": "2026-01-01T10:08:00-05:00", "outcome": "offered"}
        assert len(await every_call(client, **asked)) == 18
        late, soon = ({"outcome": "answered", name: "9"} for name in ("wait_more_than", "wait_at_most"))
        assert len(await every_call(client, **late)) + len(await every_call(client, **soon)) == 16
        assert await every_call(client, queue="segunda", outcome="closed", line="018000910123")
        assert not await every_call(client, line="otra")
        then = await every_call(client, outcome="waiting_now", as_of="2026-01-01T15:07:11Z")
        assert len(then) == 5

    browse(full, scenario)


def test_one_call_is_told_with_its_timeline_and_reading_it_is_logged(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        told = await answer(await auditor.get(f"/api/v1/calls/{uid(8)}"))
        assert told["sentence"] == "Esperó 0:10, habló 0:21 con A. Ruiz; colgó el asesor."
        assert told["gaps"] == []
        assert told["timeline"][0] == {
            "at": "2026-01-01T15:07:04Z",
            "since_start_seconds": 0,
            "actor": "Ciudadano",
            "fact": "Llamó a la línea 018000910123",
            "source": "queue_log",
        }
        (listed,) = [call for call in await every_call(auditor) if call["id"] == uid(8)]
        assert told["call"] == listed
        assert (await answer(await auditor.get(f"/api/v1/calls/{uid(7)}")))["gaps"]
        number = await answer(await auditor.post(f"/api/v1/calls/{uid(8)}/reveal"))
        assert number == {"number": number_of(8)}
        assert logged(office)[:1] == [("auditor", "number_revealed", uid(8))]
        assert logged(office)[-1] == ("auditor", "call_read", uid(8))
        assert (await problem(await auditor.get("/api/v1/calls/99.9"), 404))["code"] == "not_found"

    run_office(full, scenario)


def test_an_adviser_gets_the_calls_that_he_answered(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        ana, new = await office.signed_in(Role.ADVISER, "Ana Ruiz"), await office.signed_in(Role.ADVISER, "Nueva")
        assert {call["id"] for call in await every_call(ana)} == {uid(call) for call in range(64) if call % 8 < 2}
        assert await every_call(new) == []
        assert await every_call(new, adviser="Ana Ruiz") == []
        assert (await ana.get(f"/api/v1/calls/{uid(0)}")).status == 200
        for client, call in ((ana, 2), (new, 0)):
            assert (await problem(await client.get(f"/api/v1/calls/{uid(call)}"), 404))["code"] == "not_found"
            assert (await problem(await client.post(f"/api/v1/calls/{uid(call)}/reveal"), 403))["code"] == "forbidden"

    run_office(full, scenario)


@pytest.mark.parametrize(
    ("address", "where", "says"),
    [
        ("calls?since=ayer", "query.since", "«since»"),
        ("calls?since=2026-01-01T10:00:00", "query.since", "«since» no es un momento con su zona"),
        ("calls?since=1767280000", "query.since", "escríbalo como 2025-06-03T14:30:00-05:00"),
        ("board/day?date=0", "query.date", "escríbala como 2025-06-03"),
        ("calls?outcome=happy", "query.outcome", "debe ser uno de"),
        ("calls?size=0", "query.size", "debe ser mínimo 1"),
        ("calls?size=501", "query.size", "debe ser máximo 500"),
        ("calls?after=here", "query.after", "«after» no es un lugar de esta lista"),
        ("calls?queue=a&queue=b", "query.queue", "«queue»"),
        ("calls?other=1", "query.other", "no se conoce aquí"),
        ("calls?queue=%00", "query.queue", "caracteres que no se pueden escribir"),
    ],
)
def test_mistakes_say_what_where_and_how_to_mend(full: Engine, address: str, where: str, says: str) -> None:
    async def scenario(client: Client) -> None:
        told = await problem(await client.get(f"/api/v1/{address}"), 400)
        assert (told["code"], told["where"]) == ("invalid_input", where)
        assert says in told["message"]

    browse(full, scenario)


def test_moments_of_any_year_are_taken(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        early, late = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59"
        assert len(await every_call(client, since=early, until=late, outcome="offered")) == 56
        assert await every_call(client, since=late) == await every_call(client, until=early) == []
        for asked in ({"at": early}, {"date": "0001-01-01"}, {"date": "9999-12-31"}):
            page = "board" if "at" in asked else "board/day"
            assert (await client.get(f"/api/v1/{page}", params=asked)).status == 200
        told = await problem(await client.get("/api/v1/board", params={"at": late}), 409)
        assert (told["code"], told["message"][:23]) == ("conflict", "Ese momento no ha llega")

    browse(full, scenario)


def test_what_is_not_there_is_told_in_json(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        assert (await problem(await client.get("/api/v1/nothing"), 404))["code"] == "not_found"
        assert (await problem(await client.delete("/api/v1/calls"), 405))["code"] == "method_not_allowed"
        response = await client.post("/api/v1/people", data="x=1", headers={"Content-Type": "text/plain"})
        assert (await problem(response, 403))["code"] == "forbidden"

    browse(full, scenario)


def test_people_are_invited_changed_and_disabled(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        admin = await office.signed_in(Role.ADMINISTRATOR)
        new = {"login": "ana", "name": "Ana Ruiz", "role": "adviser", "agent": "Ana Ruiz"}
        invitation = await answer(await admin.post("/api/v1/people", json=new))
        assert invitation["link"].startswith(f"{office.address}/invitacion/")
        assert (await (await office.visitor()).get(invitation["link"].removeprefix(office.address))).status == 200
        ana = invitation["person"]
        assert (ana["login"], ana["may_sign_in"], ana["role"]) == ("ana", False, "adviser")
        assert ana in (await answer(await admin.get("/api/v1/people")))["people"]
        address = f"/api/v1/people/{ana['id']}"
        told = await problem(await admin.post("/api/v1/people", json=new), 409)
        assert "ya hay una cuenta" in told["message"].lower()
        changed = await answer(await admin.put(address, json={"role": "auditor"}))
        assert (changed["person"]["role"], changed["invitation"]) == ("auditor", None)
        changed = await answer(await admin.put(address, json={"role": "administrator"}))
        assert changed["invitation"]["link"] != invitation["link"]
        again = await answer(await admin.post(f"{address}/invitation"))
        assert again["link"] != changed["invitation"]["link"]
        assert (await answer(await admin.post(f"{address}/disable")))["disabled_at"]
        assert (await answer(await admin.get(address)))["disabled_at"]
        own = f"/api/v1/people/{office.person(Role.ADMINISTRATOR).id}"
        told = await problem(await admin.post(f"{own}/disable"), 409)
        assert "cuenta propia" in told["message"]
        assert (await problem(await admin.get("/api/v1/people/999999"), 404))["code"] == "not_found"
        assert [action for _, action, _ in reversed(logged(office))] == [
            "person_invited",
            "person_changed",
            "person_changed",
            "person_reset",
            "person_reset",
            "person_disabled",
        ]
        bodies: tuple[dict[str, Any], ...] = (
            {"role": "wall"},
            {"role": "auditor", "more": 1},
            {},
            {"role": "auditor", "agent": "a" * 81},
        )
        for body in bodies:
            assert (await problem(await admin.put(address, json=body), 400))["where"].startswith("body.")
        assert (await problem(await admin.put(address, json=[1]), 400))["where"] == "body"
        assert (await problem(await admin.put(address, data="{"), 415))["code"] == "unsupported_media_type"
        supervisor = await office.signed_in(Role.SUPERVISOR)
        assert (await problem(await supervisor.get("/api/v1/people"), 403))["code"] == "forbidden"

    run_office(full, scenario)


def test_keys_are_made_used_and_taken_back(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        admin = await office.signed_in(Role.ADMINISTRATOR)
        wall = await answer(await admin.post("/api/v1/keys", json={"kind": "wall", "label": "Sala", "days": 1}))
        assert wall["address"] == f"{office.address}/pared/{wall['secret']}"
        made = await answer(await admin.post("/api/v1/keys", json={"kind": "integration", "label": "Informes"}))
        assert made["address"] == ""
        program = await office.visitor(Authorization=f"Bearer {made['secret']}")
        assert (await answer(await program.get("/api/v1/session")))["who"] == "Informes"
        listed = (await answer(await admin.get("/api/v1/keys")))["keys"]
        assert [key["label"] for key in listed] == ["Informes", "Sala"]
        assert made["secret"] not in json.dumps(listed)
        assert listed[0]["used_at"]
        revoked = await answer(await admin.post(f"/api/v1/keys/{listed[0]['id']}/revoke"))
        assert revoked["revoked_at"]
        assert (await problem(await program.get("/api/v1/session"), 401))["code"] == "not_signed_in"
        assert (await problem(await admin.post(f"/api/v1/keys/{listed[0]['id']}/revoke"), 404))["code"] == "not_found"
        assert (await problem(await admin.post("/api/v1/keys", json={"kind": "adviser", "label": "x"}), 400))["where"]

    run_office(full, scenario)


def test_access_log_is_read_newest_first_by_who_may(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        auditor, admin = await office.signed_in(Role.AUDITOR), await office.signed_in(Role.ADMINISTRATOR)
        for call in range(5):
            await answer(await auditor.get(f"/api/v1/calls/{uid(call)}"))
        page = await answer(await admin.get("/api/v1/accesses?action=call_read&size=3"))
        assert [line["what"] for line in page["lines"]] == [uid(4), uid(3), uid(2)]
        rest = await answer(await admin.get(f"/api/v1/accesses?who=auditor&before={page['next']}"))
        assert [line["what"] for line in rest["lines"]] == [uid(1), uid(0)]
        now = datetime.fromisoformat(rest["lines"][0]["at"])
        later = {"since": (now + timedelta(minutes=1)).isoformat()}
        assert (await answer(await admin.get("/api/v1/accesses", params=later)))["lines"] == []
        assert (await problem(await auditor.get("/api/v1/accesses"), 403))["code"] == "forbidden"

    run_office(full, scenario)


def test_a_page_elsewhere_cannot_use_the_session_of_who_opens_it(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://malo.example"}, {"Origin": ""}):
            response = await auditor.post(f"/api/v1/calls/{uid(0)}/reveal", headers=headers)
            assert (await problem(response, 403))["code"] == "forbidden"
        assert logged(office) == []

    run_office(full, scenario)


def test_many_ask_at_once(full: Engine) -> None:
    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        told = await asyncio.gather(*(every_call(auditor, outcome="answered") for _ in range(20)))
        assert all(one == told[0] for one in told)

    run_office(full, scenario)
