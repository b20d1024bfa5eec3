"""Menus within menus, and the choice of a language: from where a caller begins to where the line takes them."""

from functools import partial
from typing import NamedTuple, TypeAlias

from core.events import LanguageChosen, MenuStepped, Stage, StepResult, TextChosen
from ivr.dialogs.asking import Caller, Pressed, tries, within
from ivr.line.model import (
    OPERATOR_KEY,
    Back,
    Destination,
    HangUp,
    Languages,
    Line,
    Menu,
    Say,
    ToArea,
    ToMailbox,
    ToMenu,
    ToQueue,
    ToSurvey,
    Voice,
)

MOST_STEPS = 20
"""Menus and texts that one caller hears; whoever still wanders then is taken where the menu takes who gives up."""

End: TypeAlias = ToQueue | ToArea | ToMailbox | ToSurvey | HangUp


class Reached(NamedTuple):
    """Where the menus end for a caller, and whether they came there by giving up."""

    end: End
    gave_up: bool


def choose_language(caller: Caller, languages: Languages, voice: Voice) -> str:
    """Ask for the language where there are several, and return its code: the first if nothing is chosen."""
    first = languages.all[0].code
    if not languages.asked:
        return first
    by_key = {language.key: language.code for language in languages.all}
    with within(caller, Stage.LANGUAGE):
        asked = tries(caller, (languages.prompt,), languages.retries, voice)
        chosen = next((by_key[pressed.key] for pressed in asked if pressed.key in by_key), first)
    caller.note(partial(LanguageChosen, language=chosen))
    return chosen


def follow(caller: Caller, line: Line, to: Destination) -> Reached:
    """Lead a caller through texts and menus to where they leave them."""
    path: list[Menu] = []
    gave_up = False
    for _ in range(MOST_STEPS):
        match to:
            case ToMenu():
                path.append(line.menus[to.menu])
                chosen = choose(caller, path[-1], line)
                gave_up = chosen is None
                to = chosen or path[-1].give_up
            case Back():
                to = ToMenu(menu=path[-2 if len(path) > 1 else -1].name)
                del path[-2:]
            case Say():
                caller.note(partial(TextChosen, text=to.prompt))
                with within(caller, Stage.TEXT, to.prompt):
                    caller.say(to.prompt)
                to = to.then or ToMenu(menu=path.pop().name)
            case _:
                return Reached(to, gave_up)
    return Reached(_out(path[-1].give_up, line), gave_up=True)


def choose(caller: Caller, menu: Menu, line: Line) -> Destination | None:
    """Lead a caller through one menu and return where it leads, None if all tries were in vain.

    0 is a person even if the menu does not say so.
    """
    options = {OPERATOR_KEY: ToQueue(queue=line.queue.name)} | {key: option.to for key, option in menu.options.items()}

    def note(pressed: Pressed, result: StepResult) -> None:
        step = partial(MenuStepped, menu=menu.name, key=pressed.key, heard_seconds=pressed.heard_seconds)
        caller.note(partial(step, result=result))

    def repeated(pressed: Pressed) -> None:
        note(pressed, StepResult.REPEATED)

    with within(caller, Stage.MENU, menu.name):
        for pressed in tries(caller, (menu.prompt,), menu.retries, line.voice, repeated):
            if pressed.key in options:
                note(pressed, StepResult.CHOSEN)
                return options[pressed.key]
            note(pressed, StepResult.WRONG if pressed.key else StepResult.SILENT)
        note(Pressed(""), StepResult.GAVE_UP)
    return None


def _out(to: Destination, line: Line) -> End:
    """Pass over the texts before where somebody who gives up is taken."""
    while isinstance(to, Say) and to.then:
        to = to.then
    return to if isinstance(to, ToQueue | ToArea | ToMailbox | ToSurvey | HangUp) else ToQueue(queue=line.queue.name)
