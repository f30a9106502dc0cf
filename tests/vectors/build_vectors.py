"""Builds the attestation vectors: one named request per way to be refused, and a few that are good.

    python tests/vectors/build_vectors.py

It shares no code with ``mailgate.attest``: what the verifier must accept is written here a second time.
Keys, time and signatures (RFC 6979) are fixed, so that the same script always writes the same files. Header
values are written as ISO-8859-1 text, one character a byte.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = Path(__file__).parent
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Json = dict[str, object]


def p256(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sha256(bytes([number])).digest()), ec.SECP256R1())


ISSUER, OTHER_ISSUER, DEVICE, THIEF = p256(1), p256(2), p256(3), p256(4)
GATE = p256(7)
ISSUER_ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(sha256(b"5").digest())
DEVICE_ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(sha256(b"6").digest())
CERTIFICATE = urlsafe_b64encode(sha256(b"a DER certificate").digest()).rstrip(b"=").decode()

NOW = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp())
HOUR, DAY = 3600, 86400
NONCE_SECRET, NODE, OTHER_NODE = sha256(b"nonces").digest(), b"this one", b"that one"
URL = "https://mail.example.com/mail/?_task=mail"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(key: PrivateKey) -> Json:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"crv": "Ed25519", "kty": "OKP", "x": b64(raw)}
    point = key.public_key().public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": b64(point.x.to_bytes(32)), "y": b64(point.y.to_bytes(32))}


def thumbprint(key: PrivateKey) -> str:
    return b64(sha256(json.dumps(jwk(key), sort_keys=True, separators=(",", ":")).encode()).digest())


def signature(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32) + s.to_bytes(32)


def encoded(value: Json | str) -> str:
    return b64((value if isinstance(value, str) else json.dumps(value)).encode())


def signed(header: Json | str, payload: Json | str, key: PrivateKey) -> str:
    signing_input = f"{encoded(header)}.{encoded(payload)}"
    return f"{signing_input}.{b64(signature(key, signing_input.encode()))}"


def without_nulls(value: Json) -> Json:
    return {name: member for name, member in value.items() if member is not None}


def algorithm(key: PrivateKey) -> str:
    return "Ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "ES256"


def token_claims(**changes: object) -> Json:
    """The claims of a good token, with changes; None takes a claim out."""
    claims: Json = {
        "iss": "https://mdm.example.com",
        "aud": "https://mail.example.com",
        "sub": "device-1",
        "iat": NOW - HOUR,
        "nbf": NOW - HOUR,
        "exp": NOW + HOUR,
        "jti": "passport-1",
        "eat_profile": "tag:mailgate.example,2026:device-attestation:1",
        "cnf": {"jkt": thumbprint(DEVICE)},
        "ear.verifier-id": {"developer": "https://mdm.example.com", "build": "7.1"},
        "submods": {
            "device": {"ear.status": "affirming", "ear.trustworthiness-vector": {"instance-identity": 2}}
        },
        "form": "phone",
        "os": "ios",
        "os_version": "18.6.2",
        "managed": True,
        "eas_ids": ["APPLDMPABCDEF"],
        "user": "user@example.com",
        "apps": {
            "at": NOW - HOUR,
            "listed": ["com.zhiliaoapp.musically", "com.example.unlisted"],
            "complete": True,
        },
    }
    return without_nulls(claims | changes)


def device_says(**changes: object) -> Json:
    """The one submodule with an EAR verdict."""
    return {"submods": {"device": {name.replace("_", "."): value for name, value in changes.items()}}}


def token_header(key: PrivateKey = ISSUER, **changes: object) -> Json:
    kid = "issuer-ed25519" if key is ISSUER_ED25519 else "issuer-es256"
    return without_nulls({"typ": "device-attestation+jwt", "alg": algorithm(key), "kid": kid} | changes)


def token(header: Json | None = None, key: PrivateKey = ISSUER, **claims: object) -> str:
    return signed(token_header(key) if header is None else header, token_claims(**claims), key)


def proof_header(key: PrivateKey = DEVICE, **changes: object) -> Json:
    return without_nulls({"typ": "dpop+jwt", "alg": algorithm(key), "jwk": jwk(key)} | changes)


def proof(passport: str, header: Json | None = None, key: PrivateKey = DEVICE, **changes: object) -> str:
    claims: Json = {
        "jti": "proof-1",
        "htm": "GET",
        "htu": "https://mail.example.com/mail/",
        "iat": NOW,
        "ath": b64(sha256(passport.encode()).digest()),
    }
    return signed(proof_header(key) if header is None else header, without_nulls(claims | changes), key)


def nonce(node: bytes = bytes(8), at: int = NOW, secret: bytes = NONCE_SECRET) -> str:
    """A nonce for the five minutes around a time: of a process, or shared by all if the node is zero."""
    told = (at // 300).to_bytes(4) + node
    return b64(told + hmac.digest(secret, b"mailgate-dpop-nonce\n" + told, "sha256")[:16])


def own_token(**changes: object) -> str:
    """A token that a gate signed for a device that reported to it."""
    header = {"typ": "device-attestation+jwt", "alg": "ES256", "kid": "gate-1"}
    claims: Json = {
        "iss": "https://mail.example.com",
        "sub": "enrolled-1",
        "iat": NOW - 60,
        "nbf": None,
        "exp": NOW - 60 + 600,
        "ear.verifier-id": {"developer": "mailgate", "build": "1"},
        "submods": {
            "device": {
                "ear.status": "none",
                "ear.trustworthiness-vector": {"instance-identity": 2, "configuration": 0},
            }
        },
        "managed": None,
        "eas_ids": None,
        "apps": {"at": NOW - 60, "listed": [], "complete": False},
    }
    return token(header, GATE, **(claims | changes))


def hmac_token() -> str:
    """The classic attack: the issuer's public key used as an HMAC secret."""
    signing_input = f"{encoded(token_header(alg='HS256'))}.{encoded(token_claims())}"
    secret = ISSUER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def doubled(claim: str, again: object) -> str:
    """The claims as JSON text with one name repeated."""
    return json.dumps(token_claims())[:-1] + f", {json.dumps(claim)}: {json.dumps(again)}}}"


