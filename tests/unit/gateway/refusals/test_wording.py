from dataclasses import replace
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.refusals.blocked import DECISION

from mailgate.gateway.refusals.wording import reason_header, refusal_sentence, xml_text
from mailgate.model import Reason


def test_one_line_says_what_is_wrong_whom_to_ask_and_what_to_quote() -> None:
    decision = replace(DECISION, title="", apps=("TikTok",), contact="it-help@example.com")
    assert refusal_sentence(decision, "REF2345") == (
        "An app on this device is not allowed with company mail. TikTok is on this device. Phones and tablets"
        " with this app get no company mail. Contact: it-help@example.com. Reference: REF2345."
    )
    assert "Contact" not in refusal_sentence(replace(decision, contact=""), "REF2345")


def test_the_code_of_the_reason() -> None:
    assert reason_header(replace(DECISION, reason=Reason.POSTURE_STALE)) == (
        "X-Device-Reason",
        "posture-stale",
    )


@given(st.text(st.characters()))
def test_any_text_stands_in_an_xml_element(text: str) -> None:
    document = f"<a>{xml_text(text)}</a>".encode()
    assert ElementTree.fromstring(document).tag == "a"
