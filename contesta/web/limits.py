"""How often somebody may try to sign in, or ask for anything. Kept in memory: there is one process of the pages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from aiohttp import web
from limits import RateLimitItem, RateLimitItemPerMinute, parse
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRates:
    """How often citizens may use the public pages.

    Forms begun, and requests sent, from one network address; with a proof of work (`proven`) more, for many people
    share an address. Requests for one telephone, and in all. Tries of number and code, from an address and of a number.
    """

    begun: str = "120 per hour"
    asked: str = "12 per hour"
    proven: str = "90 per hour"
    telephone: str = "4 per day"
    everybody: str = "3000 per hour"
    found: str = "20 per 15 minutes"
    number: str = "20 per hour"


class FormLimits:
    """Counts what citizens do on the public pages. What is refused is not counted."""

    def __init__(self, rates: FormRates) -> None:
        self._rates = rates
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def may_begin(self, address: str) -> bool:
        """Count a form that is begun."""
        return self._may((self._rates.begun, ("begun", network(address))))

    def may_ask(self, address: str, telephone: str, *, proven: bool) -> bool:
        """Count a request for a telephone; `proven` if the browser has done the work that was asked of it."""
        rate = self._rates.proven if proven else self._rates.asked
        of_address = (rate, ("proven" if proven else "asked", network(address)))
        return self._may(of_address, *self._of_all(telephone))

    def program_may_ask(self, telephone: str) -> bool:
        """Count a request that a program sends for a citizen; what the program may is bounded by its key."""
        return self._may(*self._of_all(telephone))

    def may_look(self, address: str, number: str) -> bool:
        """Count a try of number and code."""
        return self._may(
            (self._rates.found, ("found", network(address))), (self._rates.number, ("number", number[:40]))
        )

    def program_may_look(self, number: str) -> bool:
        """Count a try of number and code that a program sends for a citizen."""
        return self._may((self._rates.number, ("number", number[:40])))

    def _of_all(self, telephone: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (self._rates.telephone, ("telephone", telephone)), (self._rates.everybody, ("everybody",))

    def _may(self, *counted: tuple[str, tuple[str, ...]]) -> bool:
        rates: list[tuple[RateLimitItem, tuple[str, ...]]] = [(parse(rate), names) for rate, names in counted]
        if not all(self._limiter.test(rate, *names) for rate, names in rates):
            return False
        for rate, names in rates:
            self._limiter.hit(rate, *names)
        return True


def network(address: str) -> str:
    """Give what one subscriber has: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))


FORM_LIMITS = web.AppKey("form_limits", FormLimits)
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
