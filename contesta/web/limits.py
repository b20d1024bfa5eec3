"""How often somebody may try to sign in, or ask for anything. Kept in memory: there is one process of the pages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from limits import RateLimitItemPerMinute, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from contesta.web.access import IDENTITY, Identity, remote
from contesta.web.context import SETTINGS
from contesta.web.sessions import STATIC

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRates:
    """How often a sign-in may fail: of one account from one address, of one account, from one address."""

    pair: str = "5 per 15 minutes"
    account: str = "20 per 15 minutes"
    address: str = "100 per 15 minutes"


class SignInLimits:
    """Counts tries. An account that does not exist is counted like any other."""

    def __init__(self, rates: SignInRates) -> None:
        self._pair, self._account, self._address = map(parse, (rates.pair, rates.account, rates.address))
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def may_try(self, login: str, address: str) -> bool:
        """Count a try; False if there were too many, in which case nothing more is to be looked at."""
        counted = (
            (self._address, ("address", address)),
            (self._account, ("account", login)),
            (self._pair, ("pair", login, address)),
        )
        return all(self._limiter.hit(rate, *names) for rate, names in counted)

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures of an account whose owner came in. Those of the address stay."""
        self._limiter.clear(self._account, "account", login)
        self._limiter.clear(self._pair, "pair", login, address)


SIGN_IN_LIMITS = web.AppKey("sign_in_limits", SignInLimits)
_LIMITER = web.AppKey("request_limiter", FixedWindowRateLimiter)


def prepare(app: web.Application) -> None:
    """Begin to count."""
    app[_LIMITER] = FixedWindowRateLimiter(MemoryStorage())


@web.middleware
async def not_too_often(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn away who asks too often: a session, a key, or, of those who have not signed in, a network address."""
    if not request.path.startswith(STATIC):
        rate = RateLimitItemPerMinute(request.app[SETTINGS].web_requests_per_minute)
        if not request.app[_LIMITER].hit(rate, _asker(request)):
            raise web.HTTPTooManyRequests(headers={"Retry-After": "60"})
    return await handler(request)


def _asker(request: web.Request) -> str:
    known: Identity | None = request.get(IDENTITY)
    if known is None:
        return f"address {remote(request)}"
    return f"key {known.key_id}" if known.key_id is not None else f"person {known.user_id}"
