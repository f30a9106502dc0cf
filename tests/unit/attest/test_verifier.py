import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.attest.conftest import DEVICE_KEY, URL
from tests.vectors import build_vectors

from mailgate.attest import Refused, mint
from mailgate.attest.keys import KeySet, parse_jwks
from mailgate.attest.sealing import Nonce, NonceOrigin, Nonces
from mailgate.attest.verifier import ReplayGuard, SpentProof, Verdict, Verifier
from mailgate.model import AttestationResult, Reason
from mailgate.store import SharedKey

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
        nonces=Nonces([SharedKey(1, secret, NOW - timedelta(days=1))], node),
        audience=ANCHORS["audience"],
        match_app=lambda system, identifier: listed.get(identifier),
        replay=ReplayGuard(replay_capacity),
        **more,
    )


def send(to: Verifier, vector: dict) -> AttestationResult | None:
    return verdict_of(to, vector).result


def verdict_of(to: Verifier, vector: dict) -> Verdict:
    return to.verify(
        [value.encode("latin-1") for value in vector["device_attestation"]],
        [value.encode("latin-1") for value in vector["dpop"]],
        method=vector["method"],
        url=vector["url"],
        now=datetime.fromisoformat(vector["now"]),
        client_cert_thumbprint=vector.get("client_cert_thumbprint"),
    )


def test_the_vectors_are_what_their_script_builds() -> None:
    committed = {f"attest/{name}.json" for name in NAMES} | {"anchors.json"}
    built = build_vectors.build()
    assert committed == set(built)
    for path, content in built.items():
        assert (VECTORS / path).read_text() == content, f"{path}: run tests/vectors/build_vectors.py"


DETAILS = {
    "key-revoked": "the key of this device was revoked",
    "proof-memory-full": "too many proofs at once to detect a replay",
    "proof-missing": "the key must be proved: expected a DPoP header",
    "proof-nonce-missing": "expected the nonce of a DPoP-Nonce header from the last minutes",
    "proof-nonce-wrong": "expected the nonce of a DPoP-Nonce header from the last minutes",
    "proof-nonce-wrong.foreign": "the nonce is valid only at another gate",
    "proof-oversize": "expected at most 4096 bytes",
    "proof-replayed": "a proof with this jti was used before",
    "proof-two-headers": "expected the header once",
    "proof-url-wrong": "htu is not the address of this request",
    "token-audience-wrong": "aud must be https://mail.example.com",
    "token-expired": "exp has passed",
    "token-issuer-unknown": "iss is none of the configured issuers",
    "token-keys-unavailable": "the keys of https://away-mdm.example.com are not available now",
    "token-not-utf8": "expected UTF-8",
    "token-not-yet-valid": "nbf or iat is in the future",
    "token-oversize": "expected at most 8192 bytes",
    "token-signature-wrong": "the signature was not made by the key that kid names",
    "token-too-long-lived": "from iat to exp is more than 1 day, 0:00:00",
    "token-too-long-lived.own": "from iat to exp is more than 0:10:00",
    "token-two-headers": "expected the header once",
    "token-unbound": "cnf must have jkt or x5t#S256",
}
"""What is said beside the reasons of which no other test of this room tells it; by vector, else by reason."""

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
    assert result.detail == (DETAILS.get(name) or DETAILS.get(vector["reason"], result.detail))


STAMP = build_vectors.NOW
STEPS: list[tuple[Reason, str, dict[str, object]]] = [
    (Reason.TOKEN_MALFORMED, "token header", {"crit": ["b64"]}),
    (Reason.TOKEN_TYP_WRONG, "token header", {"typ": "JWT"}),
    (Reason.TOKEN_ALG_REFUSED, "token header", {"alg": "HS256"}),
    (Reason.TOKEN_KID_MISSING, "token header", {"kid": None}),
    (Reason.TOKEN_ISSUER_UNKNOWN, "token", {"iss": "https://mdm.example.net"}),
    (Reason.TOKEN_KID_UNKNOWN, "token header", {"kid": "other"}),
    (Reason.TOKEN_SIGNATURE_WRONG, "keys", {"token": build_vectors.THIEF}),
    (Reason.TOKEN_AUDIENCE_WRONG, "token", {"aud": "https://mail.example.net"}),
    (Reason.TOKEN_NOT_YET_VALID, "token", {"nbf": STAMP + 61}),
    (Reason.TOKEN_EXPIRED, "token", {"exp": STAMP - 61}),
    (Reason.KEY_REVOKED, "gate", {"revoked": {build_vectors.thumbprint(build_vectors.DEVICE)}}),
    (Reason.PROOF_MALFORMED, "proof header", {"crit": ["b64"]}),
    (Reason.PROOF_TYP_WRONG, "proof header", {"typ": "JWT"}),
    (Reason.PROOF_ALG_REFUSED, "proof header", {"alg": "HS256"}),
    (Reason.PROOF_KEY_MISMATCH, "proof header", {"jwk": build_vectors.jwk(build_vectors.THIEF)}),
    (Reason.PROOF_SIGNATURE_WRONG, "keys", {"proof": build_vectors.ISSUER}),
    (Reason.PROOF_METHOD_WRONG, "proof", {"htm": "POST"}),
    (Reason.PROOF_URL_WRONG, "proof", {"htu": "https://mail.example.com/other"}),
    (Reason.PROOF_STALE, "proof", {"iat": STAMP - 61}),
    (Reason.PROOF_TOKEN_HASH_WRONG, "proof", {"ath": "x"}),
    (Reason.PROOF_NONCE_WRONG, "proof", {"nonce": build_vectors.nonce(build_vectors.OTHER_NODE)}),
    (Reason.PROOF_MEMORY_FULL, "gate", {"replay_capacity": 0}),
]
"""What may be wrong with a request, in the order of the steps, and with which part of it."""


