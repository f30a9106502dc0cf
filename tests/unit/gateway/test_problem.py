"""RFC 9457, section 3.1."""

import json

from mailgate.gateway.problem import problem
from mailgate.model import Reason


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
