#!/usr/bin/env python3
"""A call comes in: welcome, the main menu, and on to an adviser."""

from ivr.caller import LineCaller, run_program
from ivr.dialog import Menu, Retries, choose
from telephony.agi import Channel

PRINCIPAL = Menu(
    id="principal",
    prompt="menu_principal",
    options={"1": "cola", "0": "cola"},
    retries=Retries(
        wrong=("menu_principal_otra_tecla_1", "menu_principal_otra_tecla_2"),
        silent=("menu_principal_silencio_1", "menu_principal_silencio_2"),
    ),
    give_up="respaldo",
    give_up_to="cola",
)


def run(channel: Channel) -> None:
    """Welcome the caller, ask what they need, and tell the dialplan where to take them."""
    caller = LineCaller(channel)
    pressed = caller.play("bienvenida")
    choice = choose(caller, PRINCIPAL, pressed)
    if choice.key:
        caller.play("transferencia")
    caller.send_to(choice.destination)


if __name__ == "__main__":
    run_program(run)
