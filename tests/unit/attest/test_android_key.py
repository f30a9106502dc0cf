import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.attest.hardware_evidence import ANCHORS, APPS, EXPECTED, NAMES, proved, read, verified
from tests.unit.attest.published import GOOGLES, android_result
from tests.vectors.build_certificate_vectors import (
    BATCH,
    ENROLS,
    android,
    attested,
    description,
    integer,
    octets,
    packages,
    root_of_trust,
    tlv,
)

from mailgate.attest import Refused, android_key
from mailgate.attest.android_key import AndroidApp, read_application
from mailgate.attest.hardware import ExpectedEvidence
from mailgate.attest.key_description import DescriptionError
from mailgate.model import AttestedApp, HardwareResult, Reason


def test_the_hardware_attestation_becomes_claims() -> None:
    assert verified("good-android-tee") == HardwareResult(
        "android-key",
        hardware="tee",
        os="android",
        os_version="16.0.0",
        patch_level="2026-11",
        serial="R5CX10TESTED",
        claims=(("model", "Phone 9"), ("vendor_patch", "2026-11-05"), ("boot_patch", "2026-11-05")),
    )
    assert verified("good-android-strongbox").hardware == "strongbox"


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (replace(EXPECTED, challenge=EXPECTED.challenge + b"A"), Reason.EVIDENCE_CHALLENGE_WRONG),
        (replace(EXPECTED, challenge=EXPECTED.challenge[:-1]), Reason.EVIDENCE_CHALLENGE_WRONG),
        (replace(EXPECTED, challenge=b""), Reason.EVIDENCE_CHALLENGE_WRONG),
        (replace(EXPECTED, thumbprint=""), Reason.EVIDENCE_KEY_MISMATCH),
        (replace(EXPECTED, thumbprint="~"), Reason.EVIDENCE_KEY_MISMATCH),
    ],
)
def test_an_attestation_for_another_challenge_or_key_is_refused(
    expected: ExpectedEvidence, reason: Reason
) -> None:
    assert verified("good-android-tee", expected).refused is reason


def told(**said: object) -> HardwareResult:
    return proved("android-key", attested(android(description(**said))), BATCH)


@pytest.mark.parametrize(
    ("number", "version"),
    [(160000, "16.0.0"), (80001, "8.0.1"), (149998, "14.99.98"), (0, ""), (None, ""), (1, "0.0.1")],
)
def test_a_version_is_two_digits_each(number: int | None, version: str) -> None:
    assert told(os_version=number).os_version == version


@pytest.mark.parametrize(
    ("level", "month"),
    [
        (202611, "2026-11"),
        (20261105, "2026-11-05"),
        (0, ""),
        (None, ""),
        (2026, ""),
        (20261, ""),
        (2026110, ""),
        (202611051, ""),
    ],
)
def test_a_patch_level_is_a_month_or_a_day(level: int | None, month: str) -> None:
    result = told(os_patch=level, vendor_patch=level, boot_patch=20261231, model="")
    boot = ("boot_patch", "2026-12-31")
    assert result.patch_level == month
    assert result.claims == ((("vendor_patch", month), boot) if month else (boot,))


@pytest.mark.parametrize(
    ("level", "hardware"), [(0, None), (1, "tee"), (2, "strongbox"), (3, None), (127, None)]
)
def test_only_the_two_kinds_of_hardware_are_believed(level: int, hardware: str | None) -> None:
    result = told(level=level)
    assert result.refused is (None if hardware else Reason.EVIDENCE_SOFTWARE_ONLY)
    assert result.hardware == (hardware or "")


STEPS: list[tuple[Reason, dict[str, object]]] = [
    (Reason.EVIDENCE_CHALLENGE_WRONG, {"challenge": b"B" * 38}),
    (Reason.EVIDENCE_KEY_MISMATCH, {"number": 41}),
    (Reason.EVIDENCE_SOFTWARE_ONLY, {"level": 0}),
    (Reason.EVIDENCE_KEY_IMPORTED, {"origin": 2}),
    (Reason.EVIDENCE_UNLOCKED, {"boot": root_of_trust(locked=False, state=1)}),
    (Reason.EVIDENCE_BOOT_UNVERIFIED, {"boot": root_of_trust(state=1)}),
]


@pytest.mark.parametrize("at", range(len(STEPS)), ids=[reason for reason, _ in STEPS])
def test_the_first_step_that_fails_decides_whatever_else_is_wrong(at: int) -> None:
    wrong: dict[str, object] = {"number": ENROLS}
    for _, changes in reversed(STEPS[at:]):
        wrong |= changes
    number = wrong.pop("number")
    leaf = attested(android(description(**wrong)), number=number)
    assert proved("android-key", leaf, BATCH).refused is STEPS[at][0]


