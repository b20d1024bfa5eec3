"""/metrics for Prometheus: the line, the ledger, the bus and the pages, as this process knows them.

Each family stands once, in FAMILIES, with what it means; docs/metricas.md is written from there. What is asked of the
database is asked in a thread, and left out while it does not answer.
"""

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import chain
from pathlib import Path

from aiohttp import hdrs, web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import InterfaceError, OperationalError

from contesta.listener import LOG_NAME
from contesta.web.access import Permission
from contesta.web.board import HUB
from contesta.web.bus import BRIDGE, BUS, OUTBOX
from contesta.web.context import CLOCK, ENGINE, LEDGER, SETTINGS
from contesta.web.health import READERS
from contesta.web.routes import SIGN_IN, Handler, Route
from contesta.web.streams import STREAMS
from quality.metrics.visits import Outcome
from telephony.queue_log.tailer import Position


class Kind(StrEnum):
    """What Prometheus may do with a family."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Figures of one name, told apart by labels. `meaning` is in Spanish, for whoever looks after the line."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()


def _gauge(name: str, meaning: str, *labels: str) -> Family:
    return Family(name=name, kind=Kind.GAUGE, meaning=meaning, labels=labels)


def _counter(name: str, meaning: str, *labels: str) -> Family:
    return Family(name=name, kind=Kind.COUNTER, meaning=meaning, labels=labels)


FAMILIES = (
    _gauge("contesta_queue_visits_today", "Visitas de hoy a cada cola, por resultado", "queue", "outcome"),
    _gauge("contesta_queue_waiting_callers", "Personas que esperan ahora", "queue"),
    _gauge("contesta_queue_longest_wait_seconds", "Lo que lleva quien más espera; 0 si nadie espera", "queue"),
    _gauge("contesta_advisers", "Asesores en cada estado", "state"),
    _gauge("contesta_open_calls", "Llamadas en curso"),
    _gauge("contesta_ami_connected", "1 si la central cuenta qué pasa; 0 si no"),
    _gauge("contesta_board_silence_seconds", "Tiempo desde que el tablero miró la línea por última vez"),
    _counter(
        "contesta_engine_late_events_total", "Hechos que llegaron tarde para las cifras en vivo; el libro los tiene"
    ),
    _gauge("contesta_log_damaged_lines", "Líneas de queue_log que no se pudieron leer desde el inicio"),
    _gauge("contesta_log_backlog_bytes", "Lo escrito en queue_log que el libro aún no tiene"),
    _gauge("contesta_ledger_read_seconds", "Lo que tardó ahora una lectura del libro"),
    _counter("contesta_bus_messages_published_total", "Mensajes publicados dentro del programa"),
    _gauge("contesta_mqtt_connected", "1 si hay conexión con el servidor MQTT; 0 si no"),
    _counter("contesta_mqtt_connections_total", "Veces que se conectó al servidor MQTT"),
    _counter("contesta_mqtt_messages_published_total", "Mensajes entregados al servidor MQTT"),
    _counter("contesta_mqtt_messages_dropped_total", "Mensajes perdidos por no caber en la espera hacia MQTT"),
    _gauge("contesta_mqtt_backlog_events", "Hechos de llamadas que el servidor MQTT aún no ha recibido"),
    _counter("contesta_mqtt_skipped_events_total", "Hechos omitidos en MQTT por exceso; se avisó y el libro los tiene"),
    _gauge("contesta_streams_open", "Tableros abiertos que reciben cambios"),
    _counter("contesta_http_requests_total", "Solicitudes respondidas", "method", "route", "status"),
    Family(
        name="contesta_http_request_duration_seconds",
        kind=Kind.HISTOGRAM,
        meaning="Tiempo hasta que empieza la respuesta",
        labels=("route",),
    ),
    _counter("contesta_sign_in_failures_total", "Ingresos rechazados, por motivo", "reason"),
)
"""All families of our own. Beside them stand those of the process itself, `process_…`."""

Sample = tuple[str, tuple[str, ...], float]
"""Name of the family, labels, value."""

_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIGN_IN_FAULTS = {
    web.HTTPForbidden.status_code: "refused",
    web.HTTPTooManyRequests.status_code: "too_many",
}
_STARTED = web.RequestKey("started", float)


class Metrics(Collector):
    """All that is told of an application: requests as they are counted, the rest as it is when asked."""

    def __init__(self, app: web.Application) -> None:
        self.database_answers = True
        self.registry = CollectorRegistry()
        families = {family.name: (family.name, family.meaning, family.labels) for family in FAMILIES}
        self.requests = Counter(*families["contesta_http_requests_total"], registry=self.registry)
        self.request_seconds = Histogram(
            *families["contesta_http_request_duration_seconds"], registry=self.registry, buckets=_BUCKETS_SECONDS
        )
        self.sign_in_failures = Counter(*families["contesta_sign_in_failures_total"], registry=self.registry)
        for reason in _SIGN_IN_FAULTS.values():
            self.sign_in_failures.labels(reason)
        self._app = app
        ProcessCollector(registry=self.registry)
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Look up what is not counted as it happens. It blocks."""
        found: defaultdict[str, list[Sample]] = defaultdict(list)
        for sample in chain(_of_line(self._app), _of_bus(self._app), self._of_database()):
            found[sample[0]].append(sample)
        for family in FAMILIES:
            if samples := found.get(family.name):
                of_kind = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
                told = of_kind(family.name, family.meaning, labels=family.labels)
                for _, labels, value in samples:
                    told.add_metric(labels, value)
                yield told

    def _of_database(self) -> Iterator[Sample]:
        if self.database_answers:
            with contextlib.suppress(OperationalError, InterfaceError):
                yield from _of_ledger(self._app)