@pytest.mark.parametrize("at", range(len(STEPS)), ids=[reason for reason, _, _ in STEPS])
def test_the_first_step_that_fails_decides_whatever_else_is_wrong(at: int) -> None:
    wrong: dict[str, dict[str, object]] = defaultdict(dict)
    for _, part, changes in reversed(STEPS[at:]):
        wrong[part] |= changes
    keys = {"token": build_vectors.ISSUER, "proof": build_vectors.DEVICE} | wrong["keys"]
    token = build_vectors.token(
        build_vectors.token_header(**wrong["token header"]), keys["token"], **wrong["token"]
    )
    header = build_vectors.proof_header(**wrong["proof header"])
    proof = build_vectors.proof(token, header, keys["proof"], **wrong["proof"])
    result = send(verifier(**wrong["gate"]), build_vectors.vector("", None, [token], [proof]))
    assert result.refused is STEPS[at][0]


OTHER = (Reason.PROOF_KEY_MISMATCH, "the TLS client certificate is not the token's")


@pytest.mark.parametrize(
    ("thumbprint", "refused"),
    [
        ("-" * 43, OTHER),
        ("z" * 43, OTHER),
        ("", OTHER),
        (None, (Reason.PROOF_MISSING, "the token is bound to a TLS client certificate, and none came")),
    ],
)
def test_a_certificate_must_be_the_tokens(thumbprint: str | None, refused: tuple[Reason, str]) -> None:
    vector = read("good-certificate") | {"client_cert_thumbprint": thumbprint}
    result = send(verifier(), vector)
    assert (result.refused, result.detail) == refused


def test_a_revoked_key_counts_for_nothing_whatever_it_is_bound_by() -> None:
    """Whether the sender has it or not: the proof is not even looked at."""
    for name, key in (
        ("good-es256", build_vectors.thumbprint(build_vectors.DEVICE)),
        ("good-certificate", build_vectors.CERTIFICATE),
        ("good-own-bearer", build_vectors.thumbprint(build_vectors.DEVICE)),
        ("proof-missing", build_vectors.thumbprint(build_vectors.DEVICE)),
    ):
        for revoked, reason in (({key}, Reason.KEY_REVOKED), ({"", "other"}, read(name)["reason"])):
            to, vector = verifier(revoked=revoked), read(name)
            assert send(to, vector).refused == reason
            now = datetime.fromisoformat(vector["now"])
            again = to.recheck([value.encode() for value in vector["device_attestation"]], now).result
            assert again.refused is (Reason.KEY_REVOKED if key in revoked else None)


@pytest.mark.parametrize(("header", "longest"), [("device_attestation", 8192), ("dpop", 4096)])
def test_a_header_may_be_as_long_as_it_may_be(header: str, longest: int) -> None:
    vector = read("good-es256")
    whole = vector | {header: [vector[header][0].ljust(longest)]}
    assert send(verifier(), whole).refused is None
    longer = send(verifier(), vector | {header: [vector[header][0].ljust(longest + 1)]})
    assert longer.refused is (Reason.PROOF_OVERSIZE if header == "dpop" else Reason.TOKEN_OVERSIZE)


