"""The ledger held against the one that queue_log alone makes.

Rings and time on hold are left out: queue_log does not tell them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from contesta.format import UNKNOWN
from core.events import Event, Recorded, SystemRestarted
from quality.metrics.history import CallHistory, Visit, build
from storage.channels import resolve
from storage.ledger import Ledger, is_call
from storage.listing import Recording, StoredCall
from telephony.queue_log.reader import Reader

_OF_CALL = ("line", "number", "started_at", "ended_at", "ended_by", "cause", "lost")
_ONLY_LIVE = {"rings", "hold_ms"}
_EXISTS = "está"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact of one call on which ledger and log do not agree, as each has it."""

    call_id: str
    fact: str
    ledger: str
    log: str


def differences(ledger: Ledger, queue_log_files: Iterable[Path]) -> list[Difference]:
    """Compare every call since the first one that the files tell of. An empty list: they are equal.

    Raises:
        OSError: a file cannot be read.
    """
    by_log = {call.call_id: call for call in _calls(Reader(queue_log_files))}
    since = min((call.started_at for call in by_log.values()), default=None)
    stored = {call.call_id: call for call in ledger.every_call() if since is not None and call.started_at >= since}
    return [
        Difference(call_id=call_id, fact=fact, ledger=ours.get(fact, UNKNOWN), log=theirs.get(fact, UNKNOWN))
        for call_id in sorted(by_log.keys() | stored.keys())
        for ours, theirs in ((_facts(stored.get(call_id)), _facts(by_log.get(call_id))),)
        for fact in sorted(ours.keys() | theirs.keys())
        if ours.get(fact) != theirs.get(fact) and (fact == _EXISTS or (ours and theirs))
    ]


def _calls(events: Iterable[Event]) -> list[CallHistory]:
    told = tuple(events)
    of_calls = [event for event in told if event.channel_id]
    calls = resolve({}, ((event.channel_id, event.call_id) for event in of_calls)).calls
    by_call = defaultdict(list)
    for event in of_calls:
        by_call[calls[event.channel_id]].append(event)
    restarts = [event.at for event in told if isinstance(event, SystemRestarted)]
    return [build(of_call, restarts) for of_call in by_call.values() if is_call(of_call)]


def _facts(call: CallHistory | StoredCall | None) -> dict[str, str]:
    """Lay a call out in single facts; none if there is no call."""
    if call is None:
        return {}
    facts = {_EXISTS: "sí"} | {name: str(getattr(call, name)) for name in _OF_CALL}
    for visit in call.visits:
        facts |= _of_visit(visit)
    answers = call.survey if isinstance(call, StoredCall) else [(said.question, said.answer) for said in call.survey]
    facts |= {f"survey {place} {question}": str(answer) for place, (question, answer) in enumerate(answers)}
    recordings: Sequence[Recorded | Recording] = call.recordings
    return facts | {f"recording {place} {one.agent}": one.file for place, one in enumerate(recordings)}


def _of_visit(visit: Visit) -> dict[str, str]:
    name = f"{visit.queue} {visit.ordinal}"
    facts = _fields(name, visit)
    del facts[f"{name} legs"]
    for place, leg in enumerate(visit.legs):
        facts |= _fields(f"{name} {place} {leg.agent}", leg)
    return facts


def _fields(name: str, thing: Any) -> dict[str, str]:  # noqa: ANN401 - any dataclass
    return {
        f"{name} {field.name}": str(getattr(thing, field.name))
        for field in fields(thing)
        if field.name not in _ONLY_LIVE
    }