def vector(
    about: str, reason: str | None, tokens: list[str], proofs: list[str] | None = None, **more: object
) -> Json:
    """One request and its required result; without a ``reason`` it is a good one."""
    return {
        "about": about,
        "reason": reason,
        "now": datetime.fromtimestamp(NOW, UTC).isoformat(),
        "method": "GET",
        "url": URL,
        "device_attestation": tokens,
        "dpop": [proof(tokens[0])] if proofs is None and tokens else proofs or [],
        **more,
    }


def good() -> dict[str, Json]:
    ed25519_token = token(
        key=ISSUER_ED25519, cnf={"jkt": thumbprint(DEVICE_ED25519)}, form="tablet", os="ipados"
    )
    bound = token(cnf={"x5t#S256": CERTIFICATE}, form="laptop", os="windows", apps=None)
    return {
        "good-es256": vector("A phone with a listed app", None, [token()]),
        "good-ed25519": vector(
            "Ed25519 on both sides", None, [ed25519_token], [proof(ed25519_token, key=DEVICE_ED25519)]
        ),
        "good-certificate": vector(
            "Bound to a TLS client certificate", None, [bound], [], client_cert_thumbprint=CERTIFICATE
        ),
        "good-none-offered": vector("No attestation at all", None, []),
        "good-own": vector("A token of the gate's own, with a proof", None, [own_token()]),
        "good-own-bearer": vector(
            "A token of the gate's own that counts without a proof", None, [own_token(bearer=True)], []
        ),
        "good-nonce-shared": with_nonce("A nonce of any gate", None, nonce()),
        "good-nonce-before": with_nonce("A nonce of five minutes ago", None, nonce(at=NOW - 300)),
        "good-nonce-bound": with_nonce("A nonce of this process", None, nonce(NODE)),
    }


def with_nonce(about: str, reason: str | None, value: str | None, *, required: bool = True) -> Json:
    whole = token()
    return vector(about, reason, [whole], [proof(whole, nonce=value)], nonce_required=required)


