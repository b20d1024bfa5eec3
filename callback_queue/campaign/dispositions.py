"""How the record of a campaign came out: the dispositions of ART-2019, table 14, and which follow from a call."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from callback_queue.request import CallbackRequest, Reason, Result, State


class Disposition(StrEnum):
    """What a record is worked to."""

    SURVEY_DONE = "survey_done"
    SURVEY_PARTIAL = "survey_partial"
    """Some questions were answered, and not all of them."""
    SURVEY_NOT_DONE = "survey_not_done"
    VOICEMAIL = "voicemail"
    SWITCHBOARD = "switchboard"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DAMAGED = "damaged"
    WRONG_NUMBER = "wrong_number"
    INVALID = "invalid"
    CALL_AGAIN = "call_again"
    ALREADY_SURVEYED = "already_surveyed"
    NO_DATA = "no_data"
    OWN_LINE = "own_line"
    """The number turned out to be one of the entity itself."""


OF_SURVEY: Final = frozenset({Disposition.SURVEY_DONE, Disposition.SURVEY_PARTIAL, Disposition.SURVEY_NOT_DONE})
"""Those that say how much of a survey was answered."""

_OF_RESULT: Final[Mapping[Result, Disposition]] = {
    Result.BUSY: Disposition.BUSY,
    Result.NO_ANSWER: Disposition.NO_ANSWER,
    Result.LEFT_WAITING: Disposition.NO_ANSWER,
    Result.MACHINE: Disposition.VOICEMAIL,
    Result.HUNG_UP: Disposition.SURVEY_NOT_DONE,
    Result.REFUSED: Disposition.SURVEY_NOT_DONE,
    Result.UNREACHABLE: Disposition.DAMAGED,
    Result.WRONG_NUMBER: Disposition.WRONG_NUMBER,
    Result.INVALID_NUMBER: Disposition.INVALID,
}
_OF_REASON: Final[Mapping[Reason, Disposition]] = {
    Reason.WRONG_NUMBER: Disposition.WRONG_NUMBER,
    Reason.INVALID_NUMBER: Disposition.INVALID,
    Reason.NUMBER_NOT_ALLOWED: Disposition.INVALID,
    Reason.NO_NUMBER: Disposition.NO_DATA,
    Reason.LEFT_ALONE: Disposition.SURVEY_NOT_DONE,
    Reason.BY_CITIZEN: Disposition.SURVEY_NOT_DONE,
}


def follows(request: CallbackRequest, answered: int, questions: int) -> Disposition | None:
    """Tell what the end of a promised call makes of its record; None while it goes on.

    `answered` are the questions of the campaign's survey that were answered by a key of their scale, whoever pressed or
    typed it, of the `questions` that have one.
    What an adviser typed comes before it. A call whose result nobody knows, one that came too late, and a citizen who
    called by himself before we did, are to be called again: by a person's decision, never by itself.
    """
    if not request.state.final:
        return None
    if request.reason and (known := _OF_REASON.get(request.reason)):
        return known
    if request.state is State.ATTENDED:
        some = Disposition.SURVEY_PARTIAL if answered < questions else Disposition.SURVEY_DONE
        return some if answered else Disposition.SURVEY_NOT_DONE
    last = request.attempt.result if request.attempt else None
    if last and request.reason is Reason.TOO_MANY_ATTEMPTS:
        return _OF_RESULT.get(last, Disposition.CALL_AGAIN)
    return Disposition.CALL_AGAIN
