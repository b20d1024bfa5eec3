"""What callers do before somebody answers: the way of each call through the line, and what each menu came to.

A menu is *reached* each time a caller comes to it, as told by the first fact within it, and each time ends in exactly
one way. The identity that every report prints and checks:

    reached = chose + gave up + hung up + cut off + still in it

Cut off: the telephone system or its scripts broke off. Hung up is what the dialplan tells, or, of a log that lacks it,
what an end of the call by the caller within an open menu tells.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from core.events import (
    Connected,
    ConsentAnswer,
    ConsentAnswered,
    EndedBy,
    Event,
    HungUp,
    MailboxStep,
    MailboxStepped,
    MenuStepped,
    MessageLeft,
    QueueEntered,
    Rejected,
    Stage,
    StepResult,
    SurveyAnswered,
    TextChosen,
)

from .figures import Ratio
from .visits import CallHistory


class Kind(StrEnum):
    """A kind of place on the way of a call; those from QUEUE on are no longer of the menus."""

    CALL = "call"
    MENU = "menu"
    TEXT = "text"
    QUEUE = "queue"
    ADVISER = "adviser"
    MAILBOX = "mailbox"
    REQUEST = "request"
    """A request to be called was left."""
    SURVEY = "survey"
    HUNG_UP = "hung_up"
    ENDED = "ended"
    """The line ended the call."""
    LOST = "lost"
    GOING_ON = "going_on"


class Place(NamedTuple):
    """Where a call is. Menus, texts and queues have names."""

    kind: Kind
    name: str = ""


CALL = Place(Kind.CALL)
_AT_AN_END = {Kind.ADVISER, Kind.REQUEST, Kind.SURVEY}
"""What comes after these says nothing of the menus."""


@dataclass(slots=True, kw_only=True)
class MenuFigures:
    """What one menu came to, counted by times that somebody was in it; `chosen` and `went` by key, "" for giving up."""

    reached: int = 0
    chosen: Counter[str] = field(default_factory=Counter)
    gave_up: int = 0
    hung_up: int = 0
    cut_off: int = 0
    inside: int = 0
    wrong: int = 0
    silent: int = 0
    repeated: int = 0
    went: Counter[tuple[str, Place]] = field(default_factory=Counter)

    @property
    def chose(self) -> int:
        """How often something was chosen."""
        return self.chosen.total()

    @property
    def remainder(self) -> int:
        """What the identity leaves over: anything but 0 is a defect."""
        return self.reached - self.chose - self.gave_up - self.hung_up - self.cut_off - self.inside


@dataclass(slots=True, kw_only=True)
class Funnel:
    """What calls came to. `hung_up` tells where callers left while the line spoke; `paths` how many went each way.

    `keys`: keys pressed in menus and for the authorisation, of calls that an adviser answered.
    """

    calls: int = 0
    menus: dict[str, MenuFigures] = field(default_factory=dict)
    hung_up: Counter[tuple[Stage, str]] = field(default_factory=Counter)
    solved: int = 0
    keys: int = 0
    answered: int = 0
    paths: Counter[tuple[Place, ...]] = field(default_factory=Counter)

    @property
    def solved_share(self) -> Ratio:
        """Solved in the IVR of all calls."""
        return Ratio(self.solved, self.calls)

    @property
    def keys_to_adviser(self) -> Ratio:
        """Mean number of keys until an adviser answered."""
        return Ratio(self.keys, self.answered)

    def add(self, call: CallHistory) -> None:
        """Count one call."""
        way = _Way(self, call)
        for event in call.events:
            way.take(event)
        way.end()


def funnel(calls: Iterable[CallHistory]) -> Funnel:
    """Return what calls came to."""
    found = Funnel()
    for call in calls:
        found.add(call)
    return found


class Flow(NamedTuple):
    """So many calls went from one place, their `step`-th, to their next."""

    step: int
    source: Place
    target: Place
    calls: int


def flows(paths: Counter[tuple[Place, ...]], most_steps: int) -> Iterator[Flow]:
    """Yield what went from step to step; longer ways are cut after `most_steps` and end where they ended."""
    counted: Counter[tuple[int, Place, Place]] = Counter()
    for path, calls in paths.items():
        shown: Sequence[Place] = path if len(path) <= most_steps else (*path[: most_steps - 1], path[-1])
        for step, (source, target) in enumerate(pairwise(shown)):
            counted[step, source, target] += calls
    for (step, source, target), calls in sorted(counted.items()):
        yield Flow(step, source, target, calls)


class _Way:
    """One call on its way."""

    def __init__(self, found: Funnel, call: CallHistory) -> None:
        self._found, self._call = found, call
        self._path = [CALL]
        self._menu = ""  # which the caller is in
        self._chosen: tuple[str, str] | None = None  # menu and key that lead to the next place
        self._keys = 0
        self._texts = self._answered = self._hung_up = False

    def take(self, event: Event) -> None:
        match event:
            case MenuStepped():
                self._step(event)
            case ConsentAnswered() if event.answer is not ConsentAnswer.NONE:
                self._keys += 1
            case HungUp():
                self._hang_up(event)
            case _:
                self._texts = self._texts or isinstance(event, TextChosen)
                self._answered = self._answered or isinstance(event, Connected)
                for place in _places(event):
                    self._go(place)

    def end(self) -> None:
        call, found = self._call, self._found
        ended_by_caller = self._hung_up or call.ended_by is EndedBy.CALLER
        if call.ended_at is None:
            last = Place(Kind.GOING_ON)
        elif call.lost:
            last = Place(Kind.LOST)
        else:
            last = Place(Kind.HUNG_UP if ended_by_caller else Kind.ENDED)
        if self._menu and call.ended_at is None:
            found.menus[self._menu].inside += 1
        elif self._menu and last.kind is Kind.HUNG_UP:
            found.menus[self._menu].hung_up += 1
        elif self._menu:
            found.menus[self._menu].cut_off += 1
        self._menu = ""
        if self._path[-1].kind not in _AT_AN_END:
            self._go(last)
        found.calls += 1
        found.paths[tuple(self._path)] += 1
        reached = {place.kind for place in self._path}
        found.solved += self._texts and call.ended_at is not None and not call.lost and reached <= _OF_MENUS
        if self._answered:
            found.answered += 1
            found.keys += self._keys

    def _step(self, event: MenuStepped) -> None:
        menu = self._enter(event.menu)
        if event.key and not self._answered:
            self._keys += 1
        match event.result:
            case StepResult.CHOSEN:
                menu.chosen[event.key] += 1
            case StepResult.GAVE_UP:
                menu.gave_up += 1
            case StepResult.WRONG:
                menu.wrong += 1
            case StepResult.SILENT:
                menu.silent += 1
            case StepResult.REPEATED:
                menu.repeated += 1
        if event.result in {StepResult.CHOSEN, StepResult.GAVE_UP}:
            self._menu, self._chosen = "", (event.menu, event.key)

    def _enter(self, name: str) -> MenuFigures:
        if self._menu != name:
            self._go(Place(Kind.MENU, name), again=True)
            self._menu = name
            self._found.menus.setdefault(name, MenuFigures()).reached += 1
        return self._found.menus[name]

    def _hang_up(self, event: HungUp) -> None:
        """Go where the caller was, if nothing else told it: who hangs up at once leaves no other fact."""
        self._hung_up = True
        self._found.hung_up[event.stage, event.name] += 1
        if event.stage is Stage.MENU:
            self._enter(event.name)
        elif event.stage is Stage.SURVEY:
            self._go(Place(Kind.SURVEY))

    def _go(self, place: Place, *, again: bool = False) -> None:
        """Come to a place, unless that is where the call is."""
        if self._menu:
            self._found.menus[self._menu].cut_off += 1
            self._menu = ""
        if self._path[-1] == place and not again:
            return
        self._path.append(place)
        if self._chosen:
            menu, key = self._chosen
            self._found.menus[menu].went[key, place] += 1
            self._chosen = None


def _places(event: Event) -> tuple[Place, ...]:  # noqa: PLR0911  a kind of fact each
    """Tell to where a fact takes a call, one place after the other."""
    match event:
        case TextChosen():
            return (Place(Kind.TEXT, event.text),)
        case QueueEntered() | Rejected():
            return (Place(Kind.QUEUE, event.queue),)
        case Connected():
            return Place(Kind.QUEUE, event.queue), Place(Kind.ADVISER)
        case MailboxStepped(step=MailboxStep.FINISHED):
            return Place(Kind.MAILBOX), Place(Kind.REQUEST)
        case MailboxStepped() | MessageLeft():
            return (Place(Kind.MAILBOX),)
        case SurveyAnswered():
            return (Place(Kind.SURVEY),)
    return ()


_OF_MENUS = {Kind.CALL, Kind.MENU, Kind.TEXT, Kind.HUNG_UP, Kind.ENDED}
