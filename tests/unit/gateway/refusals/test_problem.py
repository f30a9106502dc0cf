"""RFC 9457, section 3.1."""

import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailgate.gateway.refusals import problem as module
from mailgate.gateway.refusals.problem import REMEMBERED, problem
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
