"""The board's figures for other systems: what of the board may leave the house, told when it changed."""

import asyncio
from collections.abc import Iterator

from contesta.board.alarms import Fault, Subject
from contesta.board.alert_text import alert_id
from contesta.board.view import Board, Figure, QueueRow
from contesta.bus import topics
from contesta.bus.bus import Bus
from contesta.bus.topics import Alert, FigureState, LineState, Payload, QueueState
from quality.metrics.limits import Metric

PERIOD_SECONDS = 1.0


class Snapshots:
    """Writes boards of one line as states, and tells which of them changed since they were last told."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._told: dict[str, Payload] = {}
        self._alerts: frozenset[str] | None = None

    def changes(self, board: Board) -> Iterator[tuple[str, Payload | None]]:
        """Give topic and state of all that `board` tells and that was not told before but for its moment.

        None stands for an alert that is over.
        """
        for topic, state in self._states(board):
            before = self._told.get(topic)
            if before is None or before.model_dump(exclude={"at"}) != state.model_dump(exclude={"at"}):
                self._told[topic] = state
                yield topic, state
        now = frozenset(one.id for one in board.alerts)
        for over in sorted((_possible(board) if self._alerts is None else self._alerts) - now):
            topic = topics.alert(self._line, over)
            self._told.pop(topic, None)
            yield topic, None
        self._alerts = now

    def _states(self, board: Board) -> Iterator[tuple[str, Payload]]:
        yield topics.board(self._line), self._line_state(board)
        for row in board.queues:
            yield topics.queue(self._line, row.name), self._queue_state(board, row)
        for one in board.alerts:
            yield topics.alert(self._line, one.id), Alert(line=self._line, **one.model_dump(exclude={"calls"}))

    def _line_state(self, board: Board) -> LineState:
        return LineState(
            line=self._line,
            at=board.at,
            connected=board.connected,
            silent_since=None if board.connected else board.connected_at,
            queues=[row.name for row in board.queues],
            figures={card.id: _figure(card) for card in board.cards},
            today={part.id: part.count for part in board.identity.parts},
            alerts=[one.id for one in board.alerts],
            advisers={state.state: state.count for state in board.advisers_by_state},
            notices=board.notices,
        )

    def _queue_state(self, board: Board, row: QueueRow) -> QueueState:
        figures = (
            row.waiting,
            row.longest_wait,
            row.expected_wait,
            row.advisers,
            row.service_level,
            row.abandonment,
            row.offered,
        )
        return QueueState(
            line=self._line,
            queue=row.name,
            at=board.at,
            connected=board.connected,
            level=row.state,
            figures={figure.id: _figure(figure) for figure in figures},
        )


def _possible(board: Board) -> frozenset[str]:
    """Name all alerts there could be: of those, who was here before us may have left some with the broker."""
    of_figures = {Subject(metric, queue) for metric in Metric for queue in ("", *(row.name for row in board.queues))}
    return frozenset(map(alert_id, of_figures | {Subject(fault) for fault in Fault}))


def _figure(figure: Figure) -> FigureState:
    runs = figure.since is not None
    return FigureState(
        title=figure.title,
        shown=None if runs else figure.shown,
        value=None if runs else figure.value,
        since=figure.since,
        level=figure.state,
    )


async def publish_snapshots(bus: Bus, line: str) -> None:
    """Tell the states of each board on the bus, at most once a second, until cancelled."""
    snapshots = Snapshots(line)
    with bus.subscribe(topics.VIEW) as boards:
        async for message in boards:
            for topic, state in snapshots.changes(Board.model_validate_json(message.payload)):
                if state is None:
                    bus.clear(topic, qos=1)
                else:
                    bus.publish(topic, state, retain=True, qos=1 if isinstance(state, Alert) else 0)
            await asyncio.sleep(PERIOD_SECONDS)
