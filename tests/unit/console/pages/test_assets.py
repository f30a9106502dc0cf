"""Styles and scripts come from the gate itself, and need no session."""

from collections.abc import Awaitable, Callable

import pytest
from tests.unit.console.browsing import Browser

Opened = Callable[[], Awaitable[Browser]]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("console.css", "text/css"), ("console.js", "text/javascript"), ("icon.svg", "image/svg+xml")],
)
async def test_every_asset_of_a_page_is_served(opened: Opened, name: str, kind: str) -> None:
    browser = await opened()
    page = await browser.get(f"/console/assets/{name}")
    assert (page.status, page.headers["Content-Type"].partition(";")[0]) == (200, kind)


@pytest.mark.parametrize("name", ["context.py", "..%2Fdesk.py"])
async def test_other_files_are_not_served(opened: Opened, name: str) -> None:
    browser = await opened()
    assert (await browser.get(f"/console/assets/{name}")).status == 404
