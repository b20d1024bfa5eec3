#!/usr/bin/env python3
"""The conversation is over: what the caller thinks of it. Nobody is asked whose answers may not be kept."""

from agi_scripts.call import Call
from agi_scripts.program import run_program
from ivr.dialogs.consent import may_keep_answers
from ivr.dialogs.survey import conduct
from ivr.line.exchange import END


def run(call: Call) -> str:
    """Ask the survey."""
    line = call.line
    if may_keep_answers(line.consent, call.consent()):
        conduct(call.caller, line.surveys[call.about], line.voice)
    return END


if __name__ == "__main__":
    run_program(run)
