import json

import pytest

from mailgate.attest import KeySetError, mint, parse_jwks

EC = json.loads(mint.jwks(mint.make_key(b"a" * 32, "ec")))["keys"][0]
OKP = json.loads(mint.jwks(mint.make_key(b"b" * 32, "okp", "Ed25519")))["keys"][0]
X = EC["x"]


def mistakes(*keys: object) -> list[str]:
    with pytest.raises(KeySetError) as caught:
        parse_jwks(json.dumps({"keys": keys}))
    return caught.value.mistakes


def without(key: dict[str, str], name: str) -> dict[str, str]:
    return {member: value for member, value in key.items() if member != name}


def test_both_kinds_of_key_are_read() -> None:
    keys = parse_jwks(json.dumps({"keys": [EC, OKP]}))
    assert [keys.get(kid) is not None for kid in ("ec", "okp", "other")] == [True, True, False]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("text", "kty: expected a JSON object"),
        (without(EC, "kty"), 'kty: expected "EC"'),
        (EC | {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, 'kty: expected "EC"'),
        (EC | {"kty": ["EC"]}, 'kty: expected "EC"'),
        ({"kty": "oct", "kid": "k", "k": "c2VjcmV0"}, 'kty: expected "EC"'),
        (EC | {"d": X}, "d: is a private member"),
        (OKP | {"d": X}, "d: is a private member"),
        (EC | {"crv": "P-384"}, 'crv: expected "P-256"'),
        (EC | {"crv": "secp256k1"}, 'crv: expected "P-256"'),
        (OKP | {"crv": "X25519"}, 'crv: expected "Ed25519"'),
        (without(EC, "y"), "y: expected 43 characters"),
        (EC | {"x": X[:-1]}, "x: expected 43 characters"),
        (EC | {"x": 1}, "x: expected 43 characters"),
        (EC | {"x": "A" * 43}, "x: expected a point on P-256"),
        (without(EC, "kid"), "kid: expected a text"),
        (EC | {"kid": 1}, "kid: expected a text"),
        (EC | {"use": "enc"}, 'use: expected "sig"'),
        (EC | {"alg": "ES384"}, 'alg: expected "ES256"'),
        (OKP | {"alg": "ES256"}, 'alg: expected "Ed25519"'),
        (EC | {"key_ops": ["sign"]}, 'key_ops: expected a list with "verify"'),
    ],
)
def test_a_key_that_is_refused_is_named_by_its_index(key: object, says: str) -> None:
    [mistake] = mistakes(OKP | {"kid": "first"}, key)
    assert mistake.startswith(f"keys[1].{says}")


def test_every_mistake_is_told_at_once() -> None:
    assert [mistake[:11] for mistake in mistakes(EC, EC, {}, OKP)] == ["keys[1].kid", "keys[2].kty"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": []}', '{"keys": {}}', '{"keys": [], "keys": []}', "\ud800"]
)
def test_what_is_no_jwks(text: str) -> None:
    with pytest.raises(KeySetError):
        parse_jwks(text)


def test_a_key_that_stays_is_the_same_object_and_one_that_changed_or_went_is_not() -> None:
    """What was verified by a key stays verified by it alone."""
    other = json.loads(mint.jwks(mint.make_key(b"c" * 32, "ec")))["keys"][0]
    before = parse_jwks(json.dumps({"keys": [EC, OKP]}))
    same = before.renewed(parse_jwks(json.dumps({"keys": [EC]})))
    assert (same.get("ec") is before.get("ec"), same.get("okp")) == (True, None)
    changed = before.renewed(parse_jwks(json.dumps({"keys": [other, OKP]})))
    assert changed.get("ec").thumbprint() != before.get("ec").thumbprint()
    assert changed.get("okp") is before.get("okp")
