"""The leaves of a line's tree of dispositions, as advisers choose among them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.events import Resolution
from ivr.line.model import Disposition

_THEN = ": "


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One leaf: the way to it ("solucionada/rucom"), its title, and what it is below, "" at the top."""

    path: str
    title: str
    group: str
    resolution: Resolution
    wrong_number: bool = False


def choices(tree: Sequence[Disposition]) -> tuple[Choice, ...]:
    """Give all that can be chosen, in the order of the line's file."""
    return tuple(_leaves(tree, (), ()))


def _leaves(tree: Sequence[Disposition], way: tuple[str, ...], above: tuple[str, ...]) -> Iterator[Choice]:
    for node in tree:
        here = (*way, node.name)
        if node.below:
            yield from _leaves(node.below, here, (*above, node.title))
            continue
        yield Choice(
            path="/".join(here),
            title=node.title,
            group=_THEN.join(above),
            resolution=Resolution.SOLVED
            if node.solved
            else Resolution.ESCALATED
            if node.escalated
            else Resolution.OTHER,
            wrong_number=node.wrong_number,
        )