@pytest.mark.parametrize(
    ("header", "reason"), [("device_attestation", Reason.TOKEN_NOT_UTF8), ("dpop", Reason.PROOF_MALFORMED)]
)
def test_a_header_is_utf8(header: str, reason: Reason) -> None:
    vector = read("good-es256")
    result = send(verifier(), vector | {header: [vector[header][0] + "\xff"]})
    assert (result.refused, result.detail) == (reason, "expected UTF-8")


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    ("header", "reason"),
    [("device_attestation", Reason.TOKEN_TWO_HEADERS), ("dpop", Reason.PROOF_TWO_HEADERS)],
)
def test_a_repeated_header_counts_for_nothing(header: str, reason: Reason, at: int) -> None:
    vector = read("good-es256")
    values = ["", ""]
    values[at] = vector[header][0]
    assert send(verifier(), vector | {header: values}).refused is reason
    assert send(verifier(), vector | {header: [",".join(values)]}).refused is reason


def test_an_unforeseen_error_refuses_the_token(gate) -> None:
    def fail(_system: str, _identifier: str) -> str | None:
        raise ZeroDivisionError

    gate.match_app = fail
    gate.rebuild(gate.issuers)
    result = gate.verify(gate.token())
    told = (Reason.TOKEN_MALFORMED, "cannot be read (ZeroDivisionError)")
    assert (result.refused, result.detail) == told


def test_a_certificate_does_not_stand_in_for_a_proof() -> None:
    vector = read("proof-missing") | {"client_cert_thumbprint": build_vectors.CERTIFICATE}
    assert send(verifier(), vector).refused is Reason.PROOF_MISSING


def test_a_proof_alone_offers_nothing() -> None:
    assert send(verifier(), read("good-es256") | {"device_attestation": []}) is None


def test_a_token_may_be_used_again_with_a_fresh_proof(gate) -> None:
    token = gate.token()
    for seconds, reason in [
        (0, None),
        (1800, None),
        (3659, None),
        (3660, Reason.TOKEN_EXPIRED),
        (1800, None),
        (-60, None),
        (-61, Reason.TOKEN_NOT_YET_VALID),
    ]:
        assert gate.verify(token, now=NOW + timedelta(seconds=seconds)).refused is reason
    assert len(gate.asked) == 2 * 2  # two apps, read at first and again after the refusal


def test_a_refused_proof_is_not_remembered(gate) -> None:
    token = gate.token()
    proof = gate.proof(token)
    assert gate.verify(token, proof, url="https://mail.example.com/x").refused is Reason.PROOF_URL_WRONG
    assert len(gate.replay) == 0
    assert gate.verify(token, proof).refused is None


def test_a_proof_is_refused_a_second_time(gate) -> None:
    token = gate.token()
    proof = gate.proof(token, NOW + timedelta(seconds=60))
    assert gate.verify(token, proof).refused is None
    assert gate.verify(token, proof, now=NOW + timedelta(seconds=120)).refused is Reason.PROOF_REPLAYED
    assert gate.verify(token, proof, now=NOW + timedelta(seconds=121)).refused is Reason.PROOF_STALE


def test_the_leeway_and_the_longest_lifetime_can_be_set(gate) -> None:
    gate.rebuild(gate.issuers, leeway=timedelta(seconds=90), max_lifetime=timedelta(hours=2))
    token = gate.token({"exp": int(NOW.timestamp()) + 7200})
    reasons = {7289: None, 7290: Reason.TOKEN_EXPIRED, -90: None, -91: Reason.TOKEN_NOT_YET_VALID}
    for seconds, reason in reasons.items():
        assert gate.verify(token, now=NOW + timedelta(seconds=seconds)).refused is reason
    longer = gate.token({"exp": int(NOW.timestamp()) + 7201})
    assert gate.verify(longer).refused is Reason.TOKEN_TOO_LONG_LIVED


def test_a_gate_without_nonces_needs_none(gate) -> None:
    token = gate.token()
    for nonce in ("", "x" * 38, build_vectors.nonce()):
        proof = mint.sign_proof(
            token, DEVICE_KEY, method="GET", url=URL, jti=f"n-{nonce}", now=NOW, nonce=nonce
        )
        verdict = gate.verifier.verify([token.encode()], [proof.encode()], method="GET", url=URL, now=NOW)
        assert (verdict.result.refused, verdict.nonce) == (None, Nonce(NonceOrigin.NONE))


@pytest.mark.parametrize(
    ("name", "nonce"),
    [
        ("good-nonce-shared", Nonce(NonceOrigin.SHARED, True)),
        ("good-nonce-before", Nonce(NonceOrigin.SHARED, False)),
        ("good-nonce-bound", Nonce(NonceOrigin.OWN, True)),
        ("proof-nonce-missing", Nonce(NonceOrigin.NONE)),
        ("proof-nonce-wrong", Nonce(NonceOrigin.NONE)),
        ("proof-nonce-wrong.foreign", Nonce(NonceOrigin.FOREIGN, True)),
        ("proof-stale", None),
        ("good-own-bearer", None),
        ("good-certificate", None),
    ],
)
def test_the_nonce_of_a_proof_that_is_good_so_far_is_told(name: str, nonce: Nonce | None) -> None:
    vector = read(name)
    verdict = verdict_of(verifier(nonce_required="nonce" in name), vector)
    assert verdict.nonce == nonce
    assert (verdict.spent is not None) is (name.startswith("good-nonce"))


