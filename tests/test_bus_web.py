"""What the web process tells of itself: /metrics, /healthz, /readyz, /api/v1/events, with a broker and without."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

from contesta.settings import Settings, is_loopback, load
from contesta.web.access import Role
from contesta.web.bus import BRIDGE, broker
from contesta.web.metrics import FAMILIES
from core.errors import ConfigurationError
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.mosquitto import SHIPPED, Mosquitto
from tests.stories import events_of, lines, log_of, number_of
from tests.web import Client, Office, open_office

ROOT = Path(__file__).parent.parent
OF_A_BROKER = {family.name for family in FAMILIES if "_mqtt_" in family.name}
OF_QUEUES = {family.name for family in FAMILIES if "queue" in family.labels}


@pytest.fixture
def web_engine(sqlite_url: str) -> Engine:
    engine = connect(sqlite_url)
    upgrade(engine)
    return engine


def run(engine: Engine, scenario: Callable[[Office], Awaitable[None]], **settings: Any) -> None:  # noqa: ANN401  each its own type
    async def scene() -> None:
        async with open_office(engine, **settings) as office:
            await scenario(office)

    asyncio.run(scene())


async def told(client: Client) -> dict[tuple[str, ...], float]:
    """Read /metrics: name and labels' values to value."""
    answer = await client.get("/metrics")
    assert answer.status == 200
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(await answer.text())
        for sample in family.samples
    }


def names(samples: dict[tuple[str, ...], float]) -> set[str]:
    bare = {re.sub("_(bucket|count|sum)$", "", name) for name, *_ in samples}
    return {name for name in bare if name.startswith("contesta_")}


def test_every_family_of_the_list_is_told_and_no_other(web_engine: Engine, mosquitto: Mosquitto) -> None:
    async def scenario(office: Office) -> None:
        client = await office.with_key()
        await client.get("/healthz")
        async with asyncio.timeout(30):
            while not office.app[BRIDGE].connected:  # noqa: ASYNC110  the broker is not ours
                await asyncio.sleep(0.02)
        samples = await told(client)
        assert names(samples) == {family.name for family in FAMILIES} - OF_QUEUES
        assert samples["contesta_mqtt_connected",] == 1
        assert samples["contesta_ami_connected",] == 0

    ours = mosquitto.broker()
    run(
        web_engine,
        scenario,
        mqtt_host=ours.host,
        mqtt_port=ours.port,
        mqtt_user=ours.user,
        mqtt_password=ours.password,
    )