@pytest.mark.parametrize("origin", [1, 2, 3, None])
def test_only_a_key_that_was_made_in_the_hardware_counts(origin: int | None) -> None:
    assert told(origin=origin).refused is Reason.EVIDENCE_KEY_IMPORTED


def test_the_steps_follow_those_that_all_formats_share() -> None:
    source = Path(android_key.__file__).read_text("utf-8")
    assert [int(step) for step in re.findall(r"^(\d+)\. ", source, re.MULTILINE)] == list(range(6, 19))


TEGU = "tegu-sdk36-tee-ec-2026-root"
CHALLENGE = "6417f92c-daef-4cc1-8828-5bb39338ffd5"


def test_the_attestation_tells_the_app() -> None:
    assert verified("good-android-reporter").app == AttestedApp(
        "android-key",
        "com.example.reporter",
        (ANCHORS["signer"],),
        version=7,
        schema=300,
        patch=202611,
        serials=("1028", "1015", "1014"),
    )


def test_nobody_is_told_the_app_who_did_not_ask_for_it() -> None:
    assert verified("good-android-tee").app is None


REFUSED = [name for name in NAMES if read(name).get("reporter") and read(name)["format"] == "android-key"]


@pytest.mark.parametrize("name", REFUSED)
def test_an_app_gets_its_reason(name: str) -> None:
    assert verified(name).refused == read(name)["reason"]


APP = APPS["android-key"]
ACCEPTED = AttestedApp("android-key", "com.example.reporter", (ANCHORS["signer"],), 5, 300, 202606)
NOW = EXPECTED.now


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": "a.b"}, Reason.EVIDENCE_APP_WRONG),
        ({"version": 4}, Reason.EVIDENCE_APP_OUTDATED),
        ({"version": -1}, Reason.EVIDENCE_APP_OUTDATED),
        ({"signers": ()}, Reason.EVIDENCE_SIGNER_WRONG),
        ({"schema": 1}, Reason.EVIDENCE_SCHEMA_UNKNOWN),
        ({"patch": 202605}, Reason.EVIDENCE_PATCH_OLD),
        ({"patch": 0}, Reason.EVIDENCE_PATCH_OLD),
        ({"patch": 202613}, Reason.EVIDENCE_PATCH_OLD),
        ({"patch": 12}, Reason.EVIDENCE_PATCH_OLD),
        ({"patch": 202700}, Reason.EVIDENCE_PATCH_OLD),
        ({"patch": 2**31 - 1}, Reason.EVIDENCE_PATCH_OLD),
    ],
)
def test_the_first_step_that_fails_decides(wrong: dict[str, object], reason: Reason) -> None:
    APP.check(ACCEPTED, NOW)
    with pytest.raises(Refused) as caught:
        APP.check(replace(ACCEPTED, **wrong), NOW)
    assert caught.value.reason is reason
    # whatever else is wrong behind it
    broken = {"name": "", "version": -1, "signers": (), "schema": 0, "patch": 0}
    later = list(broken)[list(broken).index(*wrong) :]
    with pytest.raises(Refused) as caught:
        APP.check(replace(ACCEPTED, **{each: broken[each] for each in later}), NOW)
    assert caught.value.reason is reason


@pytest.mark.parametrize("schema", [2, 3, 4, 100, 200, 300, 400, 500])
def test_each_format_that_tells_the_app_is_known(schema: int) -> None:
    APP.check(replace(ACCEPTED, schema=schema), NOW)


def android_app_told(name: bytes = b"a.b", *digests: bytes, version: int = 1) -> bytes:
    """An ``AttestationApplicationId`` of one package."""
    package = tlv(b"\x30", octets(name), integer(version))
    return tlv(b"\x30", tlv(b"\x31", package), tlv(b"\x31", *map(octets, digests or (bytes(32),))))


