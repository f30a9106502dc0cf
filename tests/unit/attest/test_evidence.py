import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attest.hardware_evidence import (
    APPS,
    EXPECTED,
    FOLDER,
    NAMES,
    evidence_of,
    read,
    roots,
    verified,
)
from tests.vectors import build_certificate_vectors as vectors

from mailgate.attest import Refused
from mailgate.attest.evidence import FORMATS, Evidence, read_evidence, verify_evidence
from mailgate.model import Reason

OURS = {reason for reason in Reason if reason.startswith("evidence-")}


DETAILS = {
    "evidence-app-missing": "expected attestationApplicationId in softwareEnforced",
    "evidence-app-outdated": "expected version 5 or newer",
    "evidence-app-shared": "expected one package",
    "evidence-app-wrong": "another app made the key",
    "evidence-boot-unverified": "the system is not signed by the device's maker",
    "evidence-boot-unverified.apple": "secure boot is not full",
    "evidence-boot-unverified.by-software": "expected a RootOfTrust",
    "evidence-chain-extended": "only the leaf may have the attestation extension",
    "evidence-category-wrong": "the app was distributed in a way that is not accepted",
    "evidence-challenge-wrong": "expected the gate's nonce as attestationChallenge",
    "evidence-challenge-wrong.apple": "the freshness code was not made from the gate's nonce",
    "evidence-challenge-wrong.attest": "the nonce of the leaf was not made from the gate's and the key's",
    "evidence-challenge-wrong.attest-key": "the nonce of the leaf was not made from the gate's and the key's",
    "evidence-counter-wrong": "expected a key that has signed nothing",
    "evidence-environment-wrong": "expected the environment production",
    "evidence-environment-wrong.unknown": "expected an aaguid of App Attest",
    "evidence-expired": "a notAfter has passed",
    "evidence-extension-missing": "expected the extension 1.3.6.1.4.1.11129.2.1.17",
    "evidence-extension-missing.apple": "expected the extension 1.2.840.113635.100.8.11.1",
    "evidence-extension-missing.attest": "expected the extension 1.2.840.113635.100.8.2",
    "evidence-format-unknown": "expected one of android-key, apple-appattest, apple-device",
    "evidence-integrity-off": "System Integrity Protection is off",
    "evidence-key-imported": "expected a key that was made in the hardware",
    "evidence-key-mismatch": "the attested key is not the one that enrols",
    "evidence-key-mismatch.apple": "neither the leaf nor the freshness code has the key",
    "evidence-key-mismatch.attest": "the key's id is not that of the leaf's key",
    "evidence-key-mismatch.attest-cose": "authData has another key than the leaf",
    "evidence-malformed": "expected X.509 certificates in DER",
    "evidence-malformed.app": "expected an AttestationApplicationId in DER",
    "evidence-malformed.app-signer": "expected an AttestationApplicationId in DER",
    "evidence-malformed.app-twice": "expected [709] once",
    "evidence-malformed.app-unsorted": "expected an AttestationApplicationId in DER",
    "evidence-malformed.apple": "expected the properties as texts or numbers",
    "evidence-malformed.apple-text": "expected the properties as texts or numbers",
    "evidence-malformed.attest": 'expected {"fmt": "apple-appattest", "attStmt": …, "authData": …}',
    "evidence-malformed.attest-category": "expected apple_validation_category_01 of 4 bytes at the end of authData",
    "evidence-malformed.attest-chain": "expected certificates in x5c",
    "evidence-malformed.attest-flag": "expected the extensions that a flag announces",
    "evidence-malformed.attest-format": 'expected {"fmt": "apple-appattest", "attStmt": …, "authData": …}',
    "evidence-malformed.attest-key-id": "expected authData with a key's id of 32 bytes",
    "evidence-malformed.attest-length": "expected authData with a key's id of 32 bytes",
    "evidence-malformed.attest-no-key": "expected authData of a key on P-256",
    "evidence-malformed.attest-more": "expected apple_validation_category_01 of 4 bytes at the end of authData",
    "evidence-malformed.attest-name": "expected only what iOS 27 adds at the end of authData",
    "evidence-malformed.attest-nonce": "expected a nonce in the leaf, in DER",
    "evidence-malformed.attest-tail": "expected a map",
    "evidence-malformed.attest-twice": "expected each name once",
    "evidence-malformed.boolean": "expected a KeyDescription in DER",
    "evidence-malformed.description": "expected a KeyDescription in DER",
    "evidence-malformed.empty": "expected certificates",
    "evidence-malformed.twice": "expected [702] once",
    "evidence-not-yet-valid": "a notBefore is in the future",
    "evidence-oversize": "expected at most 6 certificates of 16384 bytes",
    "evidence-patch-old": "expected patches of the last 180 days",
    "evidence-revoked": "a certificate of the chain was revoked",
    "evidence-schema-unknown": "attestationVersion 600 is not accepted",
    "evidence-signer-wrong": "other certificates signed the app",
    "evidence-software-only": "expected a key in a TEE or a StrongBox",
    "evidence-unlocked": "the boot loader is not locked",
    "evidence-untrusted": "expected certificates in order, up to one of the roots",
    "evidence-app-outdated.play": "expected version 7 or newer from Play",
    "evidence-app-outdated.play-none": "expected version 7 or newer from Play",
    "evidence-app-unrecognised": "expected PLAY_RECOGNIZED",
    "evidence-app-wrong.play": "Play recognises another app",
    "evidence-app-wrong.play-request": "another app asked Play",
    "evidence-device-unrecognised": "expected MEETS_DEVICE_INTEGRITY",
    "evidence-environment-wrong.play": "a test has set what Play says",
    "evidence-expired.play": "Play's token is older than 0:05:00",
    "evidence-expired.play-none": "Play's token is older than 0:05:00",
    "evidence-not-yet-valid.play": "Play's token is of the future",
    "evidence-oversize.play": "expected at most 16384 characters",
    "evidence-play-protect": "expected NO_ISSUES or NO_DATA",
    "evidence-signer-wrong.play": "Play knows the app by other certificates",
    "evidence-signer-wrong.play-none": "Play knows the app by other certificates",
    "evidence-token-missing": "expected a token of Play Integrity",
    "evidence-untrusted.play-key": "for another decryption key",
    "evidence-untrusted.play-signature": "not signed for the verification key",
    "evidence-untrusted.play-tag": "for another decryption key",
    **dict.fromkeys(
        [f"evidence-challenge-wrong.play{which}" for which in ("", "-alone", "-key", "-none")],
        "Play was given another nonce",
    ),
    **{
        name: "expected a token with A256KW, A256GCM and ES256"
        for name in NAMES
        if name.startswith("evidence-malformed.play")
    },
}
"""What each vector is refused with in words; one that is not named here, like the others of its reason."""