def bad_tokens() -> dict[str, Json]:
    whole = token()
    unsigned = f"{encoded(token_header(alg='none'))}.{encoded(token_claims())}."
    refused: list[tuple[str, str, list[str]]] = [
        ("token-two-headers", "The header stands twice", [whole, whole]),
        ("token-two-headers.joined", "Twice, joined to one line on the way", [f"{whole}, {whole}"]),
        ("token-oversize", "More than 8 KiB", [token(padding="x" * 8192)]),
        ("token-not-utf8", "A byte that UTF-8 does not have", [whole + "\xff"]),
        ("token-malformed", "Not a JWS", ["not.a.token"]),
        ("token-malformed.doubled", "aud stands twice", [signed(token_header(), doubled("aud", "x"), ISSUER)]),
        ("token-malformed.own-key", "The header brings a key", [token(token_header(jwk=jwk(ISSUER)))]),
        ("token-malformed.crit", "An extension that must be understood", [token(token_header(crit=["b64"]))]),
        ("token-alg-refused.none", "alg none", [unsigned]),
        ("token-alg-refused.hmac", "The public key taken for an HMAC secret", [hmac_token()]),
        ("token-alg-refused.other-key", "alg of another kind of key", [token(token_header(alg="Ed25519"))]),
        ("token-typ-wrong", "Another kind of JWT of the same issuer", [token(token_header(typ="JWT"))]),
        ("token-issuer-unknown", "An issuer that is not configured", [token(iss="https://mdm.example.net")]),
        ("token-kid-missing", "No kid", [token(token_header(kid=None))]),
        ("token-kid-unknown", "A kid that the issuer does not have", [token(token_header(kid="other"))]),
        ("token-kid-unknown.other-issuer", "Another issuer's kid", [token(token_header(kid="other-issuer"))]),
        ("token-signature-wrong", "Signed by another key", [token(token_header(), key=THIEF)]),
        ("token-audience-wrong", "Made for another gate", [token(aud="https://mail.example.net")]),
        ("token-expired", "Its time is over", [token(exp=NOW - 61)]),
        ("token-not-yet-valid", "Its time has not come", [token(nbf=NOW + 61)]),
        ("token-too-long-lived", "Lives a second longer than a day", [token(exp=NOW - HOUR + DAY + 1)]),
        ("token-claim-missing", "No sub", [token(sub=None)]),
        ("token-claim-wrong", "exp is a text", [token(exp=str(NOW + HOUR))]),
        ("token-claim-wrong.better-than-its-vector", "A status better than its vector", [
            token(submods={"device": {"ear.status": "affirming", "ear.trustworthiness-vector": {"hardware": 33}}})
        ]),
        ("token-unbound", "A bearer token", [token(cnf=None)]),
        ("token-contraindicated", "A tampered device", [token(**device_says(ear_status="contraindicated"))]),
    ]  # fmt: skip
    vectors = {name: vector(about, name.partition(".")[0], tokens) for name, about, tokens in refused}
    away = token(iss="https://away-mdm.example.com")
    long = own_token(exp=NOW - 60 + 601)
    vectors["token-keys-unavailable"] = vector("The issuer does not answer", "token-keys-unavailable", [away])
    vectors["token-too-long-lived.own"] = vector("The gate's own, longer", "token-too-long-lived", [long])
    over = own_token(iat=NOW - 600, exp=NOW)
    vectors["token-expired.own"] = vector("The gate's own ends to the second", "token-expired", [over])
    vectors["key-revoked"] = vector("A lost device", "key-revoked", [token()], revoked=[thumbprint(DEVICE)])
    return vectors


