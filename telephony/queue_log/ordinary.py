"""The short way from lines to visits, for the calls that almost all are.

A call is ordinary when its lines stand in order of time, each stay is entered once and ends once, and every field is
filled. `_MAY_FOLLOW` says which line may follow which; arrays are checked against it at once. For ordinary calls this
gives exactly the visits that decoding and folding give, a hundred times sooner; any other is left to them. A test holds
the two against each other.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from quality.metrics.batch import CODES, UNKNOWN_MS, Batch, Texts
from quality.metrics.visits import Outcome

from .columns import Columns, Flags, Ints
from .decode import DECODERS, OF_NO_CALL, decode
from .lines import LONGEST_LINE_BYTES, DamagedLine, parse, text_of

_LEADING_BARS = 4


class Kind(IntEnum):
    """What a line is to the order of a call."""

    NONE = 0  # before the first, after the last
    ENTER = 1
    RING = 2
    CONNECT = 3
    COMPLETE = 4
    EXIT = 5
    REJECT = 6
    ASIDE = 7  # may stand anywhere
    ODD = 8  # only the long way knows


_CHECKED = (b"IDIOMA", b"CONSENTIMIENTO", b"MENU", b"OFERTA", b"BUZON", b"ENCUESTA", b"COLGO", b"FIN")
"""Lines of ours that may hold what they cannot hold."""

_KINDS = {
    **dict.fromkeys(map(str.encode, DECODERS), Kind.ODD),
    b"ENTERQUEUE": Kind.ENTER,
    **dict.fromkeys((b"RINGNOANSWER", b"RINGCANCELED"), Kind.RING),
    b"CONNECT": Kind.CONNECT,
    **dict.fromkeys((b"COMPLETEAGENT", b"COMPLETECALLER", b"BLINDTRANSFER"), Kind.COMPLETE),
    **dict.fromkeys((b"ABANDON", b"EXITWITHTIMEOUT", b"EXITWITHKEY", b"WITHDRAW", b"EXITEMPTY"), Kind.EXIT),
    b"RECHAZADA": Kind.REJECT,
    **dict.fromkeys((b"LLAMADA", b"GRABACION", b"MENSAJE", b"TEXTO", *_CHECKED), Kind.ASIDE),
}
_OUTCOMES = {
    b"ABANDON": Outcome.ABANDONED,
    b"EXITWITHTIMEOUT": Outcome.OVERFLOW,
    b"EXITWITHKEY": Outcome.OVERFLOW,
    b"WITHDRAW": Outcome.OVERFLOW,
    b"EXITEMPTY": Outcome.CLOSED,
    b"RECHAZADA": Outcome.CLOSED,
}
# The fields, counted in the whole line, that must hold numbers: the wait, or a ring; the talk, or a ring before it.
_FIRST_NUMBER = {b"BLINDTRANSFER": 7, b"EXITWITHKEY": 8} | dict.fromkeys(
    (b"ABANDON", b"EXITWITHTIMEOUT", b"WITHDRAW", b"EXITEMPTY"), 7
)
_SECOND_NUMBER = {b"CONNECT": 7, b"BLINDTRANSFER": 8}

_BEGINNINGS = (Kind.ENTER, Kind.REJECT)
_ENDS = (Kind.COMPLETE, Kind.EXIT, Kind.REJECT)
_WAITING = (Kind.RING, Kind.CONNECT, Kind.EXIT)
_MAY_FOLLOW = np.zeros((len(Kind), len(Kind)), np.bool_)
for _before, _after in {
    Kind.NONE: _BEGINNINGS,
    Kind.ENTER: _WAITING,
    Kind.RING: _WAITING,
    Kind.CONNECT: (Kind.COMPLETE,),
    Kind.COMPLETE: (*_BEGINNINGS, Kind.NONE),
    Kind.EXIT: (*_BEGINNINGS, Kind.NONE),
    Kind.REJECT: (*_BEGINNINGS, Kind.NONE),
}.items():
    _MAY_FOLLOW[_before, list(_after)] = True


class Outcomes(NamedTuple):
    """What became of the calls of a text: visits of the ordinary ones, lines of the odd ones, lines to be kept."""

    visits: Batch | None
    odd: list[bytes]
    kept: bytes


class Calls:
    """The lines kept from before and those of a new text, sorted by call. Texts end with a line's end."""

    def __init__(self, kept: bytes, text: bytes) -> None:
        self._columns = Columns(kept + text)
        self._kept = len(kept)
        begin, end = self._columns.field(1)
        self._channels = self._columns.names(begin, end)
        self._broken = self._columns.bars < _LEADING_BARS
        self._of_no_call = np.zeros(len(self._columns), np.bool_)
        self._of_no_call[self._channels_that_are_none()] = True
        self._of_no_call &= ~self._broken
        self._seconds, self._timed = self._columns.seconds()
        self._sure = self._timed & self._channels.sure & (begin < end)
        self._sure &= ~self._columns.ending_in(end, b"m")  # perhaps an adviser's side: the long way knows

    def _channels_that_are_none(self) -> Ints:
        begin, end = self._columns.field(1)
        short = np.flatnonzero(end - begin <= max(map(len, OF_NO_CALL)))
        names = self._columns.names(begin[short], end[short])
        return short[np.array([text in OF_NO_CALL for text in names.texts], np.bool_)[names.number] & names.sure]

    @property
    def last_second(self) -> int:
        """The time of the last line, 0 if there is none; lines kept from before do not tell how far the log is read."""
        timed = np.flatnonzero(self._timed & (self._columns.starts >= self._columns.starts[0] + self._kept))
        return int(self._seconds[timed[-1]]) if len(timed) else 0

    def of_no_call(self) -> list[bytes]:
        """Return the lines that are no call's: of agents and of the system, and damaged ones."""
        return self._columns.lines(np.flatnonzero(self._of_no_call | self._broken))

    def outcomes(self, restarts: Sequence[int], before: float) -> Outcomes:
        """Sort out the calls whose last line lies before a Unix time; keep the others."""
        mine = ~(self._of_no_call | self._broken)
        order = self._channels.order[mine[self._channels.order]]
        if not len(order):
            return Outcomes(None, [], b"")
        begins = np.concatenate(([True], np.diff(self._channels.number[order]) != 0))
        call = np.cumsum(begins) - 1
        seconds = self._seconds[order]
        first, last = (f.reduceat(seconds, np.flatnonzero(begins)) for f in (np.minimum, np.maximum))
        settled = last < before
        stays = _Stays(self._columns, order, call, seconds)
        bad = stays.bad | ~self._sure[order]
        bad[1:] |= (np.diff(seconds) < 0) & ~begins[1:]
        odd = np.bincount(call, bad) > 0
        odd |= np.searchsorted(restarts, first) != np.searchsorted(restarts, last)
        kept = np.sort(order[~settled[call]])
        return Outcomes(
            stays.visits((settled & ~odd)[call]),
            self._columns.lines(order[(settled & odd)[call]]),
            b"".join(self._columns.lines(kept)),
        )


