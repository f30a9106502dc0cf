from datetime import UTC, datetime

import pytest

from mailgate.gateway.pages.render import Pages
from mailgate.gateway.pages.view import View
from mailgate.model import Kind, Reason


@pytest.fixture(scope="session")
def pages() -> Pages:
    return Pages()


@pytest.fixture
def blocked() -> View:
    return View(
        reason=Reason.PROHIBITED_APP,
        reference="7f3a91c25e08",
        now=datetime(2026, 12, 9, 9, tzinfo=UTC),
        apps=("TikTok",),
        os="ios",
        kind=Kind.PHONE,
        host="mail.example.com",
        contact="it-help@example.com",
        return_url="/?_task=mail&_mbox=INBOX",
    )
