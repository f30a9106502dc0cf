"""A phone with a management agent: every request of its browser carries a report and a fresh proof."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page
from tests.e2e.gate import GuardedWebmail

from mailgate.attest.mint import (
    TEST_ISSUER,
    Device,
    Issue,
    claims,
    read_private_key,
    sign_proof,
    sign_token,
)


class Phone:
    """Carries the report of `report` on every request of ``page``: navigation, script, image and upload.

    The headers are set through the browser's own protocol, because each hop of a redirect needs a proof for
    its own address.
    """

    def __init__(self, page: Page, gate: GuardedWebmail, *, issuer_key: str = "") -> None:
        self._gate = gate
        self._issuer_key = read_private_key(issuer_key or gate.issuer_key)
        self._device_key = read_private_key(gate.device_key)
        self._token = ""
        self._browser = page.context.new_cdp_session(page)
        self._browser.on("Fetch.requestPaused", self._send)
        self._browser.send("Fetch.enable", {"patterns": [{"urlPattern": f"{gate.url}/*"}]})

    def report(self, apps: Iterable[str]) -> None:
        """From now on carry a newly signed report that these listed apps, and no others, are installed."""
        issue = Issue(TEST_ISSUER, self._gate.url, uuid4().hex, datetime.now(UTC))
        device = Device("phone-of-alice", apps=tuple(apps), user="alice")
        self._token = sign_token(claims(device, issue, self._device_key), self._issuer_key)

    def _send(self, paused: dict[str, Any]) -> None:
        request = paused["request"]
        proof = sign_proof(
            self._token,
            self._device_key,
            method=request["method"],
            url=request["url"],
            jti=uuid4().hex,
            now=datetime.now(UTC),
        )
        headers = {**request["headers"], "Device-Attestation": self._token, "DPoP": proof}
        listed = [{"name": name, "value": value} for name, value in headers.items()]
        self._browser.send("Fetch.continueRequest", {"requestId": paused["requestId"], "headers": listed})
