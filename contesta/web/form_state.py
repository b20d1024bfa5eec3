"""A form that is being filled in: kept by us under a key that only its page has, until it is sent or forgotten.

No cookie is needed, so it works within the entity's own site too.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web
from pydantic import TypeAdapter

from callback_queue.request import Filing
from contesta.callbacks.form_answers import LONGEST
from contesta.web.context import CLOCK
from contesta.web.form_lines import FORMS
from contesta.web.sessions import digest, new_secret
from contesta.web.validation import InvalidInputError, without_controls
from storage.callback_forms import FormKind, KeptForm

FILLED_WITHIN = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """What was said so far, by field; the steps that were sent and so are judged; then number and code, and the end.

    `joined`: it became a part of an older request. `trap` is what stood in the field that people leave empty.
    """

    line: str
    said: dict[str, str] = field(default_factory=dict)
    tried: tuple[int, ...] = ()
    trap: str = ""
    filing: Filing | None = None
    done: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form with its key, as it was read."""

    key: str
    kept: KeptForm
    state: FormState

    @property
    def digest(self) -> bytes:
        """What we know its key by."""
        return digest(self.key)

    @property
    def began_at(self) -> datetime:
        """When its first step was sent."""
        return self.kept.began_at


_STATE = TypeAdapter(FormState)


async def begin(request: web.Request, state: FormState) -> str:
    """Keep a new form, and give its key."""
    secret, now = new_secret(), request.app[CLOCK]()
    forms, data = request.app[FORMS], _STATE.dump_json(state).decode()
    await asyncio.to_thread(forms.begin, secret.digest, FormKind.FORM, data, now, now + FILLED_WITHIN)
    return secret.text


async def find(request: web.Request, line: str) -> Form | None:
    """Read the form of the address; None if there is none, or not any more."""
    key = request.match_info["key"]
    kept = await asyncio.to_thread(request.app[FORMS].find, digest(key), FormKind.FORM, request.app[CLOCK]())
    if kept is None:
        return None
    state = _STATE.validate_json(kept.data)
    return Form(key=key, kept=kept, state=state) if state.line == line else None


async def change(request: web.Request, form: Form, state: FormState) -> Form | None:
    """Keep a form as it is now; None if another request of the same page was quicker."""
    data = _STATE.dump_json(state).decode()
    if not await asyncio.to_thread(request.app[FORMS].change, form.digest, form.kept.data, data):
        return None
    return Form(key=form.key, kept=KeptForm(data=data, began_at=form.began_at), state=state)


async def sent_form(request: web.Request) -> Mapping[str, str]:
    """Read a form as it was sent. Characters that cannot be written are left out: they are no reason to lose it."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    try:
        sent = await request.post()
    except (UnicodeDecodeError, LookupError, ValueError) as error:
        raise InvalidInputError("lo enviado no se entiende", "body") from error
    return {name: without_controls(text)[:LONGEST] for name, text in sent.items() if isinstance(text, str)}
