"""What the caller hears, one script per call flow, by the name that Asterisk asks for."""

from collections.abc import Mapping
from functools import partial

from agi_scripts import autorizacion, buzon, encuesta, entrada, oferta
from agi_scripts.call import Desk, Flow, play
from ivr.line.exchange import CONSENT, ENTRY, MAILBOX, OFFER, SURVEY
from ivr.server import Script

FLOWS: Mapping[str, Flow] = {
    ENTRY: entrada.run,
    MAILBOX: buzon.run,
    OFFER: oferta.run,
    SURVEY: encuesta.run,
    CONSENT: autorizacion.run,
}


def scripts(desk: Desk) -> Mapping[str, Script]:
    """Make the scripts, leaning on `desk`."""
    return {name: partial(play, flow, desk) for name, flow in FLOWS.items()}
