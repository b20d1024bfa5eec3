"""What commands print, where it cannot be shown or nobody reads it any more.

A terminal that knows fewer letters gets the nearest it has: «Atención ▲» becomes "<<Atencion !>>" in ASCII, and never
ends a command. What other programs read (`--json`) keeps every letter, as JSON's own escape.

Whoever stops reading (`contesta stats | head -1`) ends the command as it ends other tools: by SIGPIPE, in silence. A
shell shows that as 141.
"""

import codecs
import os
import signal
import sys
import unicodedata
from io import TextIOWrapper
from typing import NoReturn

NEAREST, ESCAPED = "contesta.nearest", "contesta.escaped"

_LOOKALIKES = str.maketrans({"«": "<<", "»": ">>", "≤": "<=", "≥": ">=", "→": "->"}) | str.maketrans(
    "“”·\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{MULTIPLICATION SIGN}▲●■◌✓", '""----x!*#o+'
)


def prepare() -> None:
    """Let whatever is printed be printed, in whatever letters there are. Once, before anything is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not codecs.lookup(stream.encoding).name.startswith("utf"):
            stream.reconfigure(errors=ESCAPED if "--json" in sys.argv else NEAREST)


def nearest(fault: UnicodeError) -> tuple[str, int]:
    """Give what comes nearest to letters that cannot be encoded, "?" for those that nothing is near to."""
    text, end = _what_cannot_be_encoded(fault)
    plain = unicodedata.normalize("NFKD", text.translate(_LOOKALIKES))
    return "".join(each if each.isascii() else "?" for each in plain if not unicodedata.combining(each)), end


def escaped(fault: UnicodeError) -> tuple[str, int]:
    """Give letters that cannot be encoded as JSON writes them: two halves where one does not hold them."""
    text, end = _what_cannot_be_encoded(fault)
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4)), end


def nobody_reads(end: BaseException) -> bool:
    """Tell whether a command ended because whoever read what it printed is gone; flushes what is still to print."""
    cause: BaseException | None = end
    while cause is not None:
        if isinstance(cause, BrokenPipeError):
            return True
        cause = cause.__context__
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return True
    return False


def end_unread() -> NoReturn:
    """End this process as the signal for it does, whatever it still had to print."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    raise SystemExit(128 + signal.SIGPIPE)  # where the signal is blocked


def _what_cannot_be_encoded(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    return fault.object[fault.start : fault.end], fault.end


codecs.register_error(NEAREST, nearest)
codecs.register_error(ESCAPED, escaped)
