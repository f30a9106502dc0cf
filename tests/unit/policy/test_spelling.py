import pytest

from mailgate.policy.spelling import did_you_mean, nearest, quoted


@pytest.mark.parametrize(
    ("word", "near"), [("labtop", "laptop"), ("Report-Only", "report_only"), ("zzz", None), ("", None)]
)
def test_nearest(word: str, near: str | None) -> None:
    assert nearest(word, ["laptop", "phone", "report_only"]) == near


def test_long_lists_are_cut() -> None:
    assert quoted("abc", most=2) == "`a`, `b`, … (3 in all)"
    assert did_you_mean("x", []) == "nothing is defined that could be used here"
