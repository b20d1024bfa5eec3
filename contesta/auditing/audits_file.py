"""Audits from a file, as `docs/auditorias.schema.json` describes it.

One audit that cannot be counted refuses the whole file: figures over what is left would look whole and not be. All that
is wrong is told at once, each with its audit and key.
"""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from contesta.web.validation import words
from core import document
from core.errors import ConfigurationError
from quality.matrix import audit as audits
from quality.matrix.audit import Audit, Finding, Mark, Mode
from quality.matrix.matrix import Channel, ContactKind, Matrix, Setting

MOST_TOLD = 20
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SUBITEM = r"^[0-9]{1,2}(\.[0-9]{1,2}){1,2}$"
_LONGEST_NOTE = 2000
_WAYS = ("str-enum", "WrittenFinding")  # what pydantic calls the two ways in which a mark may be written

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _written(day: object) -> object:
    """Refuse what only happens to be a day: a number would be so many seconds since 1970."""
    if not isinstance(day, str):
        raise PydanticCustomError("date_type", "Input should be a valid date")
    return day


Day = Annotated[date, BeforeValidator(_written)]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class WrittenFinding(_Written):
    """The mark of a sub-item with its evidence."""

    mark: Mark
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, strict=True)] | None = None
    """Second of the recording that shows it."""
    note: Annotated[str, StringConstraints(max_length=_LONGEST_NOTE)] = ""


class WrittenMatrix(_Written):
    """The version of the matrix that the audit was made by."""

    id: Name
    version: StrictInt


class WrittenAudit(_Written):
    """One audit of one contact."""

    id: Name
    """Its name, which no other audit of the file has."""
    agent: Name
    """Who attended."""
    auditor: Name
    """Who audited."""
    date: Day
    """Local day of the contact."""
    call: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    """What names the contact; two audits of the same `call` and `agent` are a double audit."""
    line: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    channel: Channel = Channel.VOICE
    kind: ContactKind = ContactKind.INBOUND
    mode: Mode = Mode.RECORDED
    blind: StrictBool = False
    """A second audit made without seeing the first: it measures agreement and enters no other figure."""
    matrix: WrittenMatrix | None = None
    """If given, it must be the matrix that the file is counted with."""
    marks: dict[Annotated[str, StringConstraints(pattern=_SUBITEM)], Mark | WrittenFinding] = Field(
        json_schema_extra={"additionalProperties": False}
    )
    """Every sub-item that applies, by its number: a mark, or a mark with its evidence."""


class WrittenAudits(_Written):
    """Audits for `contesta quality score`."""

    audits: list[WrittenAudit]


def schema() -> dict[str, Any]:
    """Describe the file (JSON Schema)."""
    return {"$schema": DRAFT} | WrittenAudits.model_json_schema()


def load(path: Path, matrix: Matrix) -> tuple[Audit, ...]:
    """Read the audits of a file, made by a matrix.

    Raises:
        ConfigurationError: the file cannot be read, or an audit of it cannot be counted; names audit, key and mend.
    """
    return parse(document.text_of(path), path.name, matrix)


def parse(source: str, file: str, matrix: Matrix) -> tuple[Audit, ...]:
    """Read audits from a text; `file` is its name in messages.

    Raises:
        ConfigurationError: as `load`.
    """
    try:
        root = json.loads(source, object_pairs_hook=_once, parse_constant=_no_number)
    except _RepeatedError as repeated:
        raise ConfigurationError(f"{file}: la clave «{repeated}» está repetida; deje una sola") from repeated
    except (ValueError, RecursionError) as broken:
        raise ConfigurationError(f"{file}: no es JSON: {broken}") from broken
    if not isinstance(root, dict) or not isinstance(written := root.get("audits"), list):
        raise ConfigurationError(f'{file}: se espera un objeto con la lista «audits»: {{"audits": […]}}')
    faults = [f"clave «{key}»: no se conoce; quítela" for key in root if key != "audits"]
    found: list[Audit] = []
    places: dict[str, int] = {}
    for place, one in enumerate(written, start=1):
        name = _name(one, place)
        try:
            told = WrittenAudit.model_validate(one)
        except ValidationError as error:
            faults += [f"{name}, {said}" for said in _said(error)]
            continue
        if told.id in places:
            faults.append(f"{name}, clave «id»: ya es de la auditoría número {places[told.id]}; dé otro")
        places.setdefault(told.id, place)
        audit = _audit(told, matrix)
        found.append(audit)
        faults += [f"{name}, {said}" for said in _faults(told, audit)]
    if faults:
        more = [f"y {len(faults) - MOST_TOLD} más"] if len(faults) > MOST_TOLD else []
        heading = f"{file}: no se contó ninguna auditoría; corrija:"
        raise ConfigurationError("\n  ".join([heading, *faults[:MOST_TOLD], *more]))
    return tuple(found)


class _RepeatedError(ValueError):
    """A key stands twice in one object."""


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in members:
        if key in found:
            raise _RepeatedError(key)
        found[key] = value
    return found


def _no_number(said: str) -> float:
    raise ValueError(f"{said} no es un número")


def _name(one: object, place: int) -> str:
    told = one.get("id") if isinstance(one, dict) else None
    return f"auditoría {place}" + (f" («{told[:60]}»)" if isinstance(told, str) else "")


def _said(error: ValidationError) -> Iterator[str]:
    """Say each fault once: a mark may be written in two ways, and what is wrong is refused in both."""
    for fault in error.errors(include_url=False):
        as_mark, as_finding = (any(str(part).startswith(way) for part in fault["loc"]) for way in _WAYS)
        written_as_mark = isinstance(fault["input"], str)
        if (as_mark and not written_as_mark) or (as_finding and fault["type"] == "model_type" and written_as_mark):
            continue
        key = ".".join(str(part) for part in fault["loc"] if part != "[key]" and not str(part).startswith(_WAYS))
        yield f"clave «{key[:60] or '(toda)'}»: {words(fault['type'], fault.get('ctx', {}))}"


def _faults(told: WrittenAudit, audit: Audit) -> Iterator[str]:
    matrix = audit.matrix
    if told.matrix and (told.matrix.id, told.matrix.version) != (matrix.id, matrix.version):
        yield (
            f"clave «matrix»: se hizo con {told.matrix.id}, versión {told.matrix.version}, y aquí se cuenta con "
            f"{matrix.name}; use aquella con --matrix"
        )
        return
    for fault in audits.faults(audit):
        yield f"clave «marks.{fault.subitem}»: {fault.mend}" if fault.subitem else fault.mend


def _audit(told: WrittenAudit, matrix: Matrix) -> Audit:
    return Audit(
        id=told.id,
        matrix=matrix,
        setting=Setting(line=told.line, channel=told.channel, kind=told.kind),
        call=told.call or told.id,
        agent=told.agent,
        auditor=told.auditor,
        day=told.date,
        findings={
            number: Finding(mark=found)
            if isinstance(found, Mark)
            else Finding(mark=found.mark, seconds=found.seconds, note=found.note)
            for number, found in told.marks.items()
        },
        mode=told.mode,
        blind=told.blind,
    )
