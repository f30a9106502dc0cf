"""A phone's browser behind a proxy that logs people in, and passes on the ID token that names the phone."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jws
from joserfc.jwk import RSAKey
from tests.integration.conftest import Guard, Guarded
from tests.integration.gate import PHONE_RULES, wait_for
from tests.unit.rollout.people import IPHONE

DEVICE, CLIENT = "4f0c1c6e-6f2b-4a7e-9b1d-2f3a5c7e9d01", "the proxy"
KEY, OTHER = (RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}) for _ in range(2))


@pytest.fixture
async def provider() -> AsyncIterator[str]:
    """A provider that publishes its keys."""

    async def keys(_: web.Request) -> web.Response:
        return web.json_response({"keys": [KEY.as_dict(private=False)]})

    app = web.Application()
    app.router.add_get("/keys", keys)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
def gate(guard: Guard, provider: str, tmp_path: Any) -> Guarded:
    """A gate that knows ada's phone by its id in the directory."""
    inventory = {
        "id": "7001", "owner": "ada@example.com", "kind": "phone", "os": "ios", "directory": DEVICE.upper(),
        "apps": [], "apps_complete": True, "reported_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    (tmp_path / "devices.jsonl").write_text(json.dumps(inventory))
    return guard(
        PHONE_RULES,
        trusted_proxies=["127.0.0.1/32"],
        login_domains=["example.com"],
        login_tokens={"issuer": provider, "jwks": f"{provider}/keys", "client_id": CLIENT},
        connectors={"inventory": {"type": "file", "path": "devices.jsonl"}},
    )


def token(issuer: str, person: str = "ada@example.com", *, key: RSAKey = KEY, **claims: Any) -> str:
    now = datetime.now(UTC)
    said = {
        "iss": issuer, "aud": CLIENT, "sub": "1", "iat": int(now.timestamp()), "preferred_username": person,
        "exp": int((now + timedelta(hours=1)).timestamp()), "deviceid": DEVICE, **claims,
    }  # fmt: skip
    header = {"alg": "RS256", "kid": "k1", "typ": "JWT"}
    return jws.serialize_compact(header, json.dumps(said).encode(), key, algorithms=["RS256"])


async def test_a_phones_browser_is_the_phone_on_which_its_person_has_logged_in(
    gate: Guarded, provider: str, client: aiohttp.ClientSession
) -> None:
    ran = ("connector-ran", "issuer-keys-failed")
    wait_for(lambda: any(each.get("event") in ran for each in gate.gate.records()))

    async def status(text: str, user: str = "ada") -> int:
        said = {"X-Forwarded-Id-Token": text} if text else {}
        sent = {"User-Agent": IPHONE, "X-Forwarded-User": user, "Accept": "text/html", **said}
        async with client.get(f"{gate.url}/mail", headers=sent) as response:
            return response.status

    assert await status(token(provider)) == 200
    assert await status("") == 403
    assert await status(token(provider, key=OTHER)) == 403
    assert await status(token(provider, aud="another")) == 403
    assert await status(token(provider, deviceid="0" * 8)) == 403
    assert await status(token(provider), user="bob") == 403
    assert await status(token(provider, "bob@example.com"), user="bob") == 403
    assert await status(token(provider)) == 200
    refused = [each["findings"] for each in gate.gate.records() if each.get("event") == "decided"]
    assert [each for each in refused if each] == [["device-of-another"]]
    async with client.get(f"{gate.admin}/metrics") as response:
        counted = await response.text()
    for result, times in {
        "accepted": 4,
        "wrong-signature": 1,
        "wrong-audience": 1,
        "another-person": 1,
    }.items():
        assert f'mailgate_login_tokens_total{{result="{result}"}} {times}.0' in counted
