"""The authorisation to record and to keep answers (Ley 1581 of 2012): asked once a call, given by one key only."""

from functools import partial

from core.events import ConsentAnswer, ConsentAnswered, Stage
from ivr.dialogs.asking import Caller, tries, within
from ivr.line.model import Consent, Recording, Voice


def ask_consent(caller: Caller, consent: Consent, voice: Voice) -> ConsentAnswer:
    """Read the request for authorisation, whose core nothing cuts short, and return the answer.

    Silence and keys without a meaning are NONE. Whoever hangs up has answered nothing, and nothing is noted.
    """
    meanings = {consent.accept_key: ConsentAnswer.ACCEPTED, consent.decline_key: ConsentAnswer.DECLINED}
    with within(caller, Stage.CONSENT, consent.version):
        caller.tell(consent.core)
        pressed = (meanings.get(pressed.key) for pressed in tries(caller, (consent.question,), consent.retries, voice))
        answer = next(filter(None, pressed), ConsentAnswer.NONE)
    caller.note(partial(ConsentAnswered, version=consent.version, answer=answer))
    caller.say(consent.accepted if answer is ConsentAnswer.ACCEPTED else consent.declined)
    return answer


def may_record(recording: Recording, answer: ConsentAnswer | None) -> bool:
    """Tell whether a conversation may be recorded; `answer` is None where nothing was asked."""
    match recording:
        case Recording.CONSENTED:
            return answer is ConsentAnswer.ACCEPTED
        case Recording.ALWAYS:
            return answer is not ConsentAnswer.DECLINED
        case Recording.NEVER:
            return False


def may_keep_answers(consent: Consent | None, answer: ConsentAnswer | None) -> bool:
    """Tell whether what a caller says of the service, or into a mailbox, may be kept."""
    return consent is None or answer is ConsentAnswer.ACCEPTED
