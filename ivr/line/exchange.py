"""What the dialplan and the call scripts tell each other.

The dialplan starts a script with the line, its edition, and what it is about:

    entrada    line, edition              a call comes in
    buzon      line, edition, mailbox     leave one's data: chosen, outside hours, or nobody could answer
    oferta     line, edition, queue       a waiting caller pressed the key to be called back
    encuesta   line, edition, survey      after the conversation; and the call's id, if it is not the channel's
    autorizacion   line, edition          whom we called has accepted the call, and has not authorised anything yet

A script's last act is to set `DESTINATION` to the word of where the call goes: `fin`, or `cola:NAME`, `buzon:NAME`,
`encuesta:NAME`. Without it the dialplan takes over: hours, queue, and a message after the tone. `RECORD` holds `YES` or
`NO`; only a script that heard an authorisation writes YES. Both, `LANGUAGE` and the three before are the caller's
channel's own.
"""

from typing import Final

DESTINATION: Final = "CONTESTA_DESTINO"
STANDS: Final = "CONTESTA_EN"
"""What the caller is hearing, `stage|name` as COLGO has it in queue_log, empty between: the dialplan tells where they
hung up, also when the scripts' server is gone."""

RECORD: Final = "CONTESTA_GRABAR"
LANGUAGE: Final = "CHANNEL(language)"
MESSAGES: Final = "CONTESTA_MENSAJES"
"""A variable of the dialplan: the folder for messages that callers speak. Files below it are named in queue_log."""

YES: Final = "si"
NO: Final = "no"
NEVER: Final = "nunca"
"""Before a script spoke, on a line that never records."""

NAME: Final = "nombre"
"""Of what an adviser hears, the prompts below this folder are citizens' names, which are no line's."""

ENTRY: Final = "entrada"
MAILBOX: Final = "buzon"
OFFER: Final = "oferta"
SURVEY: Final = "encuesta"
CONSENT: Final = "autorizacion"
QUEUE: Final = "cola"
END: Final = "fin"
