"""The bus of the web process: one for all who tell and all who read."""

from aiohttp import web

from contesta.bus.bus import Bus

BUS = web.AppKey("bus", Bus)


def prepare(app: web.Application) -> None:
    """Give the application its bus."""
    app[BUS] = Bus()
