"""Simulated phones with makers of their own: an Android phone with copies of a reporter in its profiles, and an iPhone with an app."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.pki import Issued, name, root
from tests.vectors.build_certificate_vectors import (
    IOS_REPORTER,
    REPORTER,
    SIGNER,
    android,
    apple,
    application,
    cbor,
    description,
    explicit,
    jwe,
    jws,
    octets,
    play_says,
    tlv,
)

from mailgate.attest import mint
from mailgate.attest.jose import Key

SIGNERS = [SIGNER.hex()]


@dataclass
class Maker:
    """The maker of phones, with the authority that signs for their hardware."""

    root: Issued
    batch: Issued

    @classmethod
    def of(cls, now: datetime) -> "Maker":
        made = root("Maker of phones", now)
        return cls(made, made.authority("Keys of this month"))


def new_key() -> Key:
    return mint.make_key(token_bytes(32), "")


@dataclass
class ReporterCopy:
    """The copy of the reporter in one profile of an Android phone, with the packages that are installed there."""

    maker: Maker
    profile: str = "personal"
    installed: set[str] = field(default_factory=set)
    key: Key = field(default_factory=new_key)
    looks_for: set[str] | None = None
    """The packages in its manifest; None for all that it is asked for."""

    def evidence(self, nonce: str, app: bytes | None = None, **said: Any) -> dict[str, Any]:
        """What its hardware says about its key. ``said`` changes the attestation (``description``)."""
        version = said.pop("version", 7)
        told = {"challenge": nonce.encode(), "by_software": application((REPORTER, version))}
        told |= said if app is None else said | {"by_software": app}
        leaf = self.maker.batch.sign(
            name("Android Keystore Key"), [android(description(**told))], key=self.key.get_op_key("sign")
        )
        chain = [b64encode(each.der).decode() for each in (leaf, self.maker.batch)]
        return {"format": "android-key", "chain": chain, "nonce": nonce}

    def integrity(self, nonce: str, now: datetime, told: str = "", value: object = None) -> dict[str, str]:
        """A token of Play Integrity as a member of the evidence. ``told`` is the path of what Play says otherwise."""
        said = play_says(told, value, challenge=nonce.encode(), enrols=self.key.thumbprint(), now=now)
        return {"play_integrity": jwe(jws(said))}

    def answers(self, question: dict[str, Any], /, **more: Any) -> bytes:
        """The body of its report: yes or no for each app of which it can look for every package, and nothing else."""
        able = {
            key: bool(self.installed & {*ids})
            for key, ids in question["apps"].items()
            if self.looks_for is None or {*ids} <= self.looks_for
        }
        said = {"question": question["question"], "profile": self.profile, "installed": able} | more
        return json.dumps({"os": "android", "os_version": "16", "apps": said}).encode()


@dataclass
class IosApp:
    """An app on an iPhone: the key that enrols, and the key that App Attest keeps for it."""

    maker: Maker
    key: Key = field(default_factory=new_key)
    enclave: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    counter: int = 0

    def evidence(self, nonce: str, app: str = IOS_REPORTER) -> dict[str, Any]:
        """The attestation of its key."""
        point = self.enclave.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        own = sha256(point).digest()
        data = _data(app, 0) + b"appattest".ljust(16, b"\0") + (32).to_bytes(2) + own
        told = sha256(f"{nonce}.{self.key.thumbprint()}".encode()).digest()
        value = tlv(b"\x30", explicit(1, octets(sha256(data + told).digest())))
        leaf = self.maker.batch.sign(name("app"), apple(n2=value), key=self.enclave)
        statement = {"x5c": [leaf.der, self.maker.batch.der], "receipt": b""}
        sent = cbor({"fmt": "apple-appattest", "attStmt": statement, "authData": data})
        return {"format": "apple-appattest", "chain": [b64encode(sent).decode()], "nonce": nonce}

    def assertion(self, proof: str, app: str = IOS_REPORTER) -> str:
        """What it says about a proof. The counter grows each time."""
        self.counter += 1
        data = _data(app, self.counter)
        nonce = sha256(data + sha256(proof.encode()).digest()).digest()
        signature = self.enclave.sign(nonce, ec.ECDSA(hashes.SHA256()))
        return b64encode(cbor({"signature": signature, "authenticatorData": data})).decode()


def _data(app: str, counter: int) -> bytes:
    return sha256(app.encode()).digest() + b"\x40" + counter.to_bytes(4)
