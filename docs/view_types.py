"""Writes the types of what the scripts are sent, from the models they are sent from. A test fails when old."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from contesta.auditing.view import Delivered, Desk, DeskWanted, Evidence, Kept, Lanes
from contesta.board.view import Board, DayChart, End, Heartbeat, WallBoard, Why
from contesta.learning.view import AnswerKept
from contesta.web.desk_models import Agenda, ContactTold, DeskNow, Done
from contesta.web.listening_models import Listened, ListeningNow

TYPES = Path(__file__).parents[1] / "contesta" / "web" / "static" / "js" / "view.d.ts"
SENT: tuple[type[BaseModel], ...] = (
    *(Board, WallBoard, DayChart, Why, Heartbeat, End),
    *(Desk, DeskWanted, Lanes, Evidence, Kept, Delivered),
    *(DeskNow, ContactTold, Agenda, Done),
    *(ListeningNow, Listened),
    AnswerKept,
)
LONGEST_LINE = 120
NOTICE = (
    "// Written by «make docs» from contesta/board/view.py, contesta/auditing/view.py, contesta/learning/view.py,\n"
    "// contesta/web/desk_models.py and contesta/web/listening_models.py.\n"
)
_PLAIN = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}


def view_types() -> str:
    """Give the declarations of every model that is sent, and of what they hold."""
    _, schema = models_json_schema([(model, "serialization") for model in SENT], ref_template="{model}")
    return NOTICE + "".join(_declared(name, of) for name, of in sorted(schema["$defs"].items()))


def _declared(name: str, schema: Mapping[str, Any]) -> str:
    if schema["type"] != "object":
        written = f"export type {name} = {_type(schema)};"
        if len(written) > LONGEST_LINE:
            written = "\n  | ".join([f"export type {name} =", *_type(schema).split(" | ")]) + ";"
        return f"\n{written}\n"
    return f"\nexport interface {name} {{\n{''.join(_fields(schema['properties']))}}}\n"


def _fields(properties: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in properties.items():
        yield f"  {name}: {_type(schema)};\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if schema["type"] == "array":
        return f"{_type(schema['items'])}[]"
    return _PLAIN[schema["type"]]


if __name__ == "__main__":
    TYPES.write_text(view_types(), encoding="utf-8")
    print(TYPES.relative_to(Path.cwd()))  # noqa: T201  a script that prints what it wrote
