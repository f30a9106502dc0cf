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


_READ = """async () => {
  const { violations } = await axe.run(document, { reporter: 'no-passes' });
  return [violations.map(({ id, nodes }) => [id, nodes[0].html]), document.documentElement.scrollWidth];
}"""


def complained(page: Page, looks: Iterable[Look] = LOOKS) -> list[tuple[int, str, str]]:
    """The faults of a page with everything opened, and the looks in which it is wider than its window.

    A test that opens many pages adds ``AXE`` as an initial script first, which costs less than sending it to each.
    """
    page.wait_for_load_state()  # a page that a click leads to has its text before its style
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    return [wrong for look in looks for wrong in _complained_in(page, *look)]


def _complained_in(page: Page, width: int, scheme: Literal["dark", "light"]) -> list[tuple[int, str, str]]:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    violations, wide = page.evaluate(_READ)
    wrong = [(width, name, html) for name, html in violations]
    return [*wrong, (width, "too wide", page.url)] if wide > width else wrong
