"""The whole story through the gate: real browsers, real Roundcube, real Dovecot."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import ATTACHED, PASSWORD, PLAIN, UNICODE, MailSystem
from tests.e2e.phone import Phone
from tests.e2e.webmail import Webmail

from mailgate.attest.mint import ISSUER_KEY_FILE, key_files

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def gate(mail: MailSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    with guarded(mail.url, tmp_path_factory.mktemp("gate")) as running:
        yield running


def test_a_laptop_reads_downloads_uploads_and_logs_out(
    gate: GuardedWebmail, mail: MailSystem, laptop: Page, tmp_path: Path
) -> None:
    upload = tmp_path / "upload.bin"
    upload.write_bytes(secrets.token_bytes(512 * 1024))
    webmail = Webmail(laptop, gate.url)

    webmail.open()
    webmail.log_in("alice", PASSWORD)
    expect(webmail.read(PLAIN.subject).locator("#messagebody")).to_contain_text(PLAIN.text.strip())
    expect(webmail.read(UNICODE.subject).locator("#messagebody")).to_contain_text("今週木曜日")
    name, content = ATTACHED.attachment or ("", b"")
    assert webmail.download(ATTACHED.subject, name) == content
    webmail.save_draft("Draft with a file", upload)
    assert mail.attachments("alice", "Drafts")[upload.name] == upload.read_bytes()
    webmail.log_out()


def test_a_phone_with_a_listed_app_gets_mail_after_a_clean_report(gate: GuardedWebmail, iphone: Page) -> None:
    phone = Phone(iphone, gate)
    phone.report(["tiktok"])
    refused = iphone.goto(gate.url)
    assert refused is not None
    assert refused.status == 403
    expect(iphone.locator("main")).to_contain_text("TikTok")
    expect(iphone.locator("main")).to_contain_text("it-help@example.com")

    iphone.get_by_role("link", name="Check again").click()
    expect(iphone.get_by_role("status")).to_contain_text("Nothing has changed yet")

    phone.report([])
    webmail = Webmail(iphone, gate.url)
    webmail.expect_login_form()  # the page goes on by itself
    webmail.log_in("bob", PASSWORD)
    expect(webmail.read(PLAIN.subject).locator("#messagebody")).to_contain_text(PLAIN.text.strip())


def test_a_phone_that_reports_an_app_is_out_with_the_next_click(gate: GuardedWebmail, iphone: Page) -> None:
    phone = Phone(iphone, gate)
    phone.report([])
    webmail = Webmail(iphone, gate.url)
    webmail.open()
    webmail.log_in("bob", PASSWORD)
    phone.report(["tiktok"])
    iphone.reload()
    expect(iphone.locator("main")).to_contain_text("TikTok")


def test_a_phone_without_a_report_is_refused(gate: GuardedWebmail, iphone: Page) -> None:
    response = iphone.goto(gate.url)
    assert response is not None
    assert response.status == 403
    expect(iphone.locator("#rcmloginuser")).to_have_count(0)


def test_a_clean_report_that_another_issuer_signed_is_refused(gate: GuardedWebmail, iphone: Page) -> None:
    stranger = key_files(secrets.token_bytes(32), secrets.token_bytes(32))[ISSUER_KEY_FILE]
    Phone(iphone, gate, issuer_key=stranger).report([])
    response = iphone.goto(gate.url)
    assert response is not None
    assert response.status == 403
