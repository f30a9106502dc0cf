"""The changelog speaks of the version that ``pyproject.toml`` names."""

import re
import tomllib

from tests.docs.reading import ROOT

from mailgate import __version__

HEADINGS = re.findall(r"^## \[(.+?)\](.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def test_what_is_not_released_stands_first_and_this_version_next() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert [name for name, _ in HEADINGS][:2] == ["Unreleased", version]
    assert __version__ == version


def test_every_version_has_its_date() -> None:
    assert [name for name, rest in HEADINGS[1:] if not re.fullmatch(r" - \d{4}-\d\d-\d\d", rest)] == []


def test_the_security_policy_supports_this_version() -> None:
    series = __version__.rpartition(".")[0]
    assert f"| {series}.x | yes |" in (ROOT / "SECURITY.md").read_text("utf-8")
