import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.vectors import build_vectors

from mailgate.attest import KeySet, MemoryReplayGuard, NonceOrigin, Nonces, Verifier, mint, parse_jwks
from mailgate.model import AttestationResult, Reason
from mailgate.store import Key

VECTORS = Path(build_vectors.__file__).parent
ANCHORS = json.loads((VECTORS / "anchors.json").read_text())
NAMES = sorted(path.stem for path in (VECTORS / "attest").glob("*.json"))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def read(name: str) -> dict[str, object]:
    return json.loads((VECTORS / "attest" / f"{name}.json").read_text())


def verifier(replay_capacity: int = 100, **more: object) -> Verifier:
    listed = ANCHORS["listed_apps"]
    known = {issuer: parse_jwks(json.dumps(jwks)) for issuer, jwks in ANCHORS["issuers"].items()}
    away = {issuer: KeySet({}, unavailable=True) for issuer in ANCHORS["unavailable"]}
    secret, node = (bytes.fromhex(ANCHORS["nonces"][name]) for name in ("secret", "node"))
    return Verifier(
        issuers=known | away,
        own=ANCHORS["own"],
        nonces=Nonces([Key(1, secret, NOW - timedelta(days=1))], node),
        audience=ANCHORS["audience"],
        match_app=lambda system, identifier: listed.get(identifier),
        replay=MemoryReplayGuard(replay_capacity),
        **more,
    )


def send(to: Verifier, vector: dict) -> AttestationResult | None:
    return to.verify(
        [value.encode("latin-1") for value in vector["device_attestation"]],
        [value.encode("latin-1") for value in vector["dpop"]],
        method=vector["method"],
        url=vector["url"],
        now=datetime.fromisoformat(vector["now"]),
        client_cert_thumbprint=vector.get("client_cert_thumbprint"),
    ).result


def test_the_vectors_are_what_their_script_builds() -> None:
    committed = {f"attest/{name}.json" for name in NAMES} | {"anchors.json"}
    built = build_vectors.build()
    assert committed == set(built)
    for path, content in built.items():
        assert (VECTORS / path).read_text() == content, f"{path}: run tests/vectors/build_vectors.py"


ASKED_OF_OTHERS = {Reason.PROOF_STORE_UNAVAILABLE}
"""What the verifier alone cannot find."""


def test_every_reason_of_ours_has_a_vector_named_for_it() -> None:
    ours = {reason for reason in Reason if reason.startswith(("token-", "proof-"))} - ASKED_OF_OTHERS
    ours |= {Reason.KEY_REVOKED}
    reasons = {name: read(name)["reason"] for name in NAMES}
    assert set(reasons.values()) == ours | {None}
    assert all(name.partition(".")[0] == (reason or name) for name, reason in reasons.items())


def test_the_protocol_document_tells_every_reason() -> None:
    document = (VECTORS.parent.parent / "docs" / "attestation.md").read_text()
    told = set(re.findall(r"`((?:token|proof)-[a-z0-9-]+)`", document))
    assert told == {reason for reason in Reason if reason.startswith(("token-", "proof-"))}


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_gets_its_reason(name: str) -> None:
    vector = read(name)
    gate = verifier(
        vector.get("replay_capacity", 100),
        nonce_required=vector.get("nonce_required", False),
        revoked=frozenset(vector.get("revoked", ())),
    )
    if vector.get("sent_before"):
        first = send(gate, vector)
        assert first is not None
        assert first.refused is None
    result = send(gate, vector)
    if not vector["device_attestation"]:
        assert result is None
        return
    assert result is not None
    assert result.refused == vector["reason"], result.detail
    assert bool(result.device_id) is (result.refused is None)
    assert bool(result.detail) is (result.refused is not None)


@pytest.mark.parametrize(
    ("thumbprint", "reason"), [("B" * 43, Reason.PROOF_KEY_MISMATCH), (None, Reason.PROOF_MISSING)]
)
def test_a_certificate_must_be_the_tokens(thumbprint: str | None, reason: Reason) -> None:
    vector = read("good-certificate") | {"client_cert_thumbprint": thumbprint}
    assert send(verifier(), vector).refused is reason


def test_a_certificate_does_not_stand_in_for_a_proof() -> None:
    vector = read("proof-missing") | {"client_cert_thumbprint": build_vectors.CERTIFICATE}
    assert send(verifier(), vector).refused is Reason.PROOF_MISSING


