"""The privacy report as a page: everyone can read it, on a phone too, and it loads nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.e2e.looks import complained
from tests.unit.store.examples import NOW

from mailgate.config import load_bundle
from mailgate.console.privacy.document import Form
from mailgate.console.privacy.report import privacy_report
from mailgate.texts import console_languages

pytestmark = pytest.mark.e2e
SETTINGS = Path(__file__).parents[2] / "config/examples/personal-phones/mailgate.yaml"


@pytest.mark.parametrize("language", ["en", "de"])
def test_everyone_can_read_the_report(chromium: Browser, language: str) -> None:
    asked: list[str] = []
    page = chromium.new_context().new_page()
    page.on("request", lambda request: asked.append(request.url))
    bundle, spoken = load_bundle(SETTINGS), console_languages()[language]
    page.set_content(privacy_report(bundle, None, None, NOW, Form.HTML, spoken))
    assert complained(page) == []
    assert asked == []
