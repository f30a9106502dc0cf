"""A rule that halts by the part of requests that it keeps out, behind a nginx that keeps the yeses to itself.

docs/rollout.md: ``halt_when: {block_rate: …, of: requests}`` is about "this part of all people or requests".
"""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from tests.integration import front_proxies
from tests.integration.conftest import IPHONE, LAPTOP, Guard
from tests.integration.test_forward_auth import Mail
from tests.integration.test_forward_auth import mail as mail
from tests.integration.test_forward_auth import webmail as webmail

RULES = {
    "rules": [
        {
            "id": "no-phones",
            "when": "client.handheld",
            "effect": "block",
            "halt_when": {"block_rate": "50%", "of": "requests", "at_least": 1},
        },
        {"id": "everyone", "when": "true", "effect": "allow"},
    ]
}


@pytest.mark.parametrize("keeping", [False, True])
async def test_a_rule_halts_by_the_requests_that_came(
    guard: Guard,
    mail: Mail,
    client: aiohttp.ClientSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keeping: bool,
) -> None:
    """A tenth of the requests is kept out, and half of them may be."""
    shipped = front_proxies._config

    def with_a_name(name: str, gate: str, webmail: str, *changes: tuple[str, str]) -> str:
        named = (r'checked_user {\n  default "";', 'checked_user {\n  default "ada";')
        return shipped(name, gate, webmail, *changes, named)

    monkeypatch.setattr(front_proxies, "_config", with_a_name)
    guarded = guard(RULES, authz={"dialect": "nginx", "remember": "2s"}, trusted_proxies=("127.0.0.1/32",))
    run = tmp_path / "front"
    run.mkdir()
    with front_proxies.nginx(guarded.url, str(mail.server.make_url("")), run, keeping=keeping) as url:

        async def asks(agent: str) -> int:
            headers = {"Host": "mail.example.com", "User-Agent": agent}
            async with client.get(f"{url}/inbox", headers=headers) as answer:
                return answer.status

        assert [await asks(LAPTOP) for _ in range(45)] == [200] * 45
        assert [await asks(IPHONE) for _ in range(5)] == [403] * 5
        await asyncio.sleep(4)
        assert await asks(IPHONE) == 403