class _Stays:
    """The stays that lines tell, given sorted by call: `order` numbers them in the text, `call` says whose they are."""

    def __init__(self, columns: Columns, order: Ints, call: Ints, seconds: Ints) -> None:
        self._columns, self._order, self._call, self._seconds = columns, order, call, seconds
        self._queues, self._agents, self._events = (
            columns.names(*columns.field(number)).take(order) for number in (2, 3, 4)
        )
        kinds = np.array(
            [_KINDS.get(text, Kind.ASIDE if text else Kind.ODD) for text in self._events.examples], np.int64
        )
        self._kinds = np.where(self._events.sure, kinds[self._events.number], Kind.ODD)
        self._waits, waits_sure = self._numbers(_FIRST_NUMBER, 5)
        self._talks, talks_sure = self._numbers(_SECOND_NUMBER, 6)
        self.bad = (
            columns.control_characters()[order]
            | ((columns.ends - columns.starts)[order] > LONGEST_LINE_BYTES)
            | ~(self._queues.sure & self._agents.sure)
            | (~waits_sure & np.isin(self._kinds, (Kind.RING, Kind.CONNECT, Kind.COMPLETE, Kind.EXIT)))
            | (~talks_sure & np.isin(self._kinds, (Kind.CONNECT, Kind.COMPLETE)))
        )
        self._lines = self._lines_reached()
        self._check_ours()
        self._deciding = np.flatnonzero(self._kinds != Kind.ASIDE)
        self._check_order()
        self._check_repetition()

    def visits(self, chosen: Flags) -> Batch:
        """Return the visits that the chosen lines tell, which must be those of ordinary calls."""
        lines = self._deciding[chosen[self._deciding]]
        kinds = self._kinds[lines]
        starts = lines[np.isin(kinds, _BEGINNINGS)]
        ends_at = np.flatnonzero(np.isin(kinds, _ENDS))
        ends = lines[ends_at]
        answered = np.flatnonzero(self._kinds[ends] == Kind.COMPLETE)
        told_by = ends.copy()
        told_by[answered] = lines[ends_at[answered] - 1]
        talks_ms = np.full(len(ends), UNKNOWN_MS)
        talks_ms[answered] = self._talks[ends[answered]] * 1000
        outcomes = np.array([CODES[_OUTCOMES.get(text, Outcome.ANSWERED)] for text in self._events.examples], np.int64)
        ring_visit, ring_agent = self._rings(lines, starts)
        nothing = np.zeros(len(starts), np.int64)
        return Batch(
            entered=self._seconds[starts],
            line=self._lines.take(self._call[starts]),
            queue=Texts(self._queues.number[starts], self._queues.texts),
            disposition=Texts(nothing, [""]),
            result=outcomes[self._events.number[ends]],
            wait_ms=np.where(self._kinds[ends] == Kind.REJECT, 0, self._waits[told_by]) * 1000,
            talk_ms=talks_ms,
            hold_ms=nothing,
            work_ms=nothing,
            solved=nothing.astype(np.bool_),
            inferred=nothing.astype(np.bool_),
            leg_visit=answered,
            leg_agent=Texts(self._agents.number[ends[answered]], self._agents.texts),
            leg_talk_ms=talks_ms[answered],
            leg_hold_ms=nothing[answered],
            leg_work_ms=nothing[answered],
            leg_target=self._targets(ends[answered]),
            ring_visit=ring_visit,
            ring_agent=Texts(ring_agent, self._agents.texts),
        )

    def _numbers(self, fields: Mapping[bytes, int], otherwise: int) -> tuple[Ints, Flags]:
        """Read the number in the field that the line's event puts it in."""
        field = np.array([fields.get(text, otherwise) for text in self._events.examples], np.int64)[self._events.number]
        begin, end = self._columns.field(_unsorted(field, self._order, len(self._columns)))
        return self._columns.numbers(begin[self._order], end[self._order])

    def _is(self, *events: bytes) -> Flags:
        return np.isin(self._events.number, [n for n, text in enumerate(self._events.examples) if text in events])

    def _lines_reached(self) -> Texts:
        """Return the line that each call reached; a call that reached two is for the long way."""
        started = np.flatnonzero(self._is(b"LLAMADA"))
        calls = self._call[started]
        self.bad[started[1:]] |= np.diff(calls) == 0
        begin, end = (positions[self._order[started]] for positions in self._columns.field(6))
        names = self._columns.names(begin, end, words=8)
        self.bad[started] |= ~names.sure
        line = np.zeros(self._call[-1] + 1, np.int64)
        line[calls] = names.number + 1
        return Texts(line, ["", *names.texts])

    def _check_ours(self) -> None:
        """Mark lines of ours that hold what they cannot hold."""
        ours = np.flatnonzero(self._is(*_CHECKED))
        begin, end = self._columns.field(4)[0][self._order[ours]], self._columns.ends[self._order[ours]]
        names = self._columns.names(begin, end, words=8)
        damaged = np.array([_is_damaged(text) for text in names.examples], np.bool_)
        self.bad[ours] |= ~names.sure | damaged[names.number]

    def _check_order(self) -> None:
        """Mark lines that may not stand where they stand."""
        lines = self._deciding
        kinds, calls = self._kinds[lines], self._call[lines]
        follows = np.concatenate(([False], np.diff(calls) == 0))
        previous = np.concatenate(([0], lines[:-1]))
        bad = ~_MAY_FOLLOW[np.where(follows, self._kinds[previous], Kind.NONE), kinds]
        bad |= np.concatenate((~follows[1:], [True])) & ~_MAY_FOLLOW[kinds, Kind.NONE]
        within = ~np.isin(kinds, _BEGINNINGS)
        bad |= within & (self._queues.number[lines] != self._queues.number[previous])
        bad |= (kinds == Kind.COMPLETE) & (self._agents.number[lines] != self._agents.number[previous])
        self.bad[lines] |= bad

    def _check_repetition(self) -> None:
        """Mark stays that begin in the second of the last one's end and might be told by a repetition of its lines."""
        lines = self._deciding
        starts = np.flatnonzero(np.isin(self._kinds[lines], _BEGINNINGS))[1:]
        start, before = lines[starts], lines[starts - 1]
        ends = np.concatenate((lines[starts[1:] - 1], lines[-1:]))[: len(starts)]
        touching = (self._call[start] == self._call[before]) & (self._seconds[start] == self._seconds[before])
        same_queue = self._queues.number[start] == self._queues.number[before]
        self.bad[start] |= touching & (same_queue | (self._seconds[ends] == self._seconds[start]))

    def _rings(self, lines: Ints, starts: Ints) -> tuple[Ints, Ints]:
        """Return the stay and the agent of each ring that nobody answered; a ring told twice is one."""
        rang = lines[self._is(b"RINGNOANSWER")[lines]]
        stay = np.searchsorted(starts, rang, side="right") - 1
        told = np.stack((stay, self._seconds[rang], self._agents.number[rang], self._waits[rang]))
        once = told[:, np.lexsort(told)]
        once = once[:, np.concatenate(([True], (np.diff(once) != 0).any(axis=0)))[: len(rang)]]
        return once[0], once[2]

    def _targets(self, ends: Ints) -> Texts:
        """Return where conversations were passed on to, "" for those that were not."""
        transfers = np.flatnonzero(self._is(b"BLINDTRANSFER")[ends])
        begin, end = self._columns.field(5)
        lines = self._order[ends[transfers]]
        names = map(text_of, self._columns.between(begin[lines], end[lines]))
        texts = Texts.of(["", *names])
        number = np.zeros(len(ends), np.int64)
        number[transfers] = texts.number[1:]
        return Texts(number, texts.texts)


def _unsorted(values: Ints, order: Ints, size: int) -> Ints:
    """Put values that stand in `order` back to where their lines stand; 0 elsewhere."""
    placed = np.zeros(size, np.int64)
    placed[order] = values
    return placed


def _is_damaged(event_and_data: bytes) -> bool:
    raw = b"1|call|NONE|NONE|" + event_and_data
    line = parse(raw)
    return isinstance(line, DamagedLine) or isinstance(decode(raw, line, 0), DamagedLine)
