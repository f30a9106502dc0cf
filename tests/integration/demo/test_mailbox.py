"""The demo mailbox over HTTP: folders, messages, attachments, and a form that takes files."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer
from pytest_aiohttp import AiohttpClient

from mailgate.demo.mailbox import MAX_UPLOAD, Attachment, Mailbox, MailboxMessage, shipped_messages

NOW = datetime(2026, 12, 24, 12, tzinfo=UTC)
HOSTILE = MailboxMessage(
    sender='"<b>x</b>" <x@example.com>',
    recipient="you@example.com",
    subject="<script>alert(1)</script>",
    date=NOW,
    text="<img src=x onerror=alert(1)>",
    attachments=(Attachment('a";\r\nX: y.html', "text/html", b"<script>alert(1)</script>"),),
)


@pytest.fixture
async def mailbox(aiohttp_client: AiohttpClient) -> TestClient:
    return await aiohttp_client(
        TestServer(Mailbox([HOSTILE, *shipped_messages()], lambda: NOW).application())
    )


async def test_the_inbox_lists_every_message(mailbox: TestClient) -> None:
    text = await (await mailbox.get("/")).text()
    assert "The canteen in December" in text
    assert all(f'href="/inbox/{number}"' in text for number in range(6))


async def test_markup_of_a_message_is_only_ever_text(mailbox: TestClient) -> None:
    for path in ("/", "/inbox/0"):
        response = await mailbox.get(path)
        text = await response.text()
        assert "&lt;script&gt;" in text
        assert "<script" not in text
        assert "<img" not in text
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_an_attachment_is_a_download_whatever_it_is(mailbox: TestClient) -> None:
    response = await mailbox.get("/inbox/0/0")
    assert await response.read() == b"<script>alert(1)</script>"
    assert (
        response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%22%3B%0D%0AX%3A%20y.html"
    )


async def test_a_sent_message_can_be_read_and_downloaded(mailbox: TestClient) -> None:
    content = bytes(range(256)) * 4096
    form = FormData({"to": "desk@example.com", "subject": "Plan", "text": "See the file."})
    form.add_field("attachment", content, filename="plan.bin", content_type="application/octet-stream")
    sent = await mailbox.post("/compose", data=form)
    assert (sent.status, sent.url.path) == (200, "/sent")
    assert "24 December 2026, 12:00 UTC" in await (await mailbox.get("/sent/0")).text()
    assert await (await mailbox.get("/sent/0/0")).read() == content


@pytest.mark.parametrize("path", ["/inbox/99", "/sent/0", "/inbox/0/7", "/outbox", "/inbox/999999999"])
async def test_an_unknown_message_is_not_found(mailbox: TestClient, path: str) -> None:
    assert (await mailbox.get(path)).status == 404


async def test_a_form_beyond_the_limit_is_refused(mailbox: TestClient) -> None:
    form = FormData({"subject": "Plan"})
    form.add_field("attachment", BytesIO(bytes(MAX_UPLOAD + 1)), filename="plan.bin")
    assert (await mailbox.post("/compose", data=form)).status == 413


async def test_no_answer_says_what_serves_it(mailbox: TestClient) -> None:
    for path in ("/", "/none", "/style.css"):
        assert "Server" not in (await mailbox.get(path)).headers
