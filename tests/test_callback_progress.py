"""What became of an attempt that was picked up and led to no conversation: who hung up, and when."""

from datetime import timedelta
from typing import Any

import pytest

from callback_queue.progress import CALLBACK_MENU, progress
from callback_queue.request import CallbackRequest, Result
from callback_queue.states import AttemptFailed, Claimed, Dialled, advance
from core.events import (
    CallEnded,
    CallStarted,
    EndedBy,
    Event,
    LanguageChosen,
    MenuStepped,
    Source,
    StepResult,
)
from tests.callbacks import ANY_HOUR, NOW, PHONE, begun


def dialled() -> CallbackRequest:
    request, _ = advance(begun(), Claimed(by="w", worker="w", until=NOW), NOW)
    return advance(request, Dialled(by="w"), NOW)[0]


def facts(*told: tuple[type[Event], dict[str, Any]]) -> list[Event]:
    """What the ledger has, a second after the other."""
    said: dict[str, Any] = {"call_id": "cb-r1-1", "channel_id": "cb-r1-1", "source": Source.QUEUE_LOG}
    return [
        kind(at=NOW + timedelta(seconds=place), order=place, **said, **fields)
        for place, (kind, fields) in enumerate(told)
    ]


PICKED_UP = ((CallStarted, {"line": "anm", "number": PHONE}), (LanguageChosen, {"language": "es"}))
SILENT = (MenuStepped, {"menu": CALLBACK_MENU, "key": "", "result": StepResult.SILENT})
ONE = (MenuStepped, {"menu": CALLBACK_MENU, "key": "1", "result": StepResult.CHOSEN})


def end(by: EndedBy) -> tuple[type[Event], dict[str, Any]]:
    return (CallEnded, {"by": by, "cause": 16})


@pytest.mark.parametrize(
    ("told", "result"),
    [
        ([*PICKED_UP, end(EndedBy.CALLER)], Result.HUNG_UP),
        ([*PICKED_UP, end(EndedBy.SYSTEM)], Result.MACHINE),
        ([*PICKED_UP, SILENT, SILENT, end(EndedBy.SYSTEM)], Result.MACHINE),
        ([*PICKED_UP, SILENT, end(EndedBy.CALLER)], Result.MACHINE),
        ([*PICKED_UP, ONE, end(EndedBy.CALLER)], Result.LEFT_WAITING),
        ([end(EndedBy.SYSTEM)], Result.NO_ADVISER),
        ([PICKED_UP[0], end(EndedBy.AGENT)], Result.ADVISER_LEFT),
        ([*PICKED_UP, end(EndedBy.AGENT)], Result.ADVISER_LEFT),
    ],
)
def test_who_hung_up_and_when_is_told_apart(told: list[tuple[type[Event], dict[str, Any]]], result: Result) -> None:
    happened = progress(dialled(), facts(*told), ANY_HOUR, NOW + timedelta(minutes=1), by="w", gone=False)
    failed, _ = happened[-1]
    assert isinstance(failed, AttemptFailed)
    assert failed.result is result
