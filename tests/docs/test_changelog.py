"""The changelog speaks of the version that ``pyproject.toml`` names."""

import re
import tomllib

from tests.docs.reading import ROOT

from mailgate import __version__

HEADINGS = re.findall(r"^## \[(.+?)\](.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def dated(rest: str) -> bool:
    return re.fullmatch(r" - \d{4}-\d\d-\d\d", rest) is not None


def test_the_current_version_follows_the_unreleased_changes() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert next(name for name, _ in HEADINGS if name != "Unreleased") == version
    assert __version__ == version


def test_every_version_has_its_date_but_the_first_before_its_release() -> None:
    (name, rest), *later = HEADINGS
    assert rest == "" if name == "Unreleased" else rest == " - unreleased" or dated(rest)
    assert [name for name, rest in later if not dated(rest)] == []


def test_the_security_policy_supports_this_version() -> None:
    series = __version__.rpartition(".")[0]
    assert f"| {series}.x | yes |" in (ROOT / "SECURITY.md").read_text("utf-8")
