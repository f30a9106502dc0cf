from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import nextafter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tests.unit.policy.examples import refusal

from mailgate.model import Effect, Stage
from mailgate.policy.stages import Stages, grace_end, in_share, softened
from mailgate.policy.written import MOMENT, SHARE, Moment, Share

STAGES = Stages.model_validate(
    {"report_only": "2026-12-01", "warn": "2026-12-08T09:00:00-08:00", "enforce": "2026-12-15T09:00:00-08:00"}
)


@pytest.mark.parametrize(
    ("now", "stage", "next_start"),
    [
        ("2026-11-30T23:59:59Z", Stage.PENDING, "2026-12-01"),
        ("2026-12-01T00:00:00Z", Stage.REPORT_ONLY, "2026-12-08T17:00:00Z"),
        ("2026-12-08T16:59:59Z", Stage.REPORT_ONLY, "2026-12-08T17:00:00Z"),
        ("2026-12-08T17:00:00Z", Stage.WARN, "2026-12-15T17:00:00Z"),
        ("2026-12-15T17:00:00Z", Stage.ENFORCE, None),
    ],
)
def test_a_stage_runs_from_its_start_to_the_next(now: str, stage: Stage, next_start: str | None) -> None:
    moment = TypeAdapter(Moment).validate_python(now)
    assert STAGES.at(moment) is stage
    expected = next_start and TypeAdapter(Moment).validate_python(next_start)
    assert STAGES.next_start(moment) == expected


def test_report_only_alone_stays_report_only() -> None:
    stages = Stages.model_validate({"report_only": "2026-12-01"})
    assert stages.at(datetime(2099, 1, 1, tzinfo=UTC)) is Stage.REPORT_ONLY


@pytest.mark.parametrize(
    "text",
    ["2026-12-08T09:00:00", "20261201", "2026-12-01\n", "٢٠٢٦-12-01", 5, datetime(2026, 12, 1, tzinfo=UTC),
     "2026-12-08T09Z", "2026-12-08T09:00+0100", "2026-12-08T09:00:00.1234567Z", "2026-12-08T", "x2026-12-08"],
)  # fmt: skip
def test_a_malformed_moment_is_refused(text: object) -> None:
    words = "not a date, nor a time with its zone; use one like 2026-12-01 (midnight UTC) or 2026-12-08T09:00:00-08:00"
    assert refusal(Moment, text) == ("moment", {"words": words})


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-29", "0001-01-01T00:00+01:00"])
def test_a_day_that_no_calendar_has_is_refused(text: str) -> None:
    words = "no such date or time; use one that the calendar has"
    assert refusal(Moment, text) == ("moment", {"words": words})


def test_a_rule_with_stages_has_one() -> None:
    words = "no stage is given; set at least one of `report_only`, `warn`, `enforce`"
    assert refusal(Stages, {}) == ("stages", {"words": words})


@pytest.mark.parametrize(
    ("stages", "earlier", "later"),
    [
        ({"warn": "2026-12-01", "enforce": "2026-12-01"}, "warn", "enforce"),
        ({"report_only": "2026-12-01", "warn": "2026-11-30", "enforce": "2026-12-02"}, "report_only", "warn"),
        ({"report_only": "2026-12-02", "enforce": "2026-12-01"}, "report_only", "enforce"),
    ],
)
def test_stages_are_in_order(stages: dict[str, object], earlier: str, later: str) -> None:
    words = (
        f"`{later}` does not start after `{earlier}`; put report_only before warn, and warn before enforce"
    )
    assert refusal(Stages, stages) == ("stages", {"words": words, "key": later})


def test_stages_stay_as_they_were_read_and_have_no_other_fields() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        STAGES.warn = None
    with pytest.raises(ValidationError, match="Extra"):
        Stages.model_validate({"warn": "2026-12-01", "block": "2026-12-02"})


def test_the_stages_that_are_given_come_in_order_with_their_starts() -> None:
    first, second, third = (datetime(2026, 12, day, tzinfo=UTC) for day in (1, 2, 3))
    whole = Stages.model_construct(report_only=first, warn=second, enforce=third)
    assert whole.starts() == [(Stage.REPORT_ONLY, first), (Stage.WARN, second), (Stage.ENFORCE, third)]
    assert Stages.model_construct(enforce=third).starts() == [(Stage.ENFORCE, third)]


def test_editors_know_what_moments_and_shares_look_like() -> None:
    assert TypeAdapter(Moment).json_schema() == {"type": "string", "pattern": MOMENT}
    assert TypeAdapter(Share).json_schema() == {"type": "string", "pattern": SHARE, "examples": ["25%"]}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-01", "2026-12-01T00:00:00+00:00"),
        ("2026-12-08T09:00:00-08:00", "2026-12-08T17:00:00+00:00"),
        ("2026-12-08 09:00Z", "2026-12-08T09:00:00+00:00"),
        ("2026-12-08t09:00:00.5z", "2026-12-08T09:00:00.500000+00:00"),
    ],
)
def test_moments_are_utc_inside(text: str, utc: str) -> None:
    assert TypeAdapter(Moment).validate_python(text).isoformat() == utc


@pytest.mark.parametrize(
    ("text", "share"), [("0%", 0), ("12.5%", 0.125), ("1.2345%", 0.012345), ("100%", 1), ("100.0%", 1)]
)
def test_shares_are_read(text: str, share: float) -> None:
    assert TypeAdapter(Share).validate_python(text) == share


