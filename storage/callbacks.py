"""The promised calls of one database. What a method returned is committed.

Every change is one transaction: the row is locked, `states.advance` makes the next value, and row and history are
written together. On PostgreSQL any number of workers claim at once (FOR UPDATE SKIP LOCKED); SQLite takes its one write
lock, and is for one worker.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from callback_queue import intake
from callback_queue.pacing import Advisers, room
from callback_queue.policy import Rules, promise
from callback_queue.request import Asked, CallbackRequest, Filing, Reason, State
from callback_queue.states import (
    Adopted,
    Cancelled,
    Claimed,
    Command,
    Event,
    GaveUp,
    IllegalStepError,
    Joined,
    LeaseEnded,
    Rescheduled,
    advance,
)
from core.errors import ContestaError
from storage.callback_codec import COLUMNS, request_of
from storage.callback_due import DUE, due_priorities, on_their_way
from storage.callback_filing import new_filing
from storage.callback_rows import REQUESTS, history, insert_request, write
from storage.callback_tables import (
    CallbackChannelRow,
    CallbackFilingRow,
    CallbackOriginRow,
    CallbackRow,
    LeftAloneRow,
)
from storage.callback_windows import see_room
from storage.database import reader
from storage.projection import in_parts

_TRIES = 4


class LeaseLostError(ContestaError):
    """A worker wanted to change a request that is no longer his."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a wish. `joined`: it is now a part of an older request; `known`: it had been taken in before."""

    request: CallbackRequest
    joined: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The promised call that a call has to do with: it was an attempt of it, or else gave rise to it."""

    request_id: str
    number: str
    attempt: bool


class Callbacks:
    """The promised calls in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    # -- what comes in

    def ask(self, asked: Asked, rules: Rules, now: datetime, *, places: int | None = None) -> Taken:
        """Take in a wish: a new request, or a part of the open one of the same telephone and line.

        The same origin is taken in once, whoever tells it and however often. `places` bounds how many requests may
        stand in the window that is asked for.

        Raises:
            WindowFullError: there is no place left in it; nothing was taken in.
        """
        for attempt in range(_TRIES):
            try:
                with self._engine.begin() as connection:
                    taken = _take_in(connection, asked, rules, now, places)
            except IntegrityError:  # another program took in the same telephone or origin at the same moment
                if attempt == _TRIES - 1:
                    raise
                continue
            if taken is not None:
                return taken
        raise ContestaError(f"no se pudo guardar la solicitud {asked.origin}")

    def new_filing(self, now: datetime) -> Filing:
        """Give a filing number for a wish that is told its own, also where it joins another; it is used once."""
        with self._engine.begin() as connection:
            return new_filing(connection, now)

    def known(self, origins: Iterable[str]) -> set[str]:
        """Tell which of some origins were taken in."""
        with self._reader.begin() as connection:
            query = select(col(CallbackOriginRow.origin)).where(col(CallbackOriginRow.origin).in_(list(origins)))
            return set(connection.scalars(query))

    # -- what is read

    def get(self, request_id: str) -> CallbackRequest | None:
        """Read one request with its whole history."""
        return self._whole(col(CallbackRow.id) == request_id)

    def filed(self, number: str, code: str) -> CallbackRequest | None:
        """Read the request of a filing number, if the code is right."""
        query = select(col(CallbackFilingRow.request_id), col(CallbackFilingRow.code)).where(
            col(CallbackFilingRow.number) == number
        )
        with self._reader.begin() as connection:
            found = connection.execute(query).one_or_none()
        right = secrets.compare_digest((found.code if found else "").encode(), code.strip().upper().encode())
        return self.get(found.request_id) if found and right else None

    def of_channel(self, channel_id: str) -> CallbackRequest | None:
        """Read the request that an attempt's channel belongs to."""
        mine = select(col(CallbackChannelRow.request_id)).where(col(CallbackChannelRow.channel_id) == channel_id)
        return self._whole(col(CallbackRow.id).in_(mine))

    def of_calls(self, call_ids: Sequence[str]) -> dict[str, str]:
        """Tell the id of the request that each of some calls has to do with; those of none are left out."""
        return {call_id: found.request_id for call_id, found in self.beside(call_ids).items()}

    def beside(self, call_ids: Sequence[str]) -> dict[str, Beside]:
        """Tell which request each of some calls asked for, or was an attempt of; those of none are left out."""
        found = {}
        with self._reader.begin() as connection:
            for name, of, attempt in (
                (col(CallbackOriginRow.call_id), col(CallbackOriginRow.request_id), False),
                (col(CallbackChannelRow.channel_id), col(CallbackChannelRow.request_id), True),
            ):
                query = select(name, *COLUMNS).join(CallbackRow, col(CallbackRow.id) == of).where(name.in_(call_ids))
                for row in connection.execute(query):
                    request = request_of(row)
                    found[row[0]] = Beside(request_id=request.id, number=request.filing.number, attempt=attempt)
        return found

    def open_of(self, telephone: str, line: str) -> CallbackRequest | None:
        """Read the open request of a telephone, if there is one."""
        with self._reader.begin() as connection:
            row = connection.execute(REQUESTS.where(*_open(line, telephone))).one_or_none()
        return request_of(row) if row else None

    # -- what changes

    def step(
        self, request_id: str, event: Event, now: datetime, *, worker: str | None = None, places: int | None = None
    ) -> tuple[CallbackRequest, tuple[Command, ...]]:
        """Let an event happen to a request. `worker` is given by whoever acts by a lease.

        `places` bounds how many requests may stand in the window of a `Rescheduled`.

        Raises:
            WindowFullError: there is no place left in it; nothing was changed.
            IllegalStepError: the state does not allow it; nothing was changed.
            LeaseLostError: the lease is another's by now; nothing was changed.
            LookupError: there is no such request.
        """
        whole = self.get(request_id) if places is not None else None
        with self._engine.begin() as connection:
            if places is not None and whole and isinstance(event, Rescheduled) and event.window.not_before:
                see_room(connection, whole.line, event.window.not_before, places, whole.telephone)
            row = connection.execute(REQUESTS.where(col(CallbackRow.id) == request_id).with_for_update()).one_or_none()
            if row is None:
                raise LookupError(request_id)
            before = request_of(row)
            if worker is not None:
                _see_lease(before, worker)
            after, commands = advance(before, event, now)
            write(connection, [after])
        return after, commands

    def steps(
        self, worker: str, happened: Mapping[str, Sequence[tuple[Event, datetime]]]
    ) -> tuple[dict[str, CallbackRequest], dict[str, LeaseLostError | IllegalStepError]]:
        """Let events happen, each at its time, to requests that a worker holds, in one transaction.

        Returns those that changed, and why others did not: nothing of what was to happen to one of these did.
        """
        changed: dict[str, CallbackRequest] = {}
        refused: dict[str, LeaseLostError | IllegalStepError] = {}
        with self._engine.begin() as connection:
            for part in in_parts(happened):
                mine = REQUESTS.where(col(CallbackRow.id).in_(part)).order_by(col(CallbackRow.id)).with_for_update()
                for request in map(request_of, connection.execute(mine).all()):
                    try:
                        changed[request.id] = _after(request, worker, happened[request.id])
                    except (LeaseLostError, IllegalStepError) as error:
                        refused[request.id] = error
            write(connection, list(changed.values()))
        return changed, refused

    def claim(
        self,
        worker: str,
        line: str,
        queue: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        *,
        advisers: Advisers | None = None,
    ) -> list[CallbackRequest]:
        """Claim at most `limit` requests that are due, the most urgent first, then by when they were due.

        Left out are those whose telephone is being called for another line. With `advisers`, no more are claimed than
        there are free for all that is on its way, whoever claimed it; those who claim so wait for one another, so that
        no telephone is claimed twice at once.
        """
        claimed: list[CallbackRequest] = []
        event = Claimed(by=_by(worker), worker=worker, until=now + lease)
        with self._engine.begin() as connection:
            if advisers is not None:
                limit = min(limit, room(advisers, queue, on_their_way(connection)))
            for priority in due_priorities(connection, line, queue, now) if limit > 0 else ():
                asked = {"line": line, "queue": queue, "now": now, "due_priority": priority}
                if len(claimed) < limit:
                    due = connection.execute(DUE, asked | {"most": limit - len(claimed)})
                    claimed += [advance(request_of(row), event, now)[0] for row in due]
            write(connection, claimed)
        return claimed

    def due_queues(self, line: str, queues: Iterable[str], now: datetime) -> list[str]:
        """Tell for which queues of a line requests are due. It costs the same however many wait, due or not."""
        with self._reader.begin() as connection:
            return [queue for queue in queues if due_priorities(connection, line, queue, now)]

    def renew(self, worker: str, request_ids: Sequence[str], until: datetime) -> set[str]:
        """Make a worker's leases last until then; returns those that are still his. It is no step of a history."""
        mine = (col(CallbackRow.id).in_(request_ids), col(CallbackRow.lease_worker) == worker)
        with self._engine.begin() as connection:
            longer = update(CallbackRow).where(*mine).values(lease_until=until).returning(col(CallbackRow.id))
            return set(connection.scalars(longer))

    def adopt(
        self, worker: str, now: datetime, lease: timedelta, limit: int
    ) -> list[tuple[CallbackRequest, tuple[Command, ...]]]:
        """Take over requests whose lease ran out. What was only claimed waits again; attempts are to be looked up."""
        over = (col(CallbackRow.lease_until).is_not(None), col(CallbackRow.lease_until) <= now)
        if not self._any(*over):
            return []
        adopted = []
        with self._engine.begin() as connection:
            ran_out = (
                REQUESTS.where(*over)
                .order_by(col(CallbackRow.lease_until))
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            changed = []
            for row in connection.execute(ran_out).all():
                request = request_of(row)
                claimed = request.state is State.CLAIMED
                event = (
                    LeaseEnded(by=_by(worker)) if claimed else Adopted(by=_by(worker), worker=worker, until=now + lease)
                )
                after, commands = advance(request, event, now)
                changed.append(after)
                if not claimed:
                    adopted.append((after, commands))
            write(connection, changed)
        return adopted

    def expire(self, now: datetime, limit: int = 500) -> int:
        """End requests whose time is over; returns how many."""
        with self._engine.begin() as connection:
            over = (
                REQUESTS.where(
                    col(CallbackRow.state).in_([State.WAITING.value, State.HELD.value]),
                    col(CallbackRow.expires_at) <= now,
                )
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            event = GaveUp(by="system", reason=Reason.EXPIRED)
            ended = [advance(request_of(row), event, now)[0] for row in connection.execute(over).all()]
            write(connection, ended)
        return len(ended)

    # -- who is not to be called

    def leave_alone(self, telephone: str, author: str, reason: str, now: datetime) -> None:
        """Note that a telephone is not to be called unasked, and take back what nobody of it asked for himself."""
        with self._engine.begin() as connection:
            connection.execute(delete(LeftAloneRow).where(col(LeftAloneRow.telephone) == telephone))
            told = {"telephone": telephone, "at": now, "author": author, "reason": reason}
            connection.execute(insert(LeftAloneRow), told)
            waiting = REQUESTS.where(
                col(CallbackRow.telephone) == telephone,
                col(CallbackRow.state).in_([State.WAITING.value, State.CLAIMED.value]),
            ).with_for_update()
            event = Cancelled(by=author, reason=Reason.LEFT_ALONE)
            write(
                connection,
                [advance(request_of(row), event, now)[0] for row in connection.execute(waiting).all()],
            )

    def call_again(self, telephone: str) -> bool:
        """Forget that a telephone is not to be called; False if nobody had said so."""
        with self._engine.begin() as connection:
            alone = delete(LeftAloneRow).where(col(LeftAloneRow.telephone) == telephone)
            return connection.execute(alone).rowcount == 1

    def left_alone_since(self, telephones: Iterable[str]) -> dict[str, datetime]:
        """Tell which telephones are not to be called unasked, and since when."""
        query = select(col(LeftAloneRow.telephone), col(LeftAloneRow.at)).where(
            col(LeftAloneRow.telephone).in_(list(telephones))
        )
        with self._reader.begin() as connection:
            return {row.telephone: row.at for row in connection.execute(query)}

    def _any(self, *which: ColumnElement[bool]) -> bool:
        """Tell whether there is such a request, so that nobody takes the write lock where nothing is to be written."""
        with self._reader.begin() as connection:
            return connection.execute(select(col(CallbackRow.id)).where(*which).limit(1)).first() is not None

    def _whole(self, which: ColumnElement[bool]) -> CallbackRequest | None:
        with self._reader.begin() as connection:
            row = connection.execute(REQUESTS.where(which)).one_or_none()
            return request_of(row, history(connection, row.id)) if row else None


def _see_lease(request: CallbackRequest, worker: str) -> None:
    if request.lease is None or request.lease.worker != worker:
        raise LeaseLostError(f"la solicitud {request.id} ya no es de {worker}")


def _after(request: CallbackRequest, worker: str, happened: Sequence[tuple[Event, datetime]]) -> CallbackRequest:
    for event, at in happened:
        _see_lease(request, worker)
        request, _ = advance(request, event, at)
    return request


def _by(worker: str) -> str:
    return f"worker:{worker}"


def _open(line: str, telephone: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(CallbackRow.line) == line,
        col(CallbackRow.telephone) == telephone,
        col(CallbackRow.ended_at).is_(None),
    )


def _take_in(connection: Connection, asked: Asked, rules: Rules, now: datetime, places: int | None) -> Taken | None:
    """Take in a wish; None if another program was quicker and it has to be looked at anew."""
    known = select(col(CallbackOriginRow.request_id)).where(col(CallbackOriginRow.origin) == asked.origin)
    if request_id := connection.scalar(known):
        its_row = connection.execute(REQUESTS.where(col(CallbackRow.id) == request_id)).one()
        return Taken(request=request_of(its_row), known=True)
    if places is not None and asked.window.not_before:
        see_room(connection, asked.line, asked.window.not_before, places, asked.telephone)
    open_one = REQUESTS.where(*_open(asked.line, asked.telephone)).with_for_update()
    row = connection.execute(open_one).one_or_none() if asked.telephone else None
    owed = promise(rules, asked, now)
    filing = asked.filing
    if row is None:
        filing = filing or new_filing(connection, now)
        request = intake.begin(asked, owed, filing, secrets.token_hex(8), now)
        if not insert_request(connection, request):
            return None
    else:
        before = request_of(row)
        becomes = intake.join(before, asked, owed, filing, now)
        request, _ = advance(before, Joined(by=intake.author(asked), asked=asked, becomes=becomes), now)
        write(connection, [request])
    if filing:
        told = {"number": filing.number, "code": filing.code, "request_id": request.id}
        connection.execute(insert(CallbackFilingRow), told)
    origin = {"origin": asked.origin, "request_id": request.id, "source": asked.source.value}
    connection.execute(insert(CallbackOriginRow), origin | {"call_id": asked.call_id, "at": now})
    return Taken(request=request, joined=row is not None)
