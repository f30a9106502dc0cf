"""A phone with a management agent: every request of its browser carries a report and a fresh proof."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from playwright.sync_api import Page
from tests.e2e.gate import GuardedWebmail

from mailgate.attest.mint import AttestedDevice


class Phone:
    """Carries the report of `report` on every request of ``page``: navigation, script, image and upload.

    The headers are set through the browser's own protocol, because each hop of a redirect needs a proof for
    its own address.
    """

    def __init__(self, page: Page, gate: GuardedWebmail, *, issuer_key: str = "") -> None:
        self._gate = replace(gate, issuer_key=issuer_key or gate.issuer_key)
        self._token = ""
        self._browser = page.context.new_cdp_session(page)
        self._browser.on("Fetch.requestPaused", self._send)
        self._browser.send("Fetch.enable", {"patterns": [{"urlPattern": f"{gate.url}/*"}]})

    def report(self, apps: Iterable[str]) -> None:
        """From now on send a newly signed report that only these listed apps are installed."""
        self._token = self._gate.token(AttestedDevice("phone-of-alice", apps=tuple(apps), user="alice"))

    def _send(self, paused: dict[str, Any]) -> None:
        request = paused["request"]
        carried = self._gate.attestation_headers(self._token, method=request["method"], url=request["url"])
        headers = {**request["headers"], **carried}
        listed = [{"name": name, "value": value} for name, value in headers.items()]
        self._browser.send("Fetch.continueRequest", {"requestId": paused["requestId"], "headers": listed})
