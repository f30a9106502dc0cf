import pytest

from mailgate.policy.versions import at_least, order_of, parts_of


@pytest.mark.parametrize(
    ("version", "wanted", "is_known_to_be"),
    [
        ("142", "142", True),
        ("142.0.7444.134", "142", True),
        ("142", "142.0.0", True),
        ("9", "17", False),
        ("17", "9", True),
        ("141.9.9", "142", False),
        ("142.0.7444.59", "142.0.7444.134", False),
        ("0.1.10", "0.1.9", True),
        # what cannot be read is not known to be any version, and no version is at least what is none
        ("", "1", False),
        ("142b", "1", False),
        ("-1", "0", False),
        (" 142", "1", False),
        ("142.", "1", False),
        ("٣", "1", False),
        ("9" * 10, "1", False),
        ("1" + ".1" * 8, "1", False),
        ("142", "", False),
        ("", "", False),
    ],
)
def test_a_version_is_compared_part_by_part(version: str, wanted: str, is_known_to_be: bool) -> None:
    assert at_least(version, wanted) is is_known_to_be


def test_zeros_at_the_end_mean_nothing_and_what_is_none_comes_first() -> None:
    assert (parts_of("142.0"), parts_of("0.0"), parts_of("x")) == ((142,), (), None)
    assert sorted(["17", "9.1", "9", "x"], key=order_of) == ["x", "9", "9.1", "17"]
