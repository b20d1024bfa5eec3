"""Checks a line as a whole: what would strand or mislead callers, or contradicts itself, keeps it from being published.

What callers merely find hard is advice (`ivr.line.advise`): the line is published, and it is told.
"""

from collections.abc import Iterator, Sequence

from ivr.line import wording
from ivr.line.fields import Path
from ivr.line.model import (
    OPERATOR_KEY,
    SPANISH,
    Back,
    Disposition,
    FieldKind,
    HangUp,
    Line,
    Menu,
    Recording,
    Say,
    ToArea,
    ToMailbox,
    ToMenu,
    ToQueue,
)
from ivr.line.read import Draft
from ivr.line.walk import chain, destinations, last, prompts, target

Remark = tuple[Path, str]

_A = {"queues": "la cola", "areas": "el área", "menus": "el menú", "mailboxes": "el buzón", "surveys": "la encuesta"}
_PERSON = (ToQueue, ToArea, ToMailbox)


def faults(draft: Draft) -> Iterator[Remark]:
    """Yield what keeps the line from being published, each with where it stands."""
    line = draft.line
    unknown = tuple(_unknown_names(draft))
    yield from unknown
    yield from _missing_texts(draft)
    yield from _unspeakable(draft)
    yield from _languages(line)
    yield from _consent(line)
    for menu in line.menus.values():
        yield from _menu(menu, line)
    yield from _closed(line)
    yield from _queues(line)
    yield from _mailboxes(line)
    yield from _web(line)
    yield from _dispositions(line.dispositions)
    if not draft.faults and not unknown:  # what could not be read, or has another name, leads nowhere
        yield from _ways(line)


def together(lines: Sequence[Line]) -> Iterator[tuple[int, Path, str]]:
    """Yield what lines of one telephone system cannot have in common: index of the later line, where, and what."""
    owners: dict[str, int] = {}
    for index, line in enumerate(lines):
        for thing, path in _unshared(line):
            owner = owners.setdefault(thing, index)
            if owner != index:
                yield index, path, f"{thing} ya es de la línea «{lines[owner].title}»; use otro"


def _unshared(line: Line) -> Iterator[tuple[str, Path]]:
    yield f"el nombre «{line.name}»", ("name",)
    for number in line.numbers:
        yield f"el número {number}", ("numbers",)
    for name in line.queues:
        yield f"el nombre de cola o área «{name}»", ("queues", name)
    for name in sorted(line.areas.keys() - line.queues.keys()):
        yield f"el nombre de cola o área «{name}»", ("areas", name)
    for name in line.surveys:
        yield f"el nombre de encuesta «{name}»", ("surveys", name)
    for path, extension in _extensions(line):
        yield f"la extensión {extension}", path


def _extensions(line: Line) -> Iterator[tuple[Path, str]]:
    for kind, things in (("queues", line.queues), ("surveys", line.surveys)):
        for name, thing in things.items():
            if thing.extension:
                yield (kind, name, "extension"), thing.extension


def _unknown_names(draft: Draft) -> Iterator[Remark]:
    for path, to in destinations(draft.line):
        if found := target(to):
            kind, name = found
            known = draft.places.names(kind)
            if name not in known:
                there = f"las que hay son: {', '.join(sorted(known))}" if known else f"escríbala en «{kind}»"
                yield path, f"no existe {_A[kind]} «{name}»; {there}"


def _missing_texts(draft: Draft) -> Iterator[Remark]:
    written = {path[2] for path in draft.places.by_path if path[:2] == ("texts", SPANISH) and len(path) == 3}  # noqa: PLR2004  texts, language, id
    there = written | draft.line.texts[SPANISH].keys()
    for path, prompt in prompts(draft.line):
        if prompt and prompt not in there:
            yield path, f"falta el texto «{prompt}»; escríbalo en «texts», «{SPANISH}»"
    for language, texts in draft.own_texts.items():
        for prompt in sorted(texts.keys() - there) if language != SPANISH else ():
            yield ("texts", language, prompt), f"no está en «{SPANISH}»; escríbalo también allí"


def _unspeakable(draft: Draft) -> Iterator[Remark]:
    voices = {language.code for language in draft.line.languages.all if language.voice}
    for language, texts in draft.own_texts.items():
        for prompt, text in texts.items() if language in voices else ():
            for said in wording.unspeakable(text):
                yield ("texts", language, prompt), said


def _languages(line: Line) -> Iterator[Remark]:
    every = line.languages.all
    if not every or every[0].code != SPANISH:
        yield ("languages",), f"el primer idioma de «choices» debe ser «{SPANISH}»: lo oye quien no elige"
    keys: set[str] = set()
    for language in every if line.languages.asked else ():
        if not language.key:
            yield ("languages", language.code), "falta «key», la tecla que lo elige"
        elif language.key in keys:
            yield ("languages", language.code), f"la tecla {language.key} ya elige otro idioma"
        keys.add(language.key)
    for code in sorted(line.texts.keys() - {SPANISH, *(each.code for each in every)}):
        yield ("texts", code), "no es un idioma de la línea; agréguelo en «languages» o quite sus textos"


def _consent(line: Line) -> Iterator[Remark]:
    if line.recording is Recording.CONSENTED and line.consent is None:
        yield ("recording",), "falta «consent»: sin autorización no se puede grabar; escríbalo o use «never»"


