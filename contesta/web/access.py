"""Who may do what, who is asking, and the log of who saw what."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from contesta.settings import Settings
from contesta.web.context import CLOCK, SETTINGS
from storage.people_access_log import Access, AccessLog


class Role(StrEnum):
    """What somebody is here for. The last three are of keys, not of people."""

    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADVISER = "adviser"
    ADMINISTRATOR = "administrator"
    WALL = "wall"
    INTEGRATION = "integration"
    SITE = "site"


PEOPLE = (Role.SUPERVISOR, Role.AUDITOR, Role.ADVISER, Role.ADMINISTRATOR)
KEYS = (Role.WALL, Role.INTEGRATION, Role.SITE)


class Permission(StrEnum):
    """What a route asks of whoever opens it."""

    WATCH_BOARD = "watch_board"
    WATCH_WALL = "watch_wall"
    READ_CALLS = "read_calls"
    READ_RESULTS = "read_results"
    REVEAL_NUMBER = "reveal_number"
    EXPORT_CALLS = "export_calls"
    AUDIT = "audit"
    READ_AUDITS = "read_audits"
    OWN_AUDITS = "own_audits"
    COACH = "coach"
    READ_QUALITY = "read_quality"
    READ_FEED = "read_feed"
    READ_METRICS = "read_metrics"
    READ_API_DESCRIPTION = "read_api_description"
    ASK_FOR_CALLS = "ask_for_calls"
    ADMINISTER = "administer"
    READ_ACCESS_LOG = "read_access_log"
    OWN_ACCOUNT = "own_account"
    READ_CALLBACKS = "read_callbacks"
    WORK_CALLBACKS = "work_callbacks"
    READ_CAMPAIGNS = "read_campaigns"
    RUN_CAMPAIGNS = "run_campaigns"
    WORK_AT_DESK = "work_at_desk"
    LISTEN = "listen"
    WHISPER = "whisper"
    DISPOSE = "dispose"
    WRITE_TRAINING = "write_training"
    OWN_LEARNING = "own_learning"


_OF_QUALITY = frozenset({Permission.READ_AUDITS, Permission.COACH, Permission.READ_QUALITY})
_OF_ONES_CALLS = frozenset(
    {Permission.READ_CALLS, Permission.READ_AUDITS, Permission.OWN_AUDITS, Permission.WORK_AT_DESK, Permission.DISPOSE}
    | {Permission.OWN_LEARNING}
)
_OF_EVERY_PERSON = frozenset({Permission.OWN_ACCOUNT, Permission.READ_API_DESCRIPTION, Permission.READ_CALLS})

GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.SUPERVISOR: _OF_EVERY_PERSON
    | {Permission.WATCH_BOARD, Permission.READ_RESULTS, Permission.REVEAL_NUMBER, Permission.EXPORT_CALLS}
    | {Permission.READ_CALLBACKS, Permission.WORK_CALLBACKS, Permission.READ_CAMPAIGNS, Permission.RUN_CAMPAIGNS}
    | {Permission.DISPOSE}
    | {Permission.LISTEN, Permission.WHISPER}
    | {Permission.WRITE_TRAINING}
    | _OF_QUALITY,
    Role.AUDITOR: _OF_EVERY_PERSON
    | {Permission.READ_RESULTS, Permission.REVEAL_NUMBER, Permission.EXPORT_CALLS, Permission.READ_CAMPAIGNS}
    | {Permission.AUDIT, Permission.READ_CALLBACKS, Permission.LISTEN, *_OF_QUALITY},
    Role.ADVISER: _OF_EVERY_PERSON
    | {Permission.READ_AUDITS, Permission.OWN_AUDITS, Permission.WORK_AT_DESK, Permission.DISPOSE}
    | {Permission.OWN_LEARNING},
    Role.ADMINISTRATOR: _OF_EVERY_PERSON
    | {Permission.WATCH_BOARD, Permission.READ_METRICS, Permission.ADMINISTER, Permission.READ_ACCESS_LOG},
    Role.WALL: frozenset({Permission.WATCH_WALL}),
    Role.INTEGRATION: frozenset({Permission.READ_FEED, Permission.READ_METRICS, Permission.READ_API_DESCRIPTION}),
    Role.SITE: frozenset({Permission.ASK_FOR_CALLS}),
}
"""An adviser's READ_CALLS and READ_AUDITS are of the calls that he answered: see `Identity.only_agent`."""

