"""Builds the vectors of certificates: those of TLS clients as proxies pass them on, and evidence by hardware.

    python tests/vectors/build_certificate_vectors.py

It shares no code with ``mailgate.attest``: what must be accepted is written here a second time, including the bytes
of Android's attestation extension. Keys, times, serial numbers and signatures (RFC 6979) are fixed, so that the
same script always writes the same files.
"""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
USUAL = (-DAY, 365 * DAY)
CHALLENGE = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
Json = dict[str, object]
Extension = tuple[x509.ExtensionType, bool]


def key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sha256(b"certificate %d" % number).digest()), ec.SECP256R1())


def named(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass(frozen=True)
class Signed:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def sign(
        self,
        common: str,
        number: int,
        extensions: Sequence[Extension] = (),
        span: tuple[timedelta, timedelta] = USUAL,
    ) -> "Signed":
        return signed(self.certificate.subject, self.key, common, number, extensions, span)

    def authority(self, common: str, number: int) -> "Signed":
        return self.sign(common, number, [(x509.BasicConstraints(True, None), True)])


def signed(
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    common: str,
    number: int,
    extensions: Sequence[Extension],
    span: tuple[timedelta, timedelta] = USUAL,
) -> Signed:
    own = key(number)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(named(common))
        .public_key(own.public_key())
        .serial_number(0x1000 + number)
        .not_valid_before(NOW + span[0])
        .not_valid_after(NOW + span[1])
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Signed(builder.sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True), own)


def root(common: str, number: int) -> Signed:
    return signed(named(common), key(number), common, number, [(x509.BasicConstraints(True, None), True)])


# --- certificates of TLS clients

