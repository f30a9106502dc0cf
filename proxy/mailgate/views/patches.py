"""What differs between two sets of texts of the rules, as lines to read and as a patch for the files."""

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
    """What changes in one file."""

    file: str
    """The file, by its name in the folder of `mailgate.yaml`."""
    lines: list[str]
    """What differs, line by line, as a unified diff."""
    text: str
    """The whole file with the change."""


def file_changes(before: Rules, after: Rules, names: Files) -> list[FileChange]:
    """The files that differ. ``names``: what the settings call them."""
    return [
        FileChange(
            file=_named(name, names),
            lines=[line.rstrip("\n") for line in _diff(name, before, after)][2:],
            text=after.texts[name],
        )
        for name in _differing(before, after)
    ]


def patch(before: Rules, after: Rules, names: Files) -> str:
    """The same as a patch, for `git apply` or `patch -p1` in the folder of `mailgate.yaml`."""
    parts = []
    for name in _differing(before, after):
        _, _, *lines = _diff(name, before, after)
        file = _named(name, names)
        parts += [f"--- a/{file}\n", f"+++ b/{file}\n"]
        parts += [line if line.endswith("\n") else line + _NO_END for line in lines]
    return "".join(parts)


def _diff(name: str, before: Rules, after: Rules) -> Iterator[str]:
    """A line ends where the file's lines do: other letters that end a line elsewhere stand inside of it."""
    return unified_diff(_LINE.findall(before.texts[name]), _LINE.findall(after.texts[name]))


def _differing(before: Rules, after: Rules) -> list[str]:
    return [name for name, text in after.texts.items() if before.texts.get(name) not in (None, text)]


def _named(name: str, names: Files) -> str:
    """The name of the file of a text: the settings say it, and a list stands beside the apps."""
    if field := _FOLDER_OWN.get(name):
        return str(PurePosixPath(getattr(names, field)))
    return str(PurePosixPath(names.apps).parent / name)
