"""An appointment made on the public page, and the text messages about it: over a real gateway, and in its history."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from callback_queue.request import Window
from contesta.callbacks.form_answers import written
from contesta.sms_plan import Planner
from contesta.sms_sender import Pace, Sender
from contesta.web.access import Role
from contesta.web.context import ENGINE
from storage.sms import SmsOutbox
from tests.running import eventually
from tests.smpp_gateway import FakeOperator
from tests.te_llamamos import TUESDAY, asked, filing_of, followed, line_of, publish, request_of, sent, set_clock
from tests.web import Office, run_office

QUICK = Pace(per_second=500, idle_seconds=0.05, first_pause_seconds=0.05, longest_pause_seconds=0.2)


def hour(days: int) -> tuple[str, datetime]:
    """A window at 11:10 some days after TUESDAY, as the form sends it, and when it begins."""
    begins = (TUESDAY.replace(hour=10, minute=0) + timedelta(days=days)).astimezone(UTC)
    return written(Window(not_before=begins, not_after=begins + timedelta(minutes=30))), begins


async def send(office: Office, operator: FakeOperator, until: Callable[[], bool]) -> None:
    """Let a messenger that has just started plan and send, until something is so."""
    engine = office.app[ENGINE]
    await asyncio.to_thread(Planner(engine).plan, [line_of()], office.clock())
    sender = Sender(
        SmsOutbox(engine), operator.gateway(), now=office.clock, lines_open=lambda _now: ("anm",), pace=QUICK
    )
    task = asyncio.create_task(sender.run())
    await asyncio.to_thread(eventually, until)
    sender.stop()
    await task


def test_appointment_is_confirmed_and_remembered_once_and_not_when_it_was_moved_or_cancelled(
    sqlite_engine: Engine, operator: FakeOperator
) -> None:
    outbox = SmsOutbox(sqlite_engine)

    def told(number: str) -> list[str]:
        return [each["text"] for each in operator.told if each.get("to") == f"57{number}"]

    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        first, then = hour(3), hour(6)
        citizens = [await office.visitor() for _ in range(4)]
        numbers = [f"300123450{number}" for number in range(4)]
        hours = (first[0], first[0], first[0], "pronto")
        pages = [
            await (await asked(office, citizen, cuando=chosen, telefono=number)).text()
            for citizen, chosen, number in zip(citizens, hours, numbers, strict=True)
        ]
        filings = [filing_of(page) for page in pages]
        ways = [await followed(citizen, filing) for citizen, filing in zip(citizens, filings, strict=True)]
        kept, moved, cancelled, soon = numbers
        await send(office, operator, lambda: len(operator.texts()) == 3)
        assert [len(told(number)) for number in numbers] == [1, 1, 1, 0], "one without an hour has no appointment"
        assert filings[0][0] in told(kept)[0]
        outbox.opt_out(f"+57{numbers[3]}", "citizen", office.clock())

        await sent(citizens[1], f"{ways[1]}/hora", {"cuando": then[0]})
        await sent(citizens[3], f"{ways[3]}/hora", {"cuando": then[0]})
        await send(office, operator, lambda: len(told(moved)) == 2)
        assert told(moved)[0] != told(moved)[1], "another hour is confirmed anew"
        assert told(soon) == [], "who wants no messages has none, though there is an hour now"

        office.clock.offset += first[1] - timedelta(hours=24) - office.clock()
        await asyncio.to_thread(Planner(sqlite_engine).plan, [line_of()], office.clock())
        assert outbox.states() == {"sent": 4, "waiting": 2}, "reminders that a gateway was not there for"
        await sent(citizens[2], f"{await followed(citizens[2], filings[2])}/cancelar", {})
        await send(office, operator, lambda: len(told(kept)) == 2 and not outbox.states().get("waiting"))
        assert outbox.states() == {"sent": 5, "withdrawn": 1}
        assert told(kept)[1].startswith("Le recordamos")
        assert len(told(cancelled)) == 1, "a call that was taken back is not remembered"

        office.clock.offset += then[1] - timedelta(hours=24) - office.clock()
        assert Planner(sqlite_engine).plan([line_of()], office.clock()) == 0, "a day before is a Sunday"
        office.clock.offset += timedelta(hours=21)
        await send(office, operator, lambda: len(told(moved)) == 3)
        assert [text[:13] for text in told(moved)] == ["Su cita con l", "Su cita con l", "Le recordamos"]
        assert len(operator.texts()) == 6

        page = await (await citizens[0].get(await followed(citizens[0], filings[0]))).text()
        assert page.count("Le enviamos un mensaje de texto.") == 2
        file = f"{await followed(citizens[0], filings[0])}/mis-datos.json"
        exported = (await (await citizens[0].get(file)).json())["mensajes"]
        assert [each["texto"] for each in exported] == told(kept), "and nobody else's"
        assert [(each["proposito"], each["estado"]) for each in exported] == [
            ("appointment_confirmation", "sent"),
            ("appointment_reminder", "sent"),
        ]
        supervisor = await office.signed_in(Role.SUPERVISOR)
        for filing, lines in (
            (filings[0], ("confirmación de cita: enviado (", "recordatorio de cita: enviado (")),
            (filings[2], ("recordatorio de cita: no se envió: la cita cambió (",)),
        ):
            request = request_of(office, filing)
            page = await (await supervisor.get(f"/devoluciones/{request.id}")).text()
            assert all(f"SMS, {line}" in page for line in lines), page
        answer = await (await supervisor.get(f"/api/v1/callbacks/{request_of(office, filings[2]).id}")).json()
        assert [(each["purpose"], each["state"]) for each in answer["messages"]] == [
            ("appointment_confirmation", "sent"),
            ("appointment_reminder", "withdrawn"),
        ]

    run_office(sqlite_engine, scenario)
