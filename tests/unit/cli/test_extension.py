"""``mailgate extension``."""

from typer.testing import CliRunner

from mailgate.cli import app


def test_the_commands_about_the_extension_are_told() -> None:
    told = CliRunner().invoke(app, ["extension"]).output
    assert all(command in told for command in ("list", "people"))
