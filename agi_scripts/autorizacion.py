#!/usr/bin/env python3
"""Whom we called has accepted the call: may it be recorded, and what is answered be kept? Then on to the adviser."""

from agi_scripts.call import Call
from agi_scripts.program import run_program


def run(call: Call) -> str:
    """Ask for the authorisation."""
    call.ask_consent()
    return call.wait_in(call.line.queue)


if __name__ == "__main__":
    run_program(run)
