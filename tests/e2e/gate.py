"""The gate as a process of its own, before any upstream, with an issuer whose keys were made for this run."""

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port, running

from mailgate.attest.mint import DEVICE_KEY_FILE, ISSUER_KEY_FILE, JWKS_FILE, key_files

ISSUER = "https://mdm.example.com"
SETTINGS = """\
listen: 127.0.0.1:{port}
public_url: http://127.0.0.1:{port}
upstream: {upstream}
admin_listen: 127.0.0.1:0
store: sqlite:///{run}/mailgate.db
attestation:
  issuers:
    - issuer: {issuer}
      jwks: {jwks}
"""
APPS = """\
apps:
  tiktok: {name: TikTok, vendor: ByteDance, android: [com.zhiliaoapp.musically], ios: [com.zhiliaoapp.musically]}
lists:
  prohibited: [tiktok]
"""
POLICY = """\
rules:
  - {id: laptop-browser, when: client.kind == "laptop", effect: allow}
  - id: prohibited-app
    when: client.handheld && "prohibited" in device.lists
    effect: block
    notice: {fix: remove-app, contact: it-help@example.com}
  - {id: unproven-handheld, when: client.handheld && device.state != "clean", effect: block}
  - {id: clean-handheld, when: client.handheld, effect: allow}
"""


@dataclass(frozen=True)
class Gate:
    """``public``: what people open. ``admin``: health and metrics. ``keys``: the issuer's and a device's."""

    public: str
    admin: str
    keys: dict[str, str]
    process: int

    @property
    def issuer_key(self) -> str:
        return self.keys[ISSUER_KEY_FILE]

    @property
    def device_key(self) -> str:
        return self.keys[DEVICE_KEY_FILE]


@contextmanager
def gate_before(upstream: str, run: Path) -> Iterator[Gate]:
    """Start ``mailgate run`` in ``run`` with the rules above; hand it out once it says that it listens."""
    keys = key_files(secrets.token_bytes(32), secrets.token_bytes(32))
    settings = SETTINGS.format(port=free_port(), upstream=upstream, run=run, issuer=ISSUER, jwks=JWKS_FILE)
    for name, content in {
        "mailgate.yaml": settings,
        "apps.yaml": APPS,
        "policy.yaml": POLICY,
        JWKS_FILE: keys[JWKS_FILE],
    }.items():
        (run / name).write_text(content)
    log = run / "mailgate.log"
    command = [sys.executable, "-m", "mailgate", "run", "--config", run / "mailgate.yaml"]
    source = str(Path(__file__).parents[2] / "proxy")
    with running(
        command, ready=lambda: announcement(log), log=log, environment={"PYTHONPATH": source}
    ) as process:
        said = announcement(log)
        yield Gate(said["public"], said["admin"], keys, process.pid)


def announcement(log: Path) -> dict[str, str]:
    """The log line in which the gate says where it listens; empty while it has not."""
    for line in log.read_text().splitlines():
        if line.startswith("{") and (entry := json.loads(line)).get("event") == "listening":
            return entry
    return {}
