"""The offer to be called back without losing one's place."""

from functools import partial
from typing import NamedTuple, Protocol

from core.events import CallbackOffered, OfferResult, Stage
from ivr import speech
from ivr.dialogs.asking import Caller, within
from ivr.line.model import CallbackOffer, Queue, Voice


class Wait(NamedTuple):
    """How long a caller who comes now will wait, in seconds: almost surely between these."""

    least_seconds: float
    most_seconds: float


class ExpectedWait(Protocol):
    """Whoever knows how long callers will wait."""

    def of(self, queue: str) -> Wait | None:
        """Return the wait of somebody who enters a queue now, None if nobody can tell."""


class NobodyKnows:
    """An `ExpectedWait` that knows nothing."""

    def of(self, queue: str) -> Wait | None:  # noqa: ARG002  of no queue at all
        """Return None."""
        return None


def offer_before(caller: Caller, queue: Queue, expected: Wait | None, voice: Voice) -> bool:
    """Offer a callback to somebody who would wait too long, and tell whether they took it. Any other key waits."""
    offer = queue.offer
    if offer is None or expected is None or expected.most_seconds <= offer.after_seconds:
        return False
    caller.note(partial(CallbackOffered, queue=queue.name, result=OfferResult.MADE))
    waits = speech.prompts(speech.wait(*expected))
    with within(caller, Stage.OFFER, queue.name):
        pressed = caller.ask(("oferta_espera", *waits, offer.question), voice.first_silence_seconds)
    taken = pressed.key == offer.key
    caller.note(
        partial(CallbackOffered, queue=queue.name, result=OfferResult.ACCEPTED if taken else OfferResult.DECLINED)
    )
    return taken


def accept_while_waiting(caller: Caller, queue: Queue) -> CallbackOffer | None:
    """Note that a waiting caller pressed the key of the offer, and return it."""
    if queue.offer:
        caller.note(partial(CallbackOffered, queue=queue.name, result=OfferResult.ACCEPTED))
    return queue.offer
