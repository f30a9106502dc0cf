"""App Attest: the vectors of ``test_evidence.py``, assertions, the edges, and what real iPhones made."""

import json
import re
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
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
from tests.unit.attest.published import PUBLISHED
from tests.vectors.build_certificate_vectors import IN_ENCLAVE, cbor, key

from mailgate.attest import Refused, app_attest
from mailgate.attest.app_attest import CATEGORIES, AppleApp, CborError, check_assertion, read_map
from mailgate.attest.evidence import Evidence, verify_evidence
from mailgate.attest.hardware import ExpectedEvidence, Roots
from mailgate.model import AttestedApp, Reason

WANTED = APPS["apple-appattest"]
PUBLIC = key(IN_ENCLAVE).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
APP = AttestedApp(
    "apple-appattest",
    "ABCDE12345.com.example.reporter",
    serials=("103c", "1021"),
    environment="production",
    key=b64encode(PUBLIC).decode(),
)
ASSERTIONS = sorted(path.stem for path in (FOLDER / "assertions").glob("*.json"))


def test_the_attestation_tells_the_app_and_its_key() -> None:
    result = verified("good-app-attest")
    assert (result.app, result.hardware, result.os) == (APP, "secure-enclave", "ios")
    assert (result.serial, result.udid, result.claims) == ("", "", ())


@pytest.mark.parametrize(
    ("name", "wanted", "reason"),
    [
        ("evidence-environment-wrong", {"environment": "development"}, None),
        ("good-app-attest", {"environment": "development"}, Reason.EVIDENCE_ENVIRONMENT_WRONG),
        ("evidence-category-wrong", {"categories": frozenset({CATEGORIES["testflight"]})}, None),
        ("good-app-attest-ios-27", {"categories": frozenset({5})}, Reason.EVIDENCE_CATEGORY_WRONG),
        ("good-app-attest-ios-27", {"category_required": True}, None),
        ("good-app-attest-key", {"category_required": True}, Reason.EVIDENCE_CATEGORY_WRONG),
    ],
)
def test_a_company_says_how_its_app_is_distributed(name: str, wanted: dict, reason: Reason | None) -> None:
    expected = replace(EXPECTED, app=replace(WANTED, **wanted))
    assert verify_evidence(evidence_of(read(name)), roots(), expected).refused is reason


@pytest.mark.parametrize("sent", [(), (b"", b""), (b"",), (b"\x80",), (b"\xbf\xff",)])
def test_only_one_whole_attestation_is_read(sent: tuple[bytes, ...]) -> None:
    expected = replace(EXPECTED, app=WANTED)
    result = verify_evidence(Evidence("apple-appattest", sent), roots(), expected)
    assert result.refused is Reason.EVIDENCE_MALFORMED


def test_two_attestations_are_one_too_many() -> None:
    one = evidence_of(read("good-app-attest"))
    expected = replace(EXPECTED, app=WANTED)
    assert verify_evidence(one, roots(), expected).refused is None
    twice = one._replace(chain=one.chain * 2)
    assert verify_evidence(twice, roots(), expected).refused is Reason.EVIDENCE_MALFORMED


REFUSED = [name for name in NAMES if read(name)["format"] == "apple-appattest" and read(name)["reason"]]


@pytest.mark.parametrize("name", REFUSED)
def test_an_attestation_gets_its_reason(name: str) -> None:
    assert verified(name).refused == read(name)["reason"]


def asserted(name: str, app: AttestedApp = APP, wanted: AppleApp = WANTED) -> int:
    vector = json.loads((FOLDER / "assertions" / f"{name}.json").read_text())
    return check_assertion(vector["assertion"], vector["signed"].encode(), app, wanted)


@pytest.mark.parametrize("name", ASSERTIONS)
def test_an_assertion_gets_its_reason(name: str) -> None:
    if name.startswith("good-"):
        assert asserted(name) == (2**32 - 1 if name.endswith("late") else 1)
        return
    with pytest.raises(Refused) as caught:
        asserted(name)
    assert caught.value.reason == name.partition(".")[0]


def test_every_reason_of_an_assertion_has_a_vector() -> None:
    named = {name.partition(".")[0] for name in ASSERTIONS if not name.startswith("good-")}
    here = {each for each in Reason if each.startswith("assertion-")}
    assert here - named == {Reason.ASSERTION_MISSING, Reason.ASSERTION_REPLAYED}  # the gate's own


def test_an_assertion_must_tell_how_the_app_was_distributed_where_that_is_asked() -> None:
    strict = replace(WANTED, category_required=True)
    assert asserted("good-assertion-ios-27", wanted=strict) == 1
    with pytest.raises(Refused) as caught:
        asserted("good-assertion", wanted=strict)
    assert caught.value.reason is Reason.ASSERTION_CATEGORY_WRONG


@given(st.text() | st.binary(max_size=120).map(lambda data: b64encode(data).decode()))
def test_no_made_up_assertion_counts(sent: str) -> None:
    with pytest.raises(Refused) as caught:
        check_assertion(sent, b"a proof", APP, WANTED)
    assert caught.value.reason is Reason.ASSERTION_MALFORMED


