"""The address without a page."""

from aiohttp import web

from contesta.web.routes import Route


async def home(_request: web.Request) -> web.StreamResponse:
    """Go to the calls."""
    raise web.HTTPSeeOther("/llamadas")


ROUTES = (Route(method="GET", path="/", handler=home, permission=None),)