def test_the_vectors_are_what_their_script_builds() -> None:
    built = vectors.build()
    committed = {f"evidence/{name}.json" for name in NAMES}
    for folder in ("certificates", "assertions"):
        committed |= {f"{folder}/{path.name}" for path in (FOLDER / folder).glob("*.json")}
    assert committed | {"evidence-anchors.json", "certificates-anchors.json"} == set(built)
    for path, content in built.items():
        text = (FOLDER / path).read_text()
        assert text == content, f"{path}: run tests/vectors/build_certificate_vectors.py"


def test_every_reason_has_a_vector_named_for_it() -> None:
    reasons = {name: read(name)["reason"] for name in NAMES}
    assert set(reasons.values()) == OURS | {None}


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_gets_its_reason(name: str) -> None:
    result = verified(name)
    assert result.refused == read(name)["reason"], result.detail
    assert bool(result.hardware) is (result.refused is None)
    assert result.detail == (DETAILS.get(name) or DETAILS[result.refused] if result.refused else "")
    assert result.format == read(name)["format"]


def test_the_document_tells_every_reason() -> None:
    document = (Path(__file__).parents[3] / "docs" / "attestation.md").read_text("utf-8")
    assert set(re.findall(r"`(evidence-[a-z-]+)`", document)) == OURS


