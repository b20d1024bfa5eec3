"""The channel of a promised call is built on what the trunk spoke last."""

import asyncio

import pytest

from telephony.ami.client import Client
from telephony.ami.connection import Account, Snapshot
from telephony.dialler import Dialler, Ring
from tests.fake_manager import SECRET, USER, FakeManager, fake_manager


class Remembering(FakeManager):
    """Knows what the trunk spoke, and keeps what is asked to be dialled."""

    def __init__(self, spoke: str) -> None:
        super().__init__()
        self.spoke = spoke
        self.originated: list[dict[str, str]] = []

    def answer(self, headers: dict[str, str]) -> str:
        if headers["Action"] == "Getvar":
            assert headers["Variable"] == "CONTESTA_CODEC"
            return f"Response: Success\r\nActionID\r\nVariable: CONTESTA_CODEC\r\nValue: {self.spoke}\r\n\r\n"
        if headers["Action"] == "Originate":
            self.originated.append(headers)
        return super().answer(headers)


@pytest.mark.parametrize(("spoke", "codec"), [("alaw", "alaw"), ("ulaw", "ulaw"), ("", "ulaw"), ("g729", "ulaw")])
def test_what_the_trunk_spoke_last_is_offered_first(spoke: str, codec: str) -> None:
    async def ring() -> list[dict[str, str]]:
        fake = Remembering(spoke)
        async with fake_manager(fake=fake), Client(Account(port=fake.port, username=USER, secret=SECRET)) as client:
            async for item in client.events():
                if isinstance(item, Snapshot):
                    break
            ring = Ring(channel_id="cb-1-1", telephone="3001234567", ring_seconds=20, variables={})
            await Dialler(client).ring(ring)
        return fake.originated

    (asked,) = asyncio.run(ring())
    assert asked["Codecs"] == codec