def _menu(menu: Menu, line: Line) -> Iterator[Remark]:
    path = ("menus", menu.name)
    operator = menu.options.get(OPERATOR_KEY)
    if operator is None:
        yield (*path, "options"), "falta la tecla 0: debe llevar a una persona o a un buzón"
    elif not isinstance(last(operator.to), _PERSON):
        yield (*path, "options", OPERATOR_KEY), "la tecla 0 debe llevar a una persona o a un buzón"
    if not isinstance(last(menu.give_up), _PERSON):
        yield (*path, "give_up"), "quien no logra elegir debe llegar a una persona o a un buzón"
    for key in sorted(wording.keys(line.texts[SPANISH].get(menu.prompt, "")) - menu.options.keys() - {"*"}):
        yield (*path, "prompt"), f"el texto «{menu.prompt}» ofrece la tecla {key}, que no tiene opción"


def _closed(line: Line) -> Iterator[Remark]:
    if not isinstance(last(line.closed.to), ToMailbox | HangUp):
        yield ("closed",), "fuera del horario nadie atiende: escriba «mailbox: NOMBRE» o «hangup»"
    if line.calendar.weekly and not any(line.calendar.weekly.values()):
        yield ("calendar",), "la línea no abre ningún día; escriba horas"


def _queues(line: Line) -> Iterator[Remark]:
    seen: set[str] = set()
    for path, extension in _extensions(line):
        if extension in seen:
            yield path, f"la extensión {extension} ya está en uso; use otra"
        seen.add(extension)
    for queue in line.queues.values():
        path = ("queues", queue.name)
        if queue.overflow is None and queue.longest_wait_seconds is not None:
            yield (*path, "longest_wait_seconds"), "falta «overflow»: a dónde va quien ya esperó tanto"
        if queue.overflow is None and not queue.wait_without_advisers:
            yield (*path, "wait_without_advisers"), "falta «overflow»: a dónde va quien no puede esperar"
    yield from _circles(line)


def _circles(line: Line) -> Iterator[Remark]:
    """Yield each circle of queues that pass callers on to one another, at the first of them."""
    ended: set[str] = set()
    for name in line.queues:
        passed: list[str] = []
        after: str | None = name
        while after and after not in ended:
            if after in passed:
                yield ("queues", after, "overflow"), "vuelve a una cola por la que ya pasó; termine en un buzón"
                break
            passed.append(after)
            overflow = line.queues[after].overflow
            after = overflow.queue if isinstance(overflow, ToQueue) and overflow.queue in line.queues else None
        ended.update(passed)


def _mailboxes(line: Line) -> Iterator[Remark]:
    for mailbox in line.mailboxes.values():
        path = ("mailboxes", mailbox.name)
        kinds = [field.kind for field in mailbox.fields]
        if FieldKind.PHONE not in kinds:
            yield (*path, "fields"), "falta «phone»: sin teléfono no se puede devolver la llamada"
        if any(field.kind is FieldKind.PHONE and field.optional for field in mailbox.fields):
            yield (*path, "fields"), "«phone» no puede ser opcional: sin teléfono no se puede devolver la llamada"
        for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            yield (*path, "fields"), f"«{kind}» está dos veces; deje uno"
        if (FieldKind.SUBJECT in kinds) is not bool(mailbox.subjects):
            yield path, "«subject» y «subjects» van juntos: escriba los dos o ninguno"
        names = [subject.name for subject in mailbox.subjects.values()]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield path, f"el motivo «{name}» está en dos teclas; deje una"


def _web(line: Line) -> Iterator[Remark]:
    if line.web is None:
        return
    if line.web_consent is None:
        yield ("web",), "falta «consent» con «version» y «text»: lo que se autoriza en la página"
    if line.web.queue and line.web.queue not in line.queues:
        yield ("web", "queue"), f"no existe la cola «{line.web.queue}»; las que hay son: {', '.join(line.queues)}"
    if line.web.mailbox and line.web.mailbox not in line.mailboxes:
        there = ", ".join(line.mailboxes) or "ninguno"
        yield ("web", "mailbox"), f"no existe el buzón «{line.web.mailbox}»; los que hay son: {there}"


def _dispositions(tree: Sequence[Disposition]) -> Iterator[Remark]:
    names = [each.name for each in _nodes(tree)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield ("dispositions",), f"«{name}» está dos veces en el árbol; cambie uno"


def _nodes(tree: Sequence[Disposition]) -> Iterator[Disposition]:
    for each in tree:
        yield each
        yield from _nodes(each.below)


def _ways(line: Line) -> Iterator[Remark]:
    """Yield menus that nobody hears, and ways that lead nowhere."""
    if isinstance(last(line.start), Back | Say):
        yield ("start",), "no hay menú a donde volver; escriba a dónde sigue"
    heard = _heard(line)
    for name in line.menus.keys() - heard:
        yield ("menus", name), "ninguna opción lleva a este menú; agréguela o quite el menú"
    leaving = _leaving(line)
    for name in sorted(heard - leaving):
        yield ("menus", name), "no tiene salida: ninguna tecla lleva a una cola, un buzón o el final"


def _heard(line: Line) -> set[str]:
    heard: set[str] = set()
    ahead = [line.start, line.closed.to]
    while ahead:
        for to in chain(ahead.pop()):
            if isinstance(to, ToMenu) and to.menu in line.menus and to.menu not in heard:
                heard.add(to.menu)
                menu = line.menus[to.menu]
                ahead += [menu.give_up, *(option.to for option in menu.options.values())]
    return heard


def _leaving(line: Line) -> set[str]:
    """Return the menus from which some keys lead on."""
    leaving: set[str] = set()
    while True:
        more = {
            menu.name
            for menu in line.menus.values()
            for option in menu.options.values()
            if isinstance(to := last(option.to), (*_PERSON, HangUp)) or (isinstance(to, ToMenu) and to.menu in leaving)
        }
        if more == leaving:
            return leaving
        leaving = more
