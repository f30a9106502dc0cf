from pathlib import Path

import pytest

from mailgate.config import load_bundle

CONFIG = """
listen: 127.0.0.1:0
public_url: https://mail.example.com
upstream: {upstream}
admin_listen: 127.0.0.1:0
store: "sqlite:///gate.db"
limits: {{head_bytes: 16KiB, header_count: 50, body_bytes: 25MiB}}
tls: {{certificate: gate.pem, key: gate.key}}
timeouts: {{connect: 2s, head: 3s, response: 4s, idle: 5s, keep_alive: 6s}}
"""
POLICY = "rules:\n  - {id: closed, when: client.handheld, effect: block}\n"


@pytest.fixture
def bundle(tmp_path: Path, certificate):
    """Reads a small configuration with this upstream and these rules."""
    (tmp_path / "apps.yaml").write_text(
        "apps:\n  tiktok: {name: TikTok, names: [TikTok]}\nlists:\n  prohibited: [tiktok]\n"
    )

    def load(upstream="http://127.0.0.1:9080", policy=POLICY):
        (tmp_path / "policy.yaml").write_text(policy)
        (tmp_path / "mailgate.yaml").write_text(CONFIG.format(upstream=upstream))
        return load_bundle(tmp_path / "mailgate.yaml", {})

    return load
