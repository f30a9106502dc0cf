import json

import pytest
from joserfc.jwk import OKPKey

from mailgate.attest import mint
from mailgate.attest.keys import KeySet, KeySetError, algorithm_of, parse_jwks

EC = json.loads(mint.jwks(mint.make_key(b"a" * 32, "ec")))["keys"][0]
OKP = json.loads(mint.jwks(OKPKey.derive_key(b"b" * 32, "Ed25519", {"kid": "okp"})))["keys"][0]
X = EC["x"]


NO_KIND = 'kty: use "EC" (with P-256) or "OKP" (with Ed25519)'


def mistakes(*keys: object) -> list[str]:
    with pytest.raises(KeySetError) as caught:
        parse_jwks(json.dumps({"keys": keys}))
    return caught.value.mistakes


def without(key: dict[str, str], name: str) -> dict[str, str]:
    return {member: value for member, value in key.items() if member != name}


def test_both_kinds_of_key_are_read() -> None:
    keys = parse_jwks(json.dumps({"keys": [EC, OKP]}))
    assert {kid: key.thumbprint() for kid, key in keys.keys.items()} == {
        "ec": mint.make_key(b"a" * 32).thumbprint(),
        "okp": OKPKey.derive_key(b"b" * 32, "Ed25519").thumbprint(),
    }
    assert {kid: algorithm_of(keys.keys[kid].key_type) for kid in ("ec", "okp")} == {
        "ec": "ES256",
        "okp": "Ed25519",
    }
    assert keys.get("other") is None
    assert not keys.unavailable


@pytest.mark.parametrize("name", ["use", "alg", "key_ops"])
@pytest.mark.parametrize("key", [EC, OKP], ids=["EC", "OKP"])
def test_a_key_without_a_usage_is_taken(key: dict[str, str], name: str) -> None:
    said = key | {"key_ops": ["sign", "verify"], "x5t": "any"}
    assert parse_jwks(json.dumps({"keys": [without(said, name)]})).get(key["kid"]) is not None


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("text", "kty: use a JSON object with the members of a public key"),
        (without(EC, "kty"), NO_KIND),
        (EC | {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, NO_KIND),
        (EC | {"kty": ["EC"]}, NO_KIND),
        ({"kty": "oct", "kid": "k", "k": "c2VjcmV0"}, NO_KIND),
        *(
            (key | {member: X}, f"{member}: is a private member; use the public key alone")
            for member in ("d", "k", "p", "q", "dp", "dq", "qi", "oth")
            for key in (EC, OKP)
        ),
        (EC | {"d": X, "oth": X}, "d: is a private member; use the public key alone"),
        (EC | {"crv": "P-384"}, 'crv: use "P-256"'),
        (EC | {"crv": "P-192"}, 'crv: use "P-256"'),
        (EC | {"crv": "secp256k1"}, 'crv: use "P-256"'),
        (without(EC, "crv"), 'crv: use "P-256"'),
        (OKP | {"crv": "X25519"}, 'crv: use "Ed25519"'),
        (OKP | {"crv": "Ed"}, 'crv: use "Ed25519"'),
        (without(EC, "y"), "y: use 43 characters of base64url (32 bytes)"),
        (without(EC, "x"), "x: use 43 characters of base64url (32 bytes)"),
        (without(OKP, "x"), "x: use 43 characters of base64url (32 bytes)"),
        (EC | {"x": X[:-1]}, "x: use 43 characters of base64url (32 bytes)"),
        (EC | {"x": X + "A"}, "x: use 43 characters of base64url (32 bytes)"),
        (EC | {"x": 1}, "x: use 43 characters of base64url (32 bytes)"),
        (EC | {"x": "A" * 43}, "x: use a point on P-256"),
        (without(EC, "kid"), "kid: use a text; tokens name their key by it"),
        (EC | {"kid": 1}, "kid: use a text; tokens name their key by it"),
        (EC | {"kid": ""}, "kid: use a text; tokens name their key by it"),
        (EC | {"kid": "first"}, "kid: is repeated in the set; every key needs its own"),
        (EC | {"use": "enc"}, 'use: write "sig" or nothing'),
        (EC | {"use": "signature"}, 'use: write "sig" or nothing'),
        (EC | {"alg": "ES384"}, 'alg: use "ES256" or nothing for this kind of key'),
        (OKP | {"alg": "ES256"}, 'alg: use "Ed25519" or nothing for this kind of key'),
        (EC | {"key_ops": ["sign"]}, 'key_ops: use a list with "verify" or nothing'),
        (EC | {"key_ops": "verify"}, 'key_ops: use a list with "verify" or nothing'),
    ],
)
def test_a_key_that_is_refused_is_named_by_its_index(key: object, says: str) -> None:
    assert mistakes(OKP | {"kid": "first"}, key) == [f"keys[1].{says}"]


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(KeySetError) as caught:
        parse_jwks(json.dumps({"keys": [EC, EC, {}, OKP]}))
    assert str(caught.value) == (
        f"keys[1].kid: is repeated in the set; every key needs its own\nkeys[2].{NO_KIND}"
    )


NO_LIST = 'JWKS: use a member "keys" with a list of at least one public key'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "JWKS is not strict JSON in UTF-8: Expecting value at character 0"),
        ("[]", "JWKS is not a JSON object"),
        ("{}", NO_LIST),
        ('{"keys": []}', NO_LIST),
        ('{"keys": {}}', NO_LIST),
        ('{"keys": {"a": 1}}', NO_LIST),
        ('{"keys": [], "keys": []}', "JWKS is not strict JSON in UTF-8: a member name is repeated"),
    ],
)
def test_a_malformed_jwks_is_refused(text: str, says: str) -> None:
    with pytest.raises(KeySetError) as caught:
        parse_jwks(text)
    assert caught.value.mistakes == [says]


def test_a_text_that_no_encoding_has_is_no_jwks() -> None:
    with pytest.raises(KeySetError, match="surrogates not allowed"):
        parse_jwks("\ud800")


def test_an_unchanged_key_is_the_same_object() -> None:
    """What was verified by a key stays verified by it alone."""
    other = json.loads(mint.jwks(mint.make_key(b"c" * 32, "ec")))["keys"][0]
    before = parse_jwks(json.dumps({"keys": [EC, OKP]}))
    same = before.renewed(parse_jwks(json.dumps({"keys": [EC]})))
    assert (same.get("ec") is before.get("ec"), same.get("okp")) == (True, None)
    after = parse_jwks(json.dumps({"keys": [other, OKP]}))
    for one, two in ((before, after), (after, before)):
        assert one.renewed(two).get("ec") is two.get("ec")
        assert one.renewed(two).get("okp") is one.get("okp")


def test_the_newest_answer_tells_whether_a_source_is_available() -> None:
    """A key may be missing because its issuer could not be asked."""
    before = parse_jwks(json.dumps({"keys": [EC]}))
    away = before.renewed(KeySet(before.keys, unavailable=True))
    assert (away.unavailable, away.get("ec") is before.get("ec")) == (True, True)
    assert not away.renewed(before).unavailable
