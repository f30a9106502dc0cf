"""Reads fields that others wrote, in which a wrong type counts as missing, and finds the listed apps in raw app lists. Everything else is dropped here."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mailgate.errors import SourceError, Trouble
from mailgate.model import Kind
from mailgate.model.apps import AppCatalog

_LONGEST = 500


def objects(page: Any, items: str, *, missing: bool = False) -> list[Mapping[str, Any]]:
    """The objects under ``items``. Raises ``SourceError`` if there is no list, unless it may be ``missing``."""
    found = page.get(items, [] if missing else None) if isinstance(page, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise SourceError(Trouble.SHAPE, f"an answer has no list `{items}`")
    return found


def value(thing: Any, *path: str) -> Any:
    """The value under these keys; None if one of them is missing."""
    for key in path:
        thing = thing.get(key) if isinstance(thing, dict) else None
    return thing


def text(thing: Any, *path: str) -> str:
    """A short text without surrounding blanks, or an empty one. A number counts, since ids are written either way."""
    found = value(thing, *path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found.strip()[:_LONGEST] if isinstance(found, str) else ""


def flag(thing: Any, *path: str) -> bool | None:
    """True, false, or None if unknown."""
    found = value(thing, *path)
    return found if isinstance(found, bool) else None


def listed(thing: Any, *path: str) -> list[Any] | None:
    """A list; None if there is none."""
    found = value(thing, *path)
    return found if isinstance(found, list) else None


def instant(thing: Any, *path: str) -> datetime | None:
    """An instant as in RFC 3339; None for one of long ago (Graph writes the year 1 for never), or out of reach."""
    try:
        found = datetime.fromisoformat(text(thing, *path))
        found = (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year >= 1990 else None


class Installed(NamedTuple):
    """One app in an inventory. Fields that the inventory does not have are empty."""

    identifier: str = ""
    """Bundle identifier or package name."""
    name: str = ""
    publisher: str = ""


def listed_apps(catalog: AppCatalog, os: str, installed: Iterable[Installed]) -> frozenset[str]:
    """Keys of the listed apps among those that are installed. Everything else is dropped."""
    keys = (catalog.match_installed(os, *app) for app in installed)
    return frozenset(key for key in keys if key)


_SYSTEMS = {
    "ipad": "ipados",
    "iphone": "ios",
    "ios": "ios",
    "android": "android",
    "windows": "windows",
    "macos": "macos",
    "mac os": "macos",
    "chrome": "chromeos",
    "linux": "linux",
}
"""The systems by a part of what they are called; the first that is there counts."""


def system_of(*words: str) -> str:
    """The system in Mailgate's spelling, from the first of these words that names one; empty if none does."""
    named = (name for word in words for part, name in _SYSTEMS.items() if part in word.casefold())
    return next(named, "")


def kind_of(os: str, model: str = "") -> Kind | None:
    """The kind of device by its system and model; None if unknown."""
    folded = model.casefold()
    if os == "ipados" or "ipad" in folded or "tablet" in folded:
        return Kind.TABLET
    if os == "ios":
        return Kind.PHONE if "iphone" in folded or not folded else Kind.OTHER
    if os in ("windows", "macos", "chromeos", "linux"):
        return Kind.LAPTOP
    return Kind.PHONE if os == "android" else None
