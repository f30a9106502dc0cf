from datetime import UTC, datetime, timedelta

import pytest
from tests.vectors import build_vectors as raw

from mailgate.attest import mint
from mailgate.model import Reason

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKEN = raw.token()


@pytest.fixture
def refused_with(gate):
    """Sends a hand-made proof of the vectors' device with the vectors' token."""

    def send(proof: str) -> Reason | None:
        claims = {"cnf": {"jkt": raw.thumbprint(raw.DEVICE)}}
        return gate.verify(gate.token(claims), proof).refused

    return send


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
def test_by_how_much_a_clock_is_off_is_known_of_the_own_key_alone(gate, minutes: int) -> None:
    token, made = gate.token(), NOW + timedelta(minutes=minutes)
    assert gate.verify(token, gate.proof(token, made)).clock_off == timedelta(minutes=minutes)
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


@pytest.mark.parametrize("method", ["get", "POST", "GET "])
def test_a_method_is_compared_letter_by_letter(gate, method: str) -> None:
    token = gate.token()
    headers = [token.encode()], [gate.proof(token).encode()]
    result = gate.verifier.verify(*headers, method=method, url=raw.URL, now=NOW).result
    assert result.refused is Reason.PROOF_METHOD_WRONG


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": None},
        {"jti": 1},
        {"jti": ""},
        {"jti": "x" * 256},
        {"htm": None},
        {"htm": ["GET"]},
        {"htu": None},
        {"htu": 1},
        {"iat": None},
        {"iat": float(raw.NOW)},
        {"iat": True},
        {"iat": -1},
        {"iat": 10**20},
        {"ath": 1},
    ],
)
def test_claims_that_are_missing_or_wrong(refused_with, changes: dict[str, object]) -> None:
    assert refused_with(raw.proof(TOKEN, **changes)) is Reason.PROOF_MALFORMED


def test_a_proof_without_ath_is_for_no_token(refused_with) -> None:
    assert refused_with(raw.proof(TOKEN, ath=None)) is Reason.PROOF_TOKEN_HASH_WRONG


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"jwk": None}, Reason.PROOF_MALFORMED),
        ({"jwk": []}, Reason.PROOF_MALFORMED),
        ({"jwk": {}}, Reason.PROOF_MALFORMED),
        ({"jwk": {"kty": "oct", "k": "AAAA"}}, Reason.PROOF_MALFORMED),
        ({"jwk": raw.jwk(raw.DEVICE) | {"d": "A" * 43}}, Reason.PROOF_MALFORMED),
        ({"jwk": raw.jwk(raw.DEVICE) | {"y": None}}, Reason.PROOF_MALFORMED),
        ({"jwk": raw.jwk(raw.DEVICE) | {"crv": "P-384"}}, Reason.PROOF_MALFORMED),
        ({"jwk": raw.jwk(raw.DEVICE) | {"y": "A" * 43}}, Reason.PROOF_KEY_MISMATCH),
        ({"jwk": raw.jwk(raw.DEVICE_ED25519)}, Reason.PROOF_ALG_REFUSED),
        ({"alg": "HS256"}, Reason.PROOF_ALG_REFUSED),
        ({"alg": "EdDSA"}, Reason.PROOF_ALG_REFUSED),
        ({"alg": None}, Reason.PROOF_ALG_REFUSED),
        ({"alg": ["ES256"]}, Reason.PROOF_ALG_REFUSED),
        ({"typ": "DPOP"}, Reason.PROOF_TYP_WRONG),
        ({"typ": None}, Reason.PROOF_TYP_WRONG),
        ({"crit": ["exp"]}, Reason.PROOF_MALFORMED),
        ({"jku": "https://example.com"}, Reason.PROOF_MALFORMED),
    ],
)
def test_headers_that_are_refused(refused_with, header: dict[str, object], reason: Reason) -> None:
    assert refused_with(raw.proof(TOKEN, raw.proof_header(**header))) is reason


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