def test_a_proof_alone_offers_nothing() -> None:
    assert send(verifier(), read("good-es256") | {"device_attestation": []}) is None


def test_a_token_may_be_used_again_with_a_fresh_proof_until_its_time_is_over(gate) -> None:
    token = gate.token()
    for minutes, reason in [
        (0, None),
        (30, None),
        (60.9, None),
        (61, Reason.TOKEN_EXPIRED),
        (30, None),
        (-2, Reason.TOKEN_NOT_YET_VALID),
    ]:
        assert gate.verify(token, now=NOW + timedelta(minutes=minutes)).refused is reason
    assert len(gate.asked) == 2 * 2  # two apps, read at first and again after the refusal


def test_a_refused_proof_is_not_remembered(gate) -> None:
    token = gate.token()
    proof = gate.proof(token)
    assert gate.verify(token, proof, url="https://mail.example.com/x").refused is Reason.PROOF_URL_WRONG
    assert len(gate.replay) == 0
    assert gate.verify(token, proof).refused is None


def test_a_proof_is_refused_a_second_time_as_long_as_it_could_be_good(gate) -> None:
    token = gate.token()
    proof = gate.proof(token, NOW + timedelta(seconds=60))
    assert gate.verify(token, proof).refused is None
    assert gate.verify(token, proof, now=NOW + timedelta(seconds=120)).refused is Reason.PROOF_REPLAYED
    assert gate.verify(token, proof, now=NOW + timedelta(seconds=121)).refused is Reason.PROOF_STALE


def test_spaces_around_a_value_are_not_part_of_it(gate) -> None:
    token = gate.token()
    proof = b"\t" + gate.proof(token).encode() + b" "
    headers = [b" " + token.encode() + b" "], [proof]
    assert gate.verifier.verify(*headers, method="GET", url=build_vectors.URL, now=NOW).result.refused is None


def test_the_last_character_has_no_spare_bits(gate) -> None:
    token = gate.token()
    same_bytes = token[:-1] + chr(ord(token[-1]) + 1)  # 64 bytes leave 4 bits of the last character unused
    assert gate.verify(same_bytes).refused is Reason.TOKEN_MALFORMED


def test_a_token_stands_only_as_long_as_its_issuer_has_the_key(gate) -> None:
    issuer, other = "https://mdm.example.com", mint.make_key(b"other!!!" * 8, "issuer-1")
    keys = {issuer: parse_jwks(mint.jwks(gate.issuer_key))}
    gate.rebuild(keys)
    token = gate.token()
    assert gate.verify(token).refused is None
    keys[issuer] = keys[issuer].renewed(parse_jwks(mint.jwks(gate.issuer_key)))
    assert gate.verify(token).refused is None
    keys[issuer] = keys[issuer].renewed(parse_jwks(mint.jwks(other)))
    assert gate.verify(token).refused is Reason.TOKEN_SIGNATURE_WRONG
    keys[issuer] = KeySet({})
    assert gate.verify(token).refused is Reason.TOKEN_KID_UNKNOWN


@pytest.mark.parametrize(
    ("name", "issuer"),
    [
        ("token-kid-unknown", "https://mdm.example.com"),
        ("token-keys-unavailable", "https://away-mdm.example.com"),
        ("token-issuer-unknown", ""),
    ],
)
def test_the_issuer_whose_key_is_missing_is_told(name: str, issuer: str) -> None:
    tokens = [value.encode("latin-1") for value in read(name)["device_attestation"]]
    verdict = verifier().verify(tokens, [], method="GET", url=build_vectors.URL, now=NOW)
    assert verdict.missing_key_of == issuer


@pytest.mark.parametrize(
    ("nonce", "sort", "alone"),
    [
        (None, NonceOrigin.NONE, False),
        ("x" * 38, NonceOrigin.NONE, False),
        (build_vectors.nonce(), NonceOrigin.SHARED, False),
        (build_vectors.nonce(build_vectors.NODE), NonceOrigin.OWN, True),
    ],
)
def test_only_a_proof_with_this_processs_nonce_is_for_this_process_alone(nonce, sort, alone) -> None:
    token = build_vectors.token()
    proof = build_vectors.proof(token, nonce=nonce)
    verdict = verifier().verify(
        [token.encode()], [proof.encode()], method="GET", url=build_vectors.URL, now=NOW
    )
    assert verdict.result.refused is None
    assert (verdict.nonce.origin, verdict.spent.is_exclusive) == (sort, alone)


