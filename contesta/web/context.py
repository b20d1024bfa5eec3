"""What every part of the web application is given: it finds these in the application under their keys."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web
from sqlalchemy import Engine

from contesta.settings import Settings
from storage.ledger import Ledger

Clock = Callable[[], datetime]

SETTINGS = web.AppKey("settings", Settings)
ENGINE = web.AppKey("engine", Engine)
LEDGER = web.AppKey("ledger", Ledger)
CLOCK = web.AppKey[Clock]("clock")
"""The present moment, aware and UTC. Tests turn it."""
