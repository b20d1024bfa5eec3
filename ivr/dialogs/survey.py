"""The survey after the conversation: each answer is noted when it is given, so that who leaves early loses none."""

from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

from core.events import Stage, SurveyAnswered
from ivr.dialogs.asking import Caller, tries, within
from ivr.line.model import Question, Retries, Scale, Survey, Voice

SILENCES_SKIP_QUESTION = 2
LEAST_COMMENT_SECONDS = 0.4

Answer: TypeAlias = int | str | None
"""A key of the scale, the file of a spoken comment, or None: asked in vain."""


def conduct(caller: Caller, survey: Survey, voice: Voice) -> Mapping[str, Answer]:
    """Ask all questions and return the answers by the questions' names.

    A key cuts the introduction short but answers nothing: the question was not heard yet.
    """
    answers: dict[str, Answer] = {}
    with within(caller, Stage.SURVEY, survey.questions[0].name):
        caller.ask((survey.intro,), 0)
    for question in survey.questions:
        with within(caller, Stage.SURVEY, question.name):
            answers[question.name] = answer = _answer(caller, question, survey.retries, voice)
        rating, file = (None, answer) if isinstance(answer, str) else (answer, "")
        caller.note(partial(SurveyAnswered, question=question.name, answer=rating, survey=survey.name, file=file))
    caller.say(survey.thanks)
    return answers


def _answer(caller: Caller, question: Question, retries: Retries, voice: Voice) -> Answer:
    if question.scale is Scale.COMMENT:
        return _comment(caller, question)
    keys = {str(value): value for value in range(1, question.scale.top + 1)}
    silences = 0
    for pressed in tries(caller, (question.prompt,), retries, voice):
        if pressed.key in keys:
            return keys[pressed.key]
        silences += not pressed.key
        if silences == SILENCES_SKIP_QUESTION:
            break
    return None


def _comment(caller: Caller, question: Question) -> str | None:
    caller.say(question.prompt)
    file = caller.message_file(question.name)
    spoken = caller.record(file, question.longest_seconds)
    return file if spoken.seconds >= LEAST_COMMENT_SECONDS else None
