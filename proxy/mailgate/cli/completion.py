"""Lets zsh complete a command at the first Tab of a shell. Typer's script only says then how to do it at the second."""

from contextlib import suppress

_AT_ONCE = """
if [ "$funcstack[1]" = "_%(prog_name)s" ]; then
  %(complete_func)s "$@"
fi
"""
"""zsh runs the file itself when something is completed for the first time. Who reads it with ``source`` wants nothing completed."""


def complete_at_once() -> None:
    """Add that to the script, however it is asked for. A version of Typer that keeps it elsewhere gives its own."""
    with suppress(ImportError, AttributeError, KeyError):
        from typer import _completion_classes as classes
        from typer import _completion_shared as shared

        script = shared.COMPLETION_SCRIPT_ZSH + _AT_ONCE
        shared._completion_scripts["zsh"] = script
        classes.ZshComplete.source_template = script
