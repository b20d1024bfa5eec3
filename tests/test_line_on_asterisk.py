"""What the dialplan of several lines does with a call: with the decision of a script, and without any."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest
import soundfile as sf

from ivr.line import exchange
from ivr.server import Script
from telephony.agi import Channel
from telephony.phone import Call, Phone, State
from telephony.phone.audio import level_dbfs, tone
from tests.line_stage import EXAMPLES, Stage, closed_now, open_now, telephone_system
from tests.people import random_mobile
from tests.running import eventually

ANM, ART, SOPORTE = "018000933833", "018000919101", "018000919102"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Three lines: the one of the ANM and the citizens' of the ART are open, the ART's support is closed."""
    files = {
        "anm.yaml": open_now((EXAMPLES / "anm.yaml").read_text(encoding="utf-8")).replace(
            "longest_wait_seconds: 600\n    overflow: {queue: anm_atencion}",
            "wait_without_advisers: no\n    overflow: {mailbox: te_llamamos}",
        ),
        "art.yaml": open_now((EXAMPLES / "art.yaml").read_text(encoding="utf-8")),
        "art_soporte.yaml": closed_now((EXAMPLES / "art_soporte.yaml").read_text(encoding="utf-8")),
    }
    with telephone_system(files) as running:
        yield running


async def dial(stage: Stage, number: str, phone: Phone) -> tuple[Call, str]:
    """Call a number; return the call and the telephone system's id of it."""
    mine = random_mobile(random.Random())
    call = await phone.dial(number, from_number=mine)
    await call.wait_answered()
    return call, await asyncio.to_thread(stage.call_of, mine)


def sends_to(destination: str, record: str = "") -> Script:
    """A script that sends the call somewhere, and may say that it may be recorded."""

    def script(channel: Channel) -> None:
        if record:
            channel.set_variable(exchange.RECORD, record)
        channel.set_variable(exchange.DESTINATION, destination)

    return script


async def answering(call: Call) -> None:
    call.answer()
    call.play(tone(1000, 1.0), repeat=True)


def passing_on_to(extension: str, connected: asyncio.Event) -> Callable[[Call], Awaitable[None]]:
    """An adviser who passes the caller on once connected."""

    async def passes_on(call: Call) -> None:
        if connected.is_set():
            return  # it rings; once is enough
        await answering(call)
        await connected.wait()
        await call.transfer(extension)
        await call.wait_ended(60)

    return passes_on


def test_without_scripts_an_open_lines_caller_reaches_its_first_queue(stage: Stage) -> None:
    async def run() -> None:
        async with stage.caller() as phone:
            for number, name, queue in ((ANM, "anm", "anm_atencion"), (ART, "art", "art_ciudadanos")):
                call, call_id = await dial(stage, number, phone)
                assert (await stage.until("ENTERQUEUE", call_id))[2] == queue
                assert stage.facts("LLAMADA", call_id)[0][6] == name
                assert level_dbfs(call.heard) > -40, "told that a person will come"
                call.hang_up()

    asyncio.run(run())


def test_without_scripts_a_closed_lines_caller_leaves_a_message(stage: Stage) -> None:
    async def run() -> str:
        async with stage.caller() as phone:
            call, call_id = await dial(stage, SOPORTE, phone)
            file = (await stage.until("MENSAJE", call_id))[5]
            call.play(tone(700, 1.0), repeat=True)
            path = stage.settings.messages_dir / file
            await asyncio.to_thread(eventually, path.exists, 20, "the message")
            await asyncio.sleep(2)  # of speech
            call.hang_up()
            await stage.until("FIN", call_id)
            return file

    file = stage.settings.messages_dir / asyncio.run(run())
    eventually(lambda: file.stat().st_size > 8000, what="the message is closed")
    audio, rate_hz = sf.read(file)
    assert rate_hz == 8000
    assert len(audio) / rate_hz > 1
    assert not stage.facts("ENTERQUEUE", "x")


