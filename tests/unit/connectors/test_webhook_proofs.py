import hmac
from base64 import b64encode
from hashlib import sha256
from types import NoneType

import pytest
from tests.unit.connectors.around import NOW, service_account, settings_of

from mailgate.config.sources import AndroidManagementSettings, AppleMdmSettings
from mailgate.connectors.push import GoogleToken
from mailgate.connectors.webhook_proofs import Signature, WebhookProofs

ANDROID = {"type": "android-management", "enterprise": "LC0example"}
PUSH = {"push": {"audience": "https://mail.example.com", "email": "push@example.com"}}


def signed(body, key=b"s3cret"):
    return {"x-hmac-signature": b64encode(hmac.digest(key, body, sha256)).decode()}


async def test_a_body_that_is_signed_with_the_key():
    assert await Signature("s3cret")(signed(b"{}"), b"{}")


@pytest.mark.parametrize("headers", [{}, signed(b"{ }"), signed(b"{}", b"other"), {"x-hmac-signature": "é"}])
async def test_any_other_is_refused(headers):
    assert not await Signature("s3cret")(headers, b"{}")


def apple(**secrets):
    return settings_of(AppleMdmSettings, {"type": "apple-mdm"}, **secrets)


def android(**push):
    return settings_of(AndroidManagementSettings, ANDROID | push, account=service_account())


@pytest.mark.parametrize(
    ("settings", "proof"),
    [
        (apple(hmac_key="k"), Signature),
        (apple(api_key="k"), NoneType),
        (android(**PUSH), GoogleToken),
        (android(), NoneType),
    ],
    ids=["Apple, signed", "Apple, by a key of the API", "Android, pushed", "Android, not pushed"],
)
def test_each_source_has_the_proof_of_its_settings(settings, proof):
    assert isinstance(WebhookProofs(lambda: NOW).of("mdm", settings), proof)


def test_a_proof_stays_as_long_as_its_settings():
    proofs = WebhookProofs(lambda: NOW)
    settings = android(**PUSH)
    first = proofs.of("a", settings)
    assert proofs.of("a", settings) is first
    other = settings.model_copy(update={"enterprise": "LC1example"})
    assert proofs.of("a", other) is not first