METRICS = web.AppKey("metrics", Metrics)


def _of_line(app: web.Application) -> Iterator[Sample]:
    hub, now = app[HUB], app[CLOCK]()
    snapshot = hub.moment.snapshot
    for name, queue in snapshot.queues.items():
        for outcome in Outcome:
            yield "contesta_queue_visits_today", (name, outcome), getattr(queue.today, outcome)
        yield "contesta_queue_waiting_callers", (name,), len(queue.waiting)
        longest = max((now - caller.entered_at for caller in queue.waiting), default=timedelta())
        yield "contesta_queue_longest_wait_seconds", (name,), longest.total_seconds()
    for state, count in snapshot.agents_by_state.items():
        yield "contesta_advisers", (state,), count
    yield "contesta_open_calls", (), snapshot.open_calls
    yield "contesta_ami_connected", (), hub.feed.connected.is_set()
    yield "contesta_board_silence_seconds", (), hub.silence_seconds
    yield "contesta_engine_late_events_total", (), snapshot.late
    yield "contesta_log_damaged_lines", (), hub.feed.damaged_lines
    yield "contesta_streams_open", (), app[STREAMS].count


def _of_bus(app: web.Application) -> Iterator[Sample]:
    yield "contesta_bus_messages_published_total", (), app[BUS].published
    if BRIDGE in app:
        bridge = app[BRIDGE]
        yield "contesta_mqtt_connected", (), bridge.connected
        yield "contesta_mqtt_connections_total", (), bridge.connections
        yield "contesta_mqtt_messages_published_total", (), bridge.published
        yield "contesta_mqtt_messages_dropped_total", (), bridge.dropped
        yield "contesta_mqtt_skipped_events_total", (), app[OUTBOX].skipped


def _of_ledger(app: web.Application) -> Iterator[Sample]:
    began = time.perf_counter()
    reached = app[LEDGER].position(LOG_NAME)
    yield "contesta_ledger_read_seconds", (), time.perf_counter() - began
    position = None if reached is None else Position(**json.loads(reached.position))
    yield "contesta_log_backlog_bytes", (), _unread_bytes(app[SETTINGS].queue_log, position)
    if OUTBOX in app:
        yield "contesta_mqtt_backlog_events", (), app[OUTBOX].backlog()


def _unread_bytes(log: Path, position: Position | None) -> int:
    """Tell how much of the log that is being written was not read from `position` on."""
    try:
        status = log.stat()
    except FileNotFoundError:
        return 0
    taken = position.offset if position is not None and position.inode == status.st_ino else 0
    return max(0, status.st_size - taken)


@web.middleware
async def note_the_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note when the answering of a request began."""
    request[_STARTED] = time.perf_counter()
    return await handler(request)


async def count(request: web.Request, response: web.StreamResponse) -> None:
    """Count an answer that is about to begin."""
    metrics = request.app[METRICS]
    resource = request.match_info.route.resource
    route = "" if resource is None else resource.canonical
    method = request.method if request.method in hdrs.METH_ALL else ""
    metrics.requests.labels(method, route, response.status).inc()
    if _STARTED in request:
        metrics.request_seconds.labels(route).observe(time.perf_counter() - request[_STARTED])
    if route == SIGN_IN and method == hdrs.METH_POST and response.status in _SIGN_IN_FAULTS:
        metrics.sign_in_failures.labels(_SIGN_IN_FAULTS[response.status]).inc()


async def tell(request: web.Request) -> web.StreamResponse:
    """Tell all figures of this process."""
    app = request.app
    metrics = app[METRICS]
    metrics.database_answers = not await app[READERS].database_fault(app[ENGINE], app[CLOCK]())
    told = await asyncio.to_thread(generate_latest, metrics.registry)
    return web.Response(body=told, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_PLAIN_0_0_4})


def prepare(app: web.Application) -> None:
    """Begin to count."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # when each began is of no use
    app[METRICS] = Metrics(app)
    app.middlewares.insert(0, note_the_time)
    app.on_response_prepare.append(count)


ROUTES = (Route(method="GET", path="/metrics", handler=tell, permission=Permission.READ_METRICS),)
