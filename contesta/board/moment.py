"""One look at the line: what is known, what is asked of it, what is an alert, and the board that shows all that."""

from collections.abc import Iterator
from dataclasses import dataclass

from quality.metrics.live import Snapshot

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


def watch(before: Alarms, snapshot: Snapshot, targets: Targets, *, connected: bool, damaged_lines: int) -> Alarms:
    """Return the alarms after a look at a snapshot."""
    faults = _faults(snapshot, connected=connected, damaged_lines=damaged_lines)
    return look(before, scopes(snapshot), targets, faults, snapshot.at)


def moment(snapshot: Snapshot, targets: Targets, alarms: Alarms, scene: Scene) -> Moment:
    """Write the board of a look."""
    shown = board(snapshot, targets, alarms, scene)
    return Moment(snapshot=snapshot, targets=targets, alarms=alarms, board=shown)


def _faults(snapshot: Snapshot, *, connected: bool, damaged_lines: int) -> Iterator[Fault]:
    if not snapshot.balances:
        yield Fault.UNBALANCED
    if not connected:
        yield Fault.DISCONNECTED
    if damaged_lines:
        yield Fault.DAMAGED
