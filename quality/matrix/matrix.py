"""A quality matrix: what an auditor looks for in a contact, what is critical and for whom. Versions never change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import groupby, pairwise
from operator import attrgetter

from core.errors import ConfigurationError


class Category(StrEnum):
    """Who suffers from a failure (domain section 6): the entity, the citizen, or nobody seriously."""

    BUSINESS_CRITICAL = "business_critical"
    END_USER_CRITICAL = "end_user_critical"
    NON_CRITICAL = "non_critical"

    @property
    def is_critical(self) -> bool:
        """Whether one failure makes the whole contact fail in this category."""
        return self is not Category.NON_CRITICAL


class Channel(StrEnum):
    """By which means the citizen was attended."""

    VOICE = "voice"
    VIDEO = "video"
    CHAT = "chat"
    WHATSAPP = "whatsapp"


class ContactKind(StrEnum):
    """Who began the contact, and what for."""

    INBOUND = "inbound"
    CALLBACK = "callback"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where a contact took place."""

    line: str
    channel: Channel = Channel.VOICE
    kind: ContactKind = ContactKind.INBOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which contacts something is for; what is empty bounds nothing."""

    lines: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset()
    kinds: frozenset[ContactKind] = frozenset()

    def covers(self, setting: Setting) -> bool:
        """Tell whether it is for a contact in this setting."""
        return (
            (not self.lines or setting.line in self.lines)
            and (not self.channels or setting.channel in self.channels)
            and (not self.kinds or setting.kind in self.kinds)
        )


EVERYWHERE = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubItem:
    """What is marked: one thing that a contact complies with or fails. `guidance` says how to tell."""

    id: str
    title: str
    guidance: str
    scope: Scope = EVERYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Sub-items that belong together, of one category."""

    id: str
    title: str
    category: Category
    subitems: tuple[SubItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """One version of one matrix, its items in their order; `thresholds` are shares from 0 to 1, exact.

    Valid from a local day to another, both included; without an end, until a later version begins.
    """

    id: str
    version: int
    title: str
    source: str
    valid_from: date
    valid_to: date | None
    scope: Scope
    thresholds: Mapping[Category, Fraction]
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        """What an audit says it was made by: "art-2019, versión 1"."""
        return f"{self.id}, versión {self.version}"

    def subitems(self) -> Iterator[SubItem]:
        """Yield all sub-items, in order."""
        for item in self.items:
            yield from item.subitems

    def applying(self, setting: Setting) -> tuple[SubItem, ...]:
        """Give the sub-items that a contact in this setting is marked by."""
        return tuple(subitem for subitem in self.subitems() if subitem.scope.covers(setting))


def check_versions(matrices: Iterable[Matrix]) -> None:
    """See to it that the versions of each matrix follow each other in time, and that a number keeps its category.

    So the failures of an item can be counted over versions.

    Raises:
        ConfigurationError: two have the same number, a later one begins while an earlier one has its end to come, or
            an item is critical in one and not in the other.
    """
    for versions in _by_id(matrices):
        for earlier, later in pairwise(versions):
            name = f"matriz «{later.id}», versión {later.version}"
            if later.version == earlier.version:
                raise ConfigurationError(f"{name}: está dos veces; deje una sola")
            if later.valid_from <= earlier.valid_from:
                raise ConfigurationError(
                    f"{name}: debe comenzar después que la versión {earlier.version} ({earlier.valid_from}); "
                    "corrija «valid_from» o el número de versión"
                )
            before = {item.id: item.category for item in earlier.items}
            for item in later.items:
                if before.get(item.id, item.category) is not item.category:
                    raise ConfigurationError(f"{name}: el ítem {item.id} cambia de categoría; déle otro número")
            if earlier.valid_to and later.valid_from <= earlier.valid_to:
                raise ConfigurationError(
                    f"{name}: su vigencia se cruza con la de la versión {earlier.version}, que va hasta "
                    f"{earlier.valid_to}; ponga «valid_from: {earlier.valid_to + timedelta(days=1)}» o posterior"
                )


def in_force(matrices: Iterable[Matrix], setting: Setting, day: date, otherwise: Matrix | None = None) -> Matrix:
    """Choose the matrix of a contact: one that names its line goes before one for all lines; none is `otherwise`.

    Raises:
        ConfigurationError: none is for it on that day, or two are.
    """
    valid = [found for versions in _by_id(matrices) if (found := _on(versions, day)) and found.scope.covers(setting)]
    own = [matrix for matrix in valid if matrix.scope.lines]
    chosen = own or valid
    if not chosen and otherwise and _on([otherwise], day) and otherwise.scope.covers(setting):
        return otherwise
    if not chosen:
        raise ConfigurationError(
            f"ninguna matriz rige el {day} para la línea {setting.line}, canal {setting.channel}, "
            f"contacto {setting.kind}; cargue una con: contesta quality load ARCHIVO"
        )
    if len(chosen) > 1:
        names = " y ".join(f"«{matrix.id}»" for matrix in chosen)
        raise ConfigurationError(
            f"el {day} rigen {names} a la vez para la línea {setting.line}; ponga fin («valid_to») a una, "
            "o déle otras líneas («lines»)"
        )
    return chosen[0]


def _on(versions: list[Matrix], day: date) -> Matrix | None:
    begun = [version for version in versions if version.valid_from <= day]
    latest = begun[-1] if begun else None
    return latest if latest and (latest.valid_to is None or day <= latest.valid_to) else None


def _by_id(matrices: Iterable[Matrix]) -> Iterator[list[Matrix]]:
    ordered = sorted(matrices, key=attrgetter("id", "version"))
    return (list(versions) for _, versions in groupby(ordered, key=attrgetter("id")))
