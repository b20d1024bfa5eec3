"""No more calls are dialled than there are advisers, each counted once, and no telephone is called twice at once."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from callback_queue.pacing import Advisers, room
from callback_queue.request import CallbackRequest, Place, Reason, Result
from callback_queue.states import AttemptFailed, Dialled, GaveUp
from storage.callbacks import Callbacks
from tests.callbacks import ANY_HOUR, NOW, PHONE, wish

LEASE = timedelta(minutes=5)
LINES = ("anm", "art", "anla")
WORKERS, TURNS = 3, 2_000
OVER = GaveUp(by="w", reason=Reason.INVALID_NUMBER, result=Result.INVALID_NUMBER)
A, B, C = "a", "b", "c"
queues = st.sampled_from((A, B, C))


def test_an_adviser_in_two_queues_is_free_once() -> None:
    ana = Advisers(free={A: {"ana"}, B: {"ana"}})
    assert (room(ana, A, {}), room(ana, A, {B: 1}), room(ana, B, {A: 1}), room(ana, C, {})) == (1, 0, 0, 0)
    more = Advisers(free={A: {"ana", "luis"}, B: {"ana"}})
    assert (room(more, A, {B: 5}), room(more, A, {A: 1, B: 1}), room(more, B, {A: 2})) == (1, 0, 0)


def test_who_waits_and_the_reserve_are_counted_too_and_other_queues_only_for_whom_they_share() -> None:
    advisers = Advisers(free={A: {"ana", "luis", "eva"}, B: {"eva"}, C: {"ivo"}}, waiting={A: 1, C: 7})
    assert (room(advisers, A, {}), room(replace(advisers, reserve=1), A, {}), room(advisers, A, {B: 9})) == (2, 1, 1)
    assert room(advisers, C, {}) == 0


@given(
    st.dictionaries(queues, st.frozensets(st.integers(0, 4)), max_size=3),
    st.lists(queues, max_size=8),
)
def test_every_call_that_there_is_room_for_has_an_adviser_of_its_own(
    free: dict[str, frozenset[int]], wanted: list[str]
) -> None:
    advisers = Advisers(free={queue: {str(one) for one in ones} for queue, ones in free.items()})
    calls: list[str] = []
    for queue in wanted:
        if room(advisers, queue, Counter(calls)):
            calls.append(queue)
    everybody = sorted({one for ones in advisers.free.values() for one in ones})
    assert len(calls) <= len(everybody)
    assert any(
        all(adviser in advisers.free[queue] for adviser, queue in zip(chosen, calls, strict=True))
        for chosen in permutations(everybody, len(calls))
    )


def ask(store: Callbacks, line: str, queue: str, telephone: str) -> str:
    """Be owed a call by a line."""
    wanted = wish(line=line, telephone=telephone, origin=f"{line}:{telephone}", place=Place(queue=queue, since=NOW))
    return store.ask(wanted, ANY_HOUR, NOW).request.id


def claim(store: Callbacks, line: str, queue: str, advisers: Advisers, worker: str = "w") -> list[str]:
    claimed = store.claim(worker, line, queue, NOW, LEASE, 10, advisers=advisers)
    return [request.id for request in claimed]


def test_one_free_adviser_in_two_queues_gets_one_call(engine: Engine) -> None:
    store, ana = Callbacks(engine), Advisers(free={A: {"ana"}, B: {"ana"}})
    first, second = ask(store, "anm", A, PHONE), ask(store, "art", B, "+573000000002")
    assert (claim(store, "anm", A, ana), claim(store, "art", B, ana)) == ([first], [])
    store.step(first, Dialled(by="w"), NOW, worker="w")
    assert claim(store, "art", B, ana) == [], "he is about to be rung"
    store.step(first, OVER, NOW, worker="w")
    assert claim(store, "art", B, ana) == [second]


def test_two_lines_that_owe_one_telephone_a_call_ring_it_one_after_the_other(engine: Engine) -> None:
    store, many = Callbacks(engine), Advisers(free={A: set("abc"), B: set("def")})
    first, second = ask(store, "anm", A, PHONE), ask(store, "art", B, PHONE)
    other = ask(store, "art", B, "+573000000002")
    assert claim(store, "anm", A, many) == [first]
    assert claim(store, "art", B, many) == [other], "the other telephone does not wait"
    store.step(first, Dialled(by="w"), NOW, worker="w")
    assert claim(store, "art", B, many) == []
    store.step(first, AttemptFailed(by="w", result=Result.BUSY, retry_at=NOW), NOW, worker="w")
    assert claim(store, "art", B, many) == [second]
    assert claim(store, "anm", A, many) == []


class Held:
    """Which telephones workers hold at this moment, who held one twice at once, and what is over."""

    def __init__(self) -> None:
        self.twice: list[str] = []
        self.over: list[str] = []
        self._now: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, claimed: list[CallbackRequest]) -> None:
        with self._lock:
            self._now.update(request.telephone for request in claimed)
            self.twice += [request.telephone for request in claimed if self._now[request.telephone] > 1]

    def end(self, claimed: list[CallbackRequest]) -> None:
        """Let them go, just before others may have them."""
        with self._lock:
            self._now.subtract(request.telephone for request in claimed)
            self.over += [request.id for request in claimed]


def test_three_workers_never_hold_one_telephone_twice_at_once(engine: Engine) -> None:
    store, numbers = Callbacks(engine), [f"+5730000000{number:02}" for number in range(12)]
    owed = {ask(store, line, line, number) for line in LINES for number in numbers}
    advisers = Advisers(free={line: {f"{line}{one}" for one in range(12)} for line in LINES})
    held, start = Held(), threading.Barrier(WORKERS)

    def work(worker: str, lines: tuple[str, ...]) -> None:
        start.wait()
        for turn in range(TURNS):
            line = lines[turn % len(lines)]
            claimed = store.claim(worker, line, line, NOW, LEASE, 4, advisers=advisers)
            held.begin(claimed)
            store.steps(worker, {request.id: [(Dialled(by=worker), NOW)] for request in claimed})
            held.end(claimed)
            store.steps(worker, {request.id: [(OVER, NOW)] for request in claimed})
            if len(held.over) >= len(owed):
                return

    jobs = [
        threading.Thread(target=work, args=(f"w{number}", LINES[number:] + LINES[:number])) for number in range(WORKERS)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert held.twice == []
    assert sorted(held.over) == sorted(owed)
