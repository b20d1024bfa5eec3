"""A call, as the flows see it: the caller, the line as it was when the call came in, and what they lean on.

A flow is a function that tells the call from top to bottom and returns where it goes on, in the dialplan's words
(`ivr.line.exchange`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from callback_queue.mailbox_request import Place
from callback_queue.mailbox_spool import Spool
from core.events import ConsentAnswer
from ivr import prompts
from ivr.answered import NAME as ANSWERED
from ivr.answered import AnsweredFile
from ivr.caller import LineCaller
from ivr.dialogs.consent import ask_consent, may_record
from ivr.dialogs.hours import say_closed
from ivr.dialogs.offer import ExpectedWait
from ivr.line.exchange import END, LANGUAGE, NO, QUEUE, RECORD, YES
from ivr.line.model import Line, Queue
from ivr.line.published import Published
from ivr.waits import NAME as WAITS
from ivr.waits import WaitsFile
from telephony.agi import Channel

CONSENT = "CONTESTA_CONSENTIMIENTO"
SPOKEN_LANGUAGE = "CONTESTA_IDIOMA"
WAITING_SINCE = "CONTESTA_EN_COLA_DESDE"
KEPT_PLACE = "CONTESTA_LUGAR"
"""Variables of the caller's channel by which one script of a call tells the next."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every call leans on."""

    lines: Published
    requests: Spool
    expected_wait: ExpectedWait
    answered: AnsweredFile
    now: Callable[[], datetime] = utc_now


class Call:
    """One call. `about` is what the dialplan started the script for: a mailbox, a queue, a survey.

    The dialplan names the call where the caller's channel is only a part of it; else it has the channel's own id.
    """

    def __init__(self, channel: Channel, desk: Desk) -> None:
        """Begin the script that a channel asks for.

        Raises:
            ConfigurationError: it names no line and edition that are published.
        """
        told = channel.env
        self.desk = desk
        self.line: Line = desk.lines.line(told.get("agi_arg_1", ""), told.get("agi_arg_2", ""))
        self.about = told.get("agi_arg_3", "")
        self.caller = LineCaller(channel, self.line.sounds, desk.now, call_id=told.get("agi_arg_4", ""))

    def is_open(self) -> bool:
        """Tell whether the line attends now."""
        return self.line.calendar.is_open(self.desk.now())

    def say_closed(self) -> None:
        """Say when the line opens next."""
        say_closed(self.caller, self.line, self.desk.now())

    # -- language

    def speak(self, language: str) -> None:
        """Go on in a language."""
        if language != self.line.languages.all[0].code:
            self.caller.set(LANGUAGE, language)
            self.caller.set(SPOKEN_LANGUAGE, language)
            self.caller.say("idioma_elegido")

    @property
    def language(self) -> str:
        """The language the caller is attended in."""
        return self.caller.get(SPOKEN_LANGUAGE) or self.line.languages.all[0].code

    # -- consent

    def consent(self) -> ConsentAnswer | None:
        """Return what the caller answered in this call to the request for authorisation, None if nothing was asked."""
        answered = self.caller.get(CONSENT)
        return ConsentAnswer(answered) if answered in set(ConsentAnswer) else None

    def ask_consent(self) -> ConsentAnswer | None:
        """Ask for the authorisation if the line wants it and nobody has asked in this call; return the answer."""
        answer = self.consent() if self.line.consent else None
        if self.line.consent and answer is None:
            answer = ask_consent(self.caller, self.line.consent, self.line.voice)
            self.caller.set(CONSENT, answer)
        self.caller.set(RECORD, YES if may_record(self.line.recording, answer) else NO)
        return answer

    # -- a place in a queue

    def wait_in(self, queue: Queue) -> str:
        """Return where a caller waits, and keep since when."""
        if not self.caller.get(WAITING_SINCE):
            self.caller.set(WAITING_SINCE, f"{self.desk.now().timestamp():.0f}")
        return f"{QUEUE}:{queue.name}"

    def keep_place(self, queue: Queue) -> None:
        """Keep the place of a caller who would rather be called."""
        self.caller.set(KEPT_PLACE, queue.name)

    def kept_place(self) -> Place | None:
        """Return the place that is kept, if one is."""
        queue = self.caller.get(KEPT_PLACE)
        since = self.caller.get(WAITING_SINCE)
        at = datetime.fromtimestamp(int(since), UTC) if since.isdecimal() else self.desk.now()
        return Place(queue=queue, since=at) if queue else None

    # -- when nothing else can be done

    def to_a_person(self) -> str:
        """Take a caller to whoever attends, or tell them when somebody does."""
        if not self.is_open():
            self.say_closed()
            return END
        self.caller.say("respaldo")
        return self.wait_in(self.line.queue)


Flow: TypeAlias = Callable[[Call], str]


def desk_in(data: Path) -> Desk:
    """Make the desk of an installation whose data are in `data`.

    Raises:
        ConfigurationError: the texts that come with the program are damaged.
    """
    return Desk(
        lines=Published(data / "lineas", prompts.shared()),
        requests=Spool(data / "buzon", now=utc_now),
        expected_wait=WaitsFile(data / WAITS, utc_now),
        answered=AnsweredFile(data / ANSWERED),
    )


def play(flow: Flow, desk: Desk, channel: Channel) -> None:
    """Play a flow on a channel; its last act is to say where the call goes on.

    Raises:
        ConfigurationError: the channel names no line that is published.
        CallEndedError: the caller hung up.
    """
    call = Call(channel, desk)
    call.caller.send_to(flow(call))
