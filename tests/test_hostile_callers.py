"""Callers who lie about who they are and what they dial: nothing is forged, nothing dials out, the next is served."""

import asyncio
import contextlib
import random
import time
from collections import Counter

from core.numbers import is_normal
from telephony.queue_log import lines
from tests.people import call_until_queued, callers_phone, random_mobile
from tests.running import RunningLine, eventually
from tests.sipp.hostile import RawCaller

LINE = b"018000910123"
NOBODY = b"<sip:3001234567@127.0.0.1>"

SENDERS = [
    b"<sip:300|NONE|NONE|CONNECT|5@127.0.0.1>",
    b"<sip:3001234567%7Catencion%7CAna%20Ruiz%7CCOMPLETEAGENT%7C1%7C9@127.0.0.1>",
    b"<sip:3001234567%0A1795400000%7Cx%7Cq%7Ca%7CABANDON@127.0.0.1>",
    b"<sip:3001234567%00@127.0.0.1>",
    b"<sip:3001234567%22%0D%0AHANGUP%0D%0A@127.0.0.1>",
    b"<sip:result=-1@127.0.0.1>",
    b"<sip:300%24%7BSHELL(id)%7D@127.0.0.1>",
    b"<sip:%b@127.0.0.1>" % (b"3" * 4096),
    b'"a\\"\\nHANGUP" <sip:3001234567@127.0.0.1>',
    b'"200 result=1 (hangup)" <sip:3001234567@127.0.0.1>',
    b'"result=-1" <sip:3001234567@127.0.0.1>',
    b'"Jos\xe9 Pe\xf1a | atencion" <sip:3001234567@127.0.0.1>',
    b'"%b" <sip:3001234567@127.0.0.1>' % (b"A" * 4096),
    b'"nu\0l" <sip:3001234567@127.0.0.1>',
    b'"${SHELL(touch /tmp/owned)}" <sip:3001234567@127.0.0.1>',
    b"\xff\xfe<sip:@127.0.0.1>",
]
DIALLED = [
    b"300&Zap",
    b"018000910123&PJSIP/demo1",
    b"018000910123%26PJSIP/demo1",
    b"asesor1",
    b"demo1",
    b"atencion",
    b"s",
    b"h",
    b"i",
    b"T",
    b"_X.",
    b"018000910123|1",
    b"018000910123%00",
    b"018000910123%0d%0aX: y",
    b"${SHELL(id)}",
    b"9" * 4096,
    b"\xe9\xf1",
    b"",
]
REACH_THE_LINE = 1  # whose number is the line's up to a NUL
FIELDS = {"LLAMADA": {3}, "MENU": {4}, "ENTERQUEUE": {3}, "ABANDON": {3}, "FIN": {2}}


def written_since(line: RunningLine, position: int) -> list[lines.Line]:
    """What queue_log says from a position on; a line that cannot be read fails the test."""
    with line.settings.queue_log.open("rb") as file:
        file.seek(position)
        read = [lines.parse(raw) for raw in file]
    assert all(isinstance(told, lines.Line) for told in read), read
    return [told for told in read if isinstance(told, lines.Line)]


def test_nothing_a_caller_says_of_himself_forges_a_record_and_the_next_caller_is_served(line: RunningLine) -> None:
    server = (line.settings.host, line.settings.sip_port)
    system, scripts, position = line.asterisk.pid, line.pid("agi"), line.settings.queue_log.stat().st_size
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(RawCaller(server, sender, LINE)) for sender in SENDERS]
        answered = [caller for caller in callers if caller.call() == 200]
        assert len(answered) >= 13  # what is no SIP at all is not answered
        for caller in answered:
            caller.press("1")

        def events() -> Counter[str]:
            return Counter(told.event for told in written_since(line, position))

        eventually(lambda: events()["ENTERQUEUE"] == len(answered), what="all of them in the queue")
        for caller in answered:
            caller.hang_up()
        eventually(lambda: events()["FIN"] == len(answered), what="all of them gone")
    told = written_since(line, position)
    assert {said.event: len(said.data) for said in told} == {event: count for event, (count,) in FIELDS.items()}
    assert all(len(said.data) in FIELDS[said.event] for said in told)
    numbers = [said.data[2] for said in told if said.event == "LLAMADA"]
    numbers += [said.data[1] for said in told if said.event == "ENTERQUEUE"]
    assert all(is_normal(number) for number in numbers), numbers
    assert {"anonymous", "+573001234567"} == set(numbers)
    assert (line.asterisk.pid, line.pid("agi")) == (system, scripts)
    assert served(line)


def test_nothing_a_caller_dials_leads_anywhere_but_to_the_line(line: RunningLine) -> None:
    server = (line.settings.host, line.settings.sip_port)
    system, position = line.asterisk.pid, line.settings.queue_log.stat().st_size
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(RawCaller(server, NOBODY, dialled)) for dialled in DIALLED]
        for caller in callers:
            caller.call()
        channels = line.asterisk.console("core show channels concise").splitlines()
        assert all(channel.startswith("PJSIP/publico-") for channel in channels), channels
        for caller in callers:
            caller.hang_up()
    eventually(lambda: "0 active channels" in line.asterisk.console("core show channels count"))
    written = [
        (told.event, told.data[1]) for told in written_since(line, position) if told.event not in {"FIN", "COLGO"}
    ]
    assert written == [("LLAMADA", line.line.name)] * REACH_THE_LINE
    assert line.asterisk.pid == system
    assert served(line)


def served(line: RunningLine) -> bool:
    """Whether an honest caller gets to the queue."""

    async def call() -> bool:
        async with callers_phone(line) as phone:
            number = random_mobile(random.Random(time.time_ns()))
            return (await call_until_queued(line, phone, number)).reached_queue

    return asyncio.run(call())
