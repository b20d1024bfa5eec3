"""Draws the state machine of promised calls from its table."""

from collections import defaultdict

from callback_queue.request import State
from callback_queue.states import TRANSITIONS


def diagram() -> str:
    """Give the diagram, in Mermaid's words. What leaves a request in its state is told in the table below it."""
    edges: defaultdict[tuple[State, State], list[str]] = defaultdict(list)
    for (before, event), after in TRANSITIONS.items():
        if after is not before:
            edges[before, after].append(event.__name__)
    lines = ["stateDiagram-v2", "    [*] --> waiting: Asked", "    [*] --> held: Asked, no number"]
    lines += [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in edges.items()]
    lines += [f"    {state} --> [*]" for state in State if state.final]
    return "\n".join(lines)


def stays() -> str:
    """Give the events that leave a request in its state, as a table."""
    by_state: defaultdict[State, list[str]] = defaultdict(list)
    for (before, event), after in TRANSITIONS.items():
        if after is before:
            by_state[before].append(event.__name__)
    rows = [f"| `{state}` | {', '.join(events)} |" for state, events in by_state.items()]
    return "| state | stays in it at |\n|---|---|\n" + "\n".join(rows)
