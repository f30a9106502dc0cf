"""Sources that call a running gate: Apple devices through NanoMDM, and Google Cloud Pub/Sub."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import aiohttp
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from tests.events import event
from tests.exchanges import MARKER
from tests.integration.connectors.api import api, serving
from tests.integration.connectors.test_gate import Asking, until
from tests.integration.connectors.test_gate import run as run
from tests.stored_bytes import stored_bytes
from tests.unit.connectors.around import service_account

HOOK = b"hook-s3cret"
UDID = "00008120-000A00000000001E"
EAS_ID = "9LS7K2G83D1KVEXAMPLE01"


def earlier(minutes):
    return f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def signed(body, key=HOOK):
    return {"X-Hmac-Signature": b64encode(hmac.digest(key, body, sha256)).decode()}


async def post(asking, name, body, headers):
    async with asking.session.post(
        asking.admin(f"/api/devices/{name}"), data=body, headers=headers
    ) as answer:
        return answer.status, (await answer.json()).get("taken")


async def heard(asking, name, minutes=0, **changes):
    body = event(name, at=earlier(minutes), **changes)
    return await post(asking, "apple", body, signed(body))


@pytest.mark.parametrize(
    "order",
    [("device-information", "applications"), ("applications", "device-information")],
    ids=" first, ".join,
)
async def test_the_reports_of_a_webhook_refuse_and_allow_a_phone(run, tmp_path, order):
    (tmp_path / "hook").write_bytes(HOOK)
    (tmp_path / "api").write_text("nano-s3cret")
    async with api("apple-mdm") as (origin, nanomdm), aiohttp.ClientSession() as session:
        settings = {
            "type": "apple-mdm",
            "hmac_key": {"file": "hook"},
            "whole_lists": True,
            "ask_for_all": True,
            "nanomdm": {"base_url": origin, "api_key": {"file": "api"}},
        }
        gate = run({"apple": settings})
        asking = Asking(gate, session)
        assert await asking.sync(EAS_ID) == 403, "nothing is known of it"

        body = event("applications")
        assert (await post(asking, "apple", body, {}))[0] == 401
        assert (await post(asking, "apple", body, signed(body, b"other")))[0] == 401
        assert (await post(asking, "apple", b"{", signed(b"{")))[0] == 422
        assert await heard(asking, "token-update") == (200, 0)
        assert nanomdm.asked[f"PUT /v1/enqueue/{UDID}"] == 2, "a device that enrolled is asked at once"

        for name in order:
            assert await heard(asking, name, minutes=5) == (200, 1)
        assert await asking.sync(EAS_ID) == 403, "it has TikTok"
        assert await heard(asking, "other-applications", minutes=6) == (200, 1), (
            "an older list that comes late"
        )
        assert await asking.sync(EAS_ID) == 403

        assert await heard(asking, "other-applications") == (200, 1)
        assert await asking.sync(EAS_ID) == 200, "the next request is let in"
        assert await heard(asking, "device-information") == (200, 1)
        assert await asking.sync(EAS_ID) == 200, "what it is says nothing of its apps"
        assert await heard(asking, "check-out") == (200, 1)
        assert await asking.sync(EAS_ID) == 403
        metrics = await asking.metrics()
    assert gate.stop() == 0
    for secret in (MARKER, "hook-s3cret", "nano-s3cret"):
        assert secret.encode() not in stored_bytes(tmp_path)
        assert secret not in metrics + "\n".join(gate.log)


async def test_only_what_google_signed_for_this_subscription_is_taken(run, tmp_path):
    key = RSAKey.generate_key(2048, {"kid": "g1", "alg": "RS256", "use": "sig"})
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": "https://accounts.google.com",
        "aud": "https://mail.example.com",
        "email": "push@example.com",
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
    }

    def bearer(**changes):
        token = jwt.encode({"alg": "RS256", "kid": "g1"}, claims | changes, key)
        return {"Authorization": f"Bearer {token}"}

    async def certs(request):
        assert request.path == "/oauth2/v3/certs"
        return aiohttp.web.json_response(KeySet([key]).as_dict(private=False))

    (tmp_path / "account").write_text(service_account())
    async with serving(certs) as keys, api("android-management") as (origin, google):
        settings = {
            "type": "android-management",
            "enterprise": "LC0example",
            "account": {"file": "account"},
            "base_url": origin,
            "login_url": origin,
            "page_size": 2,
            "push": {"audience": "https://mail.example.com", "email": "push@example.com", "keys_url": keys},
        }
        gate = run({"android": settings})
        device = {
            "name": "enterprises/LC0example/devices/pushed1",
            "managementMode": "DEVICE_OWNER",
            "state": "ACTIVE",
            "lastStatusReportTime": earlier(1),
            "applicationReports": [{"packageName": "com.example.zq7", "displayName": MARKER}],
        }
        message = {
            "data": b64encode(json.dumps(device).encode()).decode(),
            "attributes": {"notificationType": "STATUS_REPORT"},
            "messageId": "1",
            "publishTime": earlier(1),
        }
        body = json.dumps({"message": message, "subscription": "projects/x/subscriptions/y"}).encode()
        async with aiohttp.ClientSession() as session:
            asking = Asking(gate, session)
            assert (await post(asking, "android", body, {}))[0] == 401
            assert (await post(asking, "android", body, bearer(aud="https://other.example.com")))[0] == 401
            for _ in range(2):
                assert await post(asking, "android", body, bearer()) == (200, 1)

            async def listed():
                return google.asked["GET /v1/enterprises/LC0example/devices"] >= 2

            await until(listed)
            metrics = await asking.metrics()
    assert 'mailgate_connector_records_total{connector="android"}' in metrics
    assert gate.stop() == 0
    assert b"pushed1" in stored_bytes(tmp_path)
    assert MARKER.encode() not in stored_bytes(tmp_path)
    assert MARKER not in metrics + "\n".join(gate.log)
