"""One look at the line: what is known, what is asked of it, what is an alert, and the board that shows all that."""

from collections.abc import Iterator
from dataclasses import dataclass

from quality.metrics.live import Snapshot
from storage.callback_list import NONE_BROKEN, Broken

from .alarms import Alarms, Fault, look
from .board import Scene, board
from .measures import scopes
from .targets import Targets
from .view import Board


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A look and its board."""

    snapshot: Snapshot
    targets: Targets
    alarms: Alarms
    board: Board


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How the line is known: whether the telephone system tells what happens, and how it is with its log.

    `broken` are the promises of calls that are not kept.
    """

    connected: bool
    unread: bool = False
    damaged: bool = False
    broken: Broken = NONE_BROKEN


def watch(before: Alarms, snapshot: Snapshot, targets: Targets, heard: Heard) -> Alarms:
    """Return the alarms after a look at a snapshot."""
    return look(before, scopes(snapshot), targets, _faults(snapshot, heard), snapshot.at)


def moment(snapshot: Snapshot, targets: Targets, alarms: Alarms, scene: Scene) -> Moment:
    """Write the board of a look."""
    shown = board(snapshot, targets, alarms, scene)
    return Moment(snapshot=snapshot, targets=targets, alarms=alarms, board=shown)


def _faults(snapshot: Snapshot, heard: Heard) -> Iterator[Fault]:
    if not snapshot.balances:
        yield Fault.UNBALANCED
    if not heard.connected:
        yield Fault.DISCONNECTED
    if heard.unread:
        yield Fault.UNREAD
    if heard.damaged:
        yield Fault.DAMAGED
    if heard.broken.late:
        yield Fault.LATE_CALLBACKS
    if heard.broken.expired:
        yield Fault.EXPIRED_CALLBACKS
    if heard.broken.stopped:
        yield Fault.DIALLING_STOPPED
    if heard.broken.capped:
        yield Fault.DIALLING_CAPPED
