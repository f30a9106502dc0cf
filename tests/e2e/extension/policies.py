"""The files that a device management writes into the policy folder of a browser."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.extension.companion import extension_id
from tests.servers import unavailable


@contextmanager
def chromium_policy(extension: Path, settings: dict[str, object]) -> Iterator[None]:
    """A policy for the unpacked extension in this folder."""
    name = extension_id(extension)
    path = Path(f"/etc/chromium/policies/managed/mailgate-test-{name}.json")
    with _written(path, {"3rdparty": {"extensions": {name: settings}}}):
        yield


@contextmanager
def certificate_policy(name: str, page: str, issuer: str) -> Iterator[None]:
    """A policy by which Chromium shows ``page`` the certificate of this issuer without asking."""
    chosen = json.dumps({"pattern": page, "filter": {"ISSUER": {"CN": issuer}}})
    path = Path(f"/etc/chromium/policies/managed/mailgate-test-{name}.json")
    with _written(path, {"AutoSelectCertificateForUrls": [chosen]}):
        yield


@contextmanager
def firefox_policy(extension: str, settings: dict[str, object]) -> Iterator[None]:
    """A policy for the extension with this id."""
    path = Path("/etc/firefox/policies/policies.json")
    with _written(path, {"policies": {"3rdparty": {"Extensions": {extension: settings}}}}):
        yield


def seeing(directory: Path, program: str, policies: Mapping[str, Path]) -> Path:
    """The program with these files laid over ``/etc``, which no other process sees: a policy that installs something would
    reach the browsers of all tests."""
    if os.geteuid() != 0:
        unavailable("only root may lay a folder over /etc")
    for place, file in policies.items():
        laid = directory / "etc" / place
        laid.parent.mkdir(parents=True, exist_ok=True)
        laid.write_bytes(file.read_bytes())
    wrapper = directory / "browser"
    over = f"mount -t overlay overlay -o lowerdir={directory}/etc:/etc /etc"
    wrapper.write_text(f'#!/bin/sh\nexec unshare --mount sh -c \'{over} && exec {program} "$@"\' sh "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


@contextmanager
def _written(path: Path, content: dict[str, object]) -> Iterator[None]:
    if os.geteuid() != 0:
        unavailable(f"only root may write {path}")
    if path.exists():
        unavailable(f"this machine has its own {path}")
    made = [each for each in path.parents if not each.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    try:
        yield
    finally:
        path.unlink()
        for each in made:
            each.rmdir()