DEVICES = root("Devices of Example", 1)
ISSUING = DEVICES.authority("Phones of Example", 2)
STRANGER = root("Devices of somebody else", 3)
CLIENT = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
SERVER = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
UDID = (x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:udid:00008120")]), False)
PHONE = ISSUING.sign("phone", 4, [CLIENT, UDID])
OLD = ISSUING.sign("phone", 5, [CLIENT], (-2 * DAY, -DAY))
NEW = ISSUING.sign("phone", 6, [CLIENT], (DAY, 2 * DAY))
FOR_SERVERS = ISSUING.sign("server", 7, [SERVER])
UNSIGNED = STRANGER.sign("phone", 8, [CLIENT])


def item(data: bytes) -> str:
    return f":{b64encode(data).decode()}:"


def rfc9440(leaf: Signed, *above: Signed) -> list[list[str]]:
    chain = [["Client-Cert-Chain", ", ".join(item(each.der) for each in above)]] if above else []
    return [["Client-Cert", item(leaf.der)], *chain]


def crl(*numbers: int, until: timedelta = DAY) -> str:
    builder = x509.CertificateRevocationListBuilder(ISSUING.certificate.subject, NOW - 2 * DAY, NOW + until)
    for number in numbers:
        entry = x509.RevokedCertificateBuilder(0x1000 + number, NOW - 3 * DAY)
        builder = builder.add_revoked_certificate(entry.build())
    made = builder.sign(ISSUING.key, hashes.SHA256(), ecdsa_deterministic=True)
    return made.public_bytes(Encoding.PEM).decode()


GOOD = rfc9440(PHONE, ISSUING)
ESCAPED = quote(PHONE.pem, safe="")


def clients() -> Iterator[tuple[str, Json]]:
    def vector(about: str, fields: list[list[str]], form: str = "client-cert", **more: object) -> Json:
        return {"about": about, "form": form, "fields": fields, **more}

    yield "good-client-cert", vector("RFC 9440, with the authority between", GOOD)
    yield (
        "good-xfcc",
        vector(
            "Envoy, behind an element of another hop",
            [
                [
                    "X-Forwarded-Client-Cert",
                    f'By=a;Hash=b;Subject="CN=\\"x,y\\"",Hash=c;Cert="{ESCAPED}";URI=urn:a',
                ]
            ],
            "xfcc",
        ),
    )
    yield "good-nginx", vector("nginx's escaped PEM", [["X-SSL-Client-Cert", ESCAPED]], "nginx")
    yield "good-crl", vector("A revocation list that is about others", GOOD, crl=crl(9))
    yield "certificate-two-headers", vector("The header twice", [*GOOD, GOOD[0]])
    yield "certificate-oversize", vector("More authorities than a chain has", rfc9440(PHONE, *[ISSUING] * 6))
    yield "certificate-malformed", vector("No certificate", [["Client-Cert", item(b"no certificate")]])
    yield "certificate-malformed.no-byte-sequence", vector("Not base64", [["Client-Cert", ":!:"]])
    yield (
        "certificate-malformed.cut",
        vector("PEM that was cut", [["X-SSL-Client-Cert", ESCAPED[:200]]], "nginx"),
    )
    yield "certificate-purpose-wrong", vector("A server's", rfc9440(FOR_SERVERS, ISSUING))
    yield "certificate-purpose-wrong.authority", vector("An authority's own", rfc9440(ISSUING))
    yield "certificate-not-yet-valid", vector("From tomorrow on", rfc9440(NEW, ISSUING))
    yield "certificate-expired", vector("Until yesterday", rfc9440(OLD, ISSUING))
    yield "certificate-untrusted", vector("Of another authority", rfc9440(UNSIGNED, STRANGER))
    yield (
        "certificate-untrusted.no-chain",
        vector("Without the authority between", rfc9440(PHONE), anchors="root"),
    )
    yield "certificate-revoked", vector("On the list", GOOD, crl=crl(4))
    yield "certificate-revoked.serial", vector("Its serial number is listed", GOOD, serials=["10:04"])
    yield "certificate-revocation-unknown", vector("The list is stale", GOOD, crl=crl(9, until=-DAY))


# --- evidence by hardware


def tlv(tag: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else None
    if length is None:
        size = (len(body).bit_length() + 7) // 8
        length = bytes([0x80 | size]) + len(body).to_bytes(size)
    return tag + length + body


def integer(value: int) -> bytes:
    return tlv(b"\x02", value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def enumerated(value: int) -> bytes:
    return tlv(b"\x0a", bytes([value]))


def octets(value: bytes) -> bytes:
    return tlv(b"\x04", value)


def explicit(number: int, inner: bytes) -> bytes:
    """A tag of the context class; from 31 on its number is in groups of seven bits."""
    if number < 31:
        return tlv(bytes([0xA0 | number]), inner)
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return tlv(bytes([0xBF, *reversed(groups)]), inner)


def root_of_trust(locked: bool = True, state: int = 0) -> bytes:
    flag = b"\xff" if locked else b"\x00"
    return tlv(b"\x30", octets(bytes(32)), tlv(b"\x01", flag), enumerated(state), octets(bytes(32)))


SIGNER = sha256(b"a company that signs its apps").digest()


def packages(*told: tuple[str, int]) -> bytes:
    each = [tlv(b"\x30", octets(name.encode()), integer(version)) for name, version in told]
    return tlv(b"\x31", *sorted(each))


def application(
    *told: tuple[str, int], signers: Sequence[bytes] = (SIGNER,), more: bytes = b"", set_of: bytes = b""
) -> bytes:
    """The tag of the app that made the key."""
    names = set_of or packages(*(told or [(REPORTER, 7)]))
    content = tlv(b"\x30", names, tlv(b"\x31", *map(octets, sorted(signers))))
    return explicit(709, octets(content + more))


def description(
    *,
    schema: int = 300,
    level: int = 1,
    key_level: int | None = None,
    challenge: bytes = CHALLENGE,
    origin: int | None = 0,
    boot: bytes | None = b"",
    os_version: int | None = 160000,
    os_patch: int | None = 202611,
    serial: str = "",
    model: str = "Phone 9",
    vendor_patch: int | None = 20261105,
    boot_patch: int | None = 20261105,
    by_software: bytes = b"",
    more: bytes = b"",
) -> bytes:
    """KeyDescription: the software vouches for the application's id, the hardware for everything else."""
    boot = root_of_trust() if boot == b"" else boot
    numbers = {702: origin, 705: os_version, 706: os_patch, 718: vendor_patch, 719: boot_patch}
    told = {number: integer(value) for number, value in numbers.items() if value is not None}
    told |= {number: octets(text.encode()) for number, text in ((713, serial), (717, model)) if text}
    told |= {704: boot} if boot is not None else {}
    hardware = [
        explicit(1, tlv(b"\x31", integer(2))),
        explicit(2, integer(3)),
        explicit(3, integer(256)),
        explicit(10, integer(1)),
        explicit(503, tlv(b"\x05")),
        *(explicit(number, value) for number, value in sorted(told.items())),
    ]
    return tlv(
        b"\x30",
        integer(schema),
        enumerated(level),
        integer(schema),
        enumerated(level if key_level is None else key_level),
        octets(challenge),
        octets(b""),
        tlv(b"\x30", explicit(701, integer(1795521600000)), by_software),
        tlv(b"\x30", *hardware, more),
    )


def android(value: bytes) -> Extension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.1.17"), value), False


def apple(**properties: bytes) -> list[Extension]:
    """Extensions below Apple's arc, by names such as ``n9_1``."""
    arc = "1.2.840.113635.100.8."
    return [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier(arc + name[1:].replace("_", ".")), value), False)
        for name, value in properties.items()
    ]


def cbor(value: object) -> bytes:
    """CBOR (RFC 8949) with the shortest heads."""

    def head(major: int, number: int) -> bytes:
        if number < 24:
            return bytes([major << 5 | number])
        size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
        return bytes([major << 5 | 23 + size.bit_length()]) + number.to_bytes(size)

    match value:
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return head(5, len(value)) + b"".join(cbor(name) + cbor(each) for name, each in value.items())
    raise TypeError


REPORTER = "com.example.reporter"
IOS_REPORTER = f"ABCDE12345.{REPORTER}"
MAKER = root("Maker of phones", 20)
BATCH = MAKER.authority("Keys of November", 21)
APP_ATTEST = root("Maker of apps' keys", 32)
APP_KEYS = APP_ATTEST.authority("Keys of apps 1", 33)
IN_ENCLAVE = 60
"""The number of the key that App Attest attests, beside the key that enrols."""
APPLE = root("Maker of tablets", 30)
BETWEEN = APPLE.authority("Attestation 1", 31)
ENROLS = 40
"""The number of the key that enrols."""


def thumbprint(number: int) -> str:
    point = key(number).public_key().public_numbers()
    coordinates = {
        "x": urlsafe_b64encode(point.x.to_bytes(32)).rstrip(b"=").decode(),
        "y": urlsafe_b64encode(point.y.to_bytes(32)).rstrip(b"=").decode(),
    }
    jwk = {"crv": "P-256", "kty": "EC", **coordinates}
    digest = sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def attested(
    *extensions: Extension, number: int = ENROLS, span: tuple[timedelta, timedelta] = USUAL
) -> Signed:
    return BATCH.sign("Android Keystore Key", number, extensions, span)


def chain(leaf: Signed, *above: Signed) -> list[str]:
    return [b64encode(each.der).decode() for each in (leaf, *above)]


def evidence(about: str, certificates: list[str], form: str = "android-key", **more: object) -> Json:
    return {"about": about, "format": form, "chain": certificates, **more}


def android_vectors() -> Iterator[tuple[str, Json]]:
    def of(about: str, **changed: object) -> Json:
        return evidence(about, chain(attested(android(description(**changed))), BATCH, MAKER))  # type: ignore[arg-type]

    good = attested(android(description()))
    yield "good-android-tee", of("A key in a TEE", serial="R5CX10TESTED")
    yield "good-android-strongbox", of("A key in a StrongBox", level=2)
    yield "good-android-no-root", evidence("The root is left out", chain(good, BATCH))
    yield "good-android-unknown-tag", of("A tag that is not known here", more=explicit(9999, tlv(b"\x05")))
    yield "evidence-oversize", evidence("Seven certificates", chain(good, *[BATCH] * 6))
    yield "evidence-malformed", evidence("No certificate", [b64encode(b"no certificate").decode()])
    yield "evidence-malformed.empty", evidence("No certificates at all", [])
    yield (
        "evidence-malformed.description",
        evidence("A byte behind the description", chain(attested(android(description() + b"\0")), BATCH)),
    )
    yield "evidence-malformed.twice", of("A tag that stands twice", more=explicit(702, integer(0)))
    yield (
        "evidence-malformed.boolean",
        of(
            "A BOOLEAN that DER does not have", boot=root_of_trust().replace(b"\x01\x01\xff", b"\x01\x01\x01")
        ),
    )
    yield "evidence-untrusted", evidence("Up to no root", chain(good, BATCH), roots="others")
    yield "evidence-untrusted.order", evidence("Not in order", chain(good, MAKER, BATCH))
    yield "evidence-untrusted.superfluous", evidence("One more than is needed", chain(good, BATCH, BETWEEN))
    yield (
        "evidence-untrusted.no-authority",
        evidence(
            "Signed by a key that may sign no certificates",
            chain(
                attested(number=41).sign("fake", ENROLS, [android(description())]), attested(number=41), BATCH
            ),
        ),
    )
    late, early = (DAY, 2 * DAY), (-2 * DAY, -DAY)
    yield (
        "evidence-not-yet-valid",
        evidence("From tomorrow on", chain(attested(android(description()), span=late), BATCH)),
    )
    yield (
        "evidence-expired",
        evidence("Until yesterday", chain(attested(android(description()), span=early), BATCH)),
    )
    yield "evidence-revoked", evidence("The batch was revoked", chain(good, BATCH, MAKER), revoked=["1015"])
    yield "evidence-extension-missing", evidence("Without the extension", chain(attested(), BATCH))
    ca = (x509.BasicConstraints(True, None), True)
    extended = BATCH.sign("Android Keystore Key", 42, [ca, android(description())])
    yield (
        "evidence-chain-extended",
        evidence(
            "The attested key has signed a certificate of its own",
            chain(extended.sign("fake", ENROLS, [android(description())]), extended, BATCH),
        ),
    )
    yield (
        "evidence-chain-extended.below",
        evidence(
            "The same, without the extension in the leaf",
            chain(extended.sign("fake", ENROLS), extended, BATCH),
        ),
    )
    yield "evidence-challenge-wrong", of("Another challenge", challenge=b"B" * 38)
    yield (
        "evidence-key-mismatch",
        evidence("Of another key", chain(attested(android(description()), number=41), BATCH)),
    )
    yield "evidence-software-only", of("Attested by software", level=0)
    yield "evidence-software-only.key", of("A key of software, attested by a TEE", key_level=0)
    yield "evidence-key-imported", of("A key that was brought in", origin=2)
    yield (
        "evidence-key-imported.by-software",
        of("Only the software says where it was made", origin=None, by_software=explicit(702, integer(0))),
    )
    yield "evidence-unlocked", of("The boot loader is open", boot=root_of_trust(locked=False))
    yield "evidence-boot-unverified", of("A system that its owner signed", boot=root_of_trust(state=1))
    yield (
        "evidence-boot-unverified.by-software",
        of(
            "Only the software tells how it was started",
            boot=None,
            by_software=explicit(704, root_of_trust()),
        ),
    )


def reporter_vectors() -> Iterator[tuple[str, Json]]:
    """An Android app that answers for its phone."""

    def of(about: str, by_software: bytes = application(), **changed: object) -> Json:
        leaf = attested(android(description(by_software=by_software, **changed)))  # type: ignore[arg-type]
        return evidence(about, chain(leaf, BATCH, MAKER), reporter=True)

    def signed(about: str, *signers: bytes) -> Json:
        return of(about, application(signers=signers))

    yield "good-android-reporter", of("The reporter of the company")
    yield "good-android-reporter-newer", of("A newer one", application((REPORTER, 2**33)))
    yield "evidence-app-missing", of("The system does not tell the app", b"")
    yield "evidence-app-missing.by-hardware", of("Only the hardware tells one", b"", more=application())
    yield "evidence-malformed.app", of("A byte behind the app", application(more=b"\0"))
    yield "evidence-malformed.app-twice", of("The app stands twice", application() + application())
    unsorted = tlv(b"\x31", *(packages((name, 7))[2:] for name in ("com.example.reporter", "a.b")))
    yield "evidence-malformed.app-unsorted", of("A set out of order", application(set_of=unsorted))
    yield "evidence-malformed.app-signer", signed("A digest of 31 bytes", SIGNER[1:])
    yield "evidence-app-shared", of("Two packages share the key", application((REPORTER, 7), ("a.b", 1)))
    yield "evidence-app-shared.none", of("No package at all", application(set_of=tlv(b"\x31")))
    yield "evidence-app-wrong", of("Another app", application(("com.example.other", 7)))
    yield "evidence-app-wrong.case", of("Its name in another case", application(("com.example.Reporter", 7)))
    yield "evidence-app-outdated", of("An older version", application((REPORTER, 4)))
    yield "evidence-signer-wrong", signed("Another company has signed it", bytes(32))
    yield "evidence-signer-wrong.too", signed("Another company has signed it too", SIGNER, bytes(32))
    yield "evidence-signer-wrong.none", signed("Nobody has signed it")
    yield "evidence-schema-unknown", of("A format of later years", schema=600)
    yield "evidence-patch-old", of("Patches of last winter", os_patch=202602)
    yield "evidence-patch-old.none", of("No patch level", os_patch=None)


PLAY_KEY = sha256(b"the key of tokens").digest()
PLAY_SIGNS = 70
"""The number of Google's key for tokens."""


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def play_keys() -> Json:
    public = key(PLAY_SIGNS).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"decryption": b64encode(PLAY_KEY).decode(), "verification": b64encode(der).decode()}


