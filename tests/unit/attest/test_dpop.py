from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import build_vectors as raw

from mailgate.attest import Refused, mint
from mailgate.attest.dpop import ExpectedProof, Proof, ProvedKeys, check_proof, normalised, same_target
from mailgate.model import Reason

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKEN = raw.token()


URL = "https://mail.example.com/mail/"
JKT = raw.thumbprint(raw.DEVICE)


def expected(**changes: object) -> ExpectedProof:
    """What a proof of the vectors' device with the vectors' token has to be."""
    token_hash = sha256(TOKEN.encode()).digest()
    return replace(ExpectedProof(JKT, token_hash, "GET", URL, NOW), **changes)


def refused(proof: str, **changes: object) -> tuple[Reason, str]:
    """Why a proof is refused, and in which words."""
    with pytest.raises(Refused) as caught:
        check_proof(proof, expected(**changes), {})
    return caught.value.reason, caught.value.detail


def test_a_good_proof_tells_its_key_its_id_and_its_nonce() -> None:
    assert check_proof(raw.proof(TOKEN), expected(), {}) == Proof(JKT, "proof-1", "")
    proof = raw.proof(TOKEN, jti="x" * 255, nonce="n")
    assert check_proof(proof, expected(), {}) == Proof(JKT, "x" * 255, "n")


def test_without_a_token_any_key_may_be_proved() -> None:
    proof = raw.proof("", key=raw.DEVICE_ED25519, ath="of whatever")
    jkt = raw.thumbprint(raw.DEVICE_ED25519)
    assert check_proof(proof, expected(jkt="", token_hash=b""), {}) == Proof(jkt, "proof-1", "")


def test_a_key_is_read_once() -> None:
    """It costs half of a verification."""
    known: ProvedKeys = {}
    check_proof(raw.proof(TOKEN), expected(), known)
    [(spelled, (jkt, key))] = known.items()
    assert (set(spelled), jkt, key.thumbprint()) == (set(raw.jwk(raw.DEVICE).values()), JKT, JKT)
    check_proof(raw.proof(TOKEN), expected(), known)
    assert known[spelled][1] is key
    with pytest.raises(Refused):
        check_proof(raw.proof(TOKEN, key=raw.THIEF), expected(), known)
    assert list(known) == [spelled]


@pytest.mark.parametrize(("length", "fits"), [(4096, True), (4097, False)])
def test_an_address_has_four_thousand_characters_at_most(length: int, fits: bool) -> None:
    url = URL.ljust(length, "x")
    proof = raw.proof(TOKEN, htu=url)
    if fits:
        assert check_proof(proof, expected(url=url), {}).jkt == JKT
        return
    detail = "htu must be a text of 1 to 4096 printable characters"
    assert refused(proof, url=url) == (Reason.PROOF_MALFORMED, detail)


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (0, None),
        (60, None),
        (-60, None),
        (61, Reason.PROOF_FROM_FUTURE),
        (-61, Reason.PROOF_STALE),
        (-(10**9), Reason.PROOF_STALE),
    ],
)
def test_the_window_is_a_minute_both_ways(gate, seconds: int, reason: Reason | None) -> None:
    token = gate.token()
    assert gate.verify(token, gate.proof(token, NOW + timedelta(seconds=seconds))).refused is reason


@pytest.mark.parametrize("minutes", [10, -10])
def test_the_clock_offset_is_told_only_of_a_good_signature(gate, minutes: int) -> None:
    token, made = gate.token(), NOW + timedelta(minutes=minutes)
    told = gate.verify(token, gate.proof(token, made))
    assert told.clock_off == timedelta(minutes=minutes)
    assert told.detail == f"iat is more than 0:01:00 {'ahead' if minutes > 0 else 'ago'}"
    forged = gate.proof(token, made)[:-8] + "AAAAAAAA"
    assert gate.verify(token, forged).clock_off is None
    assert gate.verify(token).clock_off is None


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://MAIL.example.com:443/mail/?other=1", None),
        ("https://mail.example.com/other/", Reason.PROOF_URL_WRONG),
    ],
)
def test_a_proof_counts_for_its_url_whatever_the_query(gate, url: str, refused: Reason | None) -> None:
    assert gate.verify(gate.token(), url=url).refused is refused


@pytest.mark.parametrize("method", ["get", "POST", "GET ", "DELETE", "GE"])
def test_a_method_is_compared_letter_by_letter(method: str) -> None:
    wrong = (Reason.PROOF_METHOD_WRONG, "htm is not the method of this request")
    assert refused(raw.proof(TOKEN), method=method) == wrong


