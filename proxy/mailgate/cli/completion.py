"""Lets zsh complete a command at the first Tab of a shell. At the first Tab, Typer's script only registers its
function."""

from contextlib import suppress

_AT_ONCE = """
if [ "$funcstack[1]" = "_%(prog_name)s" ]; then
  %(complete_func)s "$@"
fi
"""
"""zsh runs the file as a function at the first completion. If the file is read with ``source``, there is nothing to
complete."""


def complete_at_once() -> None:
    """Add ``_AT_ONCE`` to the script, both for showing and for installing it. A version of Typer that keeps the script
    elsewhere keeps its own."""
    with suppress(ImportError, AttributeError, KeyError):
        from typer import _completion_classes as classes
        from typer import _completion_shared as shared

        script = (
            shared.COMPLETION_SCRIPT_ZSH.lstrip() + _AT_ONCE
        )  # zsh looks for #compdef in the first line alone
        shared._completion_scripts["zsh"] = script
        classes.ZshComplete.source_template = script
