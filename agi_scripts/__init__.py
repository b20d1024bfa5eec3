"""What the caller hears, one script per call flow, by the name that Asterisk asks for."""

from collections.abc import Callable, Mapping

from agi_scripts import encuesta, entrada
from telephony.agi import Channel

SCRIPTS: Mapping[str, Callable[[Channel], None]] = {"entrada": entrada.run, "encuesta": encuesta.run}
