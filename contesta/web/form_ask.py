"""Asking for a call on behalf of a citizen, from the public page or from a program of the entity."""

import asyncio

from aiohttp import web

from callback_queue.request import Asked, Consent, ConsentAnswer, Filing, Place, Source, Window
from contesta.callbacks.form_answers import Understood, form_of, queue_of
from contesta.format import phone
from contesta.web.context import CLOCK
from contesta.web.form_lines import CALLBACKS, rules_of
from core.numbers import ANONYMOUS, normalise
from ivr.line.model import Line
from storage.callbacks import Taken

_FREE = "018000"


async def new_filing(request: web.Request) -> Filing:
    """Give a filing number and its code."""
    return await asyncio.to_thread(request.app[CALLBACKS].new_filing, request.app[CLOCK]())


async def ask(request: web.Request, line: Line, said: Understood, origin: str, filing: Filing) -> Taken:
    """Ask for a call, authorised by the line's present text; of one origin once.

    Raises:
        WindowFullError: the last place of the window was taken meanwhile.
    """
    now, consent = request.app[CLOCK](), line.web_consent
    asked = Asked(
        source=Source.WEB if said.window == Window() else Source.APPOINTMENT,
        origin=origin,
        line=line.name,
        telephone=said.telephone,
        place=Place(queue=queue_of(line), since=now),
        person=said.person,
        subject=said.subject,
        description=said.description,
        window=said.window,
        consent=Consent(version=consent.version, answer=ConsentAnswer.ACCEPTED, at=now) if consent else None,
        filing=filing,
    )
    store, places = request.app[CALLBACKS], form_of(line).per_window
    return await asyncio.to_thread(store.ask, asked, rules_of(line), now, places=places)


def calling_number(line: Line) -> str:
    """Give the number that the citizen's telephone will show."""
    number = line.callbacks.caller_id or line.numbers[0]
    if number.startswith(_FREE):
        rest = number.removeprefix(_FREE)
        return f"01 8000 {rest[:3]} {rest[3:]}".rstrip()
    normal = normalise(number)
    return number if normal == ANONYMOUS else phone(normal)
