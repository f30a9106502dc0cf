"""Write ``docs/mailgate.1`` from the help of every command: ``PYTHONPATH=proxy python docs/make_man_page.py``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from mailgate import __version__
from mailgate.cli import app
from mailgate.cli.admin import VARIABLE
from mailgate.cli.options import CONFIG_VARIABLE, DEFAULT_PATH

PAGE = Path(__file__).parent / "mailgate.1"
_OF_TYPER = ("install_completion", "show_completion")

ENVIRONMENT = {
    CONFIG_VARIABLE: f"The settings, where --config does not name them. Without both: {DEFAULT_PATH}.",
    VARIABLE: "The token of an admin, for commands that change something, where --token-file is not given.",
}
EXIT_STATUS = {
    "0": "All is well.",
    "1": "The check failed, or it was refused or cannot be done now: by whom it was asked, by the state of the store, or because "
    "the store does not answer. With --json a refusal is an object on standard output: why, missing (approvals) and plan (its digest).",
    "2": "The call is wrong, or a file that it names cannot be read or has mistakes. Of a gate: it cannot start until somebody has "
    "changed the files.",
    "3, 4": "Only of policy plan with --exit-code: the change is within the guard; it needs approvals.",
}


def man_page() -> str:
    """The whole page, in the macros of man(7)."""
    root: Any = get_command(app)
    lines = [
        f'.TH MAILGATE 1 "" "Mailgate {__version__}" "User Commands"',
        ".SH NAME",
        f"mailgate \\- {escaped(root.help[0].lower() + root.help[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B mailgate",
        ".I COMMAND",
        "[\\fIOPTIONS\\fR]",
        ".SH OPTIONS",
        *(line for each in root.params for line in option(each)),
        ".SH COMMANDS",
        *(line for path, command in commands(root, "mailgate") for line in section(path, command)),
        ".SH ENVIRONMENT",
        *entries(ENVIRONMENT),
        ".SH EXIT STATUS",
        *entries(EXIT_STATUS),
    ]
    return "\n".join(lines) + "\n"


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that is not a group, with its full name."""
    for name, each in group.commands.items():
        if each.hidden:
            continue
        if hasattr(each, "commands"):
            yield from commands(each, f"{path} {name}")
        else:
            yield f"{path} {name}", each


def section(path: str, command: Any) -> Iterator[str]:
    """One command: its usage, its description, its arguments and options."""
    takes = [each.metavar or each.name.upper() for each in arguments(command)]
    yield f".SS {escaped(' '.join([path, *takes]))}"
    for index, paragraph in enumerate((command.help or "").split("\n\n")):
        yield from [".PP"] * bool(index)
        yield escaped(" ".join(paragraph.split()))
    for each in command.params:
        yield from option(each) if each not in arguments(command) else argument(each)


def arguments(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "argument"]


def argument(each: Any) -> Iterator[str]:
    yield ".TP"
    yield f"\\fI{escaped(each.metavar or each.name.upper())}\\fR"
    yield escaped(each.help or "")


def option(each: Any) -> Iterator[str]:
    """One option, with its default."""
    names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in (*each.opts, *each.secondary_opts))
    takes = "" if each.is_flag else f" \\fI{escaped(each.metavar or each.name.upper())}\\fR"
    yield ".TP"
    yield names + takes
    yield escaped(" ".join([each.help or "", *usual(each)]))


def usual(each: Any) -> Iterator[str]:
    """The text in brackets after the help."""
    if each.name not in _OF_TYPER and not each.is_flag and each.show_default:
        said = each.show_default if isinstance(each.show_default, str) else each.default
        if said not in (None, "", ()):
            yield f"[default: {said}]"
    if each.envvar:
        yield f"[environment: {each.envvar}]"


def entries(table: dict[str, str]) -> Iterator[str]:
    for name, text in table.items():
        yield from (".TP", f"\\fB{escaped(name)}\\fR", escaped(text))


def escaped(text: str) -> str:
    """A text of one line, escaped for roff."""
    plain = (
        text.replace("\\", "\\e")
        .replace("-", "\\-")
        .replace("'", "\\(aq")
        .replace("`", "\\(ga")
        .replace("…", "...")
    )
    return f"\\&{plain}" if plain.startswith(".") else plain


if __name__ == "__main__":
    PAGE.write_text(man_page(), "utf-8")
