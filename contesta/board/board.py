"""The board as a pure function of what is known: a moment of the line, what is asked of it, and what is an alert."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from contesta.call_search import word_of
from contesta.format import whole
from core.numbers import masked
from quality.metrics.agents import AgentNow, AgentState
from quality.metrics.figures import AgentTally, Tally
from quality.metrics.history import Outcome
from quality.metrics.limits import Level, Metric
from quality.metrics.live import Snapshot
from storage.callback_list import NONE_BROKEN, Broken, Pending

from .alarms import Alarms, Raised
from .alert_text import alert
from .cells import STATES, Cells
from .links import OFFERED, OTHERS, Links
from .measures import Scope, scopes
from .notices import notices
from .site import Site
from .targets import Targets
from .view import (
    AdviserRow,
    Alert,
    Balance,
    Board,
    Caller,
    Figure,
    Mode,
    Part,
    QueueRow,
    StateCount,
    WallBoard,
)

_WORST_FIRST: Final = (Level.BAD, Level.WARN, Level.OK, None)
_PARTS: Final = (
    ("answered", "contestadas", word_of(Outcome.ANSWERED)),
    ("abandoned", "abandonadas", word_of(Outcome.ABANDONED)),
    ("ghost", "fantasmas", word_of(Outcome.GHOST)),
    ("others", "otras", OTHERS),
    ("waiting", "en espera", word_of(Outcome.WAITING)),
)
"""The parts of the day's sum: their names, what they are called in it, and in the lists of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a board shows besides the figures: of which line, from where, and whether it is current.

    `as_of` is the moment of a past board: its figures lead to the calls as they were then. `pending` are the promised
    calls of this moment, None where nobody counts them; `broken` those that are not kept.
    """

    line: str
    site: Site
    zone: tzinfo
    mode: Mode
    source: str
    connected: bool
    connected_at: datetime | None
    trouble: str = ""
    as_of: datetime | None = None
    pending: Pending | None = None
    broken: Broken = NONE_BROKEN


def board(now: Snapshot, targets: Targets, alarms: Alarms, scene: Scene, sequence: int = 0) -> Board:
    """Write the board. One that is not connected has no levels: nobody knows whether its figures still hold."""
    links = Links(day=now.day, zone=scene.zone, as_of=scene.as_of)
    cells = Cells(targets=targets, alarms=alarms if scene.connected else None, links=links)
    line, *queues = scopes(now)
    opening, opening_word = scene.site.opening(now.at, scene.zone)
    return Board(
        sequence=sequence,
        at=now.at,
        line=scene.line,
        title=scene.site.title,
        mode=scene.mode,
        source=scene.source,
        connected=scene.connected,
        connected_at=scene.connected_at,
        opening=opening,
        opening_word=opening_word,
        trouble=scene.trouble,
        cards=_cards(cells, line, now.agents_by_state, scene.pending),
        queues=[row for row, _ in sorted(((_queue(cells, queue), queue) for queue in queues), key=_urgency)],
        advisers_by_state=[_state(state, count) for state, count in now.agents_by_state.items()],
        identity=_balance(line.today, links, balances=now.balances),
        notices=list(notices(now.today, targets)),
        alerts=_alerts(alarms, targets, queues, scene.broken),
        advisers=[_adviser(cells, agent, now.today.by_agent.get(agent.agent, AgentTally())) for agent in now.agents],
        waiting=[
            Caller(
                call=links.call(caller.call_id),
                queue=caller.queue,
                number=masked(caller.number),
                since=caller.entered_at,
            )
            for caller in now.waiting
        ],
    )


def wall(whole_board: Board) -> WallBoard:
    """Leave out whatever tells of a person, or leads to one."""
    return WallBoard.model_construct(
        **{name: getattr(whole_board, name) for name in WallBoard.model_fields}
        | {
            "cards": [_without_links(card) for card in whole_board.cards],
            "alerts": [one.model_copy(update={"calls": ""}) for one in whole_board.alerts],
            "queues": [
                row.model_copy(
                    update={name: _without_links(cell) for name, cell in row if isinstance(cell, Figure)},
                )
                for row in whole_board.queues
            ],
            "identity": whole_board.identity.model_copy(
                update={"parts": [part.model_copy(update={"calls": ""}) for part in whole_board.identity.parts]}
            ),
        }
    )


def _without_links(figure: Figure) -> Figure:
    return figure.model_copy(update={"calls": "", "why": ""})


def _cards(cells: Cells, line: Scope, states: Mapping[AgentState, int], pending: Pending | None) -> list[Figure]:
    return [
        cells.waiting(line),
        cells.longest_wait(line),
        cells.available(line, states),
        cells.share(Metric.SERVICE_LEVEL, line),
        cells.share(Metric.ABANDONMENT, line),
        cells.callbacks(pending),
    ]


def _queue(cells: Cells, queue: Scope) -> QueueRow:
    figures = {
        "waiting": cells.waiting(queue),
        "longest_wait": cells.longest_wait(queue),
        "expected_wait": cells.expected_wait(queue),
        "advisers": cells.available(queue),
        "service_level": cells.share(Metric.SERVICE_LEVEL, queue),
        "abandonment": cells.share(Metric.ABANDONMENT, queue),
        "offered": cells.offered(queue),
    }
    worst = min((figure.state for figure in figures.values()), key=_WORST_FIRST.index)
    return QueueRow(name=queue.queue, state=worst, **figures)


def _urgency(queue: tuple[QueueRow, Scope]) -> tuple[int, bool, float, str]:
    """Put the worst breach first, then whose caller has waited longest."""
    row, scope = queue
    since = scope.longest.entered_at.timestamp() if scope.longest else 0.0
    return _WORST_FIRST.index(row.state), scope.longest is None, since, row.name


def _state(state: AgentState, count: int) -> StateCount:
    return StateCount(state=state, word=STATES[state][count != 1], count=count, shown=whole(count))


def _adviser(cells: Cells, agent: AgentNow, tally: AgentTally) -> AdviserRow:
    return AdviserRow(
        id=agent.agent,
        name=agent.agent,
        state=agent.state,
        word=STATES[agent.state][0],
        since=agent.since,
        reason=agent.reason,
        queues=list(agent.queues),
        **cells.of_adviser(agent.agent, tally),
    )


def _balance(today: Tally, links: Links, *, balances: bool) -> Balance:
    counts = {
        "answered": today.answered,
        "abandoned": today.abandoned,
        "ghost": today.ghost,
        "others": today.overflow + today.closed + today.lost,
        "waiting": today.waiting,
    }
    parts = [_part("offered", "recibidas", today.offered, links.today(OFFERED))]
    parts += [_part(name, word, counts[name], links.today(outcome)) for name, word, outcome in _PARTS]
    offered, *others = parts
    verdict = "Cuadra" if balances else "NO CUADRA: es un defecto del programa"
    said = " + ".join(f"{part.word} {part.shown}" for part in others)
    return Balance(text=f"Recibidas {offered.shown} = {said} · {verdict}", parts=parts, balances=balances)


def _part(name: str, word: str, count: int, calls: str) -> Part:
    return Part(id=name, word=word, count=count, shown=whole(count), calls=calls)


def _alerts(alarms: Alarms, targets: Targets, queues: list[Scope], broken: Broken) -> list[Alert]:
    """Write the alerts, the worst first. What line and queue both have is said of the queue, if there are several."""
    raised = list(alarms.raised())
    if len(queues) == 1:
        raised = [one for one in raised if one.subject.queue != queues[0].queue]
    else:
        raised = [one for one in raised if one.subject.queue or not _has_a_queue(one, raised)]
    raised.sort(key=lambda one: (_WORST_FIRST.index(one.level), one.since))
    return [alert(one, targets, broken) for one in raised]


def _has_a_queue(of_line: Raised, raised: list[Raised]) -> bool:
    """Tell whether a queue has the same alert as the line, and as bad."""
    return any(
        one.subject.queue and one.subject.of == of_line.subject.of and one.level in {of_line.level, Level.BAD}
        for one in raised
    )