def test_a_script_that_dies_in_the_mailbox_leaves_the_caller_a_message(stage: Stage) -> None:
    def dies(channel: Channel) -> None:
        channel.set_variable(exchange.STANDS, "mailbox|te_llamamos")
        raise ValueError("as a fault of ours would")

    async def run() -> None:
        async with stage.caller() as phone:
            call, call_id = await dial(stage, ANM, phone)
            await stage.until("MENSAJE", call_id)
            assert call.state is State.TALKING
            call.hang_up()
            assert (await stage.until("COLGO", call_id))[5:7] == ["mailbox", "te_llamamos"]
            await stage.until("FIN", call_id)

    with stage.scripts({"entrada": sends_to("buzon:te_llamamos"), "buzon": dies}):
        asyncio.run(run())


def test_scripts_are_told_line_edition_and_what_they_are_about(stage: Stage) -> None:
    told: list[tuple[str, ...]] = []

    def telling(destination: str) -> Script:
        def script(channel: Channel) -> None:
            name = channel.env["agi_network_script"]
            told.append((name, *(channel.env.get(f"agi_arg_{number}", "") for number in (1, 2, 3))))
            if name == "buzon":
                told.append(("folder", channel.get_variable(exchange.MESSAGES)))
            channel.set_variable(exchange.DESTINATION, destination)

        return script

    async def run() -> None:
        async with stage.caller() as phone:
            call, _ = await dial(stage, ART, phone)
            await call.wait_ended(60)
            assert call.ended_here is False

    with stage.scripts({"entrada": telling("buzon:art_devolucion"), "buzon": telling("fin")}):
        asyncio.run(run())
    edition = stage.line("art").edition
    assert told == [
        ("entrada", "art", edition, ""),
        ("buzon", "art", edition, "art_devolucion"),
        ("folder", str(stage.settings.messages_dir)),
    ]


@pytest.mark.parametrize(
    ("destination", "queue"),
    [
        ("cola:anm_gestion_documental", "anm_gestion_documental"),
        ("cola:no_existe", "anm_atencion"),
        ("cola", "anm_atencion"),
        ("cola:", "anm_atencion"),
        ("cola:anm;[x]${SHELL(id)}", "anm_atencion"),
        ("cualquier cosa", "anm_atencion"),
    ],
)
def test_a_caller_is_sent_to_the_queue_that_the_script_says_or_to_the_lines_own(
    stage: Stage, destination: str, queue: str
) -> None:
    async def run() -> None:
        async with stage.caller() as phone:
            call, call_id = await dial(stage, ANM, phone)
            assert (await stage.until("ENTERQUEUE", call_id))[2] == queue
            call.hang_up()

    with stage.scripts({"entrada": sends_to(destination)}):
        asyncio.run(run())


def test_where_nobody_is_signed_in_the_caller_overflows_into_the_mailbox(stage: Stage) -> None:
    asked: list[str] = []

    def mailbox(channel: Channel) -> None:
        asked.append(channel.env["agi_arg_3"])
        channel.set_variable(exchange.DESTINATION, "fin")

    async def run() -> str:
        async with stage.caller() as phone:
            call, call_id = await dial(stage, ANM, phone)
            await call.wait_ended(60)
            return call_id

    with stage.scripts({"entrada": sends_to("cola:anm_solicitudes"), "buzon": mailbox}):
        call_id = asyncio.run(run())
    (rejected,) = stage.facts("RECHAZADA", call_id)
    assert rejected[2:3] + rejected[5:6] == ["anm_solicitudes", "JOINEMPTY"]
    assert asked == ["te_llamamos"]


@pytest.mark.parametrize(("said", "recorded"), [("si", True), ("no", False), ("", False), ("Si", False)])
def test_only_who_consented_is_recorded(stage: Stage, said: str, recorded: bool) -> None:  # noqa: FBT001  a case
    surveyed: list[tuple[str, str]] = []

    def survey(channel: Channel) -> None:
        surveyed.append((channel.env["agi_arg_2"], channel.env["agi_arg_3"]))
        channel.set_variable(exchange.DESTINATION, "fin")

    async def hangs_up(call: Call) -> None:
        await answering(call)
        await asyncio.sleep(0.5)
        call.hang_up()

    async def run() -> str:
        async with stage.caller() as phone, stage.adviser(0, hangs_up) as adviser:
            await adviser.register()
            call, call_id = await dial(stage, ANM, phone)
            await call.wait_ended(60)
            return call_id

    with stage.scripts({"entrada": sends_to("cola:anm_atencion", said), "encuesta": survey}):
        call_id = asyncio.run(run())
    assert stage.facts("CONNECT", call_id)
    assert bool(stage.facts("GRABACION", call_id)) is recorded
    assert surveyed == [(stage.line("anm").edition, "anm_servicio")]