HOME: Mapping[Role, str] = {
    Role.SUPERVISOR: "/tablero",
    Role.AUDITOR: "/calidad",
    Role.ADVISER: "/puesto",
    Role.ADMINISTRATOR: "/administracion/personas",
}
"""The page that somebody comes to who asked for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who is asking: a person in a session, or whoever holds a key.

    `who` is the name in the access log: how the person signs in, or the key's label. `agent` is how queue_log calls
    an adviser.
    """

    role: Role
    who: str
    name: str
    user_id: int | None = None
    session_id: int | None = None
    key_id: int | None = None
    agent: str | None = None
    shortcuts: bool = True

    @property
    def permissions(self) -> frozenset[Permission]:
        """What this identity may do. An adviser without an adviser's name has no calls to read."""
        granted = GRANTS[self.role]
        return granted - _OF_ONES_CALLS if self.role is Role.ADVISER and not self.agent else granted

    def may(self, permission: Permission) -> bool:
        """Tell whether this identity may do something."""
        return permission in self.permissions

    @property
    def only_agent(self) -> str | None:
        """The adviser whose calls are all that may be read; None where there is no such bound."""
        return self.agent if self.role is Role.ADVISER else None


def needs_factor(role: str, settings: Settings) -> bool:
    """Tell whether somebody of a role must show a code of a telephone beside the password."""
    return role == Role.ADMINISTRATOR or settings.second_factor == "todos"


IDENTITY = web.RequestKey("identity", Identity)


def identity(request: web.Request) -> Identity:
    """Tell who is asking.

    Raises:
        web.HTTPUnauthorized: nobody we know.
    """
    found: Identity | None = request.get(IDENTITY)
    if found is None:
        raise web.HTTPUnauthorized
    return found


class Action(StrEnum):
    """What the access log tells."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    INVITATION_ACCEPTED = "invitation_accepted"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  the name of what was done
    SESSION_ENDED = "session_ended"
    CALL_READ = "call_read"
    NUMBER_REVEALED = "number_revealed"
    CALLS_EXPORTED = "calls_exported"
    RECORDING_HEARD = "recording_heard"
    LISTENING_BEGAN = "listening_began"
    LISTENING_CHANGED = "listening_changed"
    LISTENING_ENDED = "listening_ended"
    CALLBACK_READ = "callback_read"
    CALLBACK_CANCELLED = "callback_cancelled"
    CALLBACK_COMPLETED = "callback_completed"
    CALLBACKS_EXPORTED = "callbacks_exported"
    LEFT_ALONE = "left_alone"
    CALLED_AGAIN = "called_again"
    DIALLING_STOPPED = "dialling_stopped"
    DIALLING_RESUMED = "dialling_resumed"
    AUDIT_READ = "audit_read"
    AUDIT_STEPPED = "audit_stepped"
    SAMPLE_DRAWN = "sample_drawn"
    PERSON_INVITED = "person_invited"
    PERSON_CHANGED = "person_changed"
    PERSON_DISABLED = "person_disabled"
    PERSON_RESET = "person_reset"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    CAMPAIGN_LOADED = "campaign_loaded"
    CAMPAIGN_PUBLISHED = "campaign_published"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_RESUMED = "campaign_resumed"
    CAMPAIGN_DISCARDED = "campaign_discarded"
    CAMPAIGN_EXPORTED = "campaign_exported"
    CALL_DISPOSED = "call_disposed"
    TRAINING_WRITTEN = "training_written"
    TRAINING_REMOVED = "training_removed"
    CALIBRATION_OPENED = "calibration_opened"
    CALIBRATION_CLOSED = "calibration_closed"
    CALIBRATION_AGREED = "calibration_agreed"
    HOLD_SET = "hold_set"
    HOLD_LIFTED = "hold_lifted"
    DATA_REQUEST_NOTED = "data_request_noted"
    DATA_REQUEST_EXTENDED = "data_request_extended"
    DATA_REQUEST_ANSWERED = "data_request_answered"
    DATA_EXPORTED = "data_exported"
    DATA_CORRECTED = "data_corrected"
    DATA_ERASED = "data_erased"


LOG = web.AppKey("access_log", AccessLog)


async def access_log(request: web.Request, action: Action, what: str, *, who: str = "") -> None:
    """Write who did or saw something, before it is shown: what cannot be logged is not shown.

    `what` names the thing (a call's id, a person's sign-in name), never personal data of a citizen nor a secret. `who`
    is for those who have not signed in.
    """
    known = request.get(IDENTITY)
    line = Access(
        at=request.app[CLOCK](),
        who=known.who if known else who,
        role=known.role if known else "",
        address=remote(request),
        action=action,
        what=what,
    )
    await asyncio.to_thread(request.app[LOG].write, line)


def remote(request: web.Request) -> str:
    """Give the network address that a request came from; behind our own proxy, the one that the proxy tells."""
    peer = request.remote or ""
    if peer and peer == request.app[SETTINGS].web_proxy:
        forwarded = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
        return forwarded[:45] or peer
    return peer
