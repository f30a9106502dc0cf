"""When a rule halts by itself."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.policy.examples import NOW

from mailgate.policy.halting import HaltCounter, HaltWhen

MINUTE = timedelta(minutes=1)


def limits(**given: object) -> HaltWhen:
    return HaltWhen.model_validate({"block_rate": "10%", "at_least": 3} | given)


def tally(stopped: int, passed: int, **given: object) -> HaltCounter:
    counted = HaltCounter(limits(**given))
    for number in range(stopped + passed):
        counted.count(f"person-{number}", stopped=number < stopped, now=NOW)
    return counted


@pytest.mark.parametrize(
    "bad",
    [
        {"block_rate": None},
        {"block_rate": "5"},
        {"of": "devices"},
        {"at_least": 0},
        {"help_requests": 0},
        {"within": "soon"},
        {"since": "1h"},
    ],
)
def test_what_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        limits(**bad)


@pytest.mark.parametrize(
    ("stopped", "passed", "halts"),
    [(3, 26, True), (3, 27, False), (3, 0, True), (2, 0, False), (1, 0, False), (0, 100, False)],
)
def test_it_halts_above_the_rate_and_never_for_a_few(stopped: int, passed: int, halts: bool) -> None:
    assert bool(tally(stopped, passed).halt_reason(NOW)) is halts


def test_the_reason_has_every_number() -> None:
    words = "4 of 10 people were kept out within 1h; the limit is 10%"
    assert tally(4, 6).halt_reason(NOW) == words


def test_one_person_counts_once_however_often_they_come() -> None:
    counted = tally(2, 10)
    for _ in range(1000):
        counted.count("person-0", stopped=True, now=NOW)
    assert counted.halt_reason(NOW) == ""


def test_of_requests_all_count_and_still_so_many_people_have_to_be_kept_out() -> None:
    counted = tally(2, 100, of="requests")
    for _ in range(1000):
        counted.count("person-0", stopped=True, now=NOW)
    assert counted.halt_reason(NOW) == ""
    counted.count("person-2", stopped=True, now=NOW)
    assert counted.halt_reason(NOW).startswith("1003 of 1103 requests were kept out")


@pytest.mark.parametrize("of", ["people", "requests"])
def test_what_was_before_the_window_is_forgotten(of: str) -> None:
    counted = tally(5, 5, of=of, within="10m")
    assert counted.halt_reason(NOW + 9 * MINUTE)
    assert counted.halt_reason(NOW + 10 * MINUTE) == ""


def test_who_comes_again_stays_in_the_window() -> None:
    counted = tally(3, 0, within="10m")
    for number in range(3):
        counted.count(f"person-{number}", stopped=True, now=NOW + 8 * MINUTE)
    assert counted.halt_reason(NOW + 15 * MINUTE)


def test_without_a_rate_only_requests_for_help_count() -> None:
    assert tally(100, 0, block_rate=None, help_requests=2).halt_reason(NOW) == ""
    only_help = limits(block_rate=None, help_requests=2)
    assert [bool(only_help.too_many_help_requests(count)) for count in (0, 1, 2, 3)] == [
        False,
        False,
        True,
        True,
    ]
    assert limits().too_many_help_requests(1000) == ""


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 30)), max_size=60))
def test_the_counts_are_those_of_looking_at_everything_that_happened(
    happened: list[tuple[int, bool, int]],
) -> None:
    counted = HaltCounter(limits(within="10m", block_rate="30%", at_least=1))
    told = sorted(happened, key=lambda each: each[2])
    for person, stopped, minute in told:
        counted.count(str(person), stopped=stopped, now=NOW + minute * MINUTE)
    recent = [each for each in told if each[2] > 20]
    came, stopped = {each[0] for each in recent}, {each[0] for each in recent if each[1]}
    assert bool(counted.halt_reason(NOW + 30 * MINUTE)) is (bool(stopped) and len(stopped) > 0.3 * len(came))
