"""The ledger held against the one that queue_log alone makes.

Rings and time on hold are left out: queue_log does not tell them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from contesta.format import UNKNOWN
from core.events import Event, Recorded, SystemRestarted
from quality.metrics.history import CallHistory, Visit, build
from storage.call_filter import CallFilter
from storage.channels import resolve
from storage.ledger import Ledger, is_call
from storage.listing import Recording, StoredCall
from telephony.queue_log.reader import Reader

LONGEST_CALL = timedelta(hours=6)  # the dialplan ends the wait and the conversation after four

_OF_CALL = ("line", "number", "started_at", "ended_at", "ended_by", "cause", "lost")
_ONLY_LIVE = {"rings", "hold_ms"}
_EXISTS = "está"
_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact of one call on which ledger and log do not agree, as each has it."""

    call_id: str
    fact: str
    ledger: str
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What does not agree, and what the log has to say about it: the facts of those calls, and the restarts."""

    differences: tuple[Difference, ...]
    told: Mapping[str, tuple[Event, ...]]
    restarts: tuple[SystemRestarted, ...]
    damaged_lines: int


def compare(
    ledger: Ledger,
    queue_log_files: Iterable[Path],
    *,
    since: datetime | None = None,
    settled_before: datetime | None = None,
) -> Comparison:
    """Compare the calls that began at `since`, or with the first that the files tell of, or later.

    Calls to which something happened after `settled_before` are left out: the two are not read at one moment.

    Raises:
        OSError: a file cannot be read.
    """
    reader = Reader(queue_log_files)
    earliest = None if since is None else since - LONGEST_CALL
    events = [event for event in reader if earliest is None or event.at >= earliest]
    restarts = tuple(event for event in events if isinstance(event, SystemRestarted))
    names = {name for event in events if event.channel_id for name in (event.channel_id, event.call_id)}
    by_log = dict(calls_of_log(events, restarts, ledger.calls_of(names)))
    first = min((call.started_at for call in by_log.values()), default=None)
    begin = max((moment for moment in (first, since) if moment), default=None)
    stored = {call.call_id: call for call in _stored(ledger, begin - LONGEST_CALL)} if begin else {}
    found = [
        difference
        for call_id in sorted(by_log.keys() | stored.keys())
        if begin and _is_due(by_log.get(call_id), stored.get(call_id), begin, settled_before)
        for difference in _differences(call_id, _facts(stored.get(call_id)), _facts(by_log.get(call_id)))
    ]
    wrong = {difference.call_id for difference in found}
    return Comparison(
        differences=tuple(found),
        told={call_id: by_log[call_id].events for call_id in sorted(wrong & by_log.keys())},
        restarts=restarts,
        damaged_lines=reader.faults_count,
    )


def differences(ledger: Ledger, queue_log_files: Iterable[Path]) -> list[Difference]:
    """Compare every call since the first one that the files tell of. An empty list: they are equal.

    Raises: as `compare`.
    """
    return list(compare(ledger, queue_log_files).differences)


def _differences(call_id: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[Difference]:
    for fact in sorted(ours.keys() | theirs.keys()):
        if ours.get(fact) != theirs.get(fact) and (fact == _EXISTS or (ours and theirs)):
            yield Difference(call_id=call_id, fact=fact, ledger=ours.get(fact, UNKNOWN), log=theirs.get(fact, UNKNOWN))


def _is_due(
    one: CallHistory | StoredCall | None,
    other: CallHistory | StoredCall | None,
    begin: datetime,
    settled_before: datetime | None,
) -> bool:
    told = [call for call in (one, other) if call]
    if max(call.started_at for call in told) < begin:
        return False
    return settled_before is None or max(map(_last_moment, told)) <= settled_before


def _last_moment(call: CallHistory | StoredCall) -> datetime:
    legs = [leg for visit in call.visits for leg in visit.legs]
    moments = [call.ended_at, *(visit.left_at for visit in call.visits), *(leg.ended_at for leg in legs)]
    moments += [*(visit.entered_at for visit in call.visits), *(leg.connected_at for leg in legs)]
    return max([call.started_at, *(moment for moment in moments if moment)])


def _stored(ledger: Ledger, since: datetime) -> Iterator[StoredCall]:
    after = None
    while True:
        page = ledger.calls(CallFilter(since=since), after, _PAGE)
        yield from page.calls
        after = page.next
        if after is None:
            return


def calls_of_log(
    events: Sequence[Event], restarts: Sequence[SystemRestarted], known: Mapping[str, str]
) -> Iterator[tuple[str, CallHistory]]:
    """Yield the calls that the log makes, under the names they are `known` by: it often names channels only."""
    of_calls = [event for event in events if event.channel_id]
    calls = resolve(known, ((event.channel_id, event.call_id) for event in of_calls)).calls
    by_call = defaultdict(list)
    for event in of_calls:
        call_id = calls[event.channel_id]
        by_call[call_id].append(event if event.call_id == call_id else replace(event, call_id=call_id))
    moments = [event.at for event in restarts]
    for call_id, of_call in by_call.items():
        if is_call(of_call):
            yield call_id, build(of_call, moments)


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
