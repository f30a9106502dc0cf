"""The gate before a real webmail, with an issuer and a device whose keys were made for this run."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.attestations import attestation_headers, signed_report
from tests.integration.gate import PHONE_RULES, Gate, start_gate, write_config
from tests.servers import PATIENCE, free_port

from mailgate.attest.mint import (
    DEVICE_KEY_FILE,
    ISSUER_KEY_FILE,
    JWKS_FILE,
    TEST_ISSUER,
    AttestedDevice,
    key_files,
)


@dataclass
class GuardedWebmail:
    """``url``: the address that people open. The private keys are those of the trusted issuer and of a device.
    ``config``: the file of its settings."""

    gate: Gate
    url: str
    issuer_key: str
    device_key: str
    config: Path

    def token(self, device: AttestedDevice) -> str:
        """A newly signed report on a device."""
        return signed_report(
            device, audience=self.url, issuer_key=self.issuer_key, device_key=self.device_key
        )

    def attestation_headers(self, token: str, *, method: str, url: str) -> dict[str, str]:
        """The headers that send a report with one request."""
        return attestation_headers(token, device_key=self.device_key, method=method, url=url)

    def report(self, device: AttestedDevice) -> None:
        """Send a report about a device like a management agent, without a request for mail."""
        url = f"{self.url}/.mailgate/status"
        headers = self.attestation_headers(self.token(device), method="GET", url=url)
        with urlopen(Request(url, headers=headers), timeout=PATIENCE) as answer:
            answer.read()

    def start_again(self) -> None:
        """Start the same gate again, with its store, its settings and its address."""
        self.gate = start_gate(self.config)


@contextmanager
def guarded(
    upstream: str,
    directory: Path,
    policy: Mapping[str, Any] = PHONE_RULES,
    environment: Mapping[str, str] | None = None,
    **settings: Any,
) -> Iterator[GuardedWebmail]:
    """Run a gate before ``upstream`` with these rules and further environment variables."""
    keys = key_files(secrets.token_bytes(32), secrets.token_bytes(32))
    (directory / JWKS_FILE).write_text(keys[JWKS_FILE])
    port = free_port()
    known = {
        "listen": f"127.0.0.1:{port}",
        "public_url": f"http://127.0.0.1:{port}",
        "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": JWKS_FILE}]},
    }
    config = write_config(directory, upstream, known | settings, policy)
    url = f"http://127.0.0.1:{port}"
    gate = start_gate(config, environment)
    running = GuardedWebmail(gate, url, keys[ISSUER_KEY_FILE], keys[DEVICE_KEY_FILE], config)
    try:
        yield running
    finally:
        assert running.gate.stop() == 0
