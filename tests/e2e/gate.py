"""The gate before a real webmail, with an issuer and a device whose keys were made for this run."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.gate import PHONE_RULES, Gate, start_gate, write_config
from tests.servers import free_port

from mailgate.attest.mint import DEVICE_KEY_FILE, ISSUER_KEY_FILE, JWKS_FILE, TEST_ISSUER, key_files


@dataclass(frozen=True)
class GuardedWebmail:
    """``url``: what people open. The private keys are those of the issuer that the gate believes, and a device's."""

    gate: Gate
    url: str
    issuer_key: str
    device_key: str


@contextmanager
def guarded(upstream: str, directory: Path, **more: str) -> Iterator[GuardedWebmail]:
    """Run a gate before ``upstream`` with the rules above, and ``more`` settings."""
    keys = key_files(secrets.token_bytes(32), secrets.token_bytes(32))
    (directory / JWKS_FILE).write_text(keys[JWKS_FILE])
    port = free_port()
    settings = {
        "listen": f"127.0.0.1:{port}",
        "public_url": f"http://127.0.0.1:{port}",
        "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": JWKS_FILE}]},
        **more,
    }
    gate = start_gate(write_config(directory, upstream, settings, PHONE_RULES))
    try:
        yield GuardedWebmail(gate, f"http://127.0.0.1:{port}", keys[ISSUER_KEY_FILE], keys[DEVICE_KEY_FILE])
    finally:
        assert gate.stop() == 0
