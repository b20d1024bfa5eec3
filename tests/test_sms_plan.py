"""From the calls of a ledger to the messages in the outbox."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

import ivr
from callback_queue.policy import rules_of
from callback_queue.request import Asked, Consent, Place, Reason, Window
from callback_queue.request import ConsentAnswer as Answer
from callback_queue.request import Source as CameFrom
from callback_queue.sms.gateway import Answer as GatewayAnswer
from callback_queue.sms.gateway import Fate
from callback_queue.states import Cancelled
from contesta.lines import examine_files
from contesta.sms_plan import Planner
from core.events import (
    CallEnded,
    CallStarted,
    Completed,
    Connected,
    ConsentAnswer,
    ConsentAnswered,
    EndedBy,
    Event,
    QueueEntered,
    Source,
    SurveyAnswered,
)
from storage.callbacks import Callbacks
from storage.ledger import Ledger
from storage.sms import SmsOutbox

NOON = datetime(2026, 6, 2, 17, tzinfo=UTC)  # a Tuesday, 12:00 in Bogotá
(ANM,) = examine_files([Path(ivr.__file__).parent / "lines" / "anm.yaml"])


def call(
    number: int,
    *,
    by: EndedBy = EndedBy.CALLER,
    answer: ConsentAnswer = ConsentAnswer.ACCEPTED,
    telephone: str = "",
    survey: bool = False,
) -> list[Event]:
    of: Any = {"call_id": f"{number}.1", "channel_id": f"{number}.1", "source": Source.QUEUE_LOG}
    at = NOON + timedelta(minutes=10 * number)
    ended, queue = at + timedelta(minutes=3), "anm_atencion"
    told: list[Event] = [
        CallStarted(at=at, line="anm", number=telephone or f"+573{number:09}", **of),
        ConsentAnswered(at=at + timedelta(seconds=5), version="2025-1", answer=answer, **of),
        QueueEntered(at=at + timedelta(seconds=9), queue=queue, **of),
        Connected(at=at + timedelta(seconds=19), queue=queue, agent="Ana Ruiz", wait_seconds=10, **of),
        Completed(at=ended, queue=queue, agent="Ana Ruiz", wait_seconds=10, talk_seconds=161, by=by, **of),
        CallEnded(at=ended, by=EndedBy.CALLER, cause=16, **of),
    ]
    if survey:
        told.append(SurveyAnswered(at=ended, question="trato", answer=5, survey="anm_satisfaccion", **of))
    return told


def test_only_callers_who_hung_up_first_and_agreed_are_invited_once(engine: Engine) -> None:
    ledger, outbox, planner, line = Ledger(engine), SmsOutbox(engine), Planner(engine), ANM.line
    assert line is not None
    ledger.apply(
        [
            *call(1),
            *call(2, by=EndedBy.AGENT),
            *call(3, answer=ConsentAnswer.DECLINED),
            *call(4, survey=True),
            *call(5, telephone="+576012345678"),
            *call(6, telephone="+573000000001"),
            *call(7),
            *call(8),
        ]
    )
    later = NOON + timedelta(hours=2)
    Callbacks(engine).leave_alone("+573000000008", "ana.ruiz", "lo pidió", NOON)
    assert planner.plan([line], later) == 2, "one for each telephone"
    assert planner.plan([line], later) == 0
    ledger.apply(call(12, telephone="+573000000001"))
    assert planner.plan([line], NOON + timedelta(hours=3)) == 0, "it was invited a moment ago"
    assert planner.plan([line], NOON + timedelta(days=40)) == 0, "too late for all of them"
    sent = [outbox.next(NOON + timedelta(hours=3), ("anm",)) for _ in range(3)]
    assert [each and each.segment.number for each in sent] == ["+573000000001", "+573000000007", None]


def test_appointment_is_confirmed_when_asked_and_remembered_a_day_before_unless_cancelled(engine: Engine) -> None:
    callbacks, outbox, planner, line = Callbacks(engine), SmsOutbox(engine), Planner(engine), ANM.line
    assert line is not None
    at = NOON + timedelta(days=2)

    def appointment(number: int, answer: Answer = Answer.ACCEPTED) -> str:
        asked = Asked(
            source=CameFrom.APPOINTMENT,
            origin=f"web:{number}",
            line="anm",
            telephone=f"+573{number:09}",
            place=Place(queue="anm_atencion", since=NOON),
            window=Window(not_before=at, not_after=at + timedelta(minutes=30)),
            consent=Consent(version="2025-1", answer=answer, at=NOON),
        )
        return callbacks.ask(asked, rules_of(line), NOON).request.id

    appointment(1)
    cancelled = appointment(2)
    appointment(3, Answer.DECLINED)
    assert planner.plan([line], NOON) == 2
    assert planner.plan([line], NOON + timedelta(hours=1)) == 0
    callbacks.step(cancelled, Cancelled(by="citizen", reason=Reason.BY_CITIZEN), NOON)
    assert planner.plan([line], at - timedelta(hours=24)) == 1
    texts = []
    while ready := outbox.next(at - timedelta(hours=24), ("anm",)):
        texts.append((ready.segment.number, ready.segment.text[:14]))
        outbox.answered(ready, GatewayAnswer(fate=Fate.ACCEPTED, gateway_id=str(len(texts))), NOON)
    assert sorted(texts) == [
        ("+573000000001", "Le recordamos "),
        ("+573000000001", "Su cita con la"),
    ], "what is cancelled is not even confirmed"
    assert planner.plan([line], at + timedelta(minutes=1)) == 0
