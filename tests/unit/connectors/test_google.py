import json

import pytest
from tests.unit.connectors.around import (
    CATALOG,
    Scripted,
    Waits,
    answer,
    ends_in,
    service_account,
    settings_of,
    tools,
)

from mailgate.config.sources.google import AndroidManagementSettings
from mailgate.connectors.google import QuotaWire, google_client
from mailgate.connectors.setup import Setup
from mailgate.errors import Trouble
from mailgate.wire import ApiRequest, ApiResponse

VALUES = {"type": "android-management", "enterprise": "LC0example"}
TOKEN = answer({"access_token": "google-token", "expires_in": 3599})


def refusal(reason):
    return ApiResponse(403, {}, json.dumps({"error": {"code": 403, "errors": [{"reason": reason}]}}).encode())


def asking(*answers, waits=None):
    wire = Scripted(TOKEN, *answers)
    setup = Setup("mdm", CATALOG, tools(waits), lambda _: wire)
    settings = settings_of(AndroidManagementSettings, VALUES, account=service_account())
    return google_client(setup, settings, "https://api.example.com", "https://scope.example.com"), wire


async def test_the_account_logs_in_with_a_signed_statement():
    client, wire = asking(answer({"ok": True}))
    assert await client.get("/v1/x") == {"ok": True}
    token, question = wire.questions
    assert token.url == "https://oauth2.googleapis.com/token"
    assert b"assertion=ey" in token.body
    assert question.headers["Authorization"] == "Bearer google-token"


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"])
async def test_a_quota_that_is_used_up_is_waited_for(reason):
    waits = Waits()
    client, _ = asking(refusal(reason), answer({}), waits=waits)
    assert await client.get("/v1/x") == {}
    assert waits.seconds == [1.0]
    assert client.tally.throttled == 1


@pytest.mark.parametrize(
    "refused",
    [refusal("forbidden"), ApiResponse(403, {}, b"<html>"), ApiResponse(403, {}, b'{"error": "no"}')],
    ids=["another reason", "no JSON", "no reason"],
)
async def test_a_right_that_is_missing_is_not(refused):
    client, _ = asking(refused)
    with ends_in(Trouble.RIGHT):
        await client.get("/v1/x")


async def test_other_answers_pass_as_they_are():
    wire = Scripted(answer({"error": {"errors": [{"reason": "quotaExceeded"}]}}))
    assert (await QuotaWire(wire).ask(ApiRequest("GET", "https://api.example.com"))).status == 200
    await QuotaWire(wire).close()
    assert wire.closed
