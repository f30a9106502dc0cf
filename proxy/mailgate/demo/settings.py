"""The settings file of the demo, written again at every start. Its rules have one more that warns first, with dates relative to the first start."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from string import Template

from mailgate.atomic_files import write_atomically
from mailgate.attest.mint import TEST_ISSUER
from mailgate.config.first_files import EXAMPLE, POLICY, SETTINGS, starter_files
from mailgate.demo.company.fill import DATABASE, added_settings
from mailgate.demo.company.history import policy_text, with_one_more

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


COPIED = Path("config")
"""The folder whose rules are copied, unless the demo gets others."""
FOLDER = "rules"
SOON = "app-soon"
"""The rule that warns first."""
_WARNED_FOR, _ENFORCED_IN = timedelta(days=1), timedelta(days=6)
_PARTS = ("apps.yaml", "policy.tests.yaml", "lists")


def demo_rules(directory: Path, now: datetime) -> Path:
    """The folder of the demo's own rules. It is made at the first start, and later changes in it are kept. Raises OSError."""
    folder = directory / FOLDER
    if not (folder / POLICY).exists():
        folder.mkdir(parents=True, exist_ok=True)
        text = _copied(folder) if (COPIED / POLICY).exists() else _written(folder)
        write_atomically(folder / POLICY, with_one_more(text, soon(now)))
    return folder


def _copied(folder: Path) -> str:
    """The other files, and the text of the policy."""
    for part in _PARTS:
        _copy(COPIED / part, folder / part)
    return (COPIED / POLICY).read_text("utf-8")


def _written(folder: Path) -> str:
    """Write the rules of ``mailgate init``, if there is no folder to copy."""
    files = starter_files(EXAMPLE)
    for name in files.keys() - {SETTINGS, POLICY}:
        (folder / name).parent.mkdir(exist_ok=True)
        write_atomically(folder / name, files[name])
    return files[POLICY]


def soon(now: datetime) -> str:
    """The rule that warns since yesterday and keeps out in six days."""
    morning = now.replace(hour=9, minute=0, second=0, microsecond=0)
    return Template(policy_text("soon")).substitute(
        warned=(morning - _WARNED_FOR).isoformat(), enforced=(morning + _ENFORCED_IN).isoformat()
    )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
