"""The files that a device management writes into the policy folder of a browser, which that one browser sees."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.chromium import CHROMIUM
from tests.e2e.extension.companion import extension_id
from tests.e2e.extension.firefox import FIREFOX
from tests.servers import unavailable

OF_CHROMIUM = "chromium/policies/managed"
OF_FIREFOX = "firefox/policies/policies.json"


def chromium_told(directory: Path, extension: Path, settings: Mapping[str, object]) -> Path:
    """A Chromium with a policy for the unpacked extension in the folder ``extension``."""
    return _told(
        directory,
        CHROMIUM,
        f"{OF_CHROMIUM}/own.json",
        {"3rdparty": {"extensions": {extension_id(extension): settings}}},
    )


def chromium_that_shows_a_certificate(directory: Path, page: str, issuer: str) -> Path:
    """A Chromium that shows ``page`` the certificate of this issuer without asking."""
    chosen = json.dumps({"pattern": page, "filter": {"ISSUER": {"CN": issuer}}})
    return _told(directory, CHROMIUM, f"{OF_CHROMIUM}/own.json", {"AutoSelectCertificateForUrls": [chosen]})


def firefox_told(directory: Path, extension: str, settings: Mapping[str, object]) -> Path:
    """A Firefox with a policy for the extension with this id."""
    return _told(
        directory, FIREFOX, OF_FIREFOX, {"policies": {"3rdparty": {"Extensions": {extension: settings}}}}
    )


def seeing(directory: Path, program: str, policies: Mapping[str, bytes]) -> Path:
    """The program with these files laid over ``/etc``, which no other process sees: tests run beside each other, and a
    file in the machine's own folder would reach the browsers of them all. ``directory`` has to be there."""
    if os.geteuid() != 0:
        unavailable("only root may lay a folder over /etc")
    for place, content in policies.items():
        laid = directory / "etc" / place
        laid.parent.mkdir(parents=True, exist_ok=True)
        laid.write_bytes(content)
    wrapper = directory / "browser"
    over = f"mount -t overlay overlay -o lowerdir={directory}/etc:/etc /etc"
    wrapper.write_text(f'#!/bin/sh\nexec unshare --mount sh -c \'{over} && exec {program} "$@"\' sh "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def _told(directory: Path, program: str, place: str, policy: Mapping[str, object]) -> Path:
    return seeing(directory, program, {place: json.dumps(policy).encode()})
