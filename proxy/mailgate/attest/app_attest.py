"""Verifies App Attest: Apple confirms that a key belongs to one build of one app on one of its devices, and tells nothing else.

Source: developer.apple.com, "Validating apps that connect to your server". An attestation, once for each key, is checked in these
steps, and the first that fails decides. The nonce of the gate is bound to the key that enrols by ``nonce.thumbprint``.

1.  It is a CBOR map with a chain of certificates up to Apple's root (steps 1 to 5 of `hardware`).
2.  The SHA-256 of ``authData`` and of the SHA-256 of the challenge is in the leaf.
3.  ``authData`` is strictly what iOS writes: nothing behind the key's id, or its public key, or that and what iOS 27 adds.
4.  The key's id is the SHA-256 of the leaf's key.
5.  The app is the company's.
6.  The key has signed nothing yet.
7.  The app was built for the environment that is accepted, and distributed in a way that is.

An assertion, with each report, is checked by ``check_assertion``.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, NamedTuple, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from mailgate.attest import Refused
from mailgate.attest.certificates import key_of
from mailgate.attest.hardware import ExpectedApp, ExpectedEvidence, Roots, serials_of, values_of
from mailgate.model import AttestedApp, HardwareResult, Reason

FORMAT = "apple-appattest"
_NONCE_OID = x509.ObjectIdentifier("1.2.840.113635.100.8.2")
_ENVIRONMENTS = {b"appattest".ljust(16, b"\0"): "production", b"appattestdevelop": "development"}
CATEGORIES = {"testflight": 2, "development": 3, "app-store": 4, "enterprise": 5}
"""The ways of distribution that a company may accept, by the numbers of ``apple_validation_category_01``."""
_CATEGORY, _VERSION = "apple_validation_category_01", "apple_bundle_version_01"
_HEAD_BYTES, _ID_AT, _ID_BYTES = 37, 55, 32
_EXTENDED, _HAS_KEY = 0x80, 0x40


@dataclass(frozen=True, slots=True)
class AppleApp(ExpectedApp):
    """The app on iOS whose word about its key counts. ``name`` is team and bundle id, like ``ABCDE12345.com.example.reporter``."""

    environment: str = "production"
    categories: frozenset[int] = frozenset({CATEGORIES["app-store"]})
    category_required: bool = False
    """Whether a device must tell how the app was distributed. Only iOS 27 and newer does."""

    def check(self, app: AttestedApp, _now: datetime) -> None:
        """Whether the app is the one that is accepted now. Raises `Refused`."""
        if app.name != self.name:
            raise Refused(Reason.EVIDENCE_APP_WRONG, "another app made the key")
        if app.environment != self.environment:
            raise Refused(Reason.EVIDENCE_ENVIRONMENT_WRONG, f"expected the environment {self.environment}")

    def accepts(self, category: int | None) -> bool:
        """Whether the app may have been distributed in this way; None if the device does not tell."""
        return not self.category_required if category is None else category in self.categories


class _Data(NamedTuple):
    """``authenticatorData``, without the key's id."""

    app: bytes
    """The SHA-256 of the app's name."""
    counter: int
    category: int | None


def verify_app_attest(sent: Sequence[bytes], roots: Roots, expected: ExpectedEvidence) -> HardwareResult:
    """Verify an attestation, the only member of ``sent``, and return the app that holds the key. Raises `Refused`."""
    wanted = expected.app
    if not isinstance(wanted, AppleApp):
        raise Refused(Reason.EVIDENCE_FORMAT_UNKNOWN, "expected `reporter.ios` in the settings")
    try:
        # 1. A chain up to Apple's root.
        chain, data = _attestation(sent)
        leaf, *above = roots.verified(chain, expected.now)
        # 2. About this enrolment.
        _check_nonce(leaf, data, expected)
        # 3. and 4. Of this key.
        read, environment = _read_attested(data, leaf)
    except CborError as error:
        raise Refused(Reason.EVIDENCE_MALFORMED, str(error)) from error
    # 5. The app.
    if read.app != _hash_of(wanted.name):
        raise Refused(Reason.EVIDENCE_APP_WRONG, "another app made the key")
    # 6. A new key.
    if read.counter != 0:
        raise Refused(Reason.EVIDENCE_COUNTER_WRONG, "expected a key that has signed nothing")
    # 7. Its environment and its distribution.
    key = b64encode(key_of(leaf)).decode()
    app = AttestedApp(
        FORMAT, wanted.name, environment=environment, serials=serials_of((leaf, *above)), key=key
    )
    wanted.check(app, expected.now)
    if not wanted.accepts(read.category):
        raise Refused(Reason.EVIDENCE_CATEGORY_WRONG, "the app was distributed in a way that is not accepted")
    return HardwareResult(FORMAT, hardware="secure-enclave", os="ios", app=app)


