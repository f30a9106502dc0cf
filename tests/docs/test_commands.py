"""Every command and option that a page names is there."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from tests.docs.reading import PAGES, ROOT, command_lines, name_of
from typer.main import get_command

from mailgate.cli import app

MAILGATE: Any = get_command(app)
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def calls(line: str, program: str) -> list[list[str]]:
    """The arguments of each call of ``program`` in a line for the shell."""
    try:
        words = list(shlex.shlex(line, posix=True, punctuation_chars="|;&<>"))
    except ValueError:  # an apostrophe: prose, not a command
        return []
    found: list[list[str]] = [[]]
    for word in words:
        if set(word) <= set("|;&<>"):
            found.append([])
        else:
            found[-1].append(word)
    return [call[1:] for call in found if call[1:] and call[0].rpartition("/")[2] == program]


def unknown(arguments: list[str]) -> str:
    """What of a call of ``mailgate`` there is not; empty where all of it is there."""
    command, rest = MAILGATE, list(arguments)
    while rest and hasattr(command, "commands"):
        command = command.commands.get(rest[0])
        if command is None:
            return " ".join(arguments)
        rest.pop(0)
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    return " ".join(word for word in rest if re.match(r"--?[a-z]", word) and word not in options)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_option_is_there(page: Path) -> None:
    lines = command_lines(page.read_text("utf-8"))
    assert [bad for line in lines for call in calls(line, "mailgate") if (bad := unknown(call))] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_is_there(page: Path) -> None:
    lines = command_lines(page.read_text("utf-8"))
    assert [call for line in lines for call in calls(line, "make") if call[0] not in TARGETS] == []


@pytest.mark.parametrize(
    "line", ["mailgate policy dream", ".venv/bin/mailgate attest mint --ap tiktok | curl x"]
)
def test_an_unknown_command_or_option_is_found(line: str) -> None:
    assert [unknown(call) for call in calls(line, "mailgate")] != [""]
