"""The settings file of the demo, written again at every start."""

import json
from pathlib import Path

from mailgate.atomic_files import write_atomically
from mailgate.attest.mint import TEST_ISSUER
from mailgate.demo.company.admins import added_settings
from mailgate.demo.company.unfinished import DATABASE

_HEAD = "# Written anew at every start of `mailgate demo`: what is changed here is lost. Change a copy.\n"
_STORE = "store.url"


def write_settings(
    directory: Path, *, port: int, admin_port: int, upstream: str, rules: Path, jwks: Path, store: str = ""
) -> Path:
    """Write ``mailgate.yaml`` for a gate on ``port`` of this computer in front of ``upstream``, with the console on
    ``admin_port``.

    ``rules`` is the directory of ``apps.yaml``, ``policy.yaml`` and ``policy.tests.yaml``. ``store`` is a URL, which
    may hold a password; without one there is a database beside the settings. If there is a company in this folder, its
    admins stay in the settings. Raises OSError.
    """
    rules = rules.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    if store:
        write_atomically(directory / _STORE, store, 0o600)
    settings = {
        "listen": f"127.0.0.1:{port}",
        "public_url": f"http://localhost:{port}",
        "upstream": upstream,
        "admin_listen": f"127.0.0.1:{admin_port}",
        "probe": "require",
        "store": {"file": _STORE} if store else f"sqlite:///{(directory / DATABASE).absolute()}",
        "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": str(jwks.absolute())}]},
        "files": {
            "apps": _named(rules / "apps.yaml", directory),
            "policy": _named(rules / "policy.yaml", directory),
            "policy_tests": _named(rules / "policy.tests.yaml", directory),
        },
        **added_settings(directory),
    }
    path = directory / "mailgate.yaml"
    write_atomically(path, _HEAD + json.dumps(settings, indent=2) + "\n")  # JSON is YAML
    return path


def _named(path: Path, directory: Path) -> str:
    """The path of a file, relative to the folder of the settings if the file is in it."""
    folder = directory.absolute()
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
