"""A copied bearer token, with the verdicts that nginx keeps.

docs/attestation.md: a key that comes back to a place within ten minutes has the finding ``key-in-two-places``, which rules can read.
docs/forward-auth.md: the gate "lets only be kept what nginx finds again for nobody who would get another answer".
"""

import asyncio
import secrets
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from tests.integration import front_proxies
from tests.integration.conftest import LAPTOP
from tests.integration.fleet import Phone, fleet, mailgate
from tests.integration.test_enrolment import enrol, report
from tests.integration.test_forward_auth import from_address

from mailgate.attest import mint

RULES = {
    "rules": [
        {"id": "copied", "when": '"key-in-two-places" in client.findings', "effect": "block"},
        {"id": "proved", "when": "attestation.valid", "effect": "allow"},
    ]
}
HOME, THIEF = "127.0.0.9", "127.0.5.9"


@pytest.mark.parametrize("besides", ["", "address"])
@pytest.mark.parametrize("keeping", [False, True])
async def test_a_copied_token_is_found_out_whatever_nginx_keeps(
    webmail: TestServer, client: aiohttp.ClientSession, tmp_path: Path, keeping: bool, besides: str
) -> None:
    """Somebody reads mail every few seconds, and the thief's requests each come right behind."""
    upstream, run = str(webmail.make_url("")), tmp_path / "front"
    run.mkdir()
    asked = {"authz": {"dialect": "nginx", "remember": "2s"}, "trusted_proxies": ["127.0.0.1/32"]}
    with (
        fleet(
            tmp_path,
            upstream,
            f"sqlite:///{tmp_path}/shared.db",
            1,
            RULES,
            enrolment={"attempts": 1000},
            **asked,
        ) as gates,
        front_proxies.nginx(gates.url(), upstream, run, keeping=keeping, besides=besides) as url,
    ):
        device = Phone(mint.make_key(secrets.token_bytes(32), ""))
        await enrol(client, gates.url(), device, mailgate(tmp_path, "enroll", "token")["token"])
        told = {"os": "windows", "form_factors": ["Desktop"], "bearer": True}
        assert await report(client, gates.url(), device, **told) == 200
        headers = {"Host": "mail.example.com", "User-Agent": LAPTOP, "Device-Attestation": device.token}

        async def asks(address: str) -> int:
            async with (
                from_address(address) as session,
                session.get(f"{url}/inbox", headers=headers) as answer,
            ):
                return answer.status

        seen = [(await asks(HOME), await asks(THIEF))]
        while 403 not in seen[-1] and len(seen) < 4:
            await asyncio.sleep(3.2)
            seen.append((await asks(HOME), await asks(THIEF)))
        async with client.get(f"{gates.admin()}/metrics") as answer:
            found = [
                line
                for line in (await answer.text()).splitlines()
                if line.startswith("mailgate_key") or "two_places" in line
            ]
        assert seen[0] == (200, 200)
        assert 403 in seen[-1], (seen, found)
