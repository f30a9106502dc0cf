"""Attestations of real devices (``tests/vectors/published/``), each at the moment from which all of its certificates are valid."""

import json
from base64 import b64decode
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.unit.attest.hardware_evidence import FOLDER

from mailgate.attest.android_key import AndroidApp
from mailgate.attest.evidence import Evidence, verify_evidence
from mailgate.attest.hardware import ExpectedEvidence, Roots, thumbprint_of
from mailgate.model import HardwareResult

PUBLISHED = FOLDER / "published"
ANDROID = Roots(
    [
        x509.load_pem_x509_certificate(pem.encode())
        for pem in json.loads((PUBLISHED / "android-roots.json").read_text())
    ]
)
GOOGLES = AndroidApp(
    "com.google.android.attestation",
    frozenset({b64decode("EDk47kU35Z6O55L2VFBPuDRvxrNG0LvEQV/DOfz8jsE=").hex()}),
)
"""The app that asked for most of the chains."""


def android_result(
    name: str, challenge: str, app: AndroidApp = GOOGLES, *, later: timedelta = timedelta(hours=1)
) -> HardwareResult:
    """What the chain of a device proves about its app."""
    chain = x509.load_pem_x509_certificates((PUBLISHED / f"{name}.pem").read_bytes())
    now: datetime = max(each.not_valid_before_utc for each in chain) + later
    expected = ExpectedEvidence(challenge.encode(), thumbprint_of(chain[0]), now, app)
    sent = Evidence("android-key", tuple(each.public_bytes(Encoding.DER) for each in chain))
    return verify_evidence(sent, {"android-key": ANDROID}, expected)
