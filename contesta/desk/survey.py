"""What an adviser may type of a campaign's survey: its questions in the line's words, and what is no answer. Pure."""

from collections.abc import Mapping, Sequence

from contesta.campaigns.results import ANSWERS
from ivr.line.model import SPANISH, Line, Question, Survey
from storage.desk import Said

_PAUSE = " \N{HORIZONTAL ELLIPSIS} "


def words_of(line: Line, question: Question) -> str:
    """Give what the line would ask, to be read: a pause before a key is a colon."""
    return line.texts.get(SPANISH, {}).get(question.prompt, question.title).replace(_PAUSE, ": ")


def choices_of(question: Question) -> tuple[tuple[int, str], ...]:
    """Give the answers there are to a question with their words, the lowest key first; none of a comment."""
    words = ANSWERS[question.scale]
    return tuple((value, words[value]) for value in sorted(words) if value)


def fault(said: Sequence[Said], surveys: Mapping[str, Survey]) -> str:
    """Say what is wrong with answers to the surveys that a conversation has, and how to mend it; "" if nothing is."""
    if said and not surveys:
        return "esta llamada no es de una campaña con encuesta; no escriba respuestas"
    for one in said:
        asked = surveys[one.survey].questions if one.survey in surveys else ()
        question = next((each for each in asked if each.name == one.question), None)
        if question is None:
            there_are = ", ".join(f"{name}/{each.name}" for name in surveys for each in surveys[name].questions)
            return f"no hay pregunta «{one.survey}/{one.question}» en esta llamada; las que hay son: {there_are}"
        values = [value for value, _ in choices_of(question)]
        if values and one.answer not in values:
            return f"«{one.answer}» no está en la escala de «{question.title}»; escriba un número de 1 a {values[-1]}"
        if not values and not (isinstance(one.answer, str) and one.answer.strip()):
            return f"«{question.title}» se responde con un texto; escríbalo, o deje la pregunta sin respuesta"
    return ""
