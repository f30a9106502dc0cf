import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from hashlib import sha256

import pytest
from joserfc.jwk import OKPKey
from tests.unit.attest.conftest import NOW
from tests.vectors import build_vectors as raw

from mailgate.attest import mint
from mailgate.attest.jose import parse_compact
from mailgate.attest.keys import import_public, parse_jwks


def test_the_same_secret_makes_the_same_files_and_another_others() -> None:
    files = mint.key_files(b"i" * 32, b"d" * 32)
    assert files == mint.key_files(b"i" * 32, b"d" * 32)
    assert files != mint.key_files(b"j" * 32, b"d" * 32)


def test_the_jwks_is_public_and_the_gate_reads_it() -> None:
    files = mint.key_files(b"i" * 32, b"d" * 32)
    private = json.loads(files[mint.ISSUER_KEY_FILE])
    public = {name: value for name, value in private.items() if name != "d"}
    said = {"keys": [public | {"use": "sig", "alg": "ES256"}]}
    assert json.loads(files[mint.JWKS_FILE]) == said
    assert list(parse_jwks(files[mint.JWKS_FILE]).keys) == [private["kid"]]


def test_the_files_are_made_to_be_read() -> None:
    for content in mint.key_files(b"i" * 32, b"d" * 32).values():
        assert content == json.dumps(json.loads(content), indent=2) + "\n"
    assert json.loads(mint.jwks(OKP))["keys"][0]["alg"] == "Ed25519"


def test_no_two_keys_have_the_same_name() -> None:
    """RFC 7638: the name is the thumbprint, whoever computes it."""
    one, other = mint.make_key(b"1" * 32), mint.make_key(b"2" * 32)
    assert one.key_type == "EC"
    assert (one.kid, other.kid) == (one.thumbprint(), other.thumbprint())
    assert len(parse_jwks(mint.jwks(one, other)).keys) == 2
    assert mint.make_key(b"1" * 32, "name").kid == "name"


EC, OKP = mint.make_key(b"k" * 32, "k"), OKPKey.derive_key(b"k" * 32, "Ed25519", {"kid": "k"})


@pytest.mark.parametrize("key", [EC, OKP], ids=["EC", "OKP"])
def test_a_private_key_is_read_back(key) -> None:
    again = mint.read_private_key(json.dumps(key.as_dict(private=True)))
    assert again.as_dict(private=True) == key.as_dict(private=True)
    unnamed = {name: value for name, value in key.as_dict(private=True).items() if name != "kid"}
    assert mint.read_private_key(json.dumps(unnamed)).kid == ""


def test_the_files_of_issuer_and_device_are_private_keys_of_their_own() -> None:
    files = mint.key_files(b"i" * 32, b"d" * 32)
    issuer, device = (
        mint.read_private_key(files[name]) for name in (mint.ISSUER_KEY_FILE, mint.DEVICE_KEY_FILE)
    )
    assert issuer.kid in parse_jwks(files[mint.JWKS_FILE]).keys
    assert device.thumbprint() != issuer.thumbprint()


PRIVATE = EC.as_dict(private=True)
NO_KEY = "d: use a private JWK: EC with P-256, or OKP with Ed25519"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "key is not strict JSON in UTF-8"),
        ("{}", NO_KEY),
        (mint.jwks(EC), NO_KEY),
        (json.dumps(PRIVATE | {"d": 1}), NO_KEY),
        (json.dumps(PRIVATE | {"kty": "oct"}), "kty: use"),
        (json.dumps(PRIVATE | {"crv": "Ed25519"}), "crv: use"),
        (json.dumps(PRIVATE | {"d": "AAAA"}), None),
        (json.dumps(PRIVATE | {"d": "!"}), None),
    ],
)
def test_a_malformed_private_key_is_refused(text: str, says: str | None) -> None:
    with pytest.raises(ValueError, match=says):
        mint.read_private_key(text)


ISSUE = mint.Issue("https://mdm.example.com", "https://mail.example.com", "t-1", NOW)
STAMP = int(NOW.timestamp())
LEAST = {
    "iss": "https://mdm.example.com",
    "aud": "https://mail.example.com",
    "sub": "device-1",
    "iat": STAMP,
    "nbf": STAMP,
    "exp": STAMP + 3600,
    "jti": "t-1",
    "eat_profile": "tag:mailgate.example,2026:device-attestation:1",
    "cnf": {"jkt": EC.thumbprint()},
    "ear.verifier-id": {"developer": "mailgate", "build": "mint"},
    "submods": {"device": {"ear.status": "affirming"}},
    "form": "phone",
    "os": "ios",
    "managed": True,
    "apps": {"at": STAMP, "listed": [], "complete": True},
}
MOST = {
    "os_version": "16",
    "user": "ada",
    "eas_ids": ["x"],
    "exp": STAMP + 60,
    "submods": {"device": {"ear.status": "none"}},
    "form": "tablet",
    "os": "android",
    "managed": False,
    "apps": {"at": STAMP, "listed": ["tiktok"], "complete": False},
}


def test_the_claims_have_only_what_is_known_of_a_device() -> None:
    assert mint.claims(mint.AttestedDevice("device-1"), ISSUE, EC) == LEAST
    device = mint.AttestedDevice(
        "device-1", "tablet", "android", "16", "ada", False, ("x",), ("tiktok",), False, "none"
    )
    short = mint.Issue(ISSUE.issuer, ISSUE.audience, "t-1", NOW, timedelta(minutes=1))
    assert mint.claims(device, short, EC) == LEAST | MOST


def test_a_token_names_its_type_its_key_and_its_algorithm() -> None:
    jws = parse_compact(mint.sign_token({"a": ["b"]}, EC))
    assert jws.header == {"typ": "device-attestation+jwt", "kid": "k", "alg": "ES256"}
    assert jws.payload == {"a": ["b"]}
    assert jws.is_signed_by(EC, "ES256")
    assert parse_compact(mint.sign_token({}, OKP)).header["alg"] == "Ed25519"


@pytest.mark.parametrize(
    ("url", "target"),
    [("https://h/p", "https://h/p"), ("https://h/p?q#f", "https://h/p"), ("https://h/p#f?q", "https://h/p")],
)
@pytest.mark.parametrize("token", ["", "token"])
@pytest.mark.parametrize("nonce", ["", "n"])
def test_a_proof_names_the_request_the_token_and_the_nonce(url, target, token, nonce) -> None:
    proof = mint.sign_proof(token, EC, method="PUT", url=url, jti="p", now=NOW, nonce=nonce)
    jws = parse_compact(proof)
    optional = {"ath": raw.b64(sha256(token.encode()).digest()) if token else "", "nonce": nonce}
    assert jws.payload == {"jti": "p", "htm": "PUT", "htu": target, "iat": STAMP} | {
        name: value for name, value in optional.items() if value
    }
    public = {name: PRIVATE[name] for name in ("kty", "crv", "x", "y")}
    assert jws.header == {"typ": "dpop+jwt", "alg": "ES256", "jwk": public}
    assert jws.is_signed_by(import_public(public), "ES256")
    assert b" " not in urlsafe_b64decode(proof.split(".")[1] + "==")
