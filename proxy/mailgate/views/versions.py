"""Finds a version of the rules by its name, and compares two versions line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

from mailgate.config import Rules, compile_rules
from mailgate.errors import MailgateError
from mailgate.model.phrase import phrase
from mailgate.policy.changes import Change, changes
from mailgate.store import AlteredError, Store, Version
from mailgate.tasks import compute


class NoVersionError(MailgateError):
    """No version has the name, or several do. The text says which."""

    def __init__(self, message: str, by_command: str = "", *, several: bool = False) -> None:
        super().__init__(message)
        self.by_command, self.several = by_command, several


async def version_of(store: Store, name: str) -> Version:
    """The version with this number, digest or beginning of a digest; without a name, the version in force.

    Raises NoVersionError.
    """
    if not name:
        active = await store.policies.active()
        if active is None:
            raise NoVersionError(phrase("nothing is in force yet: the first start puts the files in force"))
        name = str(active.number)
    found = await store.policies.find(name)
    if not found:
        raise NoVersionError(
            phrase("no version is called `%(name)s`", name=name),
            "; `mailgate policy history` shows those that were in force",
        )
    if len(found) > 1:
        numbers = " or ".join(str(each.number) for each in found)
        raise NoVersionError(
            phrase("`%(name)s` may be version %(numbers)s: give more of it", name=name, numbers=numbers),
            several=True,
        )
    return found[0]


async def rules_called(store: Store, name: str) -> Rules:
    """The rules of a version as they were put in force.

    Raises NoVersionError; AlteredError if the texts in the store were changed; ConfigError if this Mailgate cannot read
    them.
    """
    version = await version_of(store, name)
    if version.altered:
        raise AlteredError(version.number)
    return await compute(compile_rules, version.texts)


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """The differences between two versions: of their rules, and line by line of their files."""

    old: Version
    new: Version
    changes: list[Change]
    lines: list[str]


async def difference(old: Version, new: Version) -> VersionDifference:
    """Compare two versions. Raises ConfigError if this Mailgate cannot read one."""
    return await compute(_difference, old, new)


def _difference(old: Version, new: Version) -> VersionDifference:
    before, after = compile_rules(old.texts), compile_rules(new.texts)
    return VersionDifference(old, new, list(changes(before, after)), list(lines_between(old, new)))


def lines_between(old: Version, new: Version) -> Iterator[str]:
    for name in sorted({*old.texts, *new.texts}):
        before, after = (version.texts.get(name, "").splitlines() for version in (old, new))
        yield from unified_diff(before, after, f"{old.number}/{name}", f"{new.number}/{name}", lineterm="")