def test_a_format_without_roots_is_not_known() -> None:
    known, sent = roots(), evidence_of(read("good-android-tee"))
    assert set(known) == set(FORMATS) == {"android-key", "apple-appattest", "apple-device"}
    for believed, words in (({}, "none"), ({"apple-device": known["apple-device"]}, "apple-device")):
        result = verify_evidence(sent, believed, EXPECTED)
        assert (result.format, result.refused) == ("android-key", Reason.EVIDENCE_FORMAT_UNKNOWN)
        assert result.detail == f"expected one of {words}"
    made_up = verify_evidence(sent._replace(format="tpm"), {"tpm": known["apple-device"]}, EXPECTED)
    assert made_up.refused is Reason.EVIDENCE_FORMAT_UNKNOWN


@given(st.sampled_from(sorted(FORMATS)), st.lists(st.binary(max_size=200), max_size=4))
def test_nothing_is_raised_whatever_comes(name, chain) -> None:
    result = verify_evidence(Evidence(name, tuple(chain)), roots(), replace(EXPECTED, app=APPS.get(name)))
    assert result.refused is Reason.EVIDENCE_MALFORMED


def test_an_attestation_of_an_app_counts_only_where_one_is_expected() -> None:
    result = verify_evidence(evidence_of(read("good-app-attest")), roots(), EXPECTED)
    assert (result.refused, result.app) == (Reason.EVIDENCE_FORMAT_UNKNOWN, None)


@pytest.mark.parametrize("nonce", ["", "n"])
@pytest.mark.parametrize("chain", [[], ["TUk="], ["TUk=", "AA=="]])
def test_evidence_is_read_as_it_was_sent(chain: list[str], nonce: str) -> None:
    said = {"format": "a", "chain": chain} | ({"nonce": nonce} if nonce else {})
    assert read_evidence(said) == Evidence("a", (b"MI", b"\0")[: len(chain)], nonce)
    assert read_evidence(said | {"play_integrity": "t"}) == Evidence(
        "a", (b"MI", b"\0")[: len(chain)], nonce, "t"
    )


@pytest.mark.parametrize(
    "said",
    [None, [], "x", {}, {"format": "android-key"}, {"chain": []}, {"format": 1, "chain": []}, {"format": "a", "chain": "TUk="},
     {"format": "a", "chain": [], "nonce": 1}, {"format": "a", "chain": [], "nonce": None}, {"format": 1, "chain": [], "nonce": "a"},
     {"format": "a", "chain": [], "play_integrity": 1}, {"format": "a", "chain": [], "play_integrity": None},
     {"format": "a", "chain": ("TUk=",)}, {"format": "a", "chain": ["é"]},
     {"format": "a", "chain": [1]}, {"format": "a", "chain": ["T U k ="]}, {"format": "a", "chain": ["TU_-"]},
     {"format": "a", "chain": ["TUk"]}, {"format": "a", "chain": [], "more": 1}],
)  # fmt: skip
def test_evidence_that_was_not_sent_as_it_must_be_is_refused(said) -> None:
    with pytest.raises(Refused) as caught:
        read_evidence(said)
    assert caught.value.reason is Reason.EVIDENCE_MALFORMED
    expected = 'expected {"format": "…", "chain": ["base64 of DER", …], "nonce": "…"}'
    assert str(caught.value) == caught.value.detail == expected


@given(st.sampled_from(["good-android-tee", "good-apple-acme"]), st.data())
def test_a_changed_byte_is_no_evidence(name, data) -> None:
    sent = evidence_of(read(name))
    chain = list(sent.chain)
    which = data.draw(st.integers(0, 1))
    at = data.draw(st.integers(0, len(chain[which]) - 1))
    changed = bytearray(chain[which])
    changed[at] ^= data.draw(st.integers(1, 255))
    chain[which] = bytes(changed)
    assert verify_evidence(sent._replace(chain=tuple(chain)), roots(), EXPECTED).refused is not None
