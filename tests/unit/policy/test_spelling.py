import pytest

from mailgate.policy.spelling import did_you_mean, nearest, quoted


@pytest.mark.parametrize(
    ("word", "near"), [("labtop", "laptop"), ("Report-Only", "report_only"), ("zzz", None), ("", None)]
)
def test_the_nearest_word_is_found(word: str, near: str | None) -> None:
    assert nearest(word, ["laptop", "phone", "report_only"]) == near


@pytest.mark.parametrize(
    ("words", "most", "shown"),
    [
        ("", 2, ""),
        ("a", 2, "`a`"),
        ("ba", 2, "`b`, `a`"),
        ("abc", 2, "`a`, `b`, … (3 in all)"),
    ],
)
def test_long_lists_are_cut(words: str, most: int, shown: str) -> None:
    assert quoted(words, most) == shown


def test_a_dozen_is_shown_if_nothing_else_is_asked_for() -> None:
    assert quoted("abcdefghijkl") == ", ".join(f"`{letter}`" for letter in "abcdefghijkl")
    assert quoted("abcdefghijklm").endswith("`l`, … (13 in all)")


def test_the_nearest_of_several_is_meant() -> None:
    assert nearest("laptopp", ["laptops", "laptop", "lap"]) == "laptop"


@pytest.mark.parametrize(("word", "near"), [("abcxy", "abcde"), ("abxyz", None)])
def test_a_very_different_word_is_not_near(word: str, near: str | None) -> None:
    assert nearest(word, ["abcde"]) == near


@pytest.mark.parametrize(
    ("word", "known", "words"),
    [
        ("x", [], "nothing is defined that could be used here"),
        ("x", ["laptop", "phone"], "expected one of `laptop`, `phone`"),
        ("fone", ["laptop", "phone"], "did you mean `phone`? expected one of `laptop`, `phone`"),
    ],
)
def test_known_words_are_told_after_a_guess(word: str, known: list[str], words: str) -> None:
    assert did_you_mean(word, iter(known)) == words
