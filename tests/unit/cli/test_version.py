"""``mailgate --version``: what a report of a fault begins with."""

from tests.unit.cli.calls import call

from mailgate import __version__


def test_the_version_is_printed_and_nothing_else() -> None:
    result = call("--version")
    assert (result.exit_code, result.output) == (0, f"mailgate {__version__}\n")
