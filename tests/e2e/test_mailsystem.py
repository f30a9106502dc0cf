"""The mail system by itself, without the gate: what a person can do here they must be able to do through it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.mailsystem import ATTACHED, PASSWORD, PLAIN, UNICODE, MailSystem
from tests.e2e.webmail import Webmail

pytestmark = pytest.mark.e2e


def test_a_mailbox_is_read_and_written(mail: MailSystem, laptop: Page, tmp_path: Path) -> None:
    upload = tmp_path / "without-a-gate.bin"
    upload.write_bytes(bytes(range(256)) * 2048)
    webmail = Webmail(laptop, mail.url)

    webmail.open()
    webmail.log_in("alice", PASSWORD)
    expect(webmail.read(PLAIN.subject).locator("#messagebody")).to_contain_text(PLAIN.text.strip())
    expect(webmail.read(UNICODE.subject).locator("#messagebody")).to_contain_text("今週木曜日")
    name, content = ATTACHED.attachment or ("", b"")
    assert webmail.download(ATTACHED.subject, name) == content
    webmail.save_draft("Draft with a file", upload)
    assert mail.attachments("alice", "Drafts")[upload.name] == upload.read_bytes()
    webmail.log_out()
