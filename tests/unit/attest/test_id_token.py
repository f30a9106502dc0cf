"""An ID token is believed for what it says once every single thing about it is right."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey
from tests.unit.console.login.idp import AT, CLIENT, ISSUER, Key, claims, key, public, signed

from mailgate.attest.id_token import (
    LEEWAY_SECONDS,
    MAX_TOKEN,
    ExpectedToken,
    IdTokenError,
    LoginTokens,
    TokenFault,
    claims_of,
    key_for,
    parse_provider_keys,
    read,
)
from mailgate.attest.keys import KeySetError
from mailgate.model import VerifiedLogin

OFFERED = ["RS256", "PS256", "ES256", "Ed25519"]
EXPECTED = ExpectedToken(ISSUER, CLIENT, "n1", "access")


def data_scope(token: object, *keys: Key, offered: list[str] = OFFERED, now: int = AT) -> dict[str, Any]:
    found = read(token, offered)
    chosen = key_for(found, [public(each) for each in keys or (key(),)])
    if chosen is None:
        raise IdTokenError(TokenFault.KEY)
    return claims_of(found, chosen, EXPECTED, now)


def refused(token: object, *keys: Key, **options: Any) -> TokenFault:
    with pytest.raises(IdTokenError) as error:
        data_scope(token, *keys, **options)
    return error.value.fault


@pytest.mark.parametrize(
    ("alg", "kind"), [("RS256", "RSA"), ("PS256", "RSA"), ("ES256", "EC"), ("Ed25519", "OKP")]
)
def test_a_token_that_is_right_says_who_it_is(alg: str, kind: str) -> None:
    said = data_scope(signed(claims("n1"), key("k1", kind), alg), key("k1", kind))
    assert said["email"] == "ada@example.com"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"iss": "https://login.example.com/tenant/"}, TokenFault.ISSUER),
        ({"iss": "https://login.example.com/other"}, TokenFault.ISSUER),
        ({"iss": None}, TokenFault.ISSUER),
        ({"iss": [ISSUER]}, TokenFault.ISSUER),
        ({"aud": "another"}, TokenFault.AUDIENCE),
        ({"aud": ["another"]}, TokenFault.AUDIENCE),
        ({"aud": None}, TokenFault.AUDIENCE),
        ({"aud": [CLIENT, "another"]}, TokenFault.AUDIENCE),
        ({"aud": [CLIENT, "another"], "azp": "another"}, TokenFault.AUDIENCE),
        ({"azp": "another"}, TokenFault.AUDIENCE),
        ({"exp": AT - LEEWAY_SECONDS}, TokenFault.EXPIRED),
        ({"exp": None}, TokenFault.EXPIRED),
        ({"exp": "tomorrow"}, TokenFault.EXPIRED),
        ({"iat": AT + LEEWAY_SECONDS + 1}, TokenFault.EARLY),
        ({"iat": None}, TokenFault.EARLY),
        ({"nbf": AT + LEEWAY_SECONDS + 1}, TokenFault.EARLY),
        ({"nonce": "n2"}, TokenFault.NONCE),
        ({"nonce": None}, TokenFault.NONCE),
        ({"nonce": ""}, TokenFault.NONCE),
        ({"nonce": 1}, TokenFault.NONCE),
        ({"sub": None}, TokenFault.CLAIM),
        ({"sub": ""}, TokenFault.CLAIM),
        ({"sub": 1}, TokenFault.CLAIM),
        ({"at_hash": "not-the-hash"}, TokenFault.CLAIM),
        ({"at_hash": 1}, TokenFault.CLAIM),
    ],
)
def test_a_token_that_says_something_wrong_is_refused(wrong: dict[str, Any], why: TokenFault) -> None:
    assert refused(signed(claims("n1", **wrong))) is why


@pytest.mark.parametrize(
    "fine",
    [
        {"exp": AT - LEEWAY_SECONDS + 1},
        {"iat": AT + LEEWAY_SECONDS},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another"], "azp": CLIENT},
    ],
)
def test_clocks_may_differ_a_little_and_others_may_hear_it_too(fine: dict[str, Any]) -> None:
    assert data_scope(signed(claims("n1", **fine)))


def test_a_signature_that_anybody_could_make_is_none() -> None:
    """Not even where the provider says that it signs so: `none`, and a secret that would be the public key."""
    _, body, _ = signed(claims("n1")).split(".")
    head = urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').rstrip(b"=").decode()
    assert refused(f"{head}.{body}.", offered=[*OFFERED, "none"]) is TokenFault.ALGORITHM
    shared = signed(claims("n1"), key("k1", "oct"), "HS256")
    assert refused(shared, key("k1", "oct"), key(), offered=[*OFFERED, "HS256"]) is TokenFault.ALGORITHM


def test_only_what_the_provider_says_it_signs_with_counts() -> None:
    assert refused(signed(claims("n1"), key(), "PS256"), offered=["RS256"]) is TokenFault.ALGORITHM


def test_another_key_of_the_same_name_is_another() -> None:
    forged = signed(claims("n1"), key("other"), "RS256", "k1")
    assert refused(forged) is TokenFault.SIGNATURE
    assert refused(signed(claims("n1"), key("other"), "RS256", "other")) is TokenFault.KEY


def test_a_token_that_names_no_key_must_leave_no_choice() -> None:
    token = signed(claims("n1"), kid=None)
    assert data_scope(token, key())
    assert data_scope(token, key(), key("e", "EC"))
    assert refused(token, key(), key("k2")) is TokenFault.KEY


@pytest.mark.parametrize(
    "unfit", [{"use": "enc"}, {"alg": "RS512"}, {"kty": "EC"}, {"n": "AQAB"}, {"kty": "oct", "k": "AQAB"}]
)
def test_a_key_for_something_else_or_too_short_is_none(unfit: dict[str, Any]) -> None:
    assert key_for(read(signed(claims("n1")), OFFERED), [public(key()) | unfit]) is None


def test_a_key_that_is_broken_breaks_nothing() -> None:
    found = read(signed(claims("n1")), OFFERED)
    broken = public(key()) | {"e": "!"}
    with pytest.raises(IdTokenError) as error:
        claims_of(found, broken, EXPECTED, AT)
    assert error.value.fault is TokenFault.MALFORMED


@pytest.mark.parametrize(
    "token",
    [None, 1, "", "a.b", "a.b.c.d.e", "é.b.c", "x" * (MAX_TOKEN + 1), "e30.e30.c2ln", "bnVsbA.e30.c2ln"],
)
def test_a_malformed_token_is_refused(token: object) -> None:
    assert refused(token) in (TokenFault.MALFORMED, TokenFault.ALGORITHM)


def test_a_token_of_two_readings_is_refused() -> None:
    """Of two values of one name, readers take either."""
    body = b'{"iss": "x", "iss": "y"}'
    token = jws.serialize_compact({"alg": "RS256", "kid": "k1"}, body, key())
    assert refused(token) is TokenFault.MALFORMED
    assert refused(signed(claims("n1"), kid=None, crit=["b64"], b64=False)) is TokenFault.MALFORMED


def test_a_cut_or_changed_token_is_refused() -> None:
    token = signed(claims("n1"))
    head, body, signature = token.split(".")
    assert refused(f"{head}.{body}.") in (TokenFault.SIGNATURE, TokenFault.MALFORMED)
    other = signed(claims("n1", sub="1002")).split(".")[1]
    assert refused(f"{head}.{other}.{signature}") is TokenFault.SIGNATURE


def tokens(**how: Any) -> LoginTokens:
    return LoginTokens(ExpectedToken(ISSUER, CLIENT), "login", named="email", **how)


def logged_in(said: dict[str, Any], *keys: Key, at: int = AT, on: LoginTokens | None = None) -> VerifiedLogin:
    listed = parse_provider_keys(json.dumps({"keys": [public(each) for each in keys or (key(),)]}))
    token = signed({**claims("any"), **said}).encode()
    return (on or tokens()).verify(token, listed, datetime.fromtimestamp(at, UTC))


def test_a_login_says_its_person_its_device_and_its_end() -> None:
    on = tokens(person=lambda login: login.removesuffix("@example.com"))
    assert logged_in({"deviceid": "4f0c"}, on=on) == VerifiedLogin(
        "ada", "4f0c", datetime.fromtimestamp(AT + 300, UTC)
    )
    assert logged_in({}).device == ""
    assert logged_in({"nonce": "whatever the proxy has checked"}).person == "ada@example.com"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"email": ""}, TokenFault.CLAIM),
        ({"email": 7}, TokenFault.CLAIM),
        ({"email": "a\nb"}, TokenFault.CLAIM),
        ({"email": "a" * 256}, TokenFault.CLAIM),
        ({"deviceid": ["4f0c"]}, TokenFault.CLAIM),
        ({"deviceid": None}, TokenFault.CLAIM),
        ({"deviceid": "4\x00f"}, TokenFault.CLAIM),
        ({"deviceid": "4" * 256}, TokenFault.CLAIM),
        ({"aud": "another"}, TokenFault.AUDIENCE),
        ({"iss": "https://other.example.com"}, TokenFault.ISSUER),
        ({"exp": AT - LEEWAY_SECONDS}, TokenFault.EXPIRED),
    ],
)
def test_a_login_that_does_not_fit_is_nobodys(said: dict[str, Any], why: TokenFault) -> None:
    with pytest.raises(IdTokenError) as error:
        logged_in(said)
    assert error.value.fault is why


def test_a_remembered_login_ends_with_its_time_and_with_its_key() -> None:
    on, listed = tokens(), parse_provider_keys(json.dumps({"keys": [public(key())]}))
    token, now = signed(claims("any")).encode(), datetime.fromtimestamp(AT, UTC)
    assert on.verify(token, listed, now) is on.verify(token, listed, now)
    with pytest.raises(IdTokenError, match="expired"):
        logged_in({}, on=on, at=AT + 300 + LEEWAY_SECONDS)
    with pytest.raises(IdTokenError, match="wrong-key"):
        logged_in({}, key("k2"), on=on)
    renamed = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
    with pytest.raises(IdTokenError, match="wrong-signature"):
        logged_in({}, renamed, on=on)


def test_a_token_is_not_verified_by_a_key_of_another_kind() -> None:
    with pytest.raises(IdTokenError, match="algorithm"):
        logged_in({}, key("k1", "EC"))


def test_of_a_providers_keys_those_for_signatures_count() -> None:
    fit, shared = public(key()), {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}
    beside = [
        shared,
        fit | {"kid": "other", "use": "enc"},
        fit | {"kid": 7},
        {"kty": "RSA"},
        "no key",
        {"kid": "x"},
    ]
    assert set(parse_provider_keys(json.dumps({"keys": [*beside, fit]})).keys) == {"k1"}
    for nothing in ("[]", "{}", '{"keys": 7}', json.dumps({"keys": beside}), "\ud800"):
        with pytest.raises(KeySetError):
            parse_provider_keys(nothing)
