"""RFC 8620, section 3.6.1: a request that is refused as a whole gets a problem document."""

import json
from dataclasses import replace

from tests.unit.gateway.refusals.blocked import DECISION, refused

from mailgate.model import Protocol


def test_a_refusal_is_a_problem_document() -> None:
    answer = refused(Protocol.JMAP, replace(DECISION, apps=("TikTok",)))
    problem = json.loads(answer.body)
    assert (answer.status, answer.content_type) == (403, "application/problem+json")
    assert answer.headers == (("X-Device-Reason", "prohibited-app"),)
    assert problem.pop("title")
    assert "TikTok" in problem.pop("detail")
    assert problem == {
        "type": "urn:mailgate:reason:prohibited-app",
        "status": 403,
        "reason": "prohibited-app",
        "reference": "REF2345",
        "apps": ["TikTok"],
    }
