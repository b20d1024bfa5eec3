"""How many agents a load of calls needs: Erlang's formula for calls that wait (A. K. Erlang, 1917; ITU-T E.501)."""

from math import exp, inf

MOST_AGENTS = 10_000
_ALL_BUT_ALL = 0.999  # no number of agents answers every single call in time


def answered_within(agents: int, load_erlangs: float, within_seconds: float, handle_seconds: float) -> float:
    """Return the share of callers who wait at most so long, from 0 to 1; 0 if the load is more than the agents.

    Callers come at random, nobody gives up, and conversations last `handle_seconds` on average.
    """
    if load_erlangs <= 0:
        return 1.0
    if agents <= load_erlangs:
        return 0.0
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load_erlangs * blocked / (n + load_erlangs * blocked)
    waits = agents * blocked / (agents - load_erlangs * (1 - blocked))
    return 1 - waits * exp(-(agents - load_erlangs) * within_seconds / handle_seconds)


def agents_needed(calls: int, seconds: float, handle_seconds: float, within_seconds: float, share: float) -> int | None:
    """Return the least number of agents who answer a `share` of the calls of a span of `seconds` within so long.

    None if that would be more than MOST_AGENTS.
    """
    load = calls * handle_seconds / seconds if seconds > 0 else inf
    if load >= MOST_AGENTS:
        return None
    agents = int(load) + (calls > 0)
    while answered_within(agents, load, within_seconds, handle_seconds) < min(share, _ALL_BUT_ALL):
        agents += 1
    return agents
