"""Calls the command line as somebody types it."""

from typer.testing import CliRunner, Result

from mailgate.cli import app


def call(*words: str, config: bool = False, answer: str | bytes | None = None) -> Result:
    """Call ``mailgate`` with these words. ``config``: by the settings in this folder. ``answer``: what is typed then."""
    named = ("--config", "mailgate.yaml") if config else ()
    return CliRunner().invoke(app, [*words, *named], input=answer)
