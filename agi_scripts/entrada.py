#!/usr/bin/env python3
"""A call comes in: welcome, language, hours, authorisation, menus, and on to where the caller wants to go."""

from agi_scripts.call import Call
from agi_scripts.program import run_program
from ivr.dialogs.menus import Reached, choose_language, follow
from ivr.dialogs.offer import offer_before
from ivr.line.exchange import END, MAILBOX, SURVEY
from ivr.line.model import HangUp, Queue, ToArea, ToMailbox, ToQueue, ToSurvey


def run(call: Call) -> str:
    """Find out what the caller needs."""
    caller, line = call.caller, call.line
    caller.say(line.welcome)
    call.speak(choose_language(caller, line.languages, line.voice))
    if call.is_open():
        call.ask_consent()
        return _take(call, follow(caller, line, line.start))
    call.say_closed()
    return _take(call, follow(caller, line, line.closed.to))


def _take(call: Call, reached: Reached) -> str:
    line = call.line
    match reached.end:
        case ToQueue(queue=name):
            return _to_queue(call, line.queues[name], gave_up=reached.gave_up)
        case ToArea(area=name):
            return _to_queue(call, line.queues[line.areas[name].queue], gave_up=reached.gave_up)
        case ToMailbox(mailbox=name):
            return f"{MAILBOX}:{name}"
        case ToSurvey(survey=name):
            return f"{SURVEY}:{name}"
        case HangUp(prompt=prompt):
            call.caller.say(*filter(None, [prompt]))
            return END


def _to_queue(call: Call, queue: Queue, *, gave_up: bool) -> str:
    """Offer a callback to whoever would wait long, and let the others wait."""
    if offer_before(call.caller, queue, call.desk.expected_wait.of(queue.name), call.line.voice):
        call.keep_place(queue)
        return f"{MAILBOX}:{queue.offer.mailbox}" if queue.offer else END
    call.caller.say("respaldo" if gave_up else "transferencia")
    return call.wait_in(queue)


if __name__ == "__main__":
    run_program(run)
