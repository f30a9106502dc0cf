"""One gate before Roundcube for every test of the extension, and one Chromium that has it."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright
from tests.e2e.extension.bystanders import Bystander, bystander, forger, leading_webmail
from tests.e2e.extension.companion import EXTENSION, Companion, admin, companion
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import MailSystem

UNSIGNED = (
    urlsafe_b64encode(b'{"typ":"device-attestation+jwt","alg":"none","kid":"1"}').decode().rstrip("=")
    + ".e30."
)
"""A token of the kind that was believed where ``alg`` was left to its maker."""


@pytest.fixture(scope="package")
def gate(mail: MailSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    with guarded(mail.url, tmp_path_factory.mktemp("gate"), log={"level": "debug"}) as running:
        yield running


@pytest.fixture(scope="package")
def token(gate: GuardedWebmail) -> str:
    """The enrolment token for browsers that need no code of their own."""
    return admin(gate, "enroll", "token", "--user", "alice", "--uses", "1000")


@pytest.fixture(scope="package")
def leading(gate: GuardedWebmail, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    """A gate on the same store, before a webmail that redirects elsewhere."""
    shared = {"store": json.loads(gate.config.read_text())["store"], "log": {"level": "debug"}}
    with (
        leading_webmail() as webmail,
        guarded(webmail, tmp_path_factory.mktemp("leading"), **shared) as running,
    ):
        yield running


@pytest.fixture(scope="package")
def chromium_with_it(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Companion]:
    directory = tmp_path_factory.mktemp("companion")
    other = forger(directory / "forger", UNSIGNED)
    with companion(playwright, directory / "profile", EXTENSION, other) as running:
        running.allow("http://127.0.0.1/*")
        yield running


@pytest.fixture
def browser(gate: GuardedWebmail, token: str, chromium_with_it: Companion) -> Iterator[Companion]:
    """A Chromium whose extension, its source folder with no build, is enrolled."""
    chromium_with_it.be_enrolled(gate.url, token)
    yield chromium_with_it
    chromium_with_it.close_pages()


@pytest.fixture
def elsewhere() -> Iterator[Bystander]:
    with bystander() as running:
        yield running
