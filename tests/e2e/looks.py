"""The looks in which a page is tested, and axe's findings in them."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

AXE = Path(str(files("axe_playwright_python") / "axe.min.js"))
Look = tuple[int, Literal["dark", "light"]]
LOOKS: tuple[Look, ...] = ((320, "dark"), (1280, "light"))
"""Colours go by the scheme and the layout by the width, neither by both: each of either is here once."""


def complained(page: Page, looks: Iterable[Look] = LOOKS) -> list[tuple[int, str, str]]:
    """The faults of a page with everything opened, and the looks in which it is wider than its window."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.evaluate(AXE.read_text("utf-8"))
    return [wrong for look in looks for wrong in _complained_in(page, *look)]


def _complained_in(page: Page, width: int, scheme: Literal["dark", "light"]) -> list[tuple[int, str, str]]:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    wrong = [(width, each["id"], each["nodes"][0]["html"]) for each in told["violations"]]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        wrong.append((width, "too wide", page.url))
    return wrong
