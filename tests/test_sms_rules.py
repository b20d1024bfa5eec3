"""Which messages follow from what happened, and what a line's file may say of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ivr
from callback_queue.sms.rules import Appointment, EndedCall, asks_to_stop, confirmation, invitation, reminder
from ivr import prompts
from ivr.line.examine import Examined, examine
from ivr.line.model import Line

SHARED = {"es": prompts.load().texts}
GOOD = (Path(ivr.__file__).parent / "lines" / "anm.yaml").read_text(encoding="utf-8")
MOBILE, FIXED = "+573001234567", "+576012345678"
TUESDAY_NOON = datetime(2026, 6, 2, 17, tzinfo=UTC)  # 12:00 in Bogotá
CALL = EndedCall(
    call_id="1.1", number=MOBILE, ended_at=TUESDAY_NOON, hung_up_first=True, authorised=True, survey_answers=0
)
APPOINTMENT = Appointment(
    id="a1",
    request="2606020001",
    number=MOBILE,
    at=TUESDAY_NOON + timedelta(days=2, hours=2),
    asked_at=TUESDAY_NOON,
    code="ACEFHJ",
    authorised=True,
)


def examined(source: str = GOOD) -> Examined:
    (one,) = examine({"linea.yaml": source}, SHARED)
    return one


@pytest.fixture(scope="module")
def anm() -> Line:
    line = examined().line
    assert line is not None
    return line


def test_caller_who_hung_up_first_is_invited_to_the_survey(anm: Line) -> None:
    message = invitation(CALL, anm)
    assert message is not None
    assert (message.key, message.number, message.line) == ("survey:1.1", MOBILE, "anm")
    assert message.not_before == TUESDAY_NOON + timedelta(minutes=10)
    assert "{" not in message.text
    assert message == invitation(CALL, anm), "the same call never makes another message"


@pytest.mark.parametrize(
    "other",
    [
        {"hung_up_first": False},
        {"survey_answers": 1},
        {"authorised": False},
        {"number": FIXED},
        {"number": "anonymous"},
        {"number": "+573"},
        {"number": "+15551234567"},
    ],
    ids=str,
)
def test_nobody_else_is_invited(anm: Line, other: dict[str, object]) -> None:
    assert invitation(replace(CALL, **other), anm) is None  # type: ignore[arg-type]  # each has the type of its field


def test_invitation_waits_for_the_hours_in_which_it_may_be_sent(anm: Line) -> None:
    late = datetime(2026, 6, 5, 23, 55, tzinfo=UTC)  # Friday 18:55; ten minutes later it is too late
    message = invitation(replace(CALL, ended_at=late), anm)
    assert message is not None
    assert message.not_before == datetime(2026, 6, 6, 13, tzinfo=UTC), "Saturday at 8:00"
    sunday_eve = datetime(2026, 6, 6, 20, tzinfo=UTC)  # Saturday 15:00; Monday 8 June is a public holiday
    assert invitation(replace(CALL, ended_at=sunday_eve), anm) is None, "Tuesday is after its 48 hours"


def test_appointment_is_confirmed_and_remembered(anm: Line) -> None:
    confirmed, remembered = confirmation(APPOINTMENT, anm), reminder(APPOINTMENT, anm)
    assert confirmed is not None
    assert remembered is not None
    assert confirmed.not_before == TUESDAY_NOON
    assert remembered.not_before == APPOINTMENT.at - timedelta(hours=24)
    for message in (confirmed, remembered):
        assert "4/06/2026" in message.text
        assert "2:00 p. m." in message.text
        assert message.expires_at == APPOINTMENT.at
    moved = confirmation(replace(APPOINTMENT, at=APPOINTMENT.at + timedelta(hours=1)), anm)
    assert moved is not None
    assert moved.key != confirmed.key, "an appointment that moves is confirmed again"


def test_appointment_of_tomorrow_morning_is_confirmed_only(anm: Line) -> None:
    soon = replace(APPOINTMENT, at=TUESDAY_NOON + timedelta(hours=20))
    assert confirmation(soon, anm) is not None
    assert reminder(soon, anm) is None


@pytest.mark.parametrize(
    "text", ["BAJA", "baja", " Parar. ", "STOP ya", "¡Salir!", "Bája", "No más.", "no me escriban más", "dar de baja"]
)
def test_reply_that_asks_to_stop(text: str) -> None:
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text", ["", "   ", "gracias", "no se dio de baja", "trabaja", "CANCELAR", "no puedo ese día", "no maestro"]
)
def test_reply_that_does_not(text: str) -> None:
    assert not asks_to_stop(text)


@given(st.text(max_size=200))
def test_any_reply_is_read(text: str) -> None:
    assert asks_to_stop(text) in {True, False}


def test_what_messages_cost_is_told_as_advice() -> None:
    told = [said for said in examined().advice if "sms" in said or "se factura" in said]
    assert len(told) == 3
    assert all("cada mensaje se factura como" in said for said in told)
    dear = examined(GOOD.replace("text: Su cita con", "text: Su cita será con"))
    assert any("en UCS-2 por: á" in said for said in dear.advice)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('sender: "890123"', "sender: ¿quién?", "un código corto, un número o un nombre"),
        ('sender: "890123"', "remitente: x", "no se conoce"),
        ("Su cita con la ANM", "Su cita con {area}", "no se conoce {area}"),
        ("Su cita con la ANM", "Su cita con {linea", "hay una llave sin cerrar"),
        ("Su cita con la ANM", "á" * 500, "ocupa"),
        ("hours_before: 24", "hours_before: 0", "número entero de 1 a 168"),
        ("after_minutes: 10", "after_minutes: pronto", "número entero de 0 a 1440"),
    ],
)
def test_faults_of_messages_are_told_with_their_mend(old: str, new: str, told: str) -> None:
    assert GOOD.count(old) == 1, old
    faults = examined(GOOD.replace(old, new)).faults
    assert any(told in fault for fault in faults)
    assert all(fault.startswith("linea.yaml, línea ") for fault in faults)
