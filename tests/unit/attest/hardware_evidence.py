"""The vectors of hardware evidence as the tests of each format read them."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from tests.vectors import build_certificate_vectors as vectors

from mailgate.attest.android_key import AndroidApp
from mailgate.attest.app_attest import AppleApp
from mailgate.attest.evidence import Evidence, read_evidence, verify_evidence
from mailgate.attest.hardware import ExpectedApp, ExpectedEvidence, Roots
from mailgate.attest.play_integrity import PlayIntegrity, read_keys
from mailgate.model import HardwareResult

FOLDER = Path(vectors.__file__).parent
ANCHORS = json.loads((FOLDER / "evidence-anchors.json").read_text())
NAMES = sorted(path.stem for path in (FOLDER / "evidence").glob("*.json"))
EXPECTED = ExpectedEvidence(
    ANCHORS["challenge"].encode(), ANCHORS["thumbprint"], datetime.fromisoformat(ANCHORS["now"])
)
APPS: dict[str, ExpectedApp] = {
    "android-key": AndroidApp(
        vectors.REPORTER, frozenset({ANCHORS["signer"]}), min_version=5, patched_within=timedelta(days=180)
    ),
    "apple-appattest": AppleApp(vectors.IOS_REPORTER),
}
"""The apps that answer for their devices, by format."""
PLAY = PlayIntegrity(*read_keys(**ANCHORS["play_integrity"]), play_protect=("NO_ISSUES", "NO_DATA"))
"""What Play Integrity must say of one of them, where it is asked."""


def read(name: str) -> dict:
    return json.loads((FOLDER / "evidence" / f"{name}.json").read_text())


def evidence_of(vector: dict) -> Evidence:
    return read_evidence(
        {name: vector[name] for name in ("format", "chain", "play_integrity") if name in vector}
    )


def proved(form: str, leaf: vectors.Signed, *above: vectors.Signed) -> HardwareResult:
    """What a chain of these certificates proves."""
    return verify_evidence(Evidence(form, tuple(each.der for each in (leaf, *above))), roots(), EXPECTED)


def roots(revoked: frozenset[int] = frozenset(), *, others: bool = False) -> dict[str, Roots]:
    """The root of each format's maker; with ``others``, the root of the other maker."""
    known = {name: [x509.load_pem_x509_certificate(pem.encode())] for name, pem in ANCHORS["roots"].items()}
    first, *rest = known.values()
    pairs = zip(known, [*rest, first] if others else known.values(), strict=True)
    return {name: Roots(certificates, revoked) for name, certificates in pairs}


def verified(name: str, expected: ExpectedEvidence = EXPECTED) -> HardwareResult:
    vector = read(name)
    revoked = frozenset(int(each, 16) for each in vector.get("revoked", []))
    believed = roots(revoked, others="roots" in vector)
    if "reporter" in vector:
        app = APPS[vector["format"]]
        app = replace(app, integrity=PLAY) if vector["reporter"] == "integrity" else app
        expected = replace(expected, app=app, integrity=vector.get("play_integrity", ""))
    return verify_evidence(evidence_of(vector), believed, expected)
