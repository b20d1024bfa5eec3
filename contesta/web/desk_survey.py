"""The survey of a campaign at an adviser's desk: its questions, and the answers that he types.

Whoever answered the adviser is not asked by the line: its scripts read in a file which conversations these are.
"""

from dataclasses import replace

import structlog
from aiohttp import web

from callback_queue.request import CallbackRequest
from contesta.callbacks.intake import covering
from contesta.desk.survey import choices_of, fault, words_of
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.desk_models import AnswerChoice, AnswerSaid, QuestionTold, SurveyTold
from contesta.web.desk_owner import TYPED
from contesta.web.validation import InvalidInputError, RefusedError
from core.events import ConsentAnswer
from ivr.answered import LOOK_BACK, NAME, AnsweredFile
from ivr.dialogs.consent import may_keep_answers
from ivr.line.model import Line, Question
from quality.metrics.history import CallHistory
from storage.campaigns import IVR, Answered
from storage.desk import Said
from storage.desk_answers import Typed, Wanted

_NO_CONSENT = "La persona no autorizó el uso de sus datos: lo que responda no se puede guardar."
_ASK = "Pregúntela usted en la conversación, y escriba lo que responda."
_LINE_ASKS = (
    "La línea la pregunta por teclas cuando usted cuelga. Si la persona le responde a usted, escríbalo aquí antes de "
    "colgar: la línea ya no pregunta."
)

log = structlog.get_logger()


class Surveys:
    """The surveys that the conversation on a channel has, by what the promised call behind it is for."""

    def __init__(
        self,
        request: web.Request,
        line: Line | None,
        behind: CallbackRequest | None,
        history: CallHistory | None,
    ) -> None:
        self._app = request.app
        self._line = line
        self._behind = behind
        wanted = request.app[TYPED].wanted(behind.id) if behind and line else ()
        self.wanted = tuple(one for one in wanted if line and one.survey in line.surveys)
        consent = covering(history, behind)
        answer = ConsentAnswer(consent.answer.value) if consent else None
        self.refused = "" if line is None or may_keep_answers(line.consent, answer) else _NO_CONSENT

    def told(self) -> list[SurveyTold]:
        """Tell them with what was answered by now."""
        if self._line is None:
            return []
        by_survey: dict[str, list[Wanted]] = {}
        for one in self.wanted:
            by_survey.setdefault(one.survey, []).append(one)
        return [
            SurveyTold(
                survey=name,
                title=self._line.surveys[name].title,
                campaigns=[one.campaign for one in records],
                how=_LINE_ASKS if self._line_asks(name) else _ASK,
                refused=self.refused,
                questions=_questions(self._line, name, self._app[TYPED].of(records[0])),
            )
            for name, records in by_survey.items()
        ]

    def checked(self, answers: list[AnswerSaid]) -> tuple[Said, ...]:
        """Read answers to them.

        Raises:
            InvalidInputError: they are none to these surveys.
            RefusedError: none may be kept.
        """
        said = {
            (one.survey, one.question): Said(survey=one.survey, question=one.question, answer=one.answer)
            for one in answers
        }
        surveys = {one.survey: self._line.surveys[one.survey] for one in self.wanted} if self._line else {}
        if wrong := fault(tuple(said.values()), surveys):
            raise InvalidInputError(wrong, "body.answers")
        if said and self.refused:
            raise RefusedError(self.refused)
        return tuple(said.values())

    def save(self, said: tuple[Said, ...], typed: Typed) -> None:
        """Keep what changes of what was answered; `typed` has of each all but the question and its answer."""
        given = {(one.survey, one.question): one.answer for one in said}
        before = {
            (one.survey, question): answered.text or answered.answer
            for one in self.wanted
            for question, answered in self._app[TYPED].of(one).items()
            if answered.author != IVR
        }
        changed = [key for key in {**before, **given} if before.get(key) != given.get(key)]
        self._app[TYPED].save(
            [
                replace(typed, survey=survey, question=question, answer=given.get((survey, question)))
                for survey, question in changed
            ],
            self.wanted,
        )

    def _line_asks(self, survey: str) -> bool:
        return self._behind is not None and self._behind.survey == survey


def tell_line(app: web.Application) -> None:
    """Tell the line's scripts in which conversations the citizen answered his adviser."""
    channels = app[TYPED].channels(app[CLOCK]() - LOOK_BACK)
    try:
        AnsweredFile(app[SETTINGS].data_dir / NAME).write(channels)
    except OSError as error:
        log.warning("cannot tell the line who has answered a survey", error=str(error))


def _questions(line: Line, survey: str, answered: dict[str, Answered]) -> list[QuestionTold]:
    return [_question(line, question, answered.get(question.name)) for question in line.surveys[survey].questions]


def _question(line: Line, question: Question, answered: Answered | None) -> QuestionTold:
    return QuestionTold(
        name=question.name,
        title=question.title,
        text=words_of(line, question),
        choices=[AnswerChoice(value=value, word=word) for value, word in choices_of(question)],
        answer=(answered.text or answered.answer) if answered else None,
        keyed=answered is not None and answered.author == IVR,
    )
