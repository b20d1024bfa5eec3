"""What callers did before somebody answered, as terminal, programs and page get it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from contesta.told_calls import Span
from contesta.web.validation import Told
from core.events import Stage
from ivr.line.model import OPERATOR_KEY, Line, Say
from quality.metrics.funnel import Funnel, Kind, MenuFigures, Passage, Place, flows, funnel
from quality.metrics.history import CallHistory

_WORDS = {
    Kind.CALL: "Llamaron",
    Kind.ADVISER: "Asesor",
    Kind.MAILBOX: "Buzón",
    Kind.REQUEST: "Dejó solicitud",
    Kind.SURVEY: "Encuesta",
    Kind.HUNG_UP: "Colgó",
    Kind.ENDED: "Terminó la línea",
    Kind.LOST: "Se perdió",
    Kind.GOING_ON: "Sigue en línea",
}
_STAGES = {
    Stage.LANGUAGE: "Elección de idioma",
    Stage.CONSENT: "Autorización",
    Stage.MENU: "Menú",
    Stage.TEXT: "Información",
    Stage.OFFER: "Oferta de devolución",
    Stage.MAILBOX: "Buzón",
    Stage.SURVEY: "Encuesta",
}


class Count(Told):
    """How many went somewhere."""

    name: str
    calls: int


class OptionFigures(Told):
    """One key of a menu, "" for giving up, and where it led."""

    key: str
    title: str
    chosen: int
    went: list[Count]


class MenuResult(Told):
    """What one menu came to: reached = chose + gave_up + hung_up + cut_off + inside."""

    menu: str
    title: str
    reached: int
    chose: int
    gave_up: int
    hung_up: int
    cut_off: int
    inside: int
    wrong: int
    silent: int
    repeated: int
    options: list[OptionFigures]


class HangUps(Told):
    """Where callers hung up while the line spoke."""

    stage: Stage
    word: str
    name: str
    title: str
    """Of the name, as the line has it."""
    calls: int


class FlowResult(Told):
    """So many calls went from one place, their step-th, to their next."""

    step: int
    source: str
    target: str
    kind: Kind
    """Of the target."""
    passage: str
    """By which the calls are asked for."""
    calls: int


class LineFunnel(Told):
    """What one line's callers did."""

    line: str
    title: str
    calls: int
    solved_in_ivr: int
    """Ended in the menus after an information text, without queue nor mailbox."""
    solved_in_ivr_share: float | None
    reached_adviser: int
    keys_to_adviser: float | None
    """Mean of the keys pressed in menus and for the authorisation, of calls that an adviser answered."""
    menus: list[MenuResult]
    hang_ups: list[HangUps]
    flows: list[FlowResult]


class Funnels(Told):
    """What callers did in a period, by line."""

    first: date | None
    last: date | None
    lines: list[LineFunnel]


def funnels_of(calls: Iterable[CallHistory], lines: Sequence[Line], span: Span) -> Funnels:
    """Follow calls on their ways. A call is of the day on which it began."""
    told: dict[str, list[CallHistory]] = {line.name: [] for line in lines if span.line in {"", line.name}}
    for call in calls:
        if span.holds(span.day_of(call)):
            told.setdefault(call.line, []).append(call)
    known = {line.name: line for line in lines}
    return Funnels(
        first=span.first,
        last=span.last,
        lines=[_line(name, known.get(name), funnel(of_line)) for name, of_line in told.items()],
    )


def _line(name: str, line: Line | None, found: Funnel) -> LineFunnel:
    order = list(line.menus) if line else []
    menus = sorted(found.menus, key=lambda menu: (order.index(menu) if menu in order else len(order), menu))
    return LineFunnel(
        line=name,
        title=line.title if line else name or "Sin línea",
        calls=found.calls,
        solved_in_ivr=found.solved,
        solved_in_ivr_share=found.solved_share.value,
        reached_adviser=found.answered,
        keys_to_adviser=found.keys_to_adviser.value,
        menus=[_menu(menu, line, found.menus[menu]) for menu in menus],
        hang_ups=[
            HangUps(stage=stage, word=_STAGES[stage], name=where, title=_title(stage, where, line), calls=calls)
            for (stage, where), calls in found.hung_up.most_common()
        ],
        flows=[_flow(passage, calls, line) for passage, calls in flows(found.paths)],
    )


def _menu(name: str, line: Line | None, found: MenuFigures) -> MenuResult:
    menu = line.menus.get(name) if line else None
    titles = {OPERATOR_KEY: "Una persona"} | {key: one.title for key, one in menu.options.items()} if menu else {}
    keys = sorted({*found.chosen, *(menu.options if menu else ())}) + ([""] if found.gave_up else [])
    return MenuResult(
        menu=name,
        title=menu.title if menu else name,
        reached=found.reached,
        chose=found.chose,
        gave_up=found.gave_up,
        hung_up=found.hung_up,
        cut_off=found.cut_off,
        inside=found.inside,
        wrong=found.wrong,
        silent=found.silent,
        repeated=found.repeated,
        options=[
            OptionFigures(
                key=key,
                title=titles.get(key, "") if key else "Sin elegir",
                chosen=found.chosen[key] if key else found.gave_up,
                went=_went(key, line, found.went),
            )
            for key in keys
        ],
    )


def _went(key: str, line: Line | None, went: Mapping[tuple[str, Place], int]) -> list[Count]:
    there = [(place, calls) for (pressed, place), calls in went.items() if pressed == key]
    there.sort(key=lambda each: (-each[1], each[0]))
    return [Count(name=place_name(place, line), calls=calls) for place, calls in there]


def _flow(passage: Passage, calls: int, line: Line | None) -> FlowResult:
    return FlowResult(
        step=passage.step,
        source=place_name(passage.source, line),
        target=place_name(passage.target, line),
        kind=passage.target.kind,
        passage=passage.written,
        calls=calls,
    )


def place_name(place: Place, line: Line | None) -> str:
    """Say where a call is."""
    match place.kind:
        case Kind.MENU:
            return line.menus[place.name].title if line and place.name in line.menus else f"Menú {place.name}"
        case Kind.TEXT:
            return f"Información {_text_title(place.name, line)}"
        case Kind.QUEUE:
            return f"Cola {line.queues[place.name].title if line and place.name in line.queues else place.name}"
        case _:
            return _WORDS[place.kind]


def _title(stage: Stage, name: str, line: Line | None) -> str:
    """Say in the line's words where somebody hung up."""
    if line is None:
        return name
    match stage:
        case Stage.MENU:
            titles = {menu.name: menu.title for menu in line.menus.values()}
        case Stage.MAILBOX:
            titles = {mailbox.name: mailbox.title for mailbox in line.mailboxes.values()}
        case Stage.SURVEY:
            titles = {one.name: one.title for survey in line.surveys.values() for one in survey.questions}
        case Stage.OFFER:
            titles = {queue.name: queue.title for queue in line.queues.values()}
        case Stage.TEXT:
            return _text_title(name, line)
        case _:
            titles = {}
    return titles.get(name, name)


def _text_title(name: str, line: Line | None) -> str:
    """Return the title of the option that says a text."""
    options = (option for menu in line.menus.values() for option in menu.options.values()) if line else ()
    return next((one.title for one in options if isinstance(one.to, Say) and one.to.prompt == name), name)
