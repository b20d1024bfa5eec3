"""`contesta sms`: what text messages cost."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from callback_queue.sms.encoding import cheaper, compose, costly
from contesta.sms_text import cost

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]


@app.callback()
def sms() -> None:
    """Mensajes de texto (SMS): cuánto ocupan y cuánto se factura."""


@app.command()
def count(
    text: Annotated[str, typer.Argument(metavar="TEXTO", help="Texto del mensaje.")], *, as_json: AsJson = False
) -> None:
    """Dice en cuántos segmentos se envía y se factura un texto, y qué caracteres lo encarecen."""
    composed = compose(text)
    if not as_json:
        typer.echo(cost(composed))
        return
    told = {
        "encoding": composed.encoding,
        "characters": len(text),
        "units": composed.units,
        "segments": len(composed.segments),
        "costly": [asdict(each) for each in costly(text)],
        "cheaper": cheaper(text),
        "cheaper_segments": len(compose(cheaper(text)).segments),
    }
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
