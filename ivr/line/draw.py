"""Draws a line as its callers walk through it, in the language of Graphviz, and tells the same in sentences."""

from collections.abc import Iterator, Mapping, Sequence

from ivr.line.model import Back, Destination, HangUp, Line, Menu, Queue, Recording, Say, ToMailbox
from ivr.line.walk import target

_HEAD = """digraph linea {
  graph [rankdir=TB, bgcolor="#FFFFFF", fontname="sans-serif", nodesep=0.4, ranksep=0.5]
  node [fontname="sans-serif", fontsize=13, fontcolor="#16202A", color="#6B7782", fillcolor="#F4F6F8", style="filled",
        shape=box, margin="0.15,0.08"]
  edge [fontname="sans-serif", fontsize=12, fontcolor="#4A5763", color="#6B7782", arrowsize=0.7]
"""
_SHAPES = {
    "menus": 'shape=box, style="rounded,filled", fillcolor="#FFFFFF", color="#0B5CAD", penwidth=2',
    "queues": 'shape=cds, margin="0.3,0.15", fillcolor="#D9F0EA", fontcolor="#004D43", color="#00795A"',
    "mailboxes": 'shape=tab, fillcolor="#FFCF5C"',
    "surveys": 'shape=note, fillcolor="#FFFFFF"',
}
_WORDS = {"menus": "Menú", "queues": "Cola", "mailboxes": "Buzón", "surveys": "Encuesta"}
_SAID_CHARACTERS = 60
_COLUMN = 26
_MINUTE = 60


def title(line: Line) -> str:
    """Name the drawing."""
    return f"Recorrido de una llamada: {line.title}, {line.entity}"


def described(line: Line) -> str:
    """Tell the drawing in sentences, for those who do not see it."""
    told = [f"Se llama al {', '.join(line.numbers)}.", f"Fuera del horario: {_told(line, line.closed.to)}."]
    told += [f"{said}." for said in _before(line)]
    told.append(f"Luego: {_told(line, line.start)}.")
    for menu in line.menus.values():
        options = "; ".join(f"{key}, {option.title}: {_told(line, option.to)}" for key, option in menu.options.items())
        told.append(f"Menú «{menu.title}»: {options}. Quien no elige: {_told(line, menu.give_up)}.")
    for queue in line.queues.values():
        said = [f"{said}: {_told(line, to)}" for said, to in _leaving(queue)]
        said += [f"al terminar, encuesta «{line.surveys[queue.survey].title}»"] if queue.survey else []
        told += [f"Cola «{queue.title}»: {'; '.join(said)}."] if said else []
    if line.areas:
        told.append(f"Los asesores transfieren a: {', '.join(area.title for area in line.areas.values())}.")
    return " ".join(told)


def dot(line: Line) -> str:
    """Draw a line. The same line always gives the same text."""
    return _HEAD + "".join(f"  {row}\n" for row in _rows(line)) + "}\n"


def _rows(line: Line) -> Iterator[str]:
    numbers = "\n".join(line.numbers)
    yield _node("llamada", f"{line.title}\n{numbers}", "shape=oval, penwidth=2")
    yield _node("horario", "¿En horario?", "shape=diamond")
    yield _edge("llamada", "horario")
    yield from _way(line, "horario", "no", line.closed.to, "cerrado")
    before, label = "horario", "sí"
    for number, said in enumerate(_before(line)):
        yield _node(f"antes_{number}", said, "")
        yield _edge(before, f"antes_{number}", label)
        before, label = f"antes_{number}", ""
    yield from _way(line, before, label, line.start, "inicio")
    for menu in line.menus.values():
        yield _node(f"menus_{menu.name}", _named("menus", menu.title), _SHAPES["menus"])
        for to, keys in _by_destination(menu).items():
            titles = dict.fromkeys(menu.options[key].title for key in keys)
            same = {title: [key for key in keys if menu.options[key].title == title] for title in titles}
            label = "\n".join(f"{', '.join(those)} · {title}" for title, those in same.items())
            step = f"{menu.name}_{keys[0].replace('#', 'numeral')}"
            yield from _way(line, f"menus_{menu.name}", label, to, step)
        if menu.give_up not in [option.to for option in menu.options.values()]:
            yield from _way(line, f"menus_{menu.name}", "no elige", menu.give_up, f"{menu.name}_no", "style=dashed")
    yield from _things(line)


def _by_destination(menu: Menu) -> Mapping[Destination, Sequence[str]]:
    keys: dict[Destination, list[str]] = {}
    for key, option in menu.options.items():
        keys.setdefault(option.to, []).append(key)
    return keys


