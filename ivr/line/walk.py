"""Goes through a line: every destination, every prompt, each with where it is written."""

from collections.abc import Iterable, Iterator

from ivr.line.fields import Path
from ivr.line.model import Destination, HangUp, Line, Retries, Say, ToArea, ToMailbox, ToMenu, ToQueue, ToSurvey

STANDARD_PROMPTS = (
    "transferencia",
    "respaldo",
    "ocupados",
    "despedida",
    "devolucion",
    "devolucion_campana",
    "devolucion_espere",
)
"""Said on every line."""
MESSAGE_PROMPT = "buzon_sin_guion"
"""Asks for a message after the tone, where the call scripts do not answer."""
POSITION_PROMPTS = ("cola_turno", "cola_siguiente")
"""Before the number of one's turn, and when one is next."""


def target(to: Destination) -> tuple[str, str] | None:
    """Return the key and the name of what a destination names, None if it names nothing."""
    match to:
        case ToQueue(queue=name):
            return "queues", name
        case ToArea(area=name):
            return "areas", name
        case ToMenu(menu=name):
            return "menus", name
        case ToMailbox(mailbox=name):
            return "mailboxes", name
        case ToSurvey(survey=name):
            return "surveys", name
        case _:
            return None


def chain(to: Destination) -> Iterator[Destination]:
    """Yield a destination, and those that follow what is said."""
    yield to
    while isinstance(to, Say) and to.then:
        to = to.then
        yield to


def last(to: Destination) -> Destination:
    """Return where a destination leads when all that follows a text was said."""
    while isinstance(to, Say) and to.then:
        to = to.then
    return to


def destinations(line: Line) -> Iterator[tuple[Path, Destination]]:
    """Yield every destination; of what follows a text, each by itself."""
    for path, to in _first_destinations(line):
        for each in chain(to):
            yield path, each


def _first_destinations(line: Line) -> Iterator[tuple[Path, Destination]]:
    yield ("start",), line.start
    yield ("closed",), line.closed.to
    for menu in line.menus.values():
        for key, option in menu.options.items():
            yield ("menus", menu.name, "options", key), option.to
        yield ("menus", menu.name, "give_up"), menu.give_up
    for queue in line.queues.values():
        path = ("queues", queue.name)
        if queue.overflow:
            yield (*path, "overflow"), queue.overflow
        if queue.offer:
            yield (*path, "offer"), ToMailbox(mailbox=queue.offer.mailbox)
        if queue.survey:
            yield (*path, "survey"), ToSurvey(survey=queue.survey)
    for area in line.areas.values():
        yield ("areas", area.name), ToQueue(queue=area.queue)


def prompts(line: Line) -> Iterator[tuple[Path, str]]:
    """Yield every prompt that the line names, and those said on every line."""
    for prompt in STANDARD_PROMPTS:
        yield (), prompt
    yield ("welcome",), line.welcome
    yield ("closed",), line.closed.prompt
    if line.languages.asked:
        yield from _each(("languages",), (line.languages.prompt,), line.languages.retries)
    if consent := line.consent:
        said = (consent.core, consent.question, consent.accepted, consent.declined)
        yield from _each(("consent",), said, consent.retries)
    for menu in line.menus.values():
        yield from _each(("menus", menu.name, "prompt"), (menu.prompt,), menu.retries)
    for path, to in destinations(line):
        if isinstance(to, Say | HangUp) and to.prompt:
            yield path, to.prompt
    yield from _prompts_of_queues(line)
    yield from _prompts_of_mailboxes_and_surveys(line)


def _prompts_of_queues(line: Line) -> Iterator[tuple[Path, str]]:
    for queue in line.queues.values():
        if queue.offer:
            yield from _each(("queues", queue.name, "offer"), (queue.offer.question, queue.offer.prompt))
        if queue.announce_position:
            yield from _each(("queues", queue.name), POSITION_PROMPTS)


def _prompts_of_mailboxes_and_surveys(line: Line) -> Iterator[tuple[Path, str]]:
    for mailbox in line.mailboxes.values():
        asked = (field.prompt for field in mailbox.fields)
        said = (mailbox.intro, *asked, mailbox.done, MESSAGE_PROMPT)
        yield from _each(("mailboxes", mailbox.name), said, mailbox.retries)
    for survey in line.surveys.values():
        yield from _each(("surveys", survey.name), (survey.intro, survey.thanks), survey.retries)
        for question in survey.questions:
            yield ("surveys", survey.name, "questions", question.name), question.prompt


def _each(path: Path, said: Iterable[str], retries: Retries | None = None) -> Iterator[tuple[Path, str]]:
    for prompt in (*said, *(retries.wrong + retries.silent if retries else ())):
        yield path, prompt
