import json

import pytest

from mailgate.attest import mint, parse_jwks


def test_the_same_secret_makes_the_same_files_and_another_others() -> None:
    files = mint.key_files(b"i" * 32, b"d" * 32)
    assert files == mint.key_files(b"i" * 32, b"d" * 32)
    assert files != mint.key_files(b"j" * 32, b"d" * 32)


def test_the_jwks_is_public_and_the_gate_reads_it() -> None:
    files = mint.key_files(b"i" * 32, b"d" * 32)
    assert "d" not in json.loads(files[mint.JWKS_FILE])["keys"][0]
    kid = json.loads(files[mint.ISSUER_KEY_FILE])["kid"]
    assert parse_jwks(files[mint.JWKS_FILE]).get(kid) is not None


def test_no_two_keys_have_the_same_name() -> None:
    """RFC 7638: the name is the thumbprint, whoever computes it."""
    one, other = mint.make_key(b"1" * 32), mint.make_key(b"2" * 32, algorithm="Ed25519")
    assert (one.kid, other.kid) == (one.thumbprint(), other.thumbprint())
    assert len(parse_jwks(mint.jwks(one, other)).keys) == 2


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_a_private_key_is_read_back(algorithm: str) -> None:
    key = mint.make_key(b"k" * 32, "k", algorithm)
    again = mint.read_private_key(json.dumps(key.as_dict(private=True)))
    assert (again.thumbprint(), again.kid) == (key.thumbprint(), "k")


def test_the_files_of_issuer_and_device_are_private_keys_of_their_own() -> None:
    files = mint.key_files(b"i" * 32, b"d" * 32)
    issuer, device = (
        mint.read_private_key(files[name]) for name in (mint.ISSUER_KEY_FILE, mint.DEVICE_KEY_FILE)
    )
    assert issuer.kid in parse_jwks(files[mint.JWKS_FILE]).keys
    assert device.thumbprint() != issuer.thumbprint()


PRIVATE = mint.make_key(b"k" * 32, "k").as_dict(private=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        mint.jwks(mint.make_key(b"k" * 32, "k")),
        json.dumps(PRIVATE | {"kty": "oct"}),
        json.dumps(PRIVATE | {"crv": "Ed25519"}),
        json.dumps(PRIVATE | {"d": 1}),
        json.dumps(PRIVATE | {"d": "AAAA"}),
        json.dumps(PRIVATE | {"d": "!"}),
    ],
)
def test_what_is_no_private_key(text: str) -> None:
    with pytest.raises(ValueError):
        mint.read_private_key(text)


def test_claims_that_are_not_known_are_left_out(gate) -> None:
    assert {"user", "os_version", "eas_ids"}.isdisjoint(gate.claims())
