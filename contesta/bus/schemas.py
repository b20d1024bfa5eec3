"""What is told under which topic, as JSON schemas: for docs/bus/, and for whoever wants to check what comes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from contesta.bus.call_events import AnyCallEvent, Gap
from contesta.bus.topics import ROOT, STATUS, Alert, LineState, QueueState, Status

DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is told under the topics of one filter."""

    filter: str
    payload: Any
    qos: int
    retained: bool


SUBJECTS: Mapping[str, Subject] = {
    "status": Subject(filter=STATUS, payload=Status, qos=1, retained=True),
    "board": Subject(filter=f"{ROOT}/+/board", payload=LineState, qos=0, retained=True),
    "queue": Subject(filter=f"{ROOT}/+/queues/+", payload=QueueState, qos=0, retained=True),
    "alert": Subject(filter=f"{ROOT}/+/alerts/+", payload=Alert, qos=1, retained=True),
    "call": Subject(
        filter=f"{ROOT}/+/calls/+",
        payload=Annotated[AnyCallEvent | Gap, Field(discriminator="kind")],
        qos=1,
        retained=False,
    ),
}
"""By the name of its file."""


def schema(subject: Subject) -> dict[str, Any]:
    """Describe the payloads of a subject."""
    own = TypeAdapter(subject.payload).json_schema(mode="serialization")
    kept = "retained" if subject.retained else "not retained"
    return {"$schema": DRAFT, "$comment": f"Topics {subject.filter}, QoS {subject.qos}, {kept}."} | own


def pages() -> dict[str, str]:
    """Write all schemas: name of the file to text."""
    return {
        f"{name}.json": json.dumps(schema(subject), ensure_ascii=False, indent=2) + "\n"
        for name, subject in SUBJECTS.items()
    }
