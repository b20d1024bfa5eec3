"""The second factor: codes of six digits that a telephone makes anew every 30 s (TOTP, RFC 6238).

The ledger's database has only a seed. The secret follows from it and from a key file of this installation, so that a
copy of the database is not enough to make codes. If that file is lost, administrators are invited anew.
"""

import hashlib
import hmac
import os
import secrets
from base64 import b32encode
from datetime import datetime
from pathlib import Path

import pyotp
from aiohttp import web

STEP_SECONDS = 30

_KEY_BYTES = 32
_SEED_BYTES = 16
_SECRET_BYTES = 20
_NEIGHBOURS = (0, -1, 1)
"""Steps whose codes are taken: this one, and one of a telephone whose clock is up to half a minute off."""


class Factors:
    """Makes and checks second factors with the key file of this installation, which is made on first use."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file

    def secret(self, seed: bytes) -> str:
        """Give the secret that goes into the telephone, in base 32."""
        return b32encode(hmac.digest(self._key(), seed, "sha256")[:_SECRET_BYTES]).decode()

    def step_of(self, code: str, seed: bytes, now: datetime) -> int | None:
        """Tell which 30 s step a code is of, None if it is of none about `now`."""
        codes = pyotp.TOTP(self.secret(seed), interval=STEP_SECONDS)
        present = int(now.timestamp()) // STEP_SECONDS
        said = "".join(code.split()).encode()
        steps = (present + offset for offset in _NEIGHBOURS)
        return next((step for step in steps if hmac.compare_digest(codes.generate_otp(step).encode(), said)), None)

    def picture(self, seed: bytes, login: str, issuer: str) -> str:
        """Draw, as SVG, the square code that a telephone scans to take the secret in."""
        import segno  # noqa: PLC0415  drawn once in an administrator's life, and slow to load

        address = pyotp.TOTP(self.secret(seed)).provisioning_uri(name=login, issuer_name=issuer)
        return segno.make(address, error="m").svg_inline(scale=4, light="#fff", omitsize=True)

    def _key(self) -> bytes:
        if not self._key_file.exists():
            self._make_key()
        return self._key_file.read_bytes()

    def _make_key(self) -> None:
        self._key_file.parent.mkdir(parents=True, exist_ok=True)
        part = self._key_file.with_suffix(f".{secrets.token_hex(8)}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, self._key_file)
        except FileExistsError:
            pass  # made by another thread or process at the same moment: that one counts
        finally:
            part.unlink()


def seed_of(invitation: str) -> bytes:
    """Give the seed that belongs to an invitation: the same at each look at its page, unknown to the database."""
    return hashlib.sha256(b"second factor " + invitation.encode("utf-8", "surrogatepass")).digest()[:_SEED_BYTES]


FACTORS = web.AppKey("factors", Factors)
