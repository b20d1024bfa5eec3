"""The lines of this installation: their files, and what is published of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import ivr
from contesta.settings import PREFIX, Settings
from core.document import text_of
from core.errors import ConfigurationError
from ivr import prompts
from ivr.line.examine import Examined, examine
from ivr.line.model import Line
from ivr.line.published import Published

SHIPPED: Final = Path(ivr.__file__).parent / "lines" / "ciudadanos.yaml"


def files(settings: Settings) -> tuple[Path, ...]:
    """Give the lines' files.

    Raises:
        ConfigurationError: there are none in the folder that the settings name.
    """
    if not settings.lines_dir:
        return (SHIPPED,)
    found = tuple(sorted(Path(settings.lines_dir).glob("*.yaml")))
    if not found:
        raise ConfigurationError(f"{PREFIX}LINES_DIR={settings.lines_dir}: no hay ningún archivo .yaml con una línea")
    return found


def examine_files(paths: Sequence[Path]) -> tuple[Examined, ...]:
    """Check the files of lines that are to run together.

    Raises:
        ConfigurationError: a file cannot be read at all.
    """
    return examine({path.name: text_of(path) for path in paths}, prompts.shared())


def published(settings: Settings) -> Published:
    """Open what is published."""
    return Published(settings.published_dir, prompts.shared())


def current(settings: Settings) -> tuple[Line, ...]:
    """Give the lines that new calls reach.

    Raises:
        ConfigurationError: nothing was published yet.
    """
    lines = published(settings).current()
    if not lines:
        raise ConfigurationError("todavía no hay ninguna línea publicada. Inicie primero, en otra terminal: make run")
    return lines
