"""A past log on the board: the whole application over a ledger that lives only as long as the replay."""

import hmac
import socket
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

from contesta.board.hub import Place
from contesta.board.player import Player
from contesta.board.view import Mode
from contesta.settings import LOCALHOST, Settings
from contesta.web import routes, sessions
from contesta.web.access import HOME, Role
from contesta.web.app import make_app
from contesta.web.board import GOALS, SOURCE
from contesta.web.context import ENGINE
from contesta.web.people import PEOPLE
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.people import Acceptance, Invitation, NewPerson

ENTRANCE = "/repaso/{key}"
HOST = "localhost"
"""Not the name that the line's own pages have: a browser keeps one session a name, whatever the port."""


class Entrance:
    """The way in: a link that signs in, once, whoever started the replay."""

    def __init__(self, app: web.Application) -> None:
        self.secret = sessions.new_secret()
        self._used = False
        now, people = datetime.now(UTC), app[PEOPLE]
        new = NewPerson(login="repaso", name="Repaso", role=Role.SUPERVISOR)
        people.add(new, Invitation(digest=self.secret.digest, expires_at=now + timedelta(minutes=1)), now)
        nobody_knows = Acceptance(name=new.name, password_hash="-", factor_seed=None, factor_step=0)  # noqa: S106  no password has this hash
        self._person = people.accept(self.secret.digest, nobody_knows, now)

    async def come_in(self, request: web.Request) -> web.StreamResponse:
        """Begin a session, if the key is right and was not used."""
        right = hmac.compare_digest(sessions.digest(request.match_info["key"]), self.secret.digest)
        if self._used or not right or self._person is None:
            raise web.HTTPNotFound
        self._used = True
        response = web.Response(status=web.HTTPSeeOther.status_code, headers={hdrs.LOCATION: HOME[Role.SUPERVISOR]})
        await sessions.begin(request, response, self._person.id)
        return response


def serve(settings: Settings, file: Path, speed: float, tell: Callable[[str], None]) -> None:
    """Play a log on the board until SIGTERM or SIGINT; `tell` gets the address that opens it.

    Raises:
        ConfigurationError: the log cannot be read, or tells nothing.
    """
    with tempfile.TemporaryDirectory(prefix="contesta-repaso-") as folder, socket.create_server((LOCALHOST, 0)) as door:
        app, entrance = application(settings, Path(folder), file, speed)
        tell(f"http://{HOST}:{door.getsockname()[1]}{ENTRANCE.format(key=entrance.secret.text)}")
        web.run_app(app, sock=door, print=None, access_log=None, shutdown_timeout=3)


def application(settings: Settings, folder: Path, file: Path, speed: float) -> tuple[web.Application, Entrance]:
    """Build the application in a folder of its own; it tells nothing to other systems.

    Raises:
        ConfigurationError: as `serve`.
    """
    apart = {"data_dir": folder, "database_url": "", "web_origin": "", "web_proxy": "", "mqtt_host": ""}
    own = settings.model_copy(update=apart)
    database = connect(own.ledger_url)
    upgrade(database)
    app = make_app(own, database)
    pace = f"{speed:g} veces el reloj".replace(".", ",") if speed else "toda velocidad"
    place = Place(
        line=own.mqtt_name,
        zone=ZoneInfo(own.timezone),
        mode=Mode.REPLAY,
        source=f"repaso de {file.name} a {pace}",
    )
    app[SOURCE] = Player(file, speed, place, Ledger(database), app[GOALS])
    entrance = Entrance(app)
    route = routes.Route(method="GET", path=ENTRANCE, handler=entrance.come_in, permission=None)
    routes.register(app, (route,))
    app.on_cleanup.append(_close)
    return app, entrance


async def _close(app: web.Application) -> None:
    app[ENGINE].dispose()
