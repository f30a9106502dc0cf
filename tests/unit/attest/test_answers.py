"""What the answers of an attested app are worth. ``tests/unit/gateway/test_reporter.py`` has how they come."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from mailgate.attest.answers import AppAnswers, Profile, Reporters, digest_of, told
from mailgate.model import AppsReport

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SAID = {"question": "0" * 16, "profile": "personal", "installed": {"tiktok": True, "wechat": False}}


@pytest.mark.parametrize("accepts", [False, True])
@pytest.mark.parametrize("profile", list(Profile))
def test_a_look_is_whole_only_where_its_person_lives_and_the_rest_is_accepted(
    profile: Profile, accepts: bool
) -> None:
    answers = AppAnswers.model_validate(SAID | {"profile": profile})
    whole = accepts and profile in ("personal", "device")
    assert Reporters({}, accepts).look(answers, NOW) == AppsReport(
        frozenset({"tiktok"}),
        whole,
        NOW,
        timedelta(minutes=10),
        frozenset({"tiktok", "wechat"}),
        "" if profile == "device" else profile,
    )


def test_the_digest_changes_with_each_app_and_each_id_and_with_nothing_else() -> None:
    question = {"tiktok": ("a.b", "c.d"), "wechat": ("e.f",)}
    one = digest_of(question)
    assert one == digest_of({"wechat": ["e.f"], "tiktok": ["a.b", "c.d"]}) == told(question)["question"]
    others = {"tiktok": ("a.b",), "wechat": ("e.f",)}, {"tiktok": ("a.b", "c.d")}, {}
    assert len({one, *map(digest_of, others)}) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": "0" * 15},
        {"question": "G" * 16},
        {"profile": "PERSONAL"},
        {"installed": {"TikTok": True}},
        {"installed": {"tiktok": None}},
        {"installed": {f"app-{number}": True for number in range(1001)}},
        {"installed": ["tiktok"]},
        {"vouches_for": ["x" * 43] * 5},
        {"vouches_for": ["x" * 44]},
        {"version": 1},
    ],
)
def test_other_answers_are_refused(wrong: dict[str, object]) -> None:
    AppAnswers.model_validate(SAID)
    with pytest.raises(ValidationError):
        AppAnswers.model_validate(SAID | wrong)
