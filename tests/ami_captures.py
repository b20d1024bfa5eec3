"""What an Asterisk 22.10 really sent during real SIP calls, by name (see captures/ami)."""

from pathlib import Path

from telephony.ami.codec import Message, Parser

FOLDER = Path(__file__).parent / "captures" / "ami"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def wire(name: str) -> bytes:
    """The bytes after the banner, as they came."""
    lines = (FOLDER / f"{name}.txt").read_bytes().strip(b"\n").split(b"\n")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def messages(name: str) -> list[Message]:
    """The same, read by the codec."""
    return Parser().feed(BANNER + wire(name))
