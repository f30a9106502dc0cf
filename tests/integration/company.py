"""The people of a small company with their devices, before the gates of a fleet."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from tests.attestations import attestation_headers, signed_report
from tests.integration.conftest import IPHONE, LAPTOP, NAVIGATION
from tests.integration.fleet import PUBLIC

from mailgate.attest.mint import (
    DEVICE_KEY_FILE,
    ISSUER_KEY_FILE,
    JWKS_FILE,
    TEST_ISSUER,
    AttestedDevice,
    key_files,
)


@dataclass
class Issuer:
    """The device management of the company."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def settings(self, folder: Path) -> dict[str, Any]:
        """The settings by which a gate trusts this issuer."""
        path = folder / JWKS_FILE
        path.write_text(key_files(self.secret, b"0" * 32)[JWKS_FILE])
        return {"issuers": [{"issuer": TEST_ISSUER, "jwks": str(path)}]}


@dataclass
class Phone:
    """A phone that proves itself with every request."""

    issuer: Issuer
    owner: str
    apps: tuple[str, ...] = ()
    language: str = ""
    eas_ids: tuple[str, ...] = ()
    cookie: str = ""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def headers(self) -> dict[str, str]:
        keys = key_files(self.issuer.secret, self.secret)
        own = keys[DEVICE_KEY_FILE]
        device = AttestedDevice(
            f"phone-of-{self.owner}", user=self.owner, apps=self.apps, eas_ids=self.eas_ids
        )
        token = signed_report(device, audience=PUBLIC, issuer_key=keys[ISSUER_KEY_FILE], device_key=own)
        return {
            **_page_load(self.owner, IPHONE, self.language),
            **({"Cookie": self.cookie} if self.cookie else {}),
            **attestation_headers(token, device_key=own, method="GET", url=PUBLIC + "/"),
        }


@dataclass
class Laptop:
    """A laptop browser."""

    owner: str
    language: str = ""

    def headers(self) -> dict[str, str]:
        return _page_load(self.owner, LAPTOP, self.language)


def _page_load(owner: str, agent: str, language: str) -> dict[str, str]:
    spoken = {"Accept-Language": language} if language else {}
    return {"User-Agent": agent, "X-Forwarded-User": owner, **NAVIGATION, **spoken}


async def gets(client: aiohttp.ClientSession, url: str, device: Phone | Laptop) -> str:
    """The outcome of a page load: ``mail``, ``warning`` or ``refusal``."""
    return (await page(client, url, device))[0]


async def page(client: aiohttp.ClientSession, url: str, device: Phone | Laptop) -> tuple[str, str]:
    """The outcome of a page load, and the page."""
    async with client.get(url + "/", headers=device.headers()) as response:
        text = await response.text()
        if response.headers.get("X-Webmail"):
            return "mail", text
        return {200: "warning", 403: "refusal"}[response.status], text


async def go_on(client: aiohttp.ClientSession, url: str, phone: Phone, warning: str) -> None:
    """Read the warning and go on to the mail; the browser remembers it."""
    action = re.search(r'<form method="post" action="([^"]+)"', warning)
    assert action is not None
    form: Mapping[str, str] = {"User-Agent": IPHONE, **NAVIGATION}
    target = url + action[1].replace("&amp;", "&")
    async with client.post(target, headers=form, allow_redirects=False) as response:
        assert response.status == 303
        phone.cookie = response.headers["Set-Cookie"].partition(";")[0]
