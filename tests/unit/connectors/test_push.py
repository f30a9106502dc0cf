import hmac
import json
from base64 import b64encode
from datetime import timedelta
from functools import partial
from hashlib import sha256
from types import NoneType

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from tests.unit.clock import Clock
from tests.unit.connectors.around import NOW, Scripted, answer, ends_in, service_account, settings_of

from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.config.sources.google import AndroidManagementSettings, PushSettings
from mailgate.connectors.push import GoogleToken, WebhookProofs, is_signed, message
from mailgate.errors import SourceError, Trouble
from mailgate.wire import ApiResponse

GOOGLE, OTHER = (
    RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"}) for kid in ("g1", "g2")
)
PUSH = {"audience": "https://mail.example.com", "email": "push@example.iam.gserviceaccount.com"}
CLAIMS = {
    "iss": "https://accounts.google.com",
    "aud": PUSH["audience"],
    "azp": "113774264463038321964",
    "email": PUSH["email"],
    "email_verified": True,
    "sub": "113774264463038321964",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3600,
}


def certs(*keys):
    return answer(KeySet(list(keys)).as_dict(private=False))


def token(key=GOOGLE, header=None, **changes):
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode(header or {"alg": "RS256", "typ": "JWT", "kid": key.kid}, claims, key)


def bearer(text):
    return {"authorization": f"Bearer {text}"}


@pytest.fixture
def proof():
    def make(*answers, clock=None):
        wire = Scripted(*(answers or (certs(GOOGLE),)))
        made = GoogleToken(settings_of(PushSettings, PUSH), lambda: wire, clock or Clock(NOW))
        made.wire_of_test = wire
        return made

    return make


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
async def test_a_token_of_google_for_us_proves_it(proof, issuer):
    made = proof()
    assert await made(bearer(token(iss=issuer)), b"")
    assert [question.url for question in made.wire_of_test.questions] == [
        "https://www.googleapis.com/oauth2/v3/certs"
    ]


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://evil.example.com"}, {"aud": "https://other.example.com"}, {"aud": None}, {"iss": None},
     {"email": "other@example.com"}, {"email": None}, {"email_verified": False}, {"email_verified": None},
     {"email_verified": "true"}, {"exp": int(NOW.timestamp()) - 61}, {"exp": None}, {"iat": None},
     {"iat": int(NOW.timestamp()) + 3600}],
    ids=str,
)  # fmt: skip
async def test_a_claim_that_is_wrong_proves_nothing(proof, changes):
    assert not await proof()(bearer(token(**changes)), b"")


NO_TOKENS = {
    "no header": {},
    "an empty header": {"authorization": ""},
    "no token": bearer(""),
    "no JWT": bearer("a.b.c"),
    "no ASCII": bearer("é"),
    "Basic": {"authorization": f"Basic {token()}"},
    "another signature": bearer(token()[:-4] + "AAAA"),
    "signed by another in the name of Google's key": bearer(token(OTHER, {"alg": "RS256", "kid": "g1"})),
    "signed by another": bearer(token(OTHER)),
    "signed by none": bearer(
        ".".join([b64encode(b'{"alg":"none","kid":"g1"}').decode().rstrip("="), token().split(".")[1], ""])
    ),
    "a symmetric key made of Google's public one": bearer(
        "eyJhbGciOiJIUzI1NiIsImtpZCI6ImcxIn0." + token().split(".")[1] + ".AAAA"
    ),
}


@pytest.mark.parametrize("headers", NO_TOKENS.values(), ids=NO_TOKENS)
async def test_a_token_of_another_form_proves_nothing(proof, headers):
    assert not await proof(certs(GOOGLE), certs(GOOGLE))(headers, b"")


async def test_keys_are_fetched_for_an_unknown_name_twice_a_minute_at_most(proof):
    clock = Clock(NOW)
    made = proof(certs(GOOGLE), certs(GOOGLE, OTHER), clock=clock)
    assert await made(bearer(token()), b"")
    assert not await made(bearer(token(OTHER)), b"")
    assert len(made.wire_of_test.questions) == 1
    clock.now = NOW + timedelta(seconds=31)
    assert await made(bearer(token(OTHER)), b"")
    assert len(made.wire_of_test.questions) == 2


