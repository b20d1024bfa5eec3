#!/usr/bin/env python3
"""The callback mailbox: the caller leaves what an adviser needs to call back, and hears the number of the request."""

from contextlib import suppress

from agi_scripts.call import Call
from agi_scripts.program import run_program
from callback_queue.mailbox_request import Caller
from core.errors import CallEndedError, NotAvailableError
from ivr.dialogs.consent import may_keep_answers
from ivr.dialogs.mailbox import Left, take_request
from ivr.line.exchange import END


def run(call: Call) -> str:
    """Take a request; whoever hangs up leaves what was confirmed so far."""
    caller, line = call.caller, call.line
    mailbox = line.mailboxes[call.about]
    may_keep_speech = may_keep_answers(line.consent, call.ask_consent())
    asking = Caller(
        call_id=caller.call_id,
        line=line.name,
        mailbox=mailbox.name,
        language=call.language,
        number=caller.number,
        place=call.kept_place(),
    )
    try:
        request = call.desk.requests.begin(asking)
        try:
            left = take_request(
                caller, mailbox, line.voice, request, caller_number=caller.number, may_keep_speech=may_keep_speech
            )
        except CallEndedError:
            with suppress(NotAvailableError):
                request.leave()
            raise
        if left is Left.REQUEST:
            return END
        request.leave()
    except NotAvailableError:
        caller.say("buzon_no_guarda")
    return call.to_a_person()


if __name__ == "__main__":
    run_program(run)
