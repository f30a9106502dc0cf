"""A second word about the reporter: the vectors of ``test_evidence.py``, and what the settings change."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import JoseError
from tests.unit.attest.hardware_evidence import ANCHORS, APPS, EXPECTED, NAMES, PLAY, evidence_of, read, roots
from tests.vectors.build_certificate_vectors import jwe, jws, play_says

from mailgate.attest import play_integrity
from mailgate.attest.evidence import verify_evidence
from mailgate.attest.play_integrity import read_keys
from mailgate.model import HardwareResult, Reason

LABELS, PROTECT = "deviceIntegrity.deviceRecognitionVerdict", "environmentDetails.playProtectVerdict"
KEYS = ANCHORS["play_integrity"]


def proved(token: str, **settings: object) -> HardwareResult:
    """What the attestation of the reporter proves with this token."""
    app = replace(APPS["android-key"], integrity=replace(PLAY, **settings))
    return verify_evidence(
        evidence_of(read("good-play")), roots(), replace(EXPECTED, app=app, integrity=token)
    )


def saying(told: str, value: object) -> str:
    return jwe(jws(play_says(told, value)))


def test_the_vectors_try_each_step() -> None:
    refused = {read(name)["reason"] for name in NAMES if read(name).get("reporter") == "integrity"} - {None}
    table = Path(play_integrity.__file__).read_text("utf-8")
    assert refused == {Reason[word] for word in re.findall(r"Reason\.(\w+)", table)}


@pytest.mark.parametrize("token", ["", "no token", saying(PROTECT, "HIGH_RISK")])
def test_nobody_needs_a_token_where_none_is_asked_for(token: str) -> None:
    expected = replace(EXPECTED, app=APPS["android-key"], integrity=token)
    assert verify_evidence(evidence_of(read("good-play")), roots(), expected).refused is None


def test_a_company_may_ask_for_a_stronger_verdict() -> None:
    strong = "MEETS_STRONG_INTEGRITY"
    assert proved(jwe(jws(play_says())), device=strong).refused is None
    result = proved(saying(LABELS, ["MEETS_DEVICE_INTEGRITY"]), device=strong)
    assert (result.refused, result.detail) == (Reason.EVIDENCE_DEVICE_UNRECOGNISED, f"expected {strong}")


@pytest.mark.parametrize("verdict", ["HIGH_RISK", "UNEVALUATED", None, ["NO_ISSUES"]])
def test_play_protect_counts_only_where_it_is_asked(verdict: object) -> None:
    token = saying(PROTECT, verdict)
    assert proved(token, play_protect=()).refused is None
    assert proved(token).refused is Reason.EVIDENCE_PLAY_PROTECT


@pytest.mark.parametrize("part", ["requestDetails", "appIntegrity", "deviceIntegrity", "environmentDetails"])
@pytest.mark.parametrize("value", [[], "x", 1, True])
def test_a_part_of_another_form_says_nothing(part: str, value: object) -> None:
    said = json.loads(play_says()) | {part: value}
    result = proved(jwe(jws(json.dumps(said).encode())))
    assert result.refused not in (None, Reason.EVIDENCE_MALFORMED)


@pytest.mark.parametrize("value", [1, True, {"MEETS_DEVICE_INTEGRITY": True}, [1]])
def test_verdicts_about_a_phone_are_a_list_of_texts(value: object) -> None:
    assert proved(saying(LABELS, value)).refused is Reason.EVIDENCE_DEVICE_UNRECOGNISED


@pytest.mark.parametrize("value", ["-1", "7.0", "٧", "", 7.5, True, "9" * 20, [7], "7\n"])
def test_a_version_that_is_no_whole_number_is_older_than_any(value: object) -> None:
    assert proved(saying("appIntegrity.versionCode", value)).refused is Reason.EVIDENCE_APP_OUTDATED


@pytest.mark.parametrize("value", [0, 1, "false", "", None, [], {}])
def test_a_test_is_no_test_only_if_it_is_said_plainly(value: object) -> None:
    said = json.loads(play_says()) | {"testingDetails": {"isTestingResponse": value}}
    assert proved(jwe(jws(json.dumps(said).encode()))).refused is Reason.EVIDENCE_ENVIRONMENT_WRONG
    assert proved(saying("testingDetails.isTestingResponse", False)).refused is None


def test_the_attestation_is_needed_all_the_same() -> None:
    older = replace(APPS["android-key"], integrity=PLAY, min_version=8)
    expected = replace(EXPECTED, app=older, integrity=saying("appIntegrity.versionCode", "9"))
    assert (
        verify_evidence(evidence_of(read("good-play")), roots(), expected).refused
        is Reason.EVIDENCE_APP_OUTDATED
    )


@given(
    st.text(max_size=100)
    | st.lists(st.from_regex(r"[A-Za-z0-9_-]*", fullmatch=True), min_size=5, max_size=5).map(".".join)
)
def test_no_other_text_is_a_token(token: str) -> None:
    result = proved(token)
    assert result.refused in {
        Reason.EVIDENCE_TOKEN_MISSING,
        Reason.EVIDENCE_MALFORMED,
        Reason.EVIDENCE_UNTRUSTED,
    }


def test_the_keys_are_in_no_text() -> None:
    assert "key" not in repr(PLAY).replace("Key", "key")
    assert repr(replace(APPS["android-key"], integrity=PLAY)).count("PlayIntegrity(") == 1


def of(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"decryption": ""},
        {"decryption": "é"},
        {"decryption": b64encode(bytes(16)).decode()},
        {"decryption": b64encode(bytes(33)).decode()},
        {"verification": ""},
        {"verification": "AAAA"},
        {"verification": of(ec.generate_private_key(ec.SECP384R1()))},
        {"verification": of(ed25519.Ed25519PrivateKey.generate())},
    ],
)
def test_other_keys_are_none(wrong: dict[str, str]) -> None:
    read_keys(**KEYS)
    with pytest.raises((ValueError, JoseError)):
        read_keys(**(KEYS | wrong))
