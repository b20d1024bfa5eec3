"""Takes the lines' files into use, whole or not at all, without touching a call in progress.

What is published is a copy. A call keeps the edition it began with: its prompts, its menus, its survey; the dialplan
names the edition of each new call, and the call scripts ask for that one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from asterisk_conf import configuration
from contesta import lines, processes
from contesta.accounts import Accounts
from contesta.settings import Settings
from contesta.wiring import telephone_system
from core.errors import ConfigurationError
from ivr import sounds
from ivr.line.examine import Examined
from ivr.line.model import DEFAULT_MUSIC, SPANISH, Line
from ivr.line.published import Published
from telephony.asterisk import Asterisk, Installation

TOLD_EVERY = 50
MUSIC_SUFFIXES = (".wav", ".gsm", ".ulaw", ".alaw", ".sln", ".g722")

Tell = Callable[[str], None]


class NotPublishedError(ConfigurationError):
    """The lines' files cannot be taken into use; what was published stays. The message tells every reason."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("No se publicó:\n" + "\n".join(f"  {reason}" for reason in reasons))


def publish(
    settings: Settings, accounts: Accounts, installation: Installation, now: datetime, tell: Tell
) -> tuple[Line, ...]:
    """Make Asterisk's configuration of the lines' files, and all that they need; Asterisk reads it afterwards.

    Raises:
        NotPublishedError: nothing was changed for callers.
        NotAvailableError: somebody else is publishing.
    """
    with processes.only_one(settings.run_dir, "line"):
        examined = lines.examine_files(lines.files(settings))
        if faults := [fault for each in examined for fault in each.faults]:
            raise NotPublishedError(faults)
        store = lines.published(settings)
        with _reasons():
            store.retention()  # what cannot be read is told before anything is changed
        if faults := [*_consents(examined, store), *_missing(examined, settings, accounts)]:
            raise NotPublishedError(faults)
        found = tuple(each.line for each in examined if each.line)
        with _reasons():
            spoken = sounds.build(
                found,
                settings.sounds_dir,
                cache=settings.cache_dir / "voz",
                recordings=settings.recorded_prompts_dir,
                progress=partial(_spoken, tell),
            )
            tell(f"{spoken} textos hablados")
            store.add({each.line.name: (each.line.edition, each.source) for each in examined if each.line})
            configuration.write(telephone_system(settings, accounts, installation, found, now.date()))
        for past in store.make_current({line.name: line.edition for line in found}, now):
            sounds.forget(settings.sounds_dir, past.line, past.edition)
        return found


def publish_or_keep(
    settings: Settings, accounts: Accounts, installation: Installation, now: datetime, tell: Tell
) -> tuple[Line, ...]:
    """Publish, or, where the files have faults, go on with what was published before and say so.

    Raises:
        NotPublishedError: there is nothing published before.
    """
    try:
        return publish(settings, accounts, installation, now, tell)
    except NotPublishedError as fault:
        before = lines.published(settings).current()
        if not before:
            raise
        tell(f"[bold red]{fault}[/]\n    Se conserva lo que estaba publicado.")
        configuration.write(telephone_system(settings, accounts, installation, before, now.date()))
        return before


def reload_asterisk(system: Asterisk, found: Sequence[Line]) -> Iterator[str]:
    """Let a running Asterisk read its dialplan and queues anew; yield what it did not take."""
    for command in ("manager reload", "moh reload", "queue reload all", "dialplan reload"):
        system.console(command)
    for line in found:
        if f"EDICION={line.edition}" not in system.console(f"dialplan show {line.name}@lineas"):
            yield f"la central no tomó el plan de la línea «{line.name}»"
        for queue in line.queues:
            if f"{queue} has" not in system.console(f"queue show {queue}"):
                yield f"la central no tiene la cola «{queue}»"


def _spoken(tell: Tell, done: int, total: int, prompt: str) -> None:
    """Tell now and then how far the speaking of new texts is; what was spoken before is not told."""
    if prompt and done % TOLD_EVERY == 0:
        tell(f"hablando los textos nuevos: {done} de {total}")


def _consents(examined: Sequence[Examined], store: Published) -> Iterator[str]:
    """Yield consents whose text changed under the same version: what a caller once heard must stay known."""
    before = {line.name: line for line in store.current()}
    for each in examined:
        if each.line and each.line.consent and each.line.name in before:
            old, new = before[each.line.name], each.line
            same_version = old.consent and new.consent and old.consent.version == new.consent.version
            if same_version and _consent_text(old) != _consent_text(new):
                yield each.told(("consent",), "el texto de la autorización cambió; cambie también «version»")
        if each.line and each.line.web and each.line.name in before and before[each.line.name].web:
            was, now = before[each.line.name].web_consent, each.line.web_consent
            if was and now and was.version == now.version and was.text != now.text:
                yield each.told(("web", "consent"), "el texto que se autoriza cambió; cambie también «version»")


def _consent_text(line: Line) -> list[tuple[str | None, str | None]]:
    asked = (line.consent.core, line.consent.question) if line.consent else ()
    return [(language, spoken.get(prompt)) for language, spoken in sorted(line.texts.items()) for prompt in asked]


def _missing(examined: Sequence[Examined], settings: Settings, accounts: Accounts) -> Iterator[str]:
    """Yield what the files name and this installation does not have."""
    there = {member.account for member in accounts.members}
    recordings = sounds.Recordings(settings.recorded_prompts_dir)
    for each in examined:
        for queue in each.line.queues.values() if each.line else ():
            for account in queue.members:
                if account not in there:
                    yield each.told(("queues", queue.name), f"no hay una cuenta de asesor «{account}»")
            folder = settings.music_dir / queue.music
            if queue.music != DEFAULT_MUSIC and not _has_music(folder):
                yield each.told(("queues", queue.name), f"falta la música: no hay audio de 8 kHz en {folder}")
        for lack in sounds.missing(each.line, recordings) if each.line else ():
            if each.line and lack.language.code == SPANISH and lack.prompt in each.line.texts[SPANISH]:
                yield each.told(("texts", SPANISH, lack.prompt), f"falta el audio «{lack.prompt}»")


def _has_music(folder: Path) -> bool:
    return folder.is_dir() and any(path.suffix in MUSIC_SUFFIXES for path in folder.iterdir())


@contextmanager
def _reasons() -> Iterator[None]:
    try:
        yield
    except NotPublishedError:
        raise
    except ConfigurationError as fault:
        raise NotPublishedError([str(fault)]) from fault