def test_a_waiting_caller_who_presses_the_key_is_offered_a_callback_and_waits_on_without_a_decision(
    stage: Stage,
) -> None:
    offered: list[str] = []

    def offer(channel: Channel) -> None:
        offered.append(channel.env["agi_arg_3"])

    async def run() -> str:
        async with stage.caller() as phone:
            call, call_id = await dial(stage, ART, phone)
            await stage.until("ENTERQUEUE", call_id)
            await call.digits("7")
            await call.digits("1")
            await stage.until("EXITWITHKEY", call_id)
            await asyncio.to_thread(eventually, lambda: len(stage.facts("ENTERQUEUE", call_id)) == 2)
            call.hang_up()
            return call_id

    with stage.scripts({"entrada": sends_to("cola:art_ciudadanos"), "oferta": offer}):
        call_id = asyncio.run(run())
    (left,) = stage.facts("EXITWITHKEY", call_id)
    assert left[5] == "1"
    assert offered == ["art_ciudadanos"]


@pytest.mark.parametrize(
    ("dialled", "queue"),
    [("anm_zeta", "anm_zeta"), ("823", "anm_zeta"), ("art_juridica", "art_juridica"), ("830", "art_ciudadanos")],
)
def test_an_adviser_passes_a_caller_on_to_an_area_or_a_queue_of_any_line(
    stage: Stage, dialled: str, queue: str
) -> None:
    async def run() -> str:
        connected = asyncio.Event()
        async with stage.caller() as phone, stage.adviser(0, passing_on_to(dialled, connected)) as adviser:
            await adviser.register()
            call, call_id = await dial(stage, ANM, phone)
            await stage.until("CONNECT", call_id)
            connected.set()
            await asyncio.to_thread(eventually, lambda: len(stage.facts("ENTERQUEUE", call_id)) == 2)
            call.hang_up()
            return call_id

    with stage.scripts({"entrada": sends_to("cola:anm_atencion")}):
        call_id = asyncio.run(run())
    assert [row[2] for row in stage.facts("ENTERQUEUE", call_id)] == ["anm_atencion", queue]
    (passed,) = stage.facts("BLINDTRANSFER", call_id)
    assert passed[5:7] == [dialled, "asesores"]


@pytest.mark.parametrize("dialled", ["encuesta_anm_servicio", "890"])
def test_an_adviser_passes_a_caller_on_to_the_survey(stage: Stage, dialled: str) -> None:
    surveyed: list[str] = []

    def survey(channel: Channel) -> None:
        surveyed.append(channel.env["agi_arg_3"])
        channel.set_variable(exchange.DESTINATION, "fin")

    async def run() -> None:
        connected = asyncio.Event()
        async with stage.caller() as phone, stage.adviser(0, passing_on_to(dialled, connected)) as adviser:
            await adviser.register()
            call, call_id = await dial(stage, ANM, phone)
            await stage.until("CONNECT", call_id)
            connected.set()
            await call.wait_ended(60)
            assert call.ended_here is False

    with stage.scripts({"entrada": sends_to("cola:anm_atencion"), "encuesta": survey}):
        asyncio.run(run())
    assert surveyed == ["anm_servicio"]


def test_asterisk_has_nothing_to_complain_about(stage: Stage) -> None:
    log = (stage.settings.asterisk_dir / "log" / "messages.log").read_text(encoding="utf-8")
    complaints = [row for row in log.splitlines() if "WARNING" in row or "ERROR" in row]
    expected = ("AGI", "agi", "Unable to join queue 'anm_solicitudes'")  # scripts that are not there, on purpose
    assert [row for row in complaints if not any(word in row for word in expected)] == []
