"""From a line of queue_log to core events: what app_queue writes, and what our dialplan adds with QueueLog().

Names and fields of app_queue's lines are those of Asterisk 22; where older releases wrote fewer fields, what is missing
is unknown (None). Events nobody knows here decode to nothing: other people's QueueLog() lines are no damage.

Lines of our own, after `second|channel|`:

    NONE|NONE|LLAMADA|linkedid|line|number              a call reached a line
    NONE|NONE|IDIOMA|language                           the language a caller is attended in
    NONE|NONE|CONSENTIMIENTO|version|answer             the answer to the request for authorisation
    NONE|NONE|MENU|menu|key|result|heard                one answer to a menu, and the seconds of it that were heard
    NONE|NONE|TEXTO|text                                an information text begins
    queue|NONE|OFERTA|result                            to be called back without losing one's place
    NONE|NONE|BUZON|request|step                        a request to be called
    NONE|NONE|MENSAJE|file                              a message after the tone, without the scripts
    NONE|NONE|ENCUESTA|question|answer|survey|file      one survey question; a file if it was answered by voice
    queue|agent|ENCUESTA|question|answer|survey||by|second   the same, typed by an adviser
    queue|NONE|RECHAZADA|QUEUESTATUS                    the queue did not take the caller
    queue|agent|GRABACION|file                          a recording began
    queue|agent|ESCUCHA|step|by|session|ordinal         somebody listens to a conversation that goes on
    queue|agent|TIPIFICACION|disposition|title|resolution|by|limit|second   an adviser's work after a call is over
    NONE|NONE|COLGO|stage|name                          what the line was saying when the caller hung up
    NONE|NONE|FIN|caller, agent, system or empty|cause  the call is over
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from core.events import (
    AgentPresence,
    CallbackOffered,
    CallEnded,
    CallStarted,
    Completed,
    Connected,
    ConsentAnswer,
    ConsentAnswered,
    EndedBy,
    Event,
    ExitReason,
    HungUp,
    LanguageChosen,
    Listened,
    ListenStep,
    MailboxStep,
    MailboxStepped,
    MenuStepped,
    MessageLeft,
    OfferResult,
    PresenceChange,
    QueueEntered,
    QueueExited,
    Recorded,
    Rejected,
    Resolution,
    RingEnded,
    RingResult,
    Source,
    Stage,
    StepResult,
    SurveyAnswered,
    SystemRestarted,
    TextChosen,
    WorkEnded,
    is_advisers_side,
)
from core.numbers import ANONYMOUS, is_normal

from .lines import Damage, DamagedLine, Line, damaged

NOBODY = "NONE"
OF_NO_CALL = frozenset({NOBODY, "MANAGER", "REALTIME"})  # what app_queue writes where a channel would stand

_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,4}\.[0-9]", re.ASCII)
_SECOND = re.compile(r"[0-9]{9,10}", re.ASCII)
_FIELDS_OF_ENTERQUEUE = 3
_CLOCKS_APART_SECONDS = 5


def decode(raw: bytes, line: Line, order: int) -> tuple[Event, ...] | DamagedLine:
    """Return the facts of `line`, read from `raw`: none for an unknown event. `order` is its place in its second.

    Where an adviser is rung first, the queue that finds him is told of nobody: the citizen has lines of his own.
    """
    decoder = DECODERS.get(line.event)
    if decoder is None or is_advisers_side(line.channel_id):
        return ()
    about: dict[str, Any] = {
        "at": datetime.fromtimestamp(line.second, UTC),
        "call_id": line.channel_id,
        "channel_id": line.channel_id,
        "source": Source.QUEUE_LOG,
        "order": order,
    }
    try:
        events = decoder(line, about)
    except ValueError:
        return damaged(raw, Damage.BAD_VALUE)
    if line.channel_id in OF_NO_CALL and any(event.channel_id for event in events):
        return damaged(raw, Damage.BAD_VALUE)
    if line.event == "QUEUESTART" and line.channel_id != NOBODY:
        return damaged(raw, Damage.BAD_VALUE)
    return events


def whole(text: str) -> int | None:
    """Read a number: None if empty, 0 if negative (the clock was set back while somebody waited).

    Raises:
        ValueError: it is no whole number, or greater than any duration.
    """
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"not a whole number: {text[:40]!r}")
    return max(0, int(text))


def _field(line: Line, index: int) -> str:
    return line.data[index] if index < len(line.data) else ""


def _number(line: Line, index: int) -> int | None:
    return whole(_field(line, index))


def _entered(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    """ENTERQUEUE|url|number|position. The number may hold `|`: with any field more, the position is not believed."""
    position = _field(line, 2) if len(line.data) == _FIELDS_OF_ENTERQUEUE else ""
    trusted = int(position) if _WHOLE.fullmatch(position) else None
    return (QueueEntered(**about, queue=line.queue, position=trusted),)


def _connected(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    """CONNECT|wait|channel of the agent|ring."""
    ring_seconds = _number(line, 2) or 0
    return (
        Connected(
            **about, queue=line.queue, agent=line.agent, wait_seconds=_number(line, 0), ring_seconds=ring_seconds
        ),
    )


def _completed(line: Line, about: dict[str, Any], *, by: EndedBy, times_at: int = 0) -> tuple[Event, ...]:
    """COMPLETEAGENT and COMPLETECALLER|wait|talk|position, and transfers, whose times stand further on."""
    return (
        Completed(
            **about,
            queue=line.queue,
            agent=line.agent,
            wait_seconds=_number(line, times_at),
            talk_seconds=_number(line, times_at + 1),
            by=by,
            target=_field(line, 0) if by is EndedBy.BLIND_TRANSFER else "",
        ),
    )


def _attended(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    """ATTENDEDTRANSFER|BRIDGE|bridge|wait|talk|position, APP likewise, LINK with two channels."""
    times_at = 3 if _field(line, 0) == "LINK" else 2
    return _completed(line, about, by=EndedBy.ATTENDED_TRANSFER, times_at=times_at)


def _exited(line: Line, about: dict[str, Any], *, reason: ExitReason) -> tuple[Event, ...]:
    """ABANDON, EXITWITHTIMEOUT, EXITEMPTY|position|first position|wait, WITHDRAW|…|reason."""
    detail = _field(line, 3) if reason is ExitReason.WITHDRAWN else ""
    wait_seconds = _number(line, 2)
    return (QueueExited(**about, queue=line.queue, reason=reason, wait_seconds=wait_seconds, detail=detail),)


def _exited_by_key(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    """EXITWITHKEY|key|position|first position|wait."""
    wait_seconds = _number(line, 3)
    key = _field(line, 0)
    return (QueueExited(**about, queue=line.queue, reason=ExitReason.KEY, wait_seconds=wait_seconds, key=key),)


def _ring_ended(line: Line, about: dict[str, Any], *, result: RingResult) -> tuple[Event, ...]:
    """RINGNOANSWER and RINGCANCELED|milliseconds."""
    return (RingEnded(**about, queue=line.queue, agent=line.agent, ring_ms=_number(line, 0) or 0, result=result),)


def _rejected(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    """RECHAZADA|QUEUESTATUS of ours; FULL, JOINEMPTY and JOINUNAVAIL of others, who write the status as the event."""
    status = _field(line, 0) if line.event == "RECHAZADA" else line.event
    return (Rejected(**about, queue=line.queue, status=status),)


def _presence(line: Line, about: dict[str, Any], *, change: PresenceChange) -> tuple[Event, ...]:
    """ADDMEMBER, REMOVEMEMBER, PAUSE, UNPAUSE, PAUSEALL, UNPAUSEALL."""
    about |= {"call_id": "", "channel_id": ""}
    queue = "" if line.queue == NOBODY else line.queue
    presence = partial(AgentPresence, **about, queue=queue, agent=line.agent)
    if line.event == "ADDMEMBER" and _field(line, 0) == "PAUSED":
        return (presence(change=change), presence(change=PresenceChange.PAUSED))
    pausing = change in {PresenceChange.PAUSED, PresenceChange.UNPAUSED}
    return (presence(change=change, reason=_field(line, 0) if pausing else ""),)


def _restarted(_line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (SystemRestarted(**about | {"call_id": "", "channel_id": ""}),)


def _call_started(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    number = _field(line, 2)
    return (
        CallStarted(
            **about | {"call_id": _field(line, 0) or line.channel_id},
            line=_field(line, 1),
            number=number if is_normal(number) else ANONYMOUS,
        ),
    )


def _menu_stepped(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    heard = _field(line, 3)
    if heard and not _SECONDS.fullmatch(heard):
        raise ValueError(f"not seconds: {heard[:40]!r}")
    return (
        MenuStepped(
            **about,
            menu=_field(line, 0),
            key=_field(line, 1),
            result=StepResult(_field(line, 2)),
            heard_seconds=float(heard) if heard else None,
        ),
    )


def _text_chosen(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (TextChosen(**about, text=_field(line, 0)),)


def _hung_up(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (HungUp(**about, stage=Stage(_field(line, 0)), name=_field(line, 1)),)


def _language_chosen(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (LanguageChosen(**about, language=_field(line, 0)),)


def _consent_answered(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (ConsentAnswered(**about, version=_field(line, 0), answer=ConsentAnswer(_field(line, 1))),)


def _callback_offered(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (CallbackOffered(**about, queue=line.queue, result=OfferResult(_field(line, 0))),)


def _mailbox_stepped(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (MailboxStepped(**about, request=_field(line, 0), step=MailboxStep(_field(line, 1))),)


def _message_left(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (MessageLeft(**about, file=_field(line, 0)),)


def _survey_answered(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    """ENCUESTA. What an adviser typed names him, who saved it, and when."""
    by = _field(line, 4)
    return (
        SurveyAnswered(
            **about | ({"at": _saved_at(line, 5)} if by else {}),
            question=_field(line, 0),
            answer=_number(line, 1),
            survey=_field(line, 2),
            file=_field(line, 3),
            agent=line.agent if by else "",
            by=by,
        ),
    )


def _recorded(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (Recorded(**about, queue=line.queue, agent=line.agent, file=_field(line, 0)),)


def _listened(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    return (
        Listened(
            **about,
            queue=line.queue,
            agent=line.agent,
            step=ListenStep(_field(line, 0)),
            by=_field(line, 1),
            session=_field(line, 2),
            ordinal=_number(line, 3) or 0,
        ),
    )


def _saved_at(line: Line, place: int) -> datetime:
    """Read when the desk saved something. It may be written long after: that is the fact's time, and never a later one.

    Raises:
        ValueError: it is no second of the past.
    """
    said = _field(line, place)
    if not _SECOND.fullmatch(said) or int(said) > line.second + _CLOCKS_APART_SECONDS:
        raise ValueError(f"not a second of the past: {said[:40]!r}")
    return datetime.fromtimestamp(int(said), UTC)


def _work_ended(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    """TIPIFICACION."""
    return (
        WorkEnded(
            **about | {"at": _saved_at(line, 5)},
            queue=line.queue,
            agent=line.agent,
            disposition=_field(line, 0),
            title=_field(line, 1),
            resolution=Resolution(_field(line, 2)),
            by=_field(line, 3),
            limit_seconds=_number(line, 4) or 0,
        ),
    )


def _call_ended(line: Line, about: dict[str, Any]) -> tuple[Event, ...]:
    by = _field(line, 0)
    return (CallEnded(**about, by=EndedBy(by) if by else None, cause=_number(line, 1) or 0),)


DECODERS: dict[str, Callable[[Line, dict[str, Any]], tuple[Event, ...]]] = {
    "ENTERQUEUE": _entered,
    "CONNECT": _connected,
    "COMPLETEAGENT": partial(_completed, by=EndedBy.AGENT),
    "COMPLETECALLER": partial(_completed, by=EndedBy.CALLER),
    "BLINDTRANSFER": partial(_completed, by=EndedBy.BLIND_TRANSFER, times_at=2),
    "TRANSFER": partial(_completed, by=EndedBy.BLIND_TRANSFER, times_at=2),
    "ATTENDEDTRANSFER": _attended,
    "ABANDON": partial(_exited, reason=ExitReason.ABANDONED),
    "EXITWITHTIMEOUT": partial(_exited, reason=ExitReason.TIMEOUT),
    "EXITEMPTY": partial(_exited, reason=ExitReason.EMPTY),
    "WITHDRAW": partial(_exited, reason=ExitReason.WITHDRAWN),
    "EXITWITHKEY": _exited_by_key,
    "RINGNOANSWER": partial(_ring_ended, result=RingResult.NO_ANSWER),
    "RINGCANCELED": partial(_ring_ended, result=RingResult.CANCELED),
    "FULL": _rejected,
    "JOINEMPTY": _rejected,
    "JOINUNAVAIL": _rejected,
    "ADDMEMBER": partial(_presence, change=PresenceChange.LOGGED_IN),
    "REMOVEMEMBER": partial(_presence, change=PresenceChange.LOGGED_OUT),
    "PAUSE": partial(_presence, change=PresenceChange.PAUSED),
    "PAUSEALL": partial(_presence, change=PresenceChange.PAUSED),
    "UNPAUSE": partial(_presence, change=PresenceChange.UNPAUSED),
    "UNPAUSEALL": partial(_presence, change=PresenceChange.UNPAUSED),
    "QUEUESTART": _restarted,
    "LLAMADA": _call_started,
    "IDIOMA": _language_chosen,
    "CONSENTIMIENTO": _consent_answered,
    "MENU": _menu_stepped,
    "TEXTO": _text_chosen,
    "OFERTA": _callback_offered,
    "BUZON": _mailbox_stepped,
    "MENSAJE": _message_left,
    "ENCUESTA": _survey_answered,
    "RECHAZADA": _rejected,
    "GRABACION": _recorded,
    "ESCUCHA": _listened,
    "TIPIFICACION": _work_ended,
    "COLGO": _hung_up,
    "FIN": _call_ended,
}
