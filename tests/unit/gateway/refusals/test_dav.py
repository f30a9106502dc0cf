"""RFC 4918, section 16: the body of a refusal says which condition was not met."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from tests.unit.gateway.refusals.blocked import DECISION, refused

from mailgate.gateway.refusals.dav import NAMESPACE
from mailgate.model import Protocol, Reason


def test_a_refusal_has_the_condition_the_words_and_the_help_number() -> None:
    answer = refused(Protocol.DAV)
    error = ElementTree.fromstring(answer.body)
    assert (answer.status, answer.content_type) == (403, "application/xml; charset=utf-8")
    assert answer.headers == (("X-Device-Reason", "prohibited-app"),)
    assert error.tag == "{DAV:}error"
    assert [child.tag for child in error] == [
        f"{{{NAMESPACE}}}{name}" for name in ("prohibited-app", "description", "reference")
    ]
    assert "TikTok" in (error[1].text or "")
    assert "it-help@example.com" in (error[1].text or "")
    assert error[2].text == "REF2345"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_well_formed(reason: Reason) -> None:
    body = refused(Protocol.DAV, replace(DECISION, reason=reason)).body
    assert ElementTree.fromstring(body)[0].tag == f"{{{NAMESPACE}}}{reason}"