async def test_a_clock_that_was_set_back_keeps_no_key_longer(proof):
    clock = Clock(NOW + timedelta(hours=8))
    made = proof(certs(GOOGLE), certs(OTHER), clock=clock)
    assert await made(bearer(token(exp=2_000_000_000)), b"")
    clock.now = NOW
    assert not await made(bearer(token(exp=2_000_000_000)), b"")


async def test_keys_stay_while_google_is_away_and_end_when_given_up(proof):
    clock = Clock(NOW)
    broken = [
        SourceError(Trouble.UNREACHABLE),
        ApiResponse(503),
        ApiResponse(200, {}, b"<html>"),
        certs(OTHER),
    ]
    made = proof(certs(GOOGLE), *broken, clock=clock)
    assert await made(bearer(token(exp=2_000_000_000)), b"")
    for hours in (7, 8, 9):
        clock.now = NOW + timedelta(hours=hours)
        assert await made(bearer(token(exp=2_000_000_000)), b"")
    clock.now = NOW + timedelta(hours=10)
    assert not await made(bearer(token(exp=2_000_000_000)), b"")


async def test_keys_of_a_file_are_never_fetched(tmp_path):
    path = tmp_path / "keys.json"
    path.write_bytes(certs(GOOGLE).body)
    settings = settings_of(PushSettings, PUSH | {"keys": str(path)})
    wire = Scripted()
    made = GoogleToken(settings, lambda: wire, Clock(NOW))
    assert await made(bearer(token()), b"")
    assert not await made(bearer(token(OTHER)), b"")
    assert wire.questions == []


def envelope(**parts):
    return json.dumps({"message": {"attributes": {"notificationType": "STATUS_REPORT"}, **parts}}).encode()


def test_an_envelope_is_opened():
    data = b64encode(b'{"name": "x"}').decode()
    assert message(envelope(data=data, messageId="1")) == ("STATUS_REPORT", {"name": "x"})
    assert message(envelope()) == ("STATUS_REPORT", None)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"message": 7}', envelope(data="!"), envelope(data=b64encode(b"<x>").decode())],
)
def test_a_malformed_envelope_is_refused(body):
    with ends_in(Trouble.SHAPE):
        message(body)


ANDROID = {"type": "android-management", "enterprise": "LC0example"}
WEBHOOK = {"push": {"audience": "https://mail.example.com", "email": "push@example.com"}}


def signed(body, key=b"s3cret"):
    return {"x-hmac-signature": b64encode(hmac.digest(key, body, sha256)).decode()}


async def test_a_body_signed_with_the_key_is_proved():
    assert await is_signed("s3cret", signed(b"{}"), b"{}")


@pytest.mark.parametrize("headers", [{}, signed(b"{ }"), signed(b"{}", b"other"), {"x-hmac-signature": "é"}])
async def test_another_signature_is_refused(headers):
    assert not await is_signed("s3cret", headers, b"{}")


def apple(**secrets):
    return settings_of(AppleMdmSettings, {"type": "apple-mdm"}, **secrets)


def android(**push):
    return settings_of(AndroidManagementSettings, ANDROID | push, account=service_account())


@pytest.mark.parametrize(
    ("settings", "proof"),
    [
        (apple(hmac_key="k"), partial),
        (apple(api_key="k"), NoneType),
        (android(**WEBHOOK), GoogleToken),
        (android(), NoneType),
    ],
    ids=["Apple, signed", "Apple, by a key of the API", "Android, pushed", "Android, not pushed"],
)
def test_each_source_has_the_proof_of_its_settings(settings, proof):
    assert isinstance(WebhookProofs(lambda: NOW).of("mdm", settings), proof)


def test_a_proof_stays_as_long_as_its_settings():
    proofs = WebhookProofs(lambda: NOW)
    settings = android(**WEBHOOK)
    first = proofs.of("a", settings)
    assert proofs.of("a", settings) is first
    other = settings.model_copy(update={"enterprise": "LC1example"})
    assert proofs.of("a", other) is not first
