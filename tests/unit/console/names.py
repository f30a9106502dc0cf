"""Reads pages."""

import re

from tests.unit.console.browsing import Page


def called(page: Page) -> set[str]:
    """The devices that a page links to."""
    return set(re.findall(r'href="/console/devices/([a-z0-9-]+)"', page.text))
