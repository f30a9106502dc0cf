"""``docs/pages.md`` keeps step with the pages."""

import re
from pathlib import Path

from mailgate.gateway.pages.steps import FIXES

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "pages.md").read_text("utf-8")


def test_every_fix_is_listed() -> None:
    (listed,) = re.findall(r"^`remove-app` .*(?:\n.+)*", TEXT, re.MULTILINE)
    assert set(re.findall(r"`([a-z-]+)`", listed)) == set(FIXES)


def test_every_picture_is_there() -> None:
    shown = re.findall(r"\(images/([\w-]+\.png)\)", TEXT)
    assert shown
    assert [name for name in shown if not (DOCS / "images" / name).exists()] == []
