#!/usr/bin/env python3
"""Somebody who waits pressed the key to be called back: their place is kept, and they leave their data."""

from agi_scripts.call import Call
from agi_scripts.program import run_program
from ivr.dialogs.offer import accept_while_waiting
from ivr.line.exchange import MAILBOX


def run(call: Call) -> str:
    """Keep the caller's place and take them to the offer's mailbox."""
    queue = call.line.queues[call.about]
    offer = accept_while_waiting(call.caller, queue)
    if offer is None:
        return call.wait_in(queue)
    call.keep_place(queue)
    return f"{MAILBOX}:{offer.mailbox}"


if __name__ == "__main__":
    run_program(run)
