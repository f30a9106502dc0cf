"""Finds the listed apps in raw app lists. Everything else is dropped here, before a record exists."""

from collections.abc import Iterable
from typing import NamedTuple

from mailgate.model import Kind
from mailgate.policy import AppCatalog


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


_SYSTEMS = (
    ("ipados", "ipados"),
    ("ipad", "ipados"),
    ("iphone", "ios"),
    ("ios", "ios"),
    ("android", "android"),
)
_COMPUTERS = (
    ("windows", "windows"),
    ("macos", "macos"),
    ("mac os", "macos"),
    ("chrome", "chromeos"),
    ("linux", "linux"),
)


def system_of(*words: str) -> str:
    """The system in Mailgate's spelling, from the first of these words that names one; empty if none does."""
    for word in words:
        folded = word.casefold()
        for part, name in _SYSTEMS + _COMPUTERS:
            if part in folded:
                return name
    return ""


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
