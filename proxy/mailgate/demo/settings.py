"""The settings file of the demo, written anew at every start."""

import json
from pathlib import Path

from mailgate.attest.mint import TEST_ISSUER


def write_settings(directory: Path, *, port: int, upstream: str, rules: Path, jwks: Path) -> Path:
    """Write ``mailgate.yaml`` for a gate on ``port`` of this computer before ``upstream``.

    ``rules`` is the directory of ``apps.yaml``, ``policy.yaml`` and ``policy.tests.yaml``. Raises OSError.
    """
    rules = rules.absolute()
    settings = {
        "listen": f"127.0.0.1:{port}",
        "public_url": f"http://localhost:{port}",
        "upstream": upstream,
        "admin_listen": "127.0.0.1:0",
        "store": f"sqlite:///{(directory / 'mailgate.db').absolute()}",
        "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": str(jwks.absolute())}]},
        "files": {
            "apps": str(rules / "apps.yaml"),
            "policy": str(rules / "policy.yaml"),
            "policy_tests": str(rules / "policy.tests.yaml"),
        },
    }
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "mailgate.yaml"
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")  # JSON is YAML
    return path
