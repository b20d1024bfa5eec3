#!/usr/bin/env python3
"""The adviser has hung up: three questions, and thanks.

The questions are those of the Agencia Nacional de Minería's monthly report: satisfaction, perception, trust; 1 to 5.
"""

from ivr.caller import LineCaller, run_program
from ivr.dialog import Question, Retries, Survey, conduct
from telephony.agi import Channel

ATENCION = Survey(
    id="atencion",
    intro="encuesta_intro",
    questions=(
        Question(id="satisfaccion", prompt="encuesta_satisfaccion"),
        Question(id="percepcion", prompt="encuesta_percepcion"),
        Question(id="confianza", prompt="encuesta_confianza"),
    ),
    top=5,
    retries=Retries(
        wrong=("encuesta_otra_tecla_1", "encuesta_otra_tecla_2"),
        silent=("encuesta_silencio_1",),
    ),
    thanks="encuesta_gracias",
)


def run(channel: Channel) -> None:
    """Ask the survey, and tell the dialplan that this was all."""
    caller = LineCaller(channel)
    conduct(caller, ATENCION)
    caller.send_to("fin")


if __name__ == "__main__":
    run_program(run)