def test_a_key_is_proved_without_a_token() -> None:
    proof = build_vectors.signed(
        build_vectors.proof_header(),
        {
            "jti": "p",
            "htm": "POST",
            "htu": "https://mail.example.com/.mailgate/enroll",
            "iat": build_vectors.NOW,
        },
        build_vectors.DEVICE,
    ).encode()
    gate, asked = (
        verifier(),
        {"method": "POST", "url": "https://mail.example.com/.mailgate/enroll", "now": NOW},
    )
    first, again = gate.verify_key([proof], **asked), gate.verify_key([proof], **asked)
    assert first.result.refused is None
    assert first.result.key_thumbprint == build_vectors.thumbprint(build_vectors.DEVICE)
    assert again.result.refused is Reason.PROOF_REPLAYED
    assert gate.verify_key([], **asked).result.refused is Reason.PROOF_MISSING
    revoked = verifier(revoked={build_vectors.thumbprint(build_vectors.DEVICE)})
    assert revoked.verify_key([proof], **asked).result.refused is Reason.KEY_REVOKED


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_refused_without_an_error(token: bytes, proof: bytes) -> None:
    result = verifier().verify([token], [proof], method="GET", url=build_vectors.URL, now=NOW).result
    assert result is not None
    assert result.refused is not None
    good = read("good-es256")["device_attestation"][0].encode()
    result = verifier().verify([good], [proof], method="GET", url=build_vectors.URL, now=NOW).result
    assert result is not None
    assert result.refused is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(build_vectors.token_claims())), JSON)
def test_any_claim_may_be_anything_without_an_error(claim: str, value: object) -> None:
    token = build_vectors.token(**{claim: value})
    proof = build_vectors.proof(token, jti=value)
    for sent in (proof, build_vectors.proof(token)):
        result = (
            verifier()
            .verify([token.encode()], [sent.encode()], method="GET", url=build_vectors.URL, now=NOW)
            .result
        )
        assert result is not None
        assert bool(result.device_id) is (result.refused is None)


@given(st.sampled_from(["typ", "alg", "kid", "jwk", "crit", "x"]), JSON)
def test_any_header_may_be_anything_without_an_error(name: str, value: object) -> None:
    token = build_vectors.token(build_vectors.token_header(**{name: value}))
    whole = build_vectors.token()
    proof = build_vectors.proof(whole, build_vectors.proof_header(**{name: value}))
    for headers in ([token, build_vectors.proof(token)], [whole, proof]):
        result = (
            verifier()
            .verify(
                [headers[0].encode()], [headers[1].encode()], method="GET", url=build_vectors.URL, now=NOW
            )
            .result
        )
        assert result is not None
        assert bool(result.device_id) is (result.refused is None)


@given(st.sampled_from(["device_attestation", "dpop"]), st.integers(0, 400), st.characters(codec="latin-1"))
def test_a_change_anywhere_is_refused(header: str, at: int, character: str) -> None:
    vector = read("good-es256")
    value = vector[header][0]
    changed = value[:at] + character + value[at + 1 :]
    result = send(verifier(), vector | {header: [changed]})
    assert (result.refused is None) is (changed == value)


def test_a_token_is_verified_again_without_its_proof() -> None:
    """While a request runs: its proof was for its start."""
    revoked: set[str] = set()
    vector, to = read("good-es256"), verifier(revoked=revoked)
    token = [value.encode("latin-1") for value in vector["device_attestation"]]
    now = datetime.fromisoformat(vector["now"])
    good = send(to, vector)
    assert good is not None
    assert good.refused is None
    assert to.recheck(token, now).result == verifier(revoked=revoked).recheck(token, now).result == good
    late = to.recheck(token, now + timedelta(days=2)).result
    assert late is not None
    assert late.refused is Reason.TOKEN_EXPIRED
    revoked.add(good.key_thumbprint)
    lost = to.recheck(token, now).result
    assert lost is not None
    assert lost.refused is Reason.KEY_REVOKED