TEXT = "must be a text of 1 to 255 printable characters"
INSTANT = "must be a whole number from 0 to 253402300799"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"jti": None}, "jti is missing"),
        ({"jti": 1}, f"jti {TEXT}"),
        ({"jti": ""}, f"jti {TEXT}"),
        ({"jti": "x" * 256}, f"jti {TEXT}"),
        ({"htm": None}, "htm is missing"),
        ({"htm": ["GET"]}, f"htm {TEXT}"),
        ({"htu": None}, "htu is missing"),
        ({"htu": 1}, "htu must be a text of 1 to 4096 printable characters"),
        ({"iat": None}, "iat is missing"),
        ({"iat": float(raw.NOW)}, f"iat {INSTANT}"),
        ({"iat": True}, f"iat {INSTANT}"),
        ({"iat": -1}, f"iat {INSTANT}"),
        ({"iat": 10**20}, f"iat {INSTANT}"),
        ({"ath": 1}, f"ath {TEXT}"),
        ({"nonce": 1}, f"nonce {TEXT}"),
        ({"nonce": ""}, f"nonce {TEXT}"),
    ],
)
def test_missing_or_wrong_claims_are_refused(changes: dict[str, object], detail: str) -> None:
    assert refused(raw.proof(TOKEN, **changes)) == (Reason.PROOF_MALFORMED, detail)


@pytest.mark.parametrize("ath", [None, "-" * 43, "z" * 43, "x"])
def test_a_proof_is_for_one_token(ath: str | None) -> None:
    wrong = (Reason.PROOF_TOKEN_HASH_WRONG, "ath is not the SHA-256 of the token")
    assert refused(raw.proof(TOKEN, ath=ath)) == wrong


COORDINATE = "use 43 characters of base64url (32 bytes)"
NO_KIND = 'jwk.kty: use "EC" (with P-256) or "OKP" (with Ed25519)'
ALGORITHMS = "alg must be one of ES256, Ed25519"
PRIVATE = "jwk.d: is a private member; use the public key alone"
OTHER_KEY = "jwk is not the key that the token is bound to"
JWK = raw.jwk(raw.DEVICE)
NO_POINT = {"x": raw.b64(bytes(32)), "y": raw.b64(bytes(32))}


@pytest.mark.parametrize(
    ("header", "reason", "detail"),
    [
        ({"jwk": None}, Reason.PROOF_MALFORMED, NO_KIND),
        ({"jwk": []}, Reason.PROOF_MALFORMED, NO_KIND),
        ({"jwk": {}}, Reason.PROOF_MALFORMED, NO_KIND),
        ({"jwk": {"kty": "oct", "k": "AAAA"}}, Reason.PROOF_MALFORMED, NO_KIND),
        ({"jwk": JWK | {"d": "A" * 43}}, Reason.PROOF_MALFORMED, PRIVATE),
        ({"jwk": JWK | {"y": None}}, Reason.PROOF_MALFORMED, f"jwk.y: {COORDINATE}"),
        ({"jwk": JWK | {"crv": "P-384"}}, Reason.PROOF_MALFORMED, 'jwk.crv: use "P-256"'),
        ({"jwk": JWK | {"y": "A" * 43}}, Reason.PROOF_KEY_MISMATCH, OTHER_KEY),
        ({"jwk": raw.jwk(raw.DEVICE_ED25519)}, Reason.PROOF_ALG_REFUSED, "jwk is a key for Ed25519"),
        ({"alg": "Ed25519"}, Reason.PROOF_ALG_REFUSED, "jwk is a key for ES256"),
        ({"alg": "HS256"}, Reason.PROOF_ALG_REFUSED, ALGORITHMS),
        ({"alg": "EdDSA"}, Reason.PROOF_ALG_REFUSED, ALGORITHMS),
        ({"alg": None}, Reason.PROOF_ALG_REFUSED, ALGORITHMS),
        ({"alg": ["ES256"]}, Reason.PROOF_ALG_REFUSED, ALGORITHMS),
        ({"typ": "DPOP"}, Reason.PROOF_TYP_WRONG, "typ must be dpop+jwt"),
        ({"typ": "jwt"}, Reason.PROOF_TYP_WRONG, "typ must be dpop+jwt"),
        ({"typ": None}, Reason.PROOF_TYP_WRONG, "typ must be dpop+jwt"),
        *(
            ({name: "https://example.com"}, Reason.PROOF_MALFORMED, f"the header must not have {name}")
            for name in ("crit", "b64", "jku", "x5u", "x5c")
        ),
    ],
)
def test_a_malformed_header_is_refused(header: dict[str, object], reason: Reason, detail: str) -> None:
    assert refused(raw.proof(TOKEN, raw.proof_header(**header))) == (reason, detail)


def test_a_key_that_is_no_point_is_refused_where_no_token_names_it() -> None:
    proof = raw.proof(TOKEN, raw.proof_header(jwk=JWK | NO_POINT))
    no_point = (Reason.PROOF_MALFORMED, "jwk.x: use a point on P-256")
    assert refused(proof, jkt="", token_hash=b"") == no_point


def test_a_signature_is_by_the_key_that_is_shown() -> None:
    proof = raw.proof(TOKEN, raw.proof_header(), key=raw.THIEF)
    wrong = (Reason.PROOF_SIGNATURE_WRONG, "the signature was not made by the key in jwk")
    assert refused(proof) == wrong