def test_a_spent_proof_is_known_by_key_and_id(gate) -> None:
    """By the SHA-256 of ``jkt|jti``."""
    token = gate.token()
    proof = gate.proof(token).encode()
    asked = {"method": "GET", "url": URL, "now": NOW}
    first = gate.verifier.verify([token.encode()], [proof], **asked)
    ticket = sha256(f"{DEVICE_KEY.thumbprint()}|p-1".encode()).digest()
    assert first == Verdict(
        first.result,
        nonce=Nonce(NonceOrigin.NONE),
        spent=SpentProof(ticket, NOW + timedelta(minutes=2), is_exclusive=False),
    )
    again = gate.verifier.verify([token.encode()], [proof], **asked)
    assert (again.result.refused, again.spent) == (Reason.PROOF_REPLAYED, None)


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
    keys[issuer] = parse_jwks(mint.jwks(gate.issuer_key))
    assert gate.verify(token).refused is None
    del keys[issuer]
    assert gate.verify(token).refused is Reason.TOKEN_ISSUER_UNKNOWN


def test_a_token_that_was_verified_is_not_read_again(gate) -> None:
    gate.verify(gate.token())
    gate.asked.clear()
    gate.verify(gate.token())
    assert len(gate.asked) == 2  # signed anew, with ES256 it has other bytes
    gate.asked.clear()
    token = gate.token()
    assert [gate.verify(token).refused for _ in range(3)] == [None] * 3
    assert len(gate.asked) == 2


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
    assert verdict.missing_key_of == verifier().recheck(tokens, NOW).missing_key_of == issuer


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
    key = build_vectors.thumbprint(build_vectors.DEVICE)
    assert first.result == AttestationResult(key_thumbprint=key)
    assert (first.nonce, first.spent.until) == (Nonce(NonceOrigin.NONE), NOW + timedelta(minutes=2))
    assert again.result.refused is Reason.PROOF_REPLAYED
    late = gate.verify_key([proof], **asked | {"now": NOW + timedelta(minutes=2)}).result
    assert (late.refused, late.clock_off) == (Reason.PROOF_STALE, timedelta(minutes=-2))
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


NOW_REPLAY = datetime(2026, 11, 24, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW_REPLAY + timedelta(seconds=seconds)


def spend(guard: ReplayGuard, ticket: bytes, seconds: float = 0) -> Reason | None:
    try:
        guard.spend(ticket, now=at(seconds), until=at(seconds + 120))
    except Refused as refusal:
        return refusal.reason
    return None


def test_a_ticket_is_spent_once_while_it_lives() -> None:
    guard = ReplayGuard()
    assert spend(guard, b"a") is None
    assert spend(guard, b"a", 119) is Reason.PROOF_REPLAYED
    assert spend(guard, b"a", 120) is Reason.PROOF_REPLAYED
    assert spend(guard, b"b", 120) is None
    assert spend(guard, b"a", 121) is None


def test_a_full_guard_accepts_no_ticket_and_forgets_none() -> None:
    guard = ReplayGuard(capacity=2)
    told = [spend(guard, ticket) for ticket in (b"a", b"b", b"c")]
    assert told == [None, None, Reason.PROOF_MEMORY_FULL]
    assert spend(guard, b"a") is Reason.PROOF_REPLAYED
    assert spend(guard, b"c", 121) is None
    assert len(guard) == 1


def test_the_guard_keeps_two_hundred_thousand_tickets() -> None:
    guard = ReplayGuard()
    spent = [spend(guard, b"%d" % number) for number in range(200_001)]
    assert (spent[-2], spent[-1]) == (None, Reason.PROOF_MEMORY_FULL)


@given(st.lists(st.tuples(st.binary(max_size=1), st.integers(0, 60)), max_size=60))
def test_the_guard_accepts_no_ticket_twice_and_stays_bounded(sent: list[tuple[bytes, int]]) -> None:
    guard = ReplayGuard(capacity=8)
    accepted: dict[bytes, float] = {}
    clock = 0.0
    for ticket, pause in sent:
        clock += pause
        if spend(guard, ticket, clock) is None:
            assert clock - accepted.get(ticket, -1000) > 120
            accepted[ticket] = clock
        assert len(guard) <= 8