def _things(line: Line) -> Iterator[str]:
    of_areas = {area.queue for area in line.areas.values()}
    for queue in line.queues.values():
        if queue.name in of_areas:
            continue
        name = f"queues_{queue.name}"
        yield _node(name, _named("queues", queue.title), _SHAPES["queues"])
        for said, to in _leaving(queue):
            yield from _way(line, name, said, to, f"{name}_no", "style=dashed")
        if queue.survey:
            yield _edge(name, f"surveys_{queue.survey}", "el asesor cuelga")
        if line.areas:
            yield _edge(name, "areas", "el asesor transfiere", "style=dotted")
    if line.areas:
        rows = [f"{_dialled(line.queues[area.queue])}{area.title}" for area in line.areas.values()]
        label = "".join(f"{_quoted(row)}\\l" for row in ("Áreas", *rows))
        yield f'areas [label="{label}", {_SHAPES["queues"].replace("cds", "box")}]'
    for kind, things in (("mailboxes", line.mailboxes), ("surveys", line.surveys)):
        for name, thing in things.items():
            yield _node(f"{kind}_{name}", _named(kind, thing.title), _SHAPES[kind])


def _named(kind: str, title: str) -> str:
    word = _WORDS[kind]
    return title if title.startswith(word) else f"{word}\n{title}"


def _dialled(queue: Queue) -> str:
    return f"{queue.extension} · " if queue.extension else ""


def _before(line: Line) -> Iterator[str]:
    """Yield what every caller hears within hours before the first choice."""
    yield "Bienvenida"
    if line.languages.asked:
        yield "Idioma: " + ", ".join(f"{each.key} {each.title}" for each in line.languages.all)
    if line.consent:
        kept = "no se graba" if line.recording is Recording.NEVER else "sin autorización no se graba"
        yield f"Autorización de datos, versión {line.consent.version}: {kept}"


def _leaving(queue: Queue) -> Iterator[tuple[str, Destination]]:
    if queue.overflow:
        waited = f"tras {queue.longest_wait_seconds // _MINUTE} min" if queue.longest_wait_seconds else "sin asesores"
        yield waited, queue.overflow
    if queue.offer:
        yield f"tecla {queue.offer.key}: le llamamos", ToMailbox(mailbox=queue.offer.mailbox)


def _way(line: Line, source: str, label: str, to: Destination, step: str, look: str = "") -> Iterator[str]:
    """Yield the edge to a destination, with a node of its own for what is said on the way."""
    if found := target(to):
        kind, name = found
        node = "areas" if kind == "areas" else f"{kind}_{name}"
        yield _edge(source, node, label, look)
    elif isinstance(to, Say):
        said = f"dice_{step}"
        yield _node(said, f"«{_shortened(line.texts['es'].get(to.prompt, to.prompt))}»", "shape=box")
        yield _edge(source, said, label, look)
        if to.then:
            yield from _way(line, said, "", to.then, f"{step}_")
        elif source.startswith("menus_"):
            yield _edge(said, source)
    elif isinstance(to, HangUp):
        yield _node(f"fin_{step}", "Despedida", "shape=oval")
        yield _edge(source, f"fin_{step}", label, look)
    elif isinstance(to, Back):
        yield _node(f"atras_{step}", "Menú anterior", "shape=plaintext, style=solid")
        yield _edge(source, f"atras_{step}", label, look)


def _told(line: Line, to: Destination) -> str:
    things = {
        "menus": {name: f"menú «{menu.title}»" for name, menu in line.menus.items()},
        "queues": {name: f"cola «{queue.title}»" for name, queue in line.queues.items()},
        "areas": {name: f"área «{area.title}»" for name, area in line.areas.items()},
        "mailboxes": {name: f"buzón «{mailbox.title}»" for name, mailbox in line.mailboxes.items()},
        "surveys": {name: f"encuesta «{survey.title}»" for name, survey in line.surveys.items()},
    }
    if found := target(to):
        return things[found[0]][found[1]]
    if isinstance(to, Say):
        return f"un texto, {_told(line, to.then)}" if to.then else "un texto, y otra vez el menú"
    return "despedida" if isinstance(to, HangUp) else "menú anterior"


def _node(name: str, label: str, look: str) -> str:
    return f'{name} [label="{_quoted(_wrapped(label))}"{", " if look else ""}{look}]'


def _edge(source: str, to: str, label: str = "", look: str = "") -> str:
    looks = ", ".join(filter(None, (f'label=" {_quoted(_wrapped(label))} "' if label else "", look)))
    return f"{source} -> {to}{f' [{looks}]' if looks else ''}"


def _shortened(text: str) -> str:
    return text if len(text) <= _SAID_CHARACTERS else text[:_SAID_CHARACTERS].rsplit(" ", 1)[0] + " …"


def _wrapped(text: str) -> str:
    rows: list[str] = []
    for paragraph in text.split("\n"):
        row = ""
        for word in paragraph.split(" "):
            if row and len(row) + len(word) >= _COLUMN:
                rows.append(row)
                row = word
            else:
                row = f"{row} {word}".strip()
        rows.append(row)
    return "\n".join(rows)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
