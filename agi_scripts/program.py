"""A flow as a program that Asterisk starts itself: AGI(…/agi_scripts/entrada.py,LINE,EDITION)."""

import os
from functools import partial
from pathlib import Path
from typing import Final

import ivr.caller
from agi_scripts.call import Flow, desk_in, play

DATA: Final = "CONTESTA_DATA_DIR"
"""Environment variable: the installation's folder of data."""


def run_program(flow: Flow) -> None:
    """Play a flow over standard input and output."""
    desk = desk_in(Path(os.environ.get(DATA, "var")))
    ivr.caller.run_program(partial(play, flow, desk))
