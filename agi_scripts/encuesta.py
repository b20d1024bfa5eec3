#!/usr/bin/env python3
"""The conversation is over: what the caller thinks of it.

Nobody is asked whose answers may not be kept, nor who gave them to the adviser.
"""

from agi_scripts.call import Call
from agi_scripts.program import run_program
from ivr.dialogs.consent import may_keep_answers
from ivr.dialogs.survey import conduct
from ivr.line.exchange import END


def run(call: Call) -> str:
    """Ask the survey."""
    line = call.line
    asked_by_adviser = call.desk.answered.has(call.caller.call_id)
    if may_keep_answers(line.consent, call.consent()) and not asked_by_adviser:
        conduct(call.caller, line.surveys[call.about], line.voice)
    return END


if __name__ == "__main__":
    run_program(run)
