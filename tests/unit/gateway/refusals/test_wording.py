import json
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.refusals.blocked import DECISION, NOW

from mailgate.gateway.refusals import wording as module
from mailgate.gateway.refusals.wording import (
    REMEMBERED,
    as_told,
    problem,
    reason_header,
    refusal_sentence,
    xml_text,
)
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
        "An app keeps company mail off this device. TikTok was found on this device. While it is there, this device gets no company mail. Contact: it-help@example.com. Reference: REF2345."
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


def test_the_reason_is_the_type_and_stands_in_words() -> None:
    answer = problem(502, Reason.UPSTREAM_UNREACHABLE, "REF2345", headers=(("A", "b"),))
    assert (answer.status, answer.content_type, answer.headers) == (
        502,
        "application/problem+json",
        (("A", "b"),),
    )
    assert json.loads(answer.body) == {
        "type": "urn:mailgate:reason:upstream-unreachable",
        "title": "The mail system cannot be reached right now",
        "status": 502,
        "detail": "It may be restarting or under maintenance. Your mail is not lost. Please try again in a few minutes.",
        "reason": "upstream-unreachable",
        "reference": "REF2345",
    }


def test_apps_and_a_detail_of_the_case_are_told() -> None:
    told = json.loads(problem(403, Reason.PROHIBITED_APP, "R", apps=("TikTok",), detail="Since noon.").body)
    assert (told["apps"], told["detail"]) == (["TikTok"], "Since noon.")


TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(("", '"\\\n<&', "0" * 32)))


TOLD = st.fixed_dictionaries(
    {
        "apps": st.lists(TEXTS, max_size=3).map(tuple),
        "title": TEXTS,
        "detail": TEXTS,
        "proof": st.one_of(st.none(), st.sampled_from(Reason)),
        "clock_off": st.sampled_from((None, timedelta(minutes=3), timedelta(minutes=-90))),
    }
)


@given(st.sampled_from((401, 403, 502)), st.sampled_from(Reason), TEXTS, TOLD)
def test_a_remembered_problem_equals_a_new_one(status, reason, reference, told):
    problem(status, reason, "another", **told)
    remembered = problem(status, reason, reference, **told)
    module._around_reference.cache_clear()
    assert problem(status, reason, reference, **told) == remembered
    assert remembered.body.decode() == json.dumps(json.loads(remembered.body), ensure_ascii=False) + "\n"
    assert json.loads(remembered.body)["reference"] == reference


def test_made_up_details_do_not_fill_the_memory():
    for number in range(REMEMBERED + 20):
        problem(400, Reason.REQUEST_MALFORMED, "R", detail=f"Field {number}")
    assert module._around_reference.cache_info().currsize == REMEMBERED
