"""The ports this line listens on, and the setting that moves each."""

import socket
from dataclasses import dataclass

from contesta.settings import LOCALHOST, PREFIX, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One address to listen on. `setting` is the environment variable that moves it."""

    kind: socket.SocketKind
    host: str
    number: int
    setting: str

    def free(self) -> bool:
        """Whether a service of ours could listen there now."""
        with socket.socket(socket.AF_INET, self.kind) as probe:
            if self.kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.number))
            except OSError:
                return False
        return True


def listening_ports(settings: Settings) -> tuple[Port, ...]:
    """All ports of the line but the callers' audio."""
    services = (
        ("manager_port", settings.manager_port),
        ("agi_port", settings.agi_port),
        ("web_port", settings.web_port),
    )
    return (
        Port(kind=socket.SOCK_DGRAM, host=settings.host, number=settings.sip_port, setting=f"{PREFIX}SIP_PORT"),
        *(
            Port(kind=socket.SOCK_STREAM, host=LOCALHOST, number=number, setting=PREFIX + name.upper())
            for name, number in services
        ),
    )
