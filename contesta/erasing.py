"""What is erased by age, with the files it leaves no trace in: the rules of settings and lines, and who deletes."""

from collections.abc import Callable
from datetime import tzinfo

from contesta.format import long_date
from contesta.narrative import SYSTEM, Step
from contesta.recordings import copy_of
from contesta.settings import Settings
from core.privacy.retention import Kind, Retention, Why
from ivr.line.published import Published
from quality.metrics.history import CallHistory
from storage.expiry import Erasure

WORDS = {
    Kind.RECORDING: ("grabación de conversación", "grabaciones de conversaciones"),
    Kind.MAILBOX: ("grabación del buzón", "grabaciones del buzón"),
    Kind.COMMENT: ("comentario de encuesta", "comentarios de encuestas"),
    Kind.SMS: ("SMS", "SMS"),
}
_NOUNS = {
    Kind.RECORDING: "La grabación se borró",
    Kind.MAILBOX: "Lo que dijo en el buzón se borró",
    Kind.COMMENT: "El comentario hablado se borró",
}
_REASONS = {Why.RULE: "por la regla de conservación", Why.SUBJECT: "porque la persona lo pidió"}


def rules(settings: Settings, published: Published) -> Retention:
    """Give how long things stay: as each line's file said when it was published last, else as the settings do.

    Raises:
        ConfigurationError: what was published cannot be read.
    """
    return Retention(
        usual={
            Kind.RECORDING: settings.recording_days,
            Kind.MAILBOX: settings.mailbox_days,
            Kind.COMMENT: settings.comment_days,
            Kind.SMS: settings.sms_days,
        },
        by_line=published.retention(),
    )


def remover(settings: Settings) -> Callable[[Kind, str], bool]:
    """Give what deletes a recording, and what is heard in its place; nothing outside its folder, whatever its name."""

    def remove(kind: Kind, name: str) -> bool:
        root = (settings.recordings_dir if kind is Kind.RECORDING else settings.messages_dir).resolve()
        if not name or "\0" in name:
            return False
        file = (root / name).resolve()
        if file == root or not file.is_relative_to(root):
            return False
        there = file.is_file()
        file.unlink(missing_ok=True)
        copy_of(settings, root, file).unlink(missing_ok=True)
        return there

    return remove


def erased_text(one: Erasure, zone: tzinfo) -> str:
    """Say that something was erased, when and why: «La grabación se borró el 3 de junio de 2025 por la regla…»."""
    return f"{_NOUNS[one.kind]} el {long_date(one.at, zone)} {_REASONS[one.why]}"


def erased_step(one: Erasure, call: CallHistory, zone: tzinfo) -> Step:
    """Tell in a call's timeline that something of it was erased."""
    since = one.at - call.started_at
    return Step(at=one.at, since_start=since, actor=SYSTEM, fact=erased_text(one, zone), source="conservación")
