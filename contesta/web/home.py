"""The address without a page."""

from aiohttp import web

from contesta.web.access import HOME, Permission, identity
from contesta.web.routes import Route


async def home(request: web.Request) -> web.StreamResponse:
    """Go to the page that this person works in."""
    raise web.HTTPSeeOther(HOME[identity(request).role])


ROUTES = (Route(method="GET", path="/", handler=home, permission=Permission.OWN_ACCOUNT),)
