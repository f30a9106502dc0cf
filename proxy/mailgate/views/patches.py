"""The differences between two versions of the files of rules, as lines to read and as a patch."""

import re
from collections.abc import Iterator
from difflib import unified_diff
from os.path import normpath
from pathlib import Path, PurePath
from typing import NamedTuple

from mailgate.config import Bundle, Rules
from mailgate.config.rules import STORED_NAMES
from mailgate.config.settings import Files
from mailgate.model.fact import Fact

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
    """The places of the files of the rules."""

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
    """The files that differ."""
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
