"""What is kept in versions that are added and never changed: matrices, knowledge tests."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from core.errors import ConfigurationError


class Versioned(Protocol):
    """One version. `name` has both, for messages."""

    @property
    def id(self) -> str:
        """What all versions share."""

    @property
    def version(self) -> int:
        """Which one it is."""

    @property
    def name(self) -> str:
        """Both, for a person."""


Kept = TypeVar("Kept", bound=Versioned)


def is_new(what: str, one: Kept, known: Mapping[tuple[str, int], Kept]) -> bool:
    """Tell whether a version is not there yet; what is there already, to the letter, is not new.

    Raises:
        ConfigurationError: it is there with another text; `what` says what it is, such as "la matriz".
    """
    before = known.get((one.id, one.version))
    if before is None or before == one:
        return before is None
    raise ConfigurationError(
        f"{what} {one.name} ya está cargada y no es igual; una versión cargada no se cambia: "
        f"escriba «version: {max(version for of, version in known if of == one.id) + 1}»"
    )
