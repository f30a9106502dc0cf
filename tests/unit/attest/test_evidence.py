import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attest.hardware_evidence import EXPECTED, FOLDER, NAMES, evidence_of, read, roots, verified
from tests.vectors import build_certificate_vectors as vectors

from mailgate.attest.errors import EvidenceRefusedError
from mailgate.attest.evidence import FORMATS, Evidence, read_evidence, verify_evidence
from mailgate.model import Reason

OURS = {reason for reason in Reason if reason.startswith("evidence-")}


def test_the_vectors_are_what_their_script_builds() -> None:
    built = vectors.build()
    committed = {f"evidence/{name}.json" for name in NAMES}
    committed |= {f"certificates/{path.name}" for path in (FOLDER / "certificates").glob("*.json")}
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
    assert bool(result.hardware) is (result.refused is None) is (result.detail == "")


def test_the_document_tells_every_reason() -> None:
    document = (Path(__file__).parents[3] / "docs" / "attestation.md").read_text("utf-8")
    assert set(re.findall(r"`(evidence-[a-z-]+)`", document)) == OURS


def test_a_format_without_roots_is_not_known() -> None:
    result = verify_evidence(evidence_of(read("good-android-tee")), {}, EXPECTED)
    assert result.refused is Reason.EVIDENCE_FORMAT_UNKNOWN
    assert set(roots()) == set(FORMATS)


@given(st.sampled_from(sorted(FORMATS)), st.lists(st.binary(max_size=200), max_size=4))
def test_nothing_is_raised_whatever_comes(name, chain) -> None:
    result = verify_evidence(Evidence(name, tuple(chain)), roots(), EXPECTED)
    assert result.refused is Reason.EVIDENCE_MALFORMED


@pytest.mark.parametrize(
    "said",
    [None, [], "x", {}, {"format": "android-key"}, {"format": 1, "chain": []}, {"format": "a", "chain": "TUk="},
     {"format": "a", "chain": [1]}, {"format": "a", "chain": ["T U k ="]}, {"format": "a", "chain": ["TU_-"]},
     {"format": "a", "chain": ["TUk"]}, {"format": "a", "chain": [], "more": 1}],
)  # fmt: skip
def test_evidence_that_was_not_sent_as_it_must_be_is_refused(said) -> None:
    with pytest.raises(EvidenceRefusedError) as caught:
        read_evidence(said)
    assert caught.value.reason is Reason.EVIDENCE_MALFORMED


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
