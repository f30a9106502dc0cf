"""Versions of the rules by name, and the differences between two, as lines to read and as a patch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from os.path import normpath
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from mailgate.config import Bundle, Rules, compile_rules
from mailgate.config.rules import STORED_NAMES
from mailgate.config.settings import Files
from mailgate.errors import MailgateError
from mailgate.model.fact import Fact
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.policy.changes import Change, changes
from mailgate.rollout.activation import version_before
from mailgate.store import Activation, AlteredError, Store, Version
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
            raise NoVersionError(phrase("no rules run yet: the first start starts the files"))
        name = str(active.number)
    found = await store.policies.find(name)
    if not found:
        raise NoVersionError(
            phrase("no version is called `%(name)s`", name=name),
            "; `mailgate policy history` shows those that ran",
        )
    if len(found) > 1:
        numbers = " or ".join(str(each.number) for each in found)
        raise NoVersionError(
            phrase("`%(name)s` may be version %(numbers)s. Enter more of it", name=name, numbers=numbers),
            several=True,
        )
    return found[0]


async def way_back(store: Store, history: Sequence[Activation]) -> int:
    """The version to roll back to without a plan; 0 if there is none, or if somebody has rolled back to it already."""
    if len({each.number for each in history}) < 2:
        return 0
    before = await version_before(store, history)
    return before if before != history[0].number else 0


async def rules_called(store: Store, name: str) -> Rules:
    """The rules of a version as they were put in force.

    Raises NoVersionError; AlteredError if the texts in the store were changed; ConfigError if this Mailgate cannot read
    them.
    """
    number = (await version_of(store, name)).number
    version = await store.policies.sound(number)
    if version is None:
        raise AlteredError(number)
    return await compute(compile_rules, version.texts)


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """The differences between two versions: of their rules, and line by line of their files."""

    old: Version
    new: Version
    changes: list[Change]
    lines: list[str]
    policies: tuple[Policy, Policy]
    """The rules of both."""


Names = Mapping[str, Any]
"""What a page calls rules and apps by (``title_of`` and ``name_of``)."""


def names_in(*policies: Policy) -> Names:
    """The names of a page about rules that may not be those in force: each is told by the first policy that knows it."""

    def title_of(rule: str) -> str:
        return next((title for each in policies if (title := each.title_of(rule)) != rule), rule)

    def name_of(app: str) -> str:
        return next((name for each in policies if (name := each.catalog.name_of(app)) != app), app)

    return {"title_of": title_of, "name_of": name_of}


async def difference(old: Version, new: Version) -> VersionDifference:
    """Compare two versions. Raises ConfigError if this Mailgate cannot read one."""
    return await compute(_difference, old, new)


def _difference(old: Version, new: Version) -> VersionDifference:
    before, after = compile_rules(old.texts), compile_rules(new.texts)
    lines, policies = list(lines_between(old, new)), (before.policy, after.policy)
    return VersionDifference(old, new, list(changes(before, after)), lines, policies)


def lines_between(old: Version, new: Version) -> Iterator[str]:
    for name in sorted({*old.texts, *new.texts}):
        before, after = (version.texts.get(name, "").splitlines() for version in (old, new))
        yield from unified_diff(before, after, f"{old.number}/{name}", f"{new.number}/{name}", lineterm="")


_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_NO_END = "\n\\ No newline at end of file\n"
_FOLDER_OWN = {
    STORED_NAMES.policy: "policy",
    STORED_NAMES.policy_tests: "policy_tests",
    STORED_NAMES.apps: "apps",
}


class FileChange(Fact):
    """The change of one file."""

    file: str
    """The name of the file, as a path in its folder."""
    folder: str
    """The folder to apply the patch in, if the file is outside the folder of `mailgate.yaml`. Empty otherwise."""
    lines: list[str]
    """The lines of the change, as a unified diff."""
    text: str
    """The whole file after the change."""


class RuleFilesLocation(NamedTuple):
    names: Files
    """Their names in the settings."""
    folder: Path
    """The folder of ``mailgate.yaml``."""

    @classmethod
    def of(cls, bundle: Bundle) -> "RuleFilesLocation":
        """The places in a configuration. Its first file is ``mailgate.yaml``."""
        return cls(bundle.settings.files, bundle.paths[0].absolute().parent)

    def of_text(self, name: str) -> tuple[str, str]:
        """The folder and the file of a text. The settings name the file. A list is in the folder of the apps."""
        field = _FOLDER_OWN.get(name)
        written = PurePath(getattr(self.names, field)) if field else PurePath(self.names.apps).parent / name
        path = PurePath(normpath(self.folder / written))
        if path.is_relative_to(self.folder):
            return "", path.relative_to(self.folder).as_posix()
        return str(path.parent), path.name


def file_changes(before: Rules, after: Rules, places: RuleFilesLocation) -> list[FileChange]:
    return [
        FileChange(
            file=places.of_text(name)[1],
            folder=places.of_text(name)[0],
            lines=[line.rstrip("\n") for line in _diff(name, before, after)][2:],
            text=after.texts[name],
        )
        for name in _differing(before, after)
    ]


def patch(before: Rules, after: Rules, places: RuleFilesLocation) -> str:
    """The changes as a patch, for `git apply` or `patch -p1` in the folder of `mailgate.yaml`, or in another one that the patch names."""
    parts = []
    for name in _differing(before, after):
        _, _, *lines = _diff(name, before, after)
        folder, file = places.of_text(name)
        parts += [f"Apply this in {folder}\n"] if folder else []
        parts += [f"--- a/{file}\n", f"+++ b/{file}\n"]
        parts += [line if line.endswith("\n") else line + _NO_END for line in lines]
    return "".join(parts)


def _diff(name: str, before: Rules, after: Rules) -> Iterator[str]:
    """The lines of a diff. Only the file's own line ends separate lines, not other characters that do so elsewhere."""
    return unified_diff(_LINE.findall(before.texts[name]), _LINE.findall(after.texts[name]))


def _differing(before: Rules, after: Rules) -> list[str]:
    return [name for name, text in after.texts.items() if before.texts.get(name) not in (None, text)]
