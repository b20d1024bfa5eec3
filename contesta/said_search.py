"""What somebody asks of answers and of what callers did, in the words of addresses."""

import re
from collections.abc import Mapping

from core.errors import ConfigurationError
from core.events import Stage
from quality.metrics.funnel import Did, Kind
from storage.said_filter import AnswerAsked, DeedAsked

GIVEN, NOT_GIVEN = "dada", "ninguna"
ATTENDED: Mapping[str, bool] = {"si": True, "no": False}
DIDS: Mapping[str, Did] = {
    "llegó": Did.REACHED,
    "eligió": Did.CHOSE,
    "desistió": Did.GAVE_UP,
    "colgó": Did.HUNG_UP,
    "se cortó": Did.CUT_OFF,
    "sigue": Did.INSIDE,
    "otra tecla": Did.WRONG,
    "silencio": Did.SILENT,
    "repitió": Did.REPEATED,
    "colgó oyendo": Did.LEFT,
    "se resolvió": Did.SOLVED,
    "habló con asesor": Did.ANSWERED,
}
STAGES: Mapping[str, Stage] = {
    "idioma": Stage.LANGUAGE,
    "autorización": Stage.CONSENT,
    "menú": Stage.MENU,
    "información": Stage.TEXT,
    "oferta": Stage.OFFER,
    "buzón": Stage.MAILBOX,
    "encuesta": Stage.SURVEY,
}
DID_WORDS = {did: word for word, did in DIDS.items()}
STAGE_WORDS = {stage: word for word, stage in STAGES.items()}
VALUES = r"[0-9]{1,9}(,[0-9]{1,9}){0,9}"

PLACES: Mapping[str, str] = {
    Kind.CALL: "llamaron",
    Kind.MENU: "menú",
    Kind.TEXT: "información",
    Kind.QUEUE: "cola",
    Kind.ADVISER: "asesor",
    Kind.MAILBOX: "buzón",
    Kind.REQUEST: "dejó solicitud",
    Kind.SURVEY: "encuesta",
    Kind.HUNG_UP: "colgó",
    Kind.ENDED: "terminó la línea",
    Kind.LOST: "se perdió",
    Kind.GOING_ON: "sigue en línea",
}

_VALUES = re.compile(VALUES, re.ASCII)
_PASSAGE = re.compile(r"([0-9]{1,2}) ([a-z_]+):(.*)>([a-z_]+):(.*)", re.DOTALL)


def checked(word: str, words: Mapping[str, object], what: str) -> str:
    """Give a word back, or "".

    Raises:
        ConfigurationError: it is none of these; the message says which they are.
    """
    if word and word not in words:
        raise ConfigurationError(f"{what}: no conozco «{word}». Use uno de: {', '.join(words)}")
    return word


def checked_answer(said: str) -> str:
    """Give an answer asked for back: keys such as "4,5", whether there was one, or "".

    Raises:
        ConfigurationError: it is none.
    """
    if said and said not in {GIVEN, NOT_GIVEN} and _VALUES.fullmatch(said) is None:
        raise ConfigurationError(f"respuesta no válida: «{said}». Use «{GIVEN}», «{NOT_GIVEN}» o teclas: 4,5")
    return said


def answer_words(said: str) -> str:
    """Say which answer is asked for."""
    if said in {GIVEN, NOT_GIVEN}:
        return "Respondió" if said == GIVEN else "No respondió"
    return f"Respuesta: {' o '.join(said.split(','))}"


def passage_words(said: str) -> str:
    """Say from where to where a passage goes, as far as it can be read."""
    written = _PASSAGE.fullmatch(said)
    if written is None:
        return said
    step, *places = written.groups()
    source, target = (" ".join(filter(None, (PLACES.get(kind, kind), name))) for kind, name in (places[:2], places[2:]))
    return f"{int(step) + 1}. {source} → {target}"


def answer_asked(survey: str, question: str, answer: str, attended: str) -> AnswerAsked | None:
    """Give what is asked of an answer as the ledger takes it; None for nothing. `question` is one, or several: a,b."""
    if not any((survey, question, answer, attended)):
        return None
    is_word = answer in {"", GIVEN, NOT_GIVEN}
    return AnswerAsked(
        survey=survey or None,
        questions=frozenset(question.split(",")) if question else None,
        values=None if is_word else frozenset(map(int, answer.split(","))),
        given=(answer == GIVEN) if is_word and answer else None,
        attended=ATTENDED.get(attended),
    )


def deed_asked(did: str, stage: str, place: str, key: str) -> DeedAsked | None:
    """Give what is asked of the way as the ledger takes it; None for nothing."""
    if not any((did, stage, place, key)):
        return None
    return DeedAsked(did=DIDS.get(did), stage=STAGES.get(stage), name=place or None, key=key or None)
