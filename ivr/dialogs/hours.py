"""Outside hours: when somebody attends again."""

from datetime import datetime

from ivr import speech
from ivr.dialogs.asking import Caller
from ivr.line.model import Line


def say_closed(caller: Caller, line: Line, now: datetime) -> None:
    """Say when the line opens next, holidays and special days included, and what the line says of its hours."""
    opens = line.calendar.next_opening(now)
    zone = line.calendar.zone
    when = speech.moment(opens.astimezone(zone), now.astimezone(zone)) if opens else ()
    caller.say(*(("cerrado_desde", *speech.prompts(when)) if when else ()), line.closed.prompt)