def test_a_jwk_may_carry_what_a_browser_adds(gate) -> None:
    token = gate.token({"cnf": {"jkt": raw.thumbprint(raw.DEVICE)}})
    jwk = raw.jwk(raw.DEVICE) | {"ext": True, "key_ops": ["verify"], "kid": "any", "alg": "ES256"}
    assert gate.verify(token, raw.proof(token, raw.proof_header(jwk=jwk))).refused is None


def test_a_key_known_from_before_does_not_excuse_a_signature(gate) -> None:
    token = gate.token()
    assert gate.verify(token).refused is None
    forged = gate.proof(token).rpartition(".")[0] + "." + gate.proof(token).rpartition(".")[2]
    assert gate.verify(token, forged).refused is Reason.PROOF_SIGNATURE_WRONG


def test_a_thief_is_told_apart_after_the_owner_was_here(gate) -> None:
    token = gate.token()
    assert gate.verify(token).refused is None
    assert gate.verify(token, raw.proof(token, key=raw.THIEF)).refused is Reason.PROOF_KEY_MISMATCH


def test_the_same_jti_of_another_key_is_another_proof(gate) -> None:
    other = mint.make_key(b"other" * 8, "other")
    for key in (raw.DEVICE, None):
        jkt = raw.thumbprint(raw.DEVICE) if key else other.thumbprint()
        token = gate.token({"cnf": {"jkt": jkt}})
        proof = (
            raw.proof(token)
            if key
            else mint.sign_proof(token, other, method="GET", url=raw.URL, jti="proof-1", now=NOW)
        )
        assert gate.verify(token, proof).refused is None


BASE = "https://mail.example.com/mail/"


@pytest.mark.parametrize(
    "same",
    [
        BASE,
        BASE + "?_task=mail",
        BASE + "#top",
        BASE + "?a=http://b/?c#d",
        "HTTPS://MAIL.Example.COM/mail/",
        "https://mail.example.com:443/mail/",
        "https://mail.example.com:/mail/",
        "https://mail.example.com:00443/mail/",
        "https://mail.example.com/./mail/x/..",
        "https://mail.example.com/x/../mail/.",
        "https://mail.example.com/../mail/",
        "https://mail.example.com/%6dail/",
        "https://mail.example.com/a/%2e%2E/mail/",
    ],
)
def test_equivalent_targets_are_the_same(same: str) -> None:
    assert same_target(BASE, same)


@pytest.mark.parametrize(
    "other",
    [
        "http://mail.example.com/mail/",
        "https://mail.example.com/mail",
        "https://mail.example.com/Mail/",
        "https://mail.example.com:8443/mail/",
        "https://mail.example.com:80/mail/",
        "https://mail.example.com:000443/mail/",
        "https://mail.example.com/mail/..",
        "https://mail.example.com/mail/\n",
        "https://mail.exämple.com/mail/",
        "https://mail.example.com//mail/",
        "https://mail.example.com/%2Fmail/",
        "https://mail.example.com/mail%2F",
        "https://mail.example.com.example.net/mail/",
        "https://mail.example.com@example.net/mail/",
        "https://user@mail.example.com/mail/",
        "//mail.example.com/mail/",
        "/mail/",
        "",
        " " + BASE,
        BASE + "\n",
        BASE + "%zz",
        "https://mail.example.com/mail/é",
        "wss://mail.example.com/mail/",
    ],
)
def test_different_targets_are_not_the_same(other: str) -> None:
    assert not same_target(BASE, other)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://h", "http://h:80/"),
        ("https://h?a", "https://h:443/"),
        ("http://h:443/", "http://h:443/"),
        ("HTTP://[::A]:8080#b", "http://[::a]:8080/"),
        ("http://h:/a//b", "http://h:80/a//b"),
        ("http://h/%c3%a9%2f%3F%23", "http://h:80/%C3%A9%2F%3F%23"),
        ("http://h/%41%5a%61%7A%30%39%2d%2E%5F%7e%7f", "http://h:80/AZaz09-._~%7F"),
        ("http://h/.", "http://h:80/"),
        ("http://h/..", "http://h:80/"),
        ("http://h/a/b/c/../..", "http://h:80/a/"),
        ("http://h/a/b/c/../../d", "http://h:80/a/d"),
        ("http://h/a/./b/.", "http://h:80/a/b/"),
        ("http://h/.a/-/..b/...", "http://h:80/.a/-/..b/..."),
        ("http://h/a?b\n#c", "http://h:80/a"),
        ("http://h:123456/", None),
        ("http://h/a b", None),
        ("http://h/%4", None),
        ("http://", None),
        ("ftp://h/", None),
    ],
)
def test_a_url_has_one_normal_form(url: str, normal: str | None) -> None:
    assert normalised(url) == normal


def test_targets_that_are_no_urls_are_never_the_same() -> None:
    assert not same_target("", "")
    assert not same_target("mail", "mail")


@given(st.from_regex(r"https?://[a-z.]{1,9}(:\d{0,5})?(/[a-zA-Z./%]{0,12})?", fullmatch=True))
def test_the_normal_form_is_normal(url: str) -> None:
    once = normalised(url)
    assert once is None or normalised(once) == once


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    normalised(text)
    normalised("http://h/" + text)