def test_requests_are_counted_by_route_whatever_is_asked(web_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        client, stranger = await office.with_key(), await office.visitor()
        for address in ("/healthz", "/healthz", "/no/such/page", "/otra?x=1", "/llamadas/%F0%9F%98%80"):
            await stranger.get(address, allow_redirects=False)
        await stranger.delete("/healthz")
        samples = await told(client)
        assert samples["contesta_http_requests_total", "GET", "/healthz", "200"] == 2
        assert samples["contesta_http_requests_total", "GET", "", "404"] == 2
        assert samples["contesta_http_requests_total", "DELETE", "", "405"] == 1
        assert not any("such" in part for name in samples for part in name)
        assert samples["contesta_http_request_duration_seconds_count", "/healthz"] == 2

    run(web_engine, scenario)


def test_failed_sign_ins_are_counted(web_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        client, stranger = await office.with_key(), await office.visitor()
        for _ in range(7):
            await stranger.post("/ingreso", data={"login": "nadie", "password": "adivinada"})
        samples = await told(client)
        refused, too_many = (samples["contesta_sign_in_failures_total", reason] for reason in ("refused", "too_many"))
        assert refused > 0 < too_many
        assert refused + too_many == 7

    run(web_engine, scenario)


def test_without_a_broker_nothing_is_told_of_one_and_the_board_is_there(web_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        assert BRIDGE not in office.app
        client = await office.with_key()
        await client.get("/healthz")
        samples = await told(client)
        assert names(samples) == {family.name for family in FAMILIES} - OF_QUEUES - OF_A_BROKER
        assert samples["contesta_bus_messages_published_total",] > 0
        supervisor = await office.signed_in(Role.SUPERVISOR)
        assert (await supervisor.get("/api/v1/board")).status == 200

    run(web_engine, scenario)


def test_the_application_lives_without_its_database_and_says_that_it_is_not_ready(web_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        client, stranger = await office.with_key(), await office.visitor()
        assert "contesta_ledger_read_seconds" in names(await told(client))
        with web_engine.begin() as connection:
            connection.execute(text("DROP TABLE log_position"))
        office.clock.offset += timedelta(seconds=2)
        answer = await stranger.get("/readyz")
        assert answer.status == 503
        assert "no se puede leer la base de datos" in (await answer.json())["reasons"]
        assert (await stranger.get("/healthz")).status == 200
        assert "contesta_ledger_read_seconds" not in names(await told(client))

    run(web_engine, scenario)


def test_missed_events_are_given_in_pages_as_the_bus_tells_them(web_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        ledger = Ledger(web_engine)
        ledger.apply(events_of(log_of(range(30))))
        client = await office.with_key()
        known: list[dict[str, Any]] = []
        while True:
            answer = await client.get(
                "/api/v1/events", params={"after": known[-1]["sequence"] if known else 0, "limit": 50}
            )
            assert answer.status == 200
            page = (await answer.json())["events"]
            if not page:
                break
            known += page
        assert all(after["previous"] == before["sequence"] for before, after in pairwise(known))
        assert len(known) == sum(len(lines(call)) for call in range(30))
        assert {event["kind"] for event in known} > {"call_started", "connected", "call_ended"}
        assert not any(number_of(call).removeprefix("+57") in json.dumps(known) for call in range(30))
        assert "Ana" not in json.dumps(known)

    run(web_engine, scenario)


@pytest.mark.parametrize(
    "asked",
    ["", "after=-1", "after=x", "after=99999999999999999999", "after=0&limit=0", "after=0&limit=1001", "after=0&x=1"],
)
def test_what_makes_no_sense_is_said(web_engine: Engine, asked: str) -> None:
    async def scenario(office: Office) -> None:
        answer = await (await office.with_key()).get(f"/api/v1/events?{asked}")
        assert answer.status == 400
        assert (await answer.json())["error"]["where"].startswith("query.")

    run(web_engine, scenario)


@pytest.mark.parametrize("host", ["mqtt.entidad.gov.co", "10.0.0.7", "2001:db8::7", "localhost.entidad.gov.co"])
def test_nobody_is_anonymous_beyond_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTESTA_MQTT_HOST", host)
    with pytest.raises(ConfigurationError, match="CONTESTA_MQTT_USER"):
        load()
    monkeypatch.setenv("CONTESTA_MQTT_USER", "contesta")
    with pytest.raises(ConfigurationError, match="CONTESTA_MQTT_PASSWORD"):
        load()
    monkeypatch.setenv("CONTESTA_MQTT_PASSWORD", "secreta")
    assert load().mqtt_host == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_on_this_machine_a_broker_may_know_nobody(host: str) -> None:
    assert is_loopback(host)
    assert broker(Settings(mqtt_host=host)).user == ""


def test_the_password_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clave"
    file.write_text("secreta\n")
    settings = Settings(mqtt_host="mqtt.entidad.gov.co", mqtt_user="contesta", mqtt_password_file=str(file))
    assert broker(settings).password == "secreta"
    assert "secreta" not in repr(broker(settings))
    file.unlink()
    with pytest.raises(ConfigurationError, match="CONTESTA_MQTT_PASSWORD_FILE"):
        broker(settings)
    monkeypatch.setenv("CONTESTA_MQTT_PASSWORD", "otra")
    monkeypatch.setenv("CONTESTA_MQTT_PASSWORD_FILE", str(file))
    with pytest.raises(ConfigurationError, match="deje solo"):
        load()


@pytest.mark.parametrize(
    "text", [None, "no es un certificado", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "autoridad.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"autoridad\.pem.*CONTESTA_MQTT_CA_FILE"):
        broker(Settings(mqtt_host="localhost", mqtt_tls=True, mqtt_ca_file=str(file)))


def test_the_containers_are_told_of_their_broker_by_settings_that_exist() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    told = {name: value for name, value in services["application"]["environment"].items() if "MQTT" in name}
    assert {name.removeprefix("CONTESTA_").lower() for name in told} <= Settings.model_fields.keys()
    assert told["CONTESTA_MQTT_HOST"] in services
    rights = (SHIPPED / "mosquitto.acl").read_text(encoding="utf-8")
    assert f"user {told['CONTESTA_MQTT_USER']}\ntopic write contesta/#\n" in rights
    mounted = {volume.partition(":")[0] for volume in services["mosquitto"]["volumes"]}
    assert {f"./contesta/bus/{file}" for file in ("mosquitto.conf", "mosquitto.acl")} <= mounted
