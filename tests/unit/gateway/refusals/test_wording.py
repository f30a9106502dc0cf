from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.refusals.blocked import DECISION, NOW

from mailgate.gateway.refusals.wording import as_told, reason_header, refusal_sentence, xml_text
from mailgate.model import (
    Access,
    AttestationResult,
    Client,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
)


def test_one_line_says_what_is_wrong_whom_to_ask_and_what_to_quote() -> None:
    decision = replace(DECISION, title="", apps=("TikTok",), contact="it-help@example.com")
    assert refusal_sentence(decision, "REF2345") == (
        "An app on this device is not allowed with company mail. TikTok was found on this device. While it is"
        " there, this device gets no company mail. Contact: it-help@example.com. Reference: REF2345."
    )
    assert "Contact" not in refusal_sentence(replace(decision, contact=""), "REF2345")


def test_the_header_has_the_code_of_the_reason() -> None:
    assert reason_header(replace(DECISION, reason=Reason.POSTURE_STALE)) == (
        "X-Device-Reason",
        "posture-stale",
    )


@given(st.text(st.characters()))
def test_any_text_stands_in_an_xml_element(text: str) -> None:
    document = f"<a>{xml_text(text)}</a>".encode()
    assert ElementTree.fromstring(document).tag == "a"


NAMES_IT = Client(Kind.PHONE, handheld=True, eas_id="appl1")
LINS = Posture(PostureState.LISTED, device_id="d1", owner="lin", apps=("tiktok",), lists=("prohibited",))


@pytest.mark.parametrize(
    ("user", "proof", "told"),
    [
        (None, None, False),
        ("ada", None, False),
        ("LIN", None, True),
        (None, AttestationResult("d1", "mdm"), True),
        (None, AttestationResult(refused=Reason.TOKEN_EXPIRED, user="lin"), False),
    ],
)
def test_a_client_that_only_names_a_device_learns_nothing_of_it(
    user: str | None, proof: AttestationResult | None, told: bool
) -> None:
    access = Access(RequestFacts(user=user), NAMES_IT, LINS, NOW, attestation=proof)
    decision = replace(DECISION, fix="remove-app", deadline=NOW)
    if told:
        assert as_told(access, decision) == decision
        return
    for about in (LINS, replace(LINS, owner=""), Posture()):
        said = as_told(replace(access, posture=about), decision)
        assert (said.reason, said.title, said.apps, said.fix, said.deadline) == (
            Reason.RULE_MATCHED,
            "",
            (),
            "",
            None,
        )
        assert (said.effect, said.contact, said.rule) == (decision.effect, decision.contact, decision.rule)


def test_a_client_without_a_device_is_told_the_cause_unless_a_claim_decided() -> None:
    access = Access(RequestFacts(), Client(Kind.PHONE, handheld=True), LINS, NOW)
    assert as_told(access, DECISION) == DECISION
    assert as_told(access, replace(DECISION, claimed=True)).reason is Reason.RULE_MATCHED