def bad_proofs() -> dict[str, Json]:
    whole = token()
    one = proof(whole)
    private = jwk(DEVICE) | {"d": b64(DEVICE.private_numbers().private_value.to_bytes(32))}
    refused: list[tuple[str, str, list[str]]] = [
        ("proof-missing", "A token without its proof", []),
        ("proof-malformed", "Not a JWS", ["proof"]),
        ("proof-malformed.private-key", "jwk has the private key", [proof(whole, proof_header(jwk=private))]),
        ("proof-malformed.no-jti", "No jti", [proof(whole, jti=None)]),
        ("proof-two-headers", "The header stands twice", [one, one]),
        ("proof-oversize", "More than 4 KiB", [proof(whole, padding="x" * 4096)]),
        ("proof-alg-refused", "alg none", [proof(whole, proof_header(alg="none"))]),
        ("proof-typ-wrong", "Not a proof", [proof(whole, proof_header(typ="JWT"))]),
        ("proof-key-mismatch", "A stolen token, proved by the thief's key", [proof(whole, key=THIEF)]),
        ("proof-signature-wrong", "The right jwk, another signature", [proof(whole, proof_header(), key=THIEF)]),
        ("proof-stale", "Made more than a minute ago", [proof(whole, iat=NOW - 61)]),
        ("proof-from-future", "Made more than a minute ahead", [proof(whole, iat=NOW + 61)]),
        ("proof-url-wrong", "For another address", [proof(whole, htu="https://mail.example.com/other")]),
        ("proof-method-wrong", "For another method", [proof(whole, htm="POST")]),
        ("proof-token-hash-wrong", "For another token", [proof(token(jti="passport-2"))]),
    ]  # fmt: skip
    vectors = {
        name: vector(about, name.partition(".")[0], [whole], proofs) for name, about, proofs in refused
    }
    vectors["proof-missing.own"] = vector(
        "The gate's own, not said to be bearer", "proof-missing", [own_token()], []
    )
    bearer = token(bearer=True)
    vectors["proof-missing.bearer-of-another-issuer"] = vector(
        "Not the gate's own", "proof-missing", [bearer], []
    )
    missing, wrong = "proof-nonce-missing", "proof-nonce-wrong"
    vectors[missing] = with_nonce("A nonce is required", missing, None)
    vectors[wrong] = with_nonce("Nobody's nonce", wrong, "x" * 38)
    vectors[f"{wrong}.old"] = with_nonce("A nonce of ten minutes ago", wrong, nonce(at=NOW - 600))
    vectors[f"{wrong}.forged"] = with_nonce("Sealed with another secret", wrong, nonce(secret=b"other"))
    vectors[f"{wrong}.foreign"] = with_nonce(
        "Bound to another process", wrong, nonce(OTHER_NODE), required=False
    )
    vectors["proof-replayed"] = vector("Sent a second time", "proof-replayed", [whole], sent_before=True)
    vectors["proof-memory-full"] = vector(
        "No memory left for a proof", "proof-memory-full", [whole], replay_capacity=0
    )
    return vectors


def anchors() -> Json:
    """The configuration of the gate in every vector."""
    keys = [
        {"kid": "issuer-es256", "use": "sig", **jwk(ISSUER)},
        {"kid": "issuer-ed25519", "use": "sig", **jwk(ISSUER_ED25519)},
    ]
    return {
        "audience": "https://mail.example.com",
        "issuers": {
            "https://mdm.example.com": {"keys": keys},
            "https://other-mdm.example.com": {"keys": [{"kid": "other-issuer", **jwk(OTHER_ISSUER)}]},
            "https://mail.example.com": {"keys": [{"kid": "gate-1", **jwk(GATE)}]},
        },
        "own": "https://mail.example.com",
        "unavailable": ["https://away-mdm.example.com"],
        "nonces": {"secret": NONCE_SECRET.hex(), "node": NODE.hex()},
        "listed_apps": {"com.zhiliaoapp.musically": "tiktok"},
    }


def build() -> dict[str, str]:
    """Every file by its path beside this script, with its content."""
    files = {
        f"attest/{name}.json": content for name, content in (good() | bad_tokens() | bad_proofs()).items()
    }
    files["anchors.json"] = anchors()
    return {path: json.dumps(content, indent=2) + "\n" for path, content in sorted(files.items())}


if __name__ == "__main__":
    for path, content in build().items():
        (HERE / path).write_text(content, encoding="utf-8")