def test_an_application_is_read_as_the_system_writes_it() -> None:
    assert read_application(android_app_told()) == ({"a.b": 1}, ("00" * 32,))
    assert read_application(android_app_told(b"a" * 255, bytes(32), b"\1" * 32, version=2**40)) == (
        {"a" * 255: 2**40},
        ("00" * 32, "01" * 32),
    )
    with pytest.raises(Refused):
        AndroidApp("a.b", frozenset()).check(AttestedApp("android-key", "a.b", version=-1, schema=2), NOW)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no DER",
        android_app_told() + b"\0",
        android_app_told(b""),
        android_app_told(b"a" * 256),
        android_app_told("é".encode()),
        android_app_told(b"a\n"),
        android_app_told(b"a.b", bytes(31)),
        android_app_told(b"a.b", bytes(33)),
        android_app_told(b"a.b", bytes(32), bytes(32)),
        android_app_told(b"a.b", b"\1" * 32, bytes(32)),
        tlv(b"\x30", 2 * packages(("a.b", 1))),
        tlv(b"\x30", tlv(b"\x31", *[packages(("a.b", each))[2:] for each in (1, 2)]), tlv(b"\x31")),
    ],
)
def test_anything_else_is_no_application(data: bytes) -> None:
    with pytest.raises(DescriptionError, match=r"^expected an AttestationApplicationId in DER$"):
        read_application(data)


@pytest.mark.parametrize(
    ("now", "accepted"),
    [(datetime(2026, 11, 28, tzinfo=UTC), True), (datetime(2026, 11, 28, 0, 0, 1, tzinfo=UTC), False)],
)
def test_patches_count_from_the_first_day_of_their_month(now: datetime, accepted: bool) -> None:
    try:
        APP.check(ACCEPTED, now)
    except Refused:
        assert not accepted
    else:
        assert accepted


def test_a_company_may_accept_any_patches_and_a_newer_format() -> None:
    lenient = AndroidApp("com.example.reporter", frozenset({ANCHORS["signer"]}), schemas=frozenset({600}))
    lenient.check(replace(ACCEPTED, patch=0, schema=600), NOW)


def test_every_certificate_that_signs_must_be_named() -> None:
    both = frozenset({ANCHORS["signer"], "00" * 32})
    app = AndroidApp("com.example.reporter", both)
    with pytest.raises(Refused):
        app.check(ACCEPTED, NOW)
    app.check(replace(ACCEPTED, signers=tuple(sorted(both))), NOW)


@pytest.mark.parametrize(
    ("name", "challenge", "schema", "patch"),
    [
        (TEGU, CHALLENGE, 400, 202602),
        ("tegu-sdk36-sb-ec-2026-root", "90578e1d-f5bf-4ccf-a27f-a4f4d89ee21f", 300, 202602),
        ("caiman-sdk36-tee-ec-rkp", "d688d763-6118-4ca6-94b2-e6cd9ed7e4e4", 400, 202511),
    ],
)
def test_a_real_phone_proves_its_app(name: str, challenge: str, schema: int, patch: int) -> None:
    app = android_result(name, challenge).app
    assert app is not None
    assert (app.name, app.version, app.schema, app.patch) == (GOOGLES.name, 0, schema, patch)
    assert app.signers == tuple(GOOGLES.signers)


@pytest.mark.parametrize(
    ("name", "challenge", "reason"),
    [
        ("akita-sdk34-tee-ec-none", "challenge", Reason.EVIDENCE_UNLOCKED),
        ("tokay-sdk37-tee-mldsa-rkp", "challenge", Reason.EVIDENCE_UNLOCKED),
        ("sony-xperia10-iii-sdk33-tee-ec", "challenge", Reason.EVIDENCE_UNTRUSTED),
        ("invalid-malformed-rot-device-locked", "challenge", Reason.EVIDENCE_UNTRUSTED),
        (TEGU, "another", Reason.EVIDENCE_CHALLENGE_WRONG),
    ],
)
def test_a_real_phone_that_proves_nothing_is_refused(name: str, challenge: str, reason: Reason) -> None:
    assert android_result(name, challenge).refused is reason


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": "com.example.reporter"}, Reason.EVIDENCE_APP_WRONG),
        ({"min_version": 1}, Reason.EVIDENCE_APP_OUTDATED),
        ({"signers": frozenset({"00" * 32})}, Reason.EVIDENCE_SIGNER_WRONG),
        ({"schemas": frozenset({300})}, Reason.EVIDENCE_SCHEMA_UNKNOWN),
        ({"patched_within": timedelta(days=14)}, Reason.EVIDENCE_PATCH_OLD),
    ],
)
def test_the_app_of_a_real_phone_is_not_any_app(changed: dict[str, object], reason: Reason) -> None:
    assert android_result(TEGU, CHALLENGE, replace(GOOGLES, **changed)).refused is reason


def test_a_real_chain_lives_for_days() -> None:
    assert android_result(TEGU, CHALLENGE, later=timedelta(days=15)).refused is Reason.EVIDENCE_EXPIRED
