"""The state that both sides of a call share, and the messages written from it (RFC 3261 section 12)."""

import secrets
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote, unquote

from . import sdp
from .digest import Account, authorization
from .message import Request, Response, parameter, quoted, uri_of, user_of
from .wire import Address

_M = TypeVar("_M", Request, Response)

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY"

_OF_USER = "+&=$,;?/-_.!~*'()"  # what may stand unescaped before the @ of a URI


def sip_uri(user: str, address: Address) -> str:
    """Return a SIP URI; what a user part may not hold is escaped."""
    return f"sip:{quote(user, safe=_OF_USER, errors='surrogateescape')}@{address[0]}:{address[1]}"


def branch() -> str:
    """Return the name of a new transaction."""
    return "z9hG4bK" + secrets.token_hex(12)


def request_outside(method: str, *, uri: str, sender: str, receiver: str, local: Address, user: str) -> Request:
    """Build a request that begins a dialog or stands alone; `sender` and `receiver` are From and To."""
    return Request(
        method=method,
        uri=uri,
        headers=(
            ("Via", f"SIP/2.0/UDP {local[0]}:{local[1]};rport;branch={branch()}"),
            ("Max-Forwards", "70"),
            ("From", f"{sender};tag={secrets.token_hex(8)}"),
            ("To", receiver),
            ("Call-ID", secrets.token_hex(16)),
            ("CSeq", "1 " + method),
            ("Contact", f"<{sip_uri(user, local)}>"),
            ("Allow", ALLOW),
        ),
    )


def invitation(*, number: str, caller: str, name: str, local: Address, server: Address) -> Request:
    """Build the INVITE of a call to `number`, shown as coming from `caller`."""
    shown = f"{quoted(name)} " if name else ""
    uri = sip_uri(number, server)
    return request_outside(
        "INVITE",
        uri=uri,
        sender=f"{shown}<{sip_uri(caller, server)}>",
        receiver=f"<{uri}>",
        local=local,
        user=caller,
    )


def response_to(request: Request, status: int, reason: str, tag: str = "") -> Response:
    """Build a response; `tag` is put on To unless it has one."""
    to = request.header("To")
    if tag and not parameter(to, "tag"):
        to = f"{to};tag={tag}"
    return Response(
        status=status,
        reason=reason,
        headers=(
            *(("Via", via) for via in request.values("Via")),
            ("From", request.header("From")),
            ("To", to),
            ("Call-ID", request.call_id),
            ("CSeq", request.header("CSeq")),
        ),
    )


def with_credentials(request: Request, challenge: Response, account: Account) -> Request:
    """Return the request as a new transaction that answers a 401 or 407.

    Raises:
        ProtocolError: the challenge offers no digest we know.
    """
    number, method = request.sequence
    name, credentials = authorization(account, challenge, method, request.uri)
    via = request.header("Via").partition(";")[0] + f";rport;branch={branch()}"
    changed = {"via": via, "cseq": f"{number + 1} {method}"}
    kept = [(key, changed.get(key.lower(), value)) for key, value in request.headers if key != name]
    return replace(request, headers=(*kept, (name, credentials)))


def cancellation(invite: Request) -> Request:
    """Build the CANCEL of an INVITE: the same transaction and sequence number (section 9.1)."""
    kept = tuple((name, invite.header(name)) for name in ("Via", "Max-Forwards", "From", "To", "Call-ID"))
    return Request(method="CANCEL", uri=invite.uri, headers=(*kept, ("CSeq", f"{invite.sequence[0]} CANCEL")))


class Dialog:
    """One side's view of a call: who is at either end, and the numbers that keep messages in order."""

    def __init__(self, *, invite: Request, ours: bool, local: Address, user: str, law: sdp.Law = sdp.Law.MU) -> None:
        self._law = law
        self.call_id = invite.call_id
        self.tag = parameter(invite.header("From"), "tag") if ours else secrets.token_hex(8)
        self.number = unquote(user_of(invite.uri if ours else uri_of(invite.header("From"))))
        self._local = local
        self._contact = ("Contact", f"<{sip_uri(user, local)}>")
        self._here, self._there = ("From", "To") if ours else ("To", "From")
        self._near = invite.header(self._here) if ours else f"{invite.header('To')};tag={self.tag}"
        self._far = invite.header(self._there)
        self._target = invite.uri if ours else uri_of(invite.header("Contact"))
        self._sequence = invite.sequence[0] if ours else 0
        self._description_version = 0

    def confirm(self, answer: Response) -> None:
        """Learn the other side's tag and address from its answer to our INVITE."""
        self._far = answer.header("To")
        self._target = uri_of(answer.header("Contact")) or self._target
        self.used(answer.sequence[0])

    def used(self, sequence: int) -> None:
        """Go on counting after `sequence`, which a request with credentials took."""
        self._sequence = max(self._sequence, sequence)

    def target(self, number: str) -> str:
        """Return the URI of a number at the other side."""
        host = self._target.rpartition("@")[2] or self._target.partition(":")[2]
        return f"sip:{quote(number, safe=_OF_USER)}@{host}"

    def request(self, method: str, sequence: int | None = None) -> Request:
        """Build a request within the dialog; ACK takes the `sequence` of what it acknowledges."""
        if sequence is None:
            self._sequence += 1
            sequence = self._sequence
        return Request(
            method=method,
            uri=self._target,
            headers=(
                ("Via", f"SIP/2.0/UDP {self._local[0]}:{self._local[1]};rport;branch={branch()}"),
                ("Max-Forwards", "70"),
                ("From", self._near),
                ("To", self._far),
                ("Call-ID", self.call_id),
                ("CSeq", f"{sequence} {method}"),
                self._contact,
                ("Allow", ALLOW),
            ),
        )

    def response(self, request: Request, status: int, reason: str) -> Response:
        """Build a response within the dialog."""
        return response_to(request, status, reason, self.tag).adding(self._contact, ("Allow", ALLOW))

    def describing(self, message: _M, port: int, direction: sdp.Direction) -> _M:
        """Put an offer or answer into a message."""
        self._description_version += 1
        described = sdp.Description(host=self._local[0], port=port, direction=direction, law=self._law)
        body = sdp.encode(described, self._description_version)
        return replace(message.adding(("Content-Type", "application/sdp")), body=body)
