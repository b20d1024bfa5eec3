"""Digest authentication as Asterisk asks for it: MD5, with or without qop=auth (RFC 2617 section 3.2.2)."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from core.errors import ProtocolError

from .message import Response

_FIELD = re.compile(r'([a-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', re.IGNORECASE)
_HEADERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who telephones: `user` is the SIP account, `name` what the other side is shown."""

    user: str
    secret: str = ""
    name: str = ""


def authorization(account: Account, challenge: Response, method: str, uri: str) -> tuple[str, str]:
    """Answer a 401 or 407 with the header to send along.

    Raises:
        ProtocolError: the challenge offers no MD5 digest.
    """
    asked, answer = _HEADERS[challenge.status]
    for value in challenge.values(asked):
        fields = {key.lower(): inner or plain for key, inner, plain in _FIELD.findall(value)}
        if value.lower().startswith("digest") and fields.get("algorithm", "MD5").upper() == "MD5":
            return answer, _credentials(account, fields, method, uri)
    raise ProtocolError(f"no MD5 digest among the challenges of a {challenge.status}")


def _credentials(account: Account, fields: dict[str, str], method: str, uri: str) -> str:
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    who = _md5(f"{account.user}:{realm}:{account.secret}")
    what = _md5(f"{method}:{uri}")
    given = {"username": account.user, "realm": realm, "nonce": nonce, "uri": uri}
    unquoted = {"algorithm": "MD5"}
    if "auth" in fields.get("qop", "").split(","):
        client_nonce = secrets.token_hex(8)
        given |= {"cnonce": client_nonce, "response": _md5(f"{who}:{nonce}:00000001:{client_nonce}:auth:{what}")}
        unquoted |= {"qop": "auth", "nc": "00000001"}
    else:
        given["response"] = _md5(f"{who}:{nonce}:{what}")
    if "opaque" in fields:
        given["opaque"] = fields["opaque"]
    parts = [f'{key}="{value}"' for key, value in given.items()]
    return "Digest " + ", ".join([*parts, *(f"{key}={value}" for key, value in unquoted.items())])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
