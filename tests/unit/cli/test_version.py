"""``mailgate --version``: what a report of a fault begins with."""

from typer.testing import CliRunner

from mailgate import __version__
from mailgate.cli import app


def test_the_version_is_printed_and_nothing_else() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"mailgate {__version__}\n")