@given(st.data())
def test_a_changed_byte_is_no_assertion(data: st.DataObject) -> None:
    vector = json.loads((FOLDER / "assertions" / "good-assertion-ios-27.json").read_text())
    changed = bytearray(b64decode(vector["assertion"]))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Refused):
        check_assertion(b64encode(changed).decode(), b"a proof", APP, WANTED)


APPLE = Roots([x509.load_pem_x509_certificate((PUBLISHED / "app-attest-root.pem").read_bytes())])
EXAMPLE = "V8H6LQ9448.io.uebelacker.AppAttestExample"


@pytest.mark.parametrize("environment", ["production", "development"])
def test_a_real_iphone_proves_its_app(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its app gave the challenge alone to App Attest."""
    monkeypatch.setattr(app_attest, "client_data", lambda expected: expected.challenge)
    vector = json.loads((PUBLISHED / f"app-attest-{environment}.json").read_text())
    sent = (b64decode(vector["attestation"]),)
    leaf = x509.load_der_x509_certificate(app_attest._attestation(sent)[0][0])
    now = leaf.not_valid_before_utc + timedelta(days=1)
    wanted = AppleApp(EXAMPLE, environment)
    expected = ExpectedEvidence(b64decode(vector["challenge"]), "", now, wanted)

    def result(expected: ExpectedEvidence) -> Reason | None:
        return verify_evidence(
            Evidence("apple-appattest", sent), {"apple-appattest": APPLE}, expected
        ).refused

    assert result(expected) is None
    assert result(replace(expected, challenge=b"other")) is Reason.EVIDENCE_CHALLENGE_WRONG
    assert result(replace(expected, app=AppleApp("V8H6LQ9448.x", environment))) is Reason.EVIDENCE_APP_WRONG
    assert result(replace(expected, now=now + timedelta(days=400))) is Reason.EVIDENCE_EXPIRED


def test_a_real_iphone_signs_what_its_app_says() -> None:
    vector = json.loads((PUBLISHED / "app-attest-assertion.json").read_text())
    public = load_pem_public_key(vector["publicKey"].encode())
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    app = replace(APP, key=b64encode(spki).decode())
    assert check_assertion(vector["assertion"], vector["payload"].encode(), app, AppleApp(EXAMPLE)) == 1
    with pytest.raises(Refused) as caught:
        check_assertion(vector["assertion"], b"another", app, AppleApp(EXAMPLE))
    assert caught.value.reason is Reason.ASSERTION_SIGNATURE_WRONG


def test_the_app_of_an_older_setting_no_longer_counts() -> None:
    for changed, reason in (
        ({"name": "ABCDE12345.com.example.other"}, Reason.EVIDENCE_APP_WRONG),
        ({"environment": "development"}, Reason.EVIDENCE_ENVIRONMENT_WRONG),
    ):
        with pytest.raises(Refused) as caught:
            replace(WANTED, **changed).check(APP, EXPECTED.now)
        assert caught.value.reason is reason


def test_the_builder_writes_what_is_read() -> None:
    assert cbor({"a": [1, b"x", -7]}) == b"\xa1\x61a\x83\x01\x41x\x26"


def test_the_steps_are_in_order() -> None:
    source = Path(app_attest.__file__).read_text("utf-8")
    assert [int(step) for step in re.findall(r"^(\d)\. ", source, re.MULTILINE)] == list(range(1, 8))


ITEMS = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.text(max_size=300) | st.binary(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(-9, 9), inner, max_size=3)
    ),
    max_leaves=5,
)


def depth(item: object) -> int:
    inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(st.dictionaries(st.text(), ITEMS, max_size=3).filter(lambda told: depth(told) <= 4), st.binary())
def test_a_written_map_is_read_and_the_rest_is_left(told: dict, rest: bytes) -> None:
    assert read_map(cbor(told) + rest) == (told, rest)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "cut off"),
        (b"\x01", "expected a map"),
        (b"\xa1\x61a", "cut off"),
        (b"\xa1\x61a\x42x", "cut off"),
        (b"\xa1\x61a\x18", "cut off, or without a length"),
        (b"\xbf\x61a\x01\xff", "cut off, or without a length"),
        (b"\xbb" + b"\xff" * 8, "cut off"),
        (b"\xa2\x61a\x01\x61a\x02", "expected each name once"),
        (b"\xa2\x61a\x01\x78\x01a\x02", "expected each name once"),
        (b"\xa1\x41a\x01", "expected each name once"),
        (b"\xa1\x61a\xf5", "expected a number, a text, bytes, a list or a map"),
        (b"\xa1\x61a\xc1\x01", "expected a number, a text, bytes, a list or a map"),
        (b"\xa1\x61a" + b"\x81" * 5 + b"\x01", "nested too deeply"),
    ],
)
def test_anything_else_is_refused(data: bytes, expected: str) -> None:
    with pytest.raises(CborError, match=f"^{expected}$"):
        read_map(data)


def test_a_text_is_utf_8() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        read_map(b"\xa1\x61a\x61\xff")


@given(st.binary(max_size=60))
def test_nothing_else_is_raised(data: bytes) -> None:
    with suppress(ValueError):
        read_map(data)