@pytest.mark.parametrize(
    "text", ["50", 50, 0.5, "101%", "-1%", "1e1%", "100.1%", "%", "", "5%\n", "٥٠%", "5.%", "1.23456%"]
)
def test_a_malformed_share_is_refused(text: object) -> None:
    words = "not a percentage; use 0% to 100%, with the percent sign"
    assert refusal(Share, text) == ("share", {"words": words})


@pytest.mark.parametrize(
    ("effect", "stage", "becomes"),
    [
        (Effect.BLOCK, Stage.WARN, Effect.WARN),
        (Effect.CHALLENGE, Stage.WARN, Effect.WARN),
        (Effect.ALLOW, Stage.WARN, Effect.ALLOW),
        (Effect.WARN, Stage.WARN, Effect.WARN),
        (Effect.BLOCK, Stage.ENFORCE, Effect.BLOCK),
        (Effect.CHALLENGE, Stage.ENFORCE, Effect.CHALLENGE),
        (Effect.BLOCK, Stage.REPORT_ONLY, Effect.BLOCK),
    ],
)
def test_a_warning_stage_softens_a_block(effect: Effect, stage: Stage, becomes: Effect) -> None:
    assert softened(effect, stage) is becomes


_DAYS = st.none() | st.integers(0, 60).map(
    lambda days: datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=days)
)
_MOMENTS = st.datetimes(datetime(2026, 11, 1), datetime(2027, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(_DAYS, _DAYS, _DAYS, _MOMENTS, _MOMENTS)
def test_the_stage_only_ever_gets_stricter_with_time(
    report: datetime | None, warn: datetime | None, enforce: datetime | None, one: datetime, other: datetime
) -> None:
    starts = [start for start in (report, warn, enforce) if start]
    assume(starts and all(before < after for before, after in pairwise(starts)))
    named = {"report_only": report, "warn": warn, "enforce": enforce}
    stages = Stages.model_validate({name: start.isoformat() for name, start in named.items() if start})
    order = list(Stage)
    sooner, later = sorted((one, other))
    assert order.index(stages.at(sooner)) <= order.index(stages.at(later))
    next_start = stages.next_start(sooner)
    assert next_start is None or order.index(stages.at(next_start)) > order.index(stages.at(sooner))


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_a_person_in_a_share_stays_in_when_it_grows(subject: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    if in_share(small, "rule", subject):
        assert in_share(large, "rule", subject)


@pytest.mark.parametrize(
    ("subject", "place"), [("ada", 0.5787139402026943), ("EXAMPLE\\person-1", 0.09109869952372254)]
)
def test_a_place_is_that_of_the_hash_in_every_release(subject: str, place: float) -> None:
    """Otherwise an update would let some in whom a rule kept out, and keep out others."""
    assert in_share(place, "app", subject) is False
    assert in_share(nextafter(place, 1), "app", subject) is True


def test_a_share_is_about_that_part_of_people_and_differs_by_rule() -> None:
    people = [f"person-{number}@example.com" for number in range(2000)]
    hit = Counter(in_share(0.25, "a", each) for each in people)
    assert 400 < hit[True] < 600
    assert any(in_share(0.25, "a", p) != in_share(0.25, "b", p) for p in people)


def test_a_share_takes_a_person_however_the_name_is_written() -> None:
    assert len({in_share(0.5, "a", name) for name in ("Alice", "ALICE", "alice")}) == 1


@pytest.mark.parametrize(
    "spelling", ["{}@example.com", "EXAMPLE\\{}", "{} ", "{}@other.example", "{}+news", "{}\u0301"]
)
def test_nobody_chooses_a_place_by_the_spelling_of_a_login(spelling: str) -> None:
    for number in range(50):
        name = f"person-{number}e"
        assert in_share(0.5, "a", spelling.format(name)) is in_share(0.5, "a", name)


def test_a_name_that_may_be_read_in_two_ways_has_no_place() -> None:
    assert in_share(0.5, "a", "(ada)") is None


@pytest.mark.parametrize(("share", "inside"), [(0.1, None), (0.999, None), (0, False), (1, True)])
def test_without_a_person_or_a_device_nobody_knows_who_is_in_a_share(
    share: float, inside: bool | None
) -> None:
    assert in_share(share, "rule", "") is inside


@pytest.mark.parametrize(
    ("grace", "first_seen", "end"),
    [
        (timedelta(days=7), datetime(2026, 12, 5, tzinfo=UTC), datetime(2026, 12, 12, tzinfo=UTC)),
        (timedelta(days=5), datetime(2026, 12, 5, tzinfo=UTC), None),
        (timedelta(days=7), datetime(2026, 12, 10, 0, 5, tzinfo=UTC), datetime(2026, 12, 17, tzinfo=UTC)),
        (timedelta(days=7), datetime(2027, 1, 1, tzinfo=UTC), None),
        (timedelta(days=7), None, None),
        (None, datetime(2026, 12, 10, tzinfo=UTC), None),
    ],
)
def test_a_device_is_new_for_as_long_as_the_grace_lasts(
    grace: timedelta | None, first_seen: datetime | None, end: datetime | None
) -> None:
    assert grace_end(grace, first_seen, datetime(2026, 12, 10, tzinfo=UTC)) == end
