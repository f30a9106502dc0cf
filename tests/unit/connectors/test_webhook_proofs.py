import hmac
from base64 import b64encode
from hashlib import sha256

import pytest
from tests.unit.connectors.around import NOW, service_account, settings_of

from mailgate.config.sources import AndroidManagementSettings, AppleMdmSettings
from mailgate.connectors.push import GoogleToken
from mailgate.connectors.webhook_proofs import Proofs, Signature

ANDROID = {"type": "android-management", "enterprise": "LC0example"}
PUSH = {"push": {"audience": "https://mail.example.com", "email": "push@example.com"}}


def signed(body, key=b"s3cret"):
    return {"x-hmac-signature": b64encode(hmac.digest(key, body, sha256)).decode()}


async def test_a_body_that_is_signed_with_the_key():
    assert await Signature("s3cret")(signed(b"{}"), b"{}")


@pytest.mark.parametrize("headers", [{}, signed(b"{ }"), signed(b"{}", b"other"), {"x-hmac-signature": "é"}])
async def test_any_other_is_refused(headers):
    assert not await Signature("s3cret")(headers, b"{}")


def test_each_source_has_the_proof_of_its_settings():
    proofs = Proofs(lambda: NOW)
    apple = settings_of(AppleMdmSettings, {"type": "apple-mdm"}, hmac_key="k")
    by_key = settings_of(AppleMdmSettings, {"type": "apple-mdm"}, api_key="k")
    android = settings_of(AndroidManagementSettings, ANDROID | PUSH, account=service_account())
    silent = settings_of(AndroidManagementSettings, ANDROID, account=service_account())
    assert isinstance(proofs.of("a", apple), Signature)
    assert proofs.of("b", by_key) is None
    assert isinstance(proofs.of("c", android), GoogleToken)
    assert proofs.of("d", silent) is None


def test_a_proof_stays_as_long_as_its_settings():
    proofs = Proofs(lambda: NOW)
    settings = settings_of(AndroidManagementSettings, ANDROID | PUSH, account=service_account())
    first = proofs.of("a", settings)
    assert proofs.of("a", settings) is first
    other = settings.model_copy(update={"enterprise": "LC1example"})
    assert proofs.of("a", other) is not first