def jws(payload: bytes, number: int = PLAY_SIGNS, **header: object) -> bytes:
    head = json.dumps({"alg": "ES256"} | header).encode()
    signed = f"{base64url(head)}.{base64url(payload)}"
    der = key(number).sign(signed.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    raw = b"".join(each.to_bytes(32) for each in decode_dss_signature(der))
    return f"{signed}.{base64url(raw)}".encode()


def jwe(inner: bytes, secret: bytes = PLAY_KEY, content: bytes = bytes(32), **header: object) -> str:
    """A JWE (RFC 7516) with a fixed key of the content and a fixed IV."""
    head = base64url(json.dumps({"alg": "A256KW", "enc": "A256GCM"} | header).encode())
    direct = header.get("alg") in ("dir", "none")
    sealed = AESGCM(secret if direct else content).encrypt(bytes(12), inner, head.encode())
    wrapped = b"" if direct else aes_key_wrap(secret, content)
    return ".".join([head, *map(base64url, (wrapped, bytes(12), sealed[:-16], sealed[-16:]))])


def play_says(
    told: str = "", value: object = None, challenge: bytes = CHALLENGE, enrols: str = "", now: datetime = NOW
) -> bytes:
    """What Play says of the reporter. ``told`` is the path of what is changed; it is left out for None."""
    nonce = base64url(challenge + b"." + (enrols or thumbprint(ENROLS)).encode())
    millis = str(int(now.timestamp()) * 1000)
    said: dict[str, dict[str, object]] = {
        "requestDetails": {"requestPackageName": REPORTER, "nonce": nonce, "timestampMillis": millis},
        "appIntegrity": {
            "appRecognitionVerdict": "PLAY_RECOGNIZED",
            "packageName": REPORTER,
            "certificateSha256Digest": [base64url(SIGNER)],
            "versionCode": "7",
        },
        "deviceIntegrity": {"deviceRecognitionVerdict": ["MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY"]},
        "environmentDetails": {"playProtectVerdict": "NO_ISSUES"},
        "accountDetails": {"appLicensingVerdict": "LICENSED"},
    }
    part, _, name = told.partition(".")
    if part:
        said.setdefault(part, {})[name] = value
        said[part] = {each: left for each, left in said[part].items() if left is not None}
    return json.dumps(said).encode()


def play_vectors() -> Iterator[tuple[str, Json]]:
    """Tokens of Play Integrity beside the attestation of the reporter."""
    certificates = chain(attested(android(description(by_software=application()))), BATCH, MAKER)

    def of(about: str, token: str | None) -> Json:
        more = {} if token is None else {"play_integrity": token}
        return evidence(about, certificates, reporter="integrity", **more)

    def said(about: str, told: str, value: object) -> Json:
        return of(about, jwe(jws(play_says(told, value))))

    def at(about: str, **ahead: float) -> Json:
        millis = int((NOW + timedelta(**ahead)).timestamp() * 1000)
        return said(about, "requestDetails.timestampMillis", str(millis))

    good = jws(play_says())
    yield "good-play", of("Play's word beside the attestation", jwe(good))
    yield "good-play-old", at("Five minutes old", minutes=-5)
    yield "good-play-ahead", at("A minute ahead of the gate", minutes=1)
    padded = base64url(CHALLENGE + b"." + thumbprint(ENROLS).encode()) + "=="
    yield "good-play-padded", said("The nonce with padding", "requestDetails.nonce", padded)
    yield "good-play-number", said("A number as number", "appIntegrity.versionCode", 8)
    yield "evidence-token-missing", of("No token", None)
    yield "evidence-oversize.play", of("A token of 16 KiB and more", jwe(b"x" * 12_300))
    yield "evidence-malformed.play", of("No token at all", "x")
    yield "evidence-malformed.play-none", of("Not encrypted", jwe(good, alg="none"))
    yield "evidence-malformed.play-a128kw", of("Wrapped with AES-128", jwe(good, PLAY_KEY[:16], alg="A128KW"))
    yield "evidence-malformed.play-dir", of("Encrypted with the key itself", jwe(good, alg="dir"))
    yield (
        "evidence-malformed.play-enc",
        of("Another content encryption", jwe(good, content=bytes(16), enc="A128GCM")),
    )
    yield "evidence-malformed.play-zip", of("Compressed", jwe(good, zip="DEF"))
    yield "evidence-malformed.play-inner", of("No JWS inside", jwe(play_says()))
    yield "evidence-malformed.play-inner-none", of("Not signed", jwe(jws(play_says(), alg="none")))
    yield "evidence-malformed.play-inner-hs256", of("Signed with a MAC", jwe(jws(play_says(), alg="HS256")))
    critical = jwe(jws(play_says(), crit=["exp"]))
    yield "evidence-malformed.play-inner-crit", of("What must be understood, and is not", critical)
    yield "evidence-malformed.play-payload", of("No object in the JWS", jwe(jws(b"[]")))
    yield "evidence-untrusted.play-key", of("For another key", jwe(good, bytes(32)))
    swapped = f"{jwe(good)[:-22]}{base64url(bytes(16))}"
    yield "evidence-untrusted.play-tag", of("Changed on its way", swapped)
    yield "evidence-untrusted.play-signature", of("Signed by another key", jwe(jws(play_says(), 71)))
    other = "com.example.other"
    yield (
        "evidence-app-wrong.play-request",
        said("Asked by another app", "requestDetails.requestPackageName", other),
    )
    yield "evidence-app-wrong.play", said("About another app", "appIntegrity.packageName", other)
    alone = base64url(CHALLENGE)
    yield (
        "evidence-challenge-wrong.play",
        of("For another enrolment", jwe(jws(play_says(challenge=bytes(38))))),
    )
    yield (
        "evidence-challenge-wrong.play-alone",
        said("The gate's nonce of no key", "requestDetails.nonce", alone),
    )
    stranger = jwe(jws(play_says(enrols=thumbprint(41))))
    yield "evidence-challenge-wrong.play-key", of("About the key of another phone", stranger)
    yield "evidence-challenge-wrong.play-none", said("Without a nonce", "requestDetails.nonce", None)
    yield "evidence-expired.play", at("Older than five minutes", minutes=-5, milliseconds=-1)
    yield "evidence-expired.play-none", said("Of no time", "requestDetails.timestampMillis", None)
    yield "evidence-not-yet-valid.play", at("More than a minute ahead", minutes=1, milliseconds=1)
    yield "evidence-environment-wrong.play", said("Of a test", "testingDetails.isTestingResponse", True)
    verdict = "appIntegrity.appRecognitionVerdict"
    yield "evidence-app-unrecognised", said("Not the build of Play", verdict, "UNRECOGNIZED_VERSION")
    yield "evidence-app-unrecognised.unevaluated", said("Not evaluated", verdict, "UNEVALUATED")
    yield "evidence-app-unrecognised.none", said("No verdict", verdict, None)
    digests = "appIntegrity.certificateSha256Digest"
    yield (
        "evidence-signer-wrong.play",
        said("Other certificates", digests, [base64url(SIGNER), base64url(bytes(32))]),
    )
    yield "evidence-signer-wrong.play-none", said("No certificate", digests, [])
    yield (
        "evidence-app-outdated.play",
        said("An older version than attested", "appIntegrity.versionCode", "6"),
    )
    yield "evidence-app-outdated.play-none", said("No version", "appIntegrity.versionCode", None)
    labels = "deviceIntegrity.deviceRecognitionVerdict"
    yield "evidence-device-unrecognised", said("A phone without a label", labels, None)
    yield "evidence-device-unrecognised.basic", said("A weaker label", labels, ["MEETS_BASIC_INTEGRITY"])
    yield "evidence-device-unrecognised.text", said("A text, and no list", labels, "MEETS_DEVICE_INTEGRITY")
    protect = "environmentDetails.playProtectVerdict"
    yield "evidence-play-protect", said("Harmful apps were found", protect, "HIGH_RISK")
    yield "evidence-play-protect.none", said("No verdict of Play Protect", protect, None)


Data = dict[str, object]


def tail(**told: object) -> bytes:
    return cbor({f"apple_{name}_01": value for name, value in told.items()})


STORE, FLIGHT = (tail(validation_category=number.to_bytes(4, "little")) for number in (4, 2))


def app_attest_vectors() -> Iterator[tuple[str, Json]]:
    """An iOS app whose key Apple attests."""
    number = key(IN_ENCLAVE).public_key().public_numbers()
    coordinates = number.x.to_bytes(32), number.y.to_bytes(32)
    own = sha256(b"\x04" + b"".join(coordinates)).digest()
    cose = {1: 2, 3: -7, -1: 1, -2: coordinates[0], -3: coordinates[1]}
    told = CHALLENGE + b"." + thumbprint(ENROLS).encode()

    def of(
        about: str,
        *,
        app: str = IOS_REPORTER,
        flags: int = 0x40,
        counter: int = 0,
        place: bytes = b"appattest".ljust(16, b"\0"),
        key_id: bytes = own,
        size: int | None = None,
        more: bytes = b"",
        challenge: bytes = told,
        extension: bytes | None = b"",
        statement: Data | None = None,
        whole: Data | None = None,
        behind: bytes = b"",
        issuer: Signed = APP_KEYS,
    ) -> Json:
        head = sha256(app.encode()).digest() + bytes([flags]) + counter.to_bytes(4)
        length = len(key_id) if size is None else size
        data = head + place + length.to_bytes(2) + key_id + more
        nonce = sha256(data + sha256(challenge).digest()).digest()
        value = tlv(b"\x30", explicit(1, octets(nonce))) if extension == b"" else extension
        leaf = issuer.sign("app", IN_ENCLAVE, apple(n2=value) if value is not None else ())
        said = {"x5c": [leaf.der, issuer.der], "receipt": b"for Apple"} | (statement or {})
        sent = {"fmt": "apple-appattest", "attStmt": said, "authData": data} | (whole or {})
        return evidence(about, [b64encode(cbor(sent) + behind).decode()], "apple-appattest", reporter=True)

    yield "good-app-attest", of("Before iOS 27: nothing behind the key's id")
    yield "good-app-attest-key", of("With its public key", more=cbor(cose))
    full = cbor(cose) + tail(bundle_version="42", validation_category=(4).to_bytes(4, "little"))
    yield "good-app-attest-ios-27", of("With what iOS 27 adds", flags=0xC0, more=full)
    yield "good-app-attest-no-flag", of("The same without the flag for it", more=full)
    yield "evidence-malformed.attest", of("A byte behind the attestation", behind=b"\0")
    yield "evidence-malformed.attest-format", of("Another format inside", whole={"fmt": "packed"})
    yield "evidence-malformed.attest-chain", of("No list of certificates", statement={"x5c": b""})
    yield "evidence-malformed.attest-tail", of("A byte behind the key", more=cbor(cose) + b"\0")
    yield "evidence-malformed.attest-more", of("What iOS 27 does not add", more=full[:-1] + b"\0\0")
    named = cbor(cose) + cbor({"apple_validation_category_01": bytes([4, 0, 0, 0]), "more": 1})
    yield "evidence-malformed.attest-name", of("A name that is not known", more=named)
    short = cbor(cose) + tail(validation_category=b"\4")
    yield "evidence-malformed.attest-category", of("A category of one byte", more=short)
    yield "evidence-malformed.attest-flag", of("A flag for a map that is missing", flags=0xC0)
    twice = cbor(cose) + b"\xa2" + 2 * STORE[1:]
    yield "evidence-malformed.attest-twice", of("A name that stands twice", more=twice)
    yield "evidence-malformed.attest-nonce", of("A nonce that is no DER", extension=b"\x30\x00")
    yield "evidence-malformed.attest-key-id", of("A key's id of 31 bytes", key_id=own[1:])
    yield "evidence-malformed.attest-length", of("Another length than the id has", size=33)
    yield "evidence-malformed.attest-no-key", of("No key in it, by its flags", flags=0)
    yield "evidence-untrusted.attest", of("Under the root of another maker", issuer=BETWEEN)
    yield "evidence-extension-missing.attest", of("Without a nonce in the leaf", extension=None)
    yield "evidence-challenge-wrong.attest", of("The nonce of the gate, of no key", challenge=CHALLENGE)
    other = CHALLENGE + b"." + thumbprint(41).encode()
    yield "evidence-challenge-wrong.attest-key", of("Of another key that enrols", challenge=other)
    yield "evidence-key-mismatch.attest", of("The id of another key", key_id=bytes(32))
    stranger = cbor(cose | {-2: bytes(32)})
    yield "evidence-key-mismatch.attest-cose", of("Another public key", more=stranger)
    yield "evidence-app-wrong.attest", of("Another app", app="ABCDE12345.com.example.other")
    yield "evidence-counter-wrong", of("A key that has signed before", counter=1)
    develop = of("An app under development", place=b"appattestdevelop")
    yield "evidence-environment-wrong", develop
    yield "evidence-environment-wrong.unknown", of("No environment at all", place=bytes(16))
    yield "evidence-category-wrong", of("An app of a test", more=cbor(cose) + FLIGHT)


def assertions() -> Iterator[tuple[str, Json]]:
    """What the key of an iOS app says about a proof."""
    signed = "a proof"

    def of(
        about: str,
        *,
        app: str = IOS_REPORTER,
        flags: int = 0x40,
        counter: int = 1,
        more: bytes = b"",
        about_what: str = signed,
        number: int = IN_ENCLAVE,
        whole: Data | None = None,
        behind: bytes = b"",
    ) -> Json:
        data = sha256(app.encode()).digest() + bytes([flags]) + counter.to_bytes(4) + more
        nonce = sha256(data + sha256(about_what.encode()).digest()).digest()
        signature = key(number).sign(nonce, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        sent = {"signature": signature, "authenticatorData": data} | (whole or {})
        return {"about": about, "signed": signed, "assertion": b64encode(cbor(sent) + behind).decode()}

    yield "good-assertion", of("Before iOS 27: 37 bytes")
    yield "good-assertion-late", of("The last of many", counter=2**32 - 1)
    both = tail(bundle_version="42", validation_category=(4).to_bytes(4, "little"))
    yield "good-assertion-ios-27", of("With what iOS 27 adds", flags=0xC0, more=both)
    yield "good-assertion-no-flag", of("The same without the flag for it", more=STORE)
    yield "assertion-malformed", of("A byte behind it", behind=b"\0")
    yield "assertion-malformed.members", of("One member more", whole={"more": 1})
    yield "assertion-malformed.types", of("A text as signature", whole={"signature": "x"})
    yield "assertion-malformed.short", of("36 bytes", whole={"authenticatorData": bytes(36)})
    yield "assertion-malformed.tail", of("A byte behind the counter", more=b"\0")
    yield "assertion-malformed.flag", of("A flag for a map that is missing", flags=0xC0)
    yield "assertion-signature-wrong", of("About another proof", about_what="another proof")
    yield "assertion-signature-wrong.key", of("By another key", number=61)
    yield "assertion-app-wrong", of("Of another app", app="ABCDE12345.com.example.other")
    yield "assertion-category-wrong", of("By an app of a test", more=FLIGHT)


def apple_vectors() -> Iterator[tuple[str, Json]]:
    whole = sha256(CHALLENGE).digest()
    bound = sha256(CHALLENGE + b"." + thumbprint(ENROLS).encode()).digest()

    def of(about: str, number: int = ENROLS, **properties: bytes) -> Json:
        told = {
            "n9_1": b"F4GTESTED",
            "n9_2": b"00008120-000A",
            "n10_1": b"26.1",
            "n10_2": b"26.1",
            "n11_1": whole,
        }
        leaf = BETWEEN.sign("attested", number, apple(**{**told, **properties}))
        return evidence(about, chain(leaf, BETWEEN), "apple-device")

    yield "good-apple-acme", of("A device's own key, and the SHA-256 of the challenge")
    yield "good-apple-raw", of("The challenge itself as freshness code", n11_1=CHALLENGE)
    yield (
        "good-apple-device-information",
        of("Another key, and a freshness code that names it", 50, n11_1=octets(bound)),
    )
    yield "good-apple-user-enrolment", of("Serial number and UDID are held back", n9_1=b"", n9_2=b"")
    yield "good-apple-mac", of("A Mac", n13_1=integer(0), n13_2=b"Full Security", n13_3=integer(0))
    yield "evidence-format-unknown", evidence("No such format", [], "tpm")
    yield (
        "evidence-untrusted.apple",
        evidence(
            "Under the root of another maker",
            chain(BATCH.sign("attested", ENROLS, apple(n11_1=whole)), BATCH),
            "apple-device",
        ),
    )
    yield (
        "evidence-extension-missing.apple",
        evidence(
            "Without a freshness code",
            chain(BETWEEN.sign("attested", ENROLS, apple(n9_1=b"F4G")), BETWEEN),
            "apple-device",
        ),
    )
    yield "evidence-challenge-wrong.apple", of("An old freshness code", n11_1=bytes(32))
    yield "evidence-key-mismatch.apple", of("Neither key nor freshness code is of the key that enrols", 50)
    yield "evidence-malformed.apple", of("A serial number that is a list", n9_1=tlv(b"\x05"))
    yield (
        "evidence-malformed.apple-text",
        of("A serial number of control characters", n9_1=tlv(b"\x0c", b"\x01")),
    )
    yield "evidence-integrity-off", of("A Mac without System Integrity Protection", n13_1=integer(1))
    yield (
        "evidence-boot-unverified.apple",
        of("A Mac with reduced security", n13_1=b"0", n13_2=b"Reduced Security"),
    )


def build() -> dict[str, str]:
    """Every file by its path from here."""
    files = {
        "certificates-anchors.json": {
            "now": NOW.isoformat(),
            "root": DEVICES.pem,
            "issuing": ISSUING.pem,
            "names": [["udid", "00008120"]],
        },
        "evidence-anchors.json": {
            "now": NOW.isoformat(),
            "challenge": CHALLENGE.decode(),
            "thumbprint": thumbprint(ENROLS),
            "roots": {"android-key": MAKER.pem, "apple-device": APPLE.pem, "apple-appattest": APP_ATTEST.pem},
            "signer": SIGNER.hex(),
            "play_integrity": play_keys(),
        },
    }
    groups = [("certificates", clients()), ("assertions", assertions())]
    evidences = android_vectors(), reporter_vectors(), play_vectors(), apple_vectors(), app_attest_vectors()
    groups.extend(("evidence", each) for each in evidences)
    for folder, vectors in groups:
        for name, vector in vectors:
            reason = None if name.startswith("good-") else name.partition(".")[0]
            path = f"{folder}/{name}.json"
            assert path not in files, path
            files[path] = {"about": vector.pop("about"), "reason": reason, **vector}
    return {path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in files.items()}


if __name__ == "__main__":
    for path, content in build().items():
        (HERE / path).parent.mkdir(exist_ok=True)
        (HERE / path).write_text(content)
