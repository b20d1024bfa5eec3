"""The conversations that go on, and which of them may be listened to. Pure.

Whoever may not be recorded may not be listened to either: what is listened to is what is being recorded, so that one
authorisation, or the line's own rule where it needs none, decides both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import ContestaError
from core.events import ConsentAnswer, ConsentAnswered, Recorded
from quality.metrics.visits import CallHistory, Leg, Visit

_LOG_ROUNDS_DOWN = timedelta(seconds=2)

NOT_AUTHORISED = "El ciudadano no autorizó grabar: tampoco se puede escuchar"
NOT_RECORDED = "Esta conversación no se graba: tampoco se puede escuchar"


class ListeningRefusedError(ContestaError):
    """Somebody may not listen, or not now; why is in the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """An adviser who talks with a caller since he answered.

    `refusal` says why nobody may listen, "" if some may; then `file` is the recording that is being made.
    """

    call_id: str
    channel_id: str
    queue: str
    line: str
    agent: str
    since: datetime
    refusal: str
    file: str = ""


def conversations(calls: Iterable[CallHistory]) -> tuple[Conversation, ...]:
    """Give the conversations of calls that go on, by adviser; of two of one adviser the later one."""
    found: dict[str, Conversation] = {}
    for one in (each for call in calls for each in _of_call(call)):
        before = found.get(one.agent)
        if before is None or before.since < one.since:
            found[one.agent] = one
    return tuple(found[agent] for agent in sorted(found))


def _of_call(call: CallHistory) -> Iterator[Conversation]:
    for visit in call.visits:
        for leg in visit.legs:
            if leg.ended_at is None:
                recording = _recording(call, visit, leg)
                yield Conversation(
                    call_id=call.call_id,
                    channel_id=visit.channel_id,
                    queue=visit.queue,
                    line=call.line,
                    agent=leg.agent,
                    since=leg.connected_at,
                    refusal=_refusal(call, recording),
                    file=recording.file if recording else "",
                )


def _recording(call: CallHistory, visit: Visit, leg: Leg) -> Recorded | None:
    began = leg.connected_at - _LOG_ROUNDS_DOWN
    of_leg = (told for told in call.recordings if (told.queue, told.agent) == (visit.queue, leg.agent))
    return next((told for told in of_leg if told.at >= began), None)


def _refusal(call: CallHistory, recording: Recorded | None) -> str:
    answers = [event.answer for event in call.events if isinstance(event, ConsentAnswered)]
    if answers and answers[-1] is ConsentAnswer.DECLINED:
        return NOT_AUTHORISED
    if recording is not None:
        return ""
    return NOT_AUTHORISED if answers and answers[-1] is ConsentAnswer.NONE else NOT_RECORDED