def _attestation(sent: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    """The chain, the leaf first, and ``authData``. The receipt is for Apple and is not read."""
    if len(sent) != 1:
        raise CborError("expected one attestation")
    whole, rest = read_map(sent[0])
    statement, data = whole.get("attStmt"), whole.get("authData")
    if rest or whole.keys() != {"fmt", "attStmt", "authData"} or whole["fmt"] != FORMAT:
        raise CborError(f'expected {{"fmt": "{FORMAT}", "attStmt": …, "authData": …}}')
    if (
        not isinstance(statement, dict)
        or statement.keys() != {"x5c", "receipt"}
        or not isinstance(data, bytes)
    ):
        raise CborError('expected {"x5c": …, "receipt": …} and bytes')
    chain = statement["x5c"]
    certificates = [each for each in chain if isinstance(each, bytes)] if isinstance(chain, list) else []
    if not isinstance(chain, list) or len(certificates) != len(chain):
        raise CborError("expected certificates in x5c")
    return certificates, data


@asn1.sequence
class _Nonce:
    nonce: Annotated[bytes, asn1.Explicit(1)]


def client_data(expected: ExpectedEvidence) -> bytes:
    """What the app gives to App Attest. It binds the attested key, which signs nothing but assertions, to the one that enrols."""
    return expected.challenge + b"." + expected.thumbprint.encode()


def _check_nonce(leaf: x509.Certificate, data: bytes, expected: ExpectedEvidence) -> None:
    found = values_of(leaf, [_NONCE_OID])
    if not found:
        raise Refused(Reason.EVIDENCE_EXTENSION_MISSING, f"expected the extension {_NONCE_OID.dotted_string}")
    try:
        told = asn1.decode_der(_Nonce, found[_NONCE_OID.dotted_string]).nonce
    except ValueError as error:
        raise CborError("expected a nonce in the leaf, in DER") from error
    if told != sha256(data + sha256(client_data(expected)).digest()).digest():
        raise Refused(
            Reason.EVIDENCE_CHALLENGE_WRONG,
            "the nonce of the leaf was not made from the gate's and the key's",
        )


def _read_attested(data: bytes, leaf: x509.Certificate) -> tuple[_Data, str]:
    key_id, tail = data[_ID_AT : _ID_AT + _ID_BYTES], data[_ID_AT + _ID_BYTES :]
    if len(key_id) != _ID_BYTES or data[_ID_AT - 2 : _ID_AT] != _ID_BYTES.to_bytes(2):
        raise CborError(f"expected authData with a key's id of {_ID_BYTES} bytes")
    public = leaf.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or not data[32] & _HAS_KEY:
        raise CborError("expected authData of a key on P-256")
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if key_id != sha256(point).digest():
        raise Refused(Reason.EVIDENCE_KEY_MISMATCH, "the key's id is not that of the leaf's key")
    if tail:
        cose, tail = read_map(tail)
        if cose != {1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}:
            raise Refused(Reason.EVIDENCE_KEY_MISMATCH, "authData has another key than the leaf")
    environment = _ENVIRONMENTS.get(data[_HEAD_BYTES : _HEAD_BYTES + 16])
    if environment is None:
        raise Refused(Reason.EVIDENCE_ENVIRONMENT_WRONG, "expected an aaguid of App Attest")
    return _Data(data[:32], _counter(data), _category(data, tail)), environment


def _counter(data: bytes) -> int:
    return int.from_bytes(data[33:_HEAD_BYTES])


def _category(data: bytes, tail: bytes) -> int | None:
    """How the app was distributed, by the map that iOS 27 appends; None without one. Some devices leave the flag for it out."""
    if not tail:
        if data[32] & _EXTENDED:
            raise CborError("expected the extensions that a flag announces")
        return None
    told, rest = read_map(tail)
    category = told.get(_CATEGORY)
    if rest or not isinstance(category, bytes) or len(category) != 4:
        raise CborError(f"expected {_CATEGORY} of 4 bytes at the end of authData")
    if told.keys() - {_CATEGORY, _VERSION} or not isinstance(told.get(_VERSION, ""), str):
        raise CborError("expected only what iOS 27 adds at the end of authData")
    return int.from_bytes(category, "little")


def _hash_of(name: str) -> bytes:
    return sha256(name.encode()).digest()


def check_assertion(sent: str, signed: bytes, app: AttestedApp, wanted: AppleApp) -> int:
    """The counter of an assertion in base64 about these bytes, by the key of this app. The caller must see that it grows.

    :raises Refused: for the first of these that is not so: it is strictly an assertion; the app's key signed it;
        the app is the company's, and distributed in a way that is accepted.
    """
    try:
        signature, data = _assertion(sent)
        category = _category(data, data[_HEAD_BYTES:])
    except ValueError as error:
        detail = str(error) if isinstance(error, CborError) else "expected an assertion in base64"
        raise Refused(Reason.ASSERTION_MALFORMED, detail) from error
    key = load_der_public_key(b64decode(app.key))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(signature, sha256(data + sha256(signed).digest()).digest(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise Refused(Reason.ASSERTION_SIGNATURE_WRONG, "the app's key did not sign this proof") from None
    if data[:32] != _hash_of(wanted.name):
        raise Refused(Reason.ASSERTION_APP_WRONG, "another app made the assertion")
    if not wanted.accepts(category):
        raise Refused(
            Reason.ASSERTION_CATEGORY_WRONG, "the app was distributed in a way that is not accepted"
        )
    return _counter(data)


def _assertion(sent: str) -> tuple[bytes, bytes]:
    whole, rest = read_map(b64decode(sent, validate=True))
    signature: Item | None = whole.get("signature")
    data: Item | None = whole.get("authenticatorData")
    if rest or whole.keys() != {"signature", "authenticatorData"}:
        raise CborError('expected {"signature": …, "authenticatorData": …}')
    if not isinstance(signature, bytes) or not isinstance(data, bytes) or len(data) < _HEAD_BYTES:
        raise CborError(f"expected bytes, and {_HEAD_BYTES} of authenticatorData")
    return signature, data


Item: TypeAlias = "int | str | bytes | list[Item] | dict[int | str, Item]"

_MAX_DEPTH = 4


class CborError(ValueError):
    """The bytes are none of the CBOR that is read here. The message repeats none of them."""


def read_map(data: bytes) -> tuple[dict[int | str, Item], bytes]:
    """The map at the beginning, and the bytes behind it. Raises CborError for anything else, and for a name that stands twice."""
    item, rest = _item(data, 0)
    if not isinstance(item, dict):
        raise CborError("expected a map")
    return item, rest


def _item(data: bytes, depth: int) -> tuple[Item, bytes]:
    if depth > _MAX_DEPTH:
        raise CborError("nested too deeply")
    major, number, rest = _head(data)
    if major == 0:
        return number, rest
    if major == 1:
        return -1 - number, rest
    if major in (2, 3):
        if len(rest) < number:
            raise CborError("cut off")
        value = rest[:number]
        return (value if major == 2 else value.decode("utf-8")), rest[number:]
    if major == 4:
        return _list(number, rest, depth + 1)
    if major == 5:
        return _map(number, rest, depth + 1)
    raise CborError("expected a number, a text, bytes, a list or a map")


def _head(data: bytes) -> tuple[int, int, bytes]:
    """The major type and the number of an item (RFC 8949, section 3), and the bytes behind them."""
    if not data:
        raise CborError("cut off")
    major, short = data[0] >> 5, data[0] & 0x1F
    if short < 24:
        return major, short, data[1:]
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(short)
    if size is None or len(data) <= size:
        raise CborError("cut off, or without a length")
    return major, int.from_bytes(data[1 : 1 + size]), data[1 + size :]


def _list(length: int, rest: bytes, depth: int) -> tuple[Item, bytes]:
    items: list[Item] = []
    for _ in range(length):  # each takes a byte at least, so a made-up length ends with the bytes
        item, rest = _item(rest, depth)
        items.append(item)
    return items, rest


def _map(length: int, rest: bytes, depth: int) -> tuple[Item, bytes]:
    members: dict[int | str, Item] = {}
    for _ in range(length):
        name, rest = _item(rest, depth)
        if not isinstance(name, int | str) or name in members:
            raise CborError("expected each name once")
        members[name], rest = _item(rest, depth)
    return members, rest
