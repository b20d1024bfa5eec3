"""Advice on a line that may be published: what callers would find hard, or what is probably a mistake."""

from collections.abc import Iterator

from core import sms
from ivr.line import wording
from ivr.line.check import Remark
from ivr.line.model import OPERATOR_KEY, SPANISH, Back, Line, Menu, Recording, Survey
from ivr.line.read import Draft
from ivr.line.read_messages import example
from ivr.line.walk import destinations, prompts, target

MOST_OPTIONS = 4
MOST_QUESTIONS = 3
WELCOME_SECONDS = 5
MENU_SECONDS = 20


def advice(draft: Draft) -> Iterator[Remark]:
    """Yield what is told, each with where it stands."""
    line = draft.line
    for prompt, text in draft.own_texts.get(SPANISH, {}).items():
        for said in wording.hard_to_follow(text):
            yield ("texts", SPANISH, prompt), said
    yield from _unused(draft)
    if wording.seconds(line.texts[SPANISH].get(line.welcome, "")) > WELCOME_SECONDS:
        yield ("welcome",), f"la bienvenida dura más de {WELCOME_SECONDS} s; acórtela"
    for menu in line.menus.values():
        yield from _menu(menu, line)
    for survey in line.surveys.values():
        yield from _survey(survey)
    if line.recording is Recording.ALWAYS:
        yield ("recording",), "se graba sin autorización: solo si la entidad no la necesita (Ley 1581 de 2012, art. 10)"
    yield from _messages(line)
    if not line.dispositions:
        yield (), "no hay «dispositions»: los asesores no podrán tipificar"


def _menu(menu: Menu, line: Line) -> Iterator[Remark]:
    path = ("menus", menu.name)
    choices = [key for key, option in menu.options.items() if key != OPERATOR_KEY and option.to != Back()]
    if len(choices) > MOST_OPTIONS:
        yield (*path, "options"), f"hay {len(choices)} opciones; deje {MOST_OPTIONS} y la tecla 0"
    text = line.texts[SPANISH].get(menu.prompt, "")
    if wording.seconds(text) > MENU_SECONDS:
        yield (*path, "prompt"), f"el menú dura más de {MENU_SECONDS} s; acórtelo o repártalo en dos"
    said = wording.keys(text) & menu.options.keys()
    told = [menu.options[key].to for key in said]
    for key in sorted(key for key, option in menu.options.items() if key not in said and option.to not in told):
        yield (*path, "options", key), f"el texto «{menu.prompt}» no dice esta tecla"


def _survey(survey: Survey) -> Iterator[Remark]:
    path = ("surveys", survey.name)
    if (count := len(survey.questions)) > MOST_QUESTIONS:
        yield path, f"tiene {count} preguntas; con más de {MOST_QUESTIONS} pocos terminan"
    if len({question.scale for question in survey.questions if question.scale.top}) > 1:
        yield path, "las preguntas tienen escalas distintas; use una sola"


def _unused(draft: Draft) -> Iterator[Remark]:
    line = draft.line
    used = {target(to) for _, to in destinations(line)}
    for kind, things in (("mailboxes", line.mailboxes), ("surveys", line.surveys)):
        for name in things:
            if (kind, name) not in used and not (kind == "surveys" and line.surveys[name].extension):
                yield (kind, name), "no se usa; llévela desde un menú o una cola, o quítela"
    said = {prompt for _, prompt in prompts(line)} | draft.shared.get(SPANISH, {}).keys()
    for prompt in draft.own_texts.get(SPANISH, {}):
        if prompt not in said:
            yield ("texts", SPANISH, prompt), "este texto no se usa; quítelo"


def _messages(line: Line) -> Iterator[Remark]:
    for template in line.messages.templates:
        composed = sms.compose(example(template, linea=line.title, entidad=line.entity))
        said = f"cada mensaje se factura como {len(composed.segments)}"
        if found := sms.costly(composed.text):
            said += f", en UCS-2 por: {' '.join(each.character for each in found)}"
        yield ("sms", template.kind), said
