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


class Did(StrEnum):
    """What is counted of a call on its way: all of a time in a menu, but LEFT, and SOLVED and ANSWERED of a call."""

    REACHED = "reached"
    CHOSE = "chose"
    GAVE_UP = "gave_up"
    HUNG_UP = "hung_up"
    CUT_OFF = "cut_off"
    INSIDE = "inside"
    WRONG = "wrong"
    SILENT = "silent"
    REPEATED = "repeated"
    LEFT = "left"
    """Hung up while the line spoke, as the dialplan tells."""
    SOLVED = "solved"
    ANSWERED = "answered"


class Deed(NamedTuple):
    """One thing that a figure counts, and where: the stage and the name of a menu or text; none of a whole call."""

    did: Did
    stage: Stage | None = None
    name: str = ""
    key: str = ""


class Place(NamedTuple):
    """Where a call is. Menus, texts and queues have names."""

    kind: Kind
    name: str = ""


MOST_STEPS = 8
"""Places of a way that are told; longer ones are cut and end where they ended."""


class Passage(NamedTuple):
    """From one place, the `step`-th of a way, to its next."""

    step: int
    source: Place
    target: Place

    @property
    def written(self) -> str:
        """Write it as it is kept and asked for: "1 menu:principal>queue:atencion"."""
        return f"{self.step} {self.source.kind}:{self.source.name}>{self.target.kind}:{self.target.name}"


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
        way = _Way(call)
        for deed in way.deeds:
            self._count(deed)
        for menu, key, place in way.went:
            self.menus[menu].went[key, place] += 1
        self.calls += 1
        self.paths[tuple(way.path)] += 1
        self.keys += way.keys

    def _count(self, deed: Deed) -> None:
        match deed:
            case Deed(Did.SOLVED):
                self.solved += 1
            case Deed(Did.ANSWERED):
                self.answered += 1
            case Deed(Did.LEFT, Stage() as stage, name):
                self.hung_up[stage, name] += 1
            case Deed(Did.CHOSE, _, menu, key):
                self.menus[menu].chosen[key] += 1
            case Deed(did, _, menu):
                figures = self.menus.setdefault(menu, MenuFigures())
                setattr(figures, did, getattr(figures, did) + 1)


class Told(NamedTuple):
    """All that a funnel counts of a call."""

    deeds: tuple[Deed, ...]
    passages: tuple[Passage, ...]


def told(call: CallHistory) -> Told:
    """Tell all that a funnel counts of a call."""
    way = _Way(call)
    return Told(tuple(way.deeds), tuple(passages(way.path)))


def funnel(calls: Iterable[CallHistory]) -> Funnel:
    """Return what calls came to."""
    found = Funnel()
    for call in calls:
        found.add(call)
    return found


def passages(path: Sequence[Place], most_steps: int = MOST_STEPS) -> Iterator[Passage]:
    """Yield a way from step to step; a longer one is cut after `most_steps` and ends where it ended."""
    shown = path if len(path) <= most_steps else (*path[: most_steps - 1], path[-1])
    for step, (source, target) in enumerate(pairwise(shown)):
        yield Passage(step, source, target)


def flows(paths: Counter[tuple[Place, ...]], most_steps: int = MOST_STEPS) -> Iterator[tuple[Passage, int]]:
    """Yield how many calls went from each place to the next."""
    counted: Counter[Passage] = Counter()
    for path, calls in paths.items():
        for passage in passages(path, most_steps):
            counted[passage] += calls
    yield from sorted(counted.items())


class _Way:
    """One call on its way, followed to its end. `keys` are counted if an adviser answered."""

    def __init__(self, call: CallHistory) -> None:
        self.deeds: list[Deed] = []
        self.path = [CALL]
        self.went: list[tuple[str, str, Place]] = []  # from a menu, by a key
        self.keys = 0
        self._menu: str | None = None  # which the caller is in
        self._chosen: tuple[str, str] | None = None  # menu and key that lead to the next place
        self._texts = self._answered = self._hung_up = False
        for event in call.events:
            self._take(event)
        self._end(call)

    def _take(self, event: Event) -> None:
        match event:
            case MenuStepped():
                self._step(event)
            case ConsentAnswered() if event.answer is not ConsentAnswer.NONE:
                self.keys += 1
            case HungUp():
                self._hang_up(event)
            case _:
                self._texts = self._texts or isinstance(event, TextChosen)
                self._answered = self._answered or isinstance(event, Connected)
                for place in _places(event):
                    self._go(place)

    def _end(self, call: CallHistory) -> None:
        if call.ended_at is None:
            last, left = Place(Kind.GOING_ON), Did.INSIDE
        elif call.lost:
            last, left = Place(Kind.LOST), Did.CUT_OFF
        elif self._hung_up or call.ended_by is EndedBy.CALLER:
            last, left = Place(Kind.HUNG_UP), Did.HUNG_UP
        else:
            last, left = Place(Kind.ENDED), Did.CUT_OFF
        self._leave(left)
        if self.path[-1].kind not in _AT_AN_END:
            self._go(last)
        reached = {place.kind for place in self.path}
        if self._texts and call.ended_at is not None and not call.lost and reached <= _OF_MENUS:
            self.deeds.append(Deed(Did.SOLVED))
        if self._answered:
            self.deeds.append(Deed(Did.ANSWERED))
        else:
            self.keys = 0

    def _step(self, event: MenuStepped) -> None:
        self._enter(event.menu)
        if event.key and not self._answered:
            self.keys += 1
        self.deeds.append(Deed(_DID[event.result], Stage.MENU, event.menu, event.key))
        if event.result in {StepResult.CHOSEN, StepResult.GAVE_UP}:
            self._menu, self._chosen = None, (event.menu, event.key)

    def _enter(self, name: str) -> None:
        if self._menu != name:
            self._go(Place(Kind.MENU, name), again=True)
            self._menu = name
            self.deeds.append(Deed(Did.REACHED, Stage.MENU, name))

    def _leave(self, how: Did) -> None:
        """Leave the menu in which the caller is, if he is in one."""
        if self._menu is not None:
            self.deeds.append(Deed(how, Stage.MENU, self._menu))
            self._menu = None

    def _hang_up(self, event: HungUp) -> None:
        """Go where the caller was, if nothing else told it: who hangs up at once leaves no other fact."""
        self._hung_up = True
        self.deeds.append(Deed(Did.LEFT, event.stage, event.name))
        if event.stage is Stage.MENU:
            self._enter(event.name)
        elif event.stage is Stage.SURVEY:
            self._go(Place(Kind.SURVEY))

    def _go(self, place: Place, *, again: bool = False) -> None:
        """Come to a place, unless that is where the call is."""
        self._leave(Did.CUT_OFF)
        if self.path[-1] == place and not again:
            return
        self.path.append(place)
        if self._chosen:
            self.went.append((*self._chosen, place))
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
        case SurveyAnswered(by=""):
            return (Place(Kind.SURVEY),)
    return ()


_OF_MENUS = {Kind.CALL, Kind.MENU, Kind.TEXT, Kind.HUNG_UP, Kind.ENDED}
_DID = {
    StepResult.CHOSEN: Did.CHOSE,
    StepResult.GAVE_UP: Did.GAVE_UP,
    StepResult.WRONG: Did.WRONG,
    StepResult.SILENT: Did.SILENT,
    StepResult.REPEATED: Did.REPEATED,
}
