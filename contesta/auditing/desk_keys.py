"""The keys of the auditor's desk: those it comes with, and those that an auditor chose instead."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.errors import ConfigurationError


class DeskAction(StrEnum):
    """What a key of the desk does."""

    PLAY = "play"
    BACK_1 = "back_1"
    FORWARD_1 = "forward_1"
    BACK_15 = "back_15"
    FORWARD_15 = "forward_15"
    BACK_5 = "back_5"
    FORWARD_5 = "forward_5"
    SLOWER = "slower"
    FASTER = "faster"
    LOOP_BEGIN = "loop_begin"
    LOOP_END = "loop_end"
    AGAIN = "again"
    NEXT_MOMENT = "next_moment"
    UP = "up"
    DOWN = "down"
    COMPLIES = "complies"
    FAILS = "fails"
    NOT_APPLICABLE = "not_applicable"
    MARK_TIME = "mark_time"
    EVIDENCE = "evidence"
    DELIVER = "deliver"
    UNDO = "undo"
    HELP = "help"


WORDS: Final[Mapping[DeskAction, str]] = MappingProxyType(
    {
        DeskAction.PLAY: "Oír o parar",
        DeskAction.BACK_1: "Un segundo atrás",
        DeskAction.FORWARD_1: "Un segundo adelante",
        DeskAction.BACK_15: "15 segundos atrás",
        DeskAction.FORWARD_15: "15 segundos adelante",
        DeskAction.BACK_5: "5 segundos atrás",
        DeskAction.FORWARD_5: "5 segundos adelante",
        DeskAction.SLOWER: "Más despacio",
        DeskAction.FASTER: "Más rápido",
        DeskAction.LOOP_BEGIN: "Comenzar una repetición aquí, o quitarla",
        DeskAction.LOOP_END: "Terminarla aquí y oírla",
        DeskAction.AGAIN: "Oír otra vez los últimos 5 segundos",
        DeskAction.NEXT_MOMENT: "Ir al momento siguiente y oírlo",
        DeskAction.UP: "Subítem anterior",
        DeskAction.DOWN: "Subítem siguiente",
        DeskAction.COMPLIES: "Cumple",
        DeskAction.FAILS: "Falla, en el segundo que se oye",
        DeskAction.NOT_APPLICABLE: "No aplica",
        DeskAction.MARK_TIME: "Poner en la falla el segundo que se oye",
        DeskAction.EVIDENCE: "Mostrar u ocultar lo medido",
        DeskAction.DELIVER: "Entregar",
        DeskAction.UNDO: "Deshacer la última marca",
        DeskAction.HELP: "Ver las teclas",
    }
)
DEFAULTS: Final[Mapping[DeskAction, tuple[str, ...]]] = MappingProxyType(
    {
        DeskAction.PLAY: (" ", "k"),
        DeskAction.BACK_1: ("ArrowLeft",),
        DeskAction.FORWARD_1: ("ArrowRight",),
        DeskAction.BACK_15: ("Shift+ArrowLeft",),
        DeskAction.FORWARD_15: ("Shift+ArrowRight",),
        DeskAction.BACK_5: ("j",),
        DeskAction.FORWARD_5: ("l",),
        DeskAction.SLOWER: (",",),
        DeskAction.FASTER: (".",),
        DeskAction.LOOP_BEGIN: ("[",),
        DeskAction.LOOP_END: ("]",),
        DeskAction.AGAIN: ("r",),
        DeskAction.NEXT_MOMENT: ("e",),
        DeskAction.UP: ("ArrowUp",),
        DeskAction.DOWN: ("ArrowDown",),
        DeskAction.COMPLIES: ("c",),
        DeskAction.FAILS: ("f",),
        DeskAction.NOT_APPLICABLE: ("n",),
        DeskAction.MARK_TIME: ("m",),
        DeskAction.EVIDENCE: ("s",),
        DeskAction.DELIVER: ("Ctrl+Enter",),
        DeskAction.UNDO: ("Ctrl+z",),
        DeskAction.HELP: ("?",),
    }
)
"""As a browser names keys: "k", "Shift+ArrowLeft", "Ctrl+Enter"."""

_NAMED = "Arrow(?:Left|Right|Up|Down)|Home|End|PageUp|PageDown|Insert|F[24789]"
_KEY = re.compile(rf"(?:Ctrl\+)?(?:Shift\+)?(?:{_NAMED})|Ctrl\+Enter|(?:Ctrl\+)?[^\W_A-Z]|[ !-/:-@\[-`{{-~¿¡]")
_OF_THE_BROWSER = frozenset(f"Ctrl+{key}" for key in "acvxtwnrlfphjk0")


def in_use(chosen: Mapping[DeskAction, str]) -> dict[DeskAction, tuple[str, ...]]:
    """Give the keys of each action: the chosen one, or else those that the desk comes with."""
    return {action: (chosen[action],) if action in chosen else keys for action, keys in DEFAULTS.items()}


def check(chosen: Mapping[DeskAction, str]) -> None:
    """See to it that each key can be pressed and does one thing.

    Raises:
        ConfigurationError: it cannot, or it does two; says which.
    """
    for action, key in chosen.items():
        if not _KEY.fullmatch(key) or key in _OF_THE_BROWSER:
            raise ConfigurationError("esa tecla es del navegador o no sirve sola; escoja otra")
        if action is DeskAction.DELIVER and not key.startswith("Ctrl+"):
            raise ConfigurationError("para entregar use Ctrl con otra tecla: también actúa mientras se escribe")
    of_key: dict[str, DeskAction] = {}
    for action, keys in in_use(chosen).items():
        for key in keys:
            if (other := of_key.setdefault(key, action)) is not action:
                taken, wanted = (other, action) if action in chosen else (action, other)
                raise ConfigurationError(f"esa tecla ya es de «{WORDS[taken]}»; «{WORDS[wanted]}» necesita otra")
