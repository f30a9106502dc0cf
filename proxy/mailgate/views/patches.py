"""The differences between two versions of the files of rules, as lines to read and as a patch."""

import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import PurePosixPath

from mailgate.config import Rules
from mailgate.config.rules import KEPT_AS
from mailgate.config.settings import Files
from mailgate.model.fact import Fact

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_NO_END = "\n\\ No newline at end of file\n"
_FOLDER_OWN = {KEPT_AS.policy: "policy", KEPT_AS.policy_tests: "policy_tests", KEPT_AS.apps: "apps"}


class FileChange(Fact):
    """The change of one file."""

    file: str
    """The path of the file, relative to the folder of `mailgate.yaml`."""
    lines: list[str]
    """The lines of the change, as a unified diff."""
    text: str
    """The whole file after the change."""


def file_changes(before: Rules, after: Rules, names: Files) -> list[FileChange]:
    """The files that differ. ``names`` are their names in the settings."""
    return [
        FileChange(
            file=_named(name, names),
            lines=[line.rstrip("\n") for line in _diff(name, before, after)][2:],
            text=after.texts[name],
        )
        for name in _differing(before, after)
    ]


def patch(before: Rules, after: Rules, names: Files) -> str:
    """The changes as a patch, for `git apply` or `patch -p1` in the folder of `mailgate.yaml`."""
    parts = []
    for name in _differing(before, after):
        _, _, *lines = _diff(name, before, after)
        file = _named(name, names)
        parts += [f"--- a/{file}\n", f"+++ b/{file}\n"]
        parts += [line if line.endswith("\n") else line + _NO_END for line in lines]
    return "".join(parts)


def _diff(name: str, before: Rules, after: Rules) -> Iterator[str]:
    """The lines of a diff. Only the file's own line ends separate lines, not other characters that do so elsewhere."""
    return unified_diff(_LINE.findall(before.texts[name]), _LINE.findall(after.texts[name]))


def _differing(before: Rules, after: Rules) -> list[str]:
    return [name for name, text in after.texts.items() if before.texts.get(name) not in (None, text)]


def _named(name: str, names: Files) -> str:
    """The path of a text: a file of the settings, or a list in the folder of the apps."""
    if field := _FOLDER_OWN.get(name):
        return str(PurePosixPath(getattr(names, field)))
    return str(PurePosixPath(names.apps).parent / name)
