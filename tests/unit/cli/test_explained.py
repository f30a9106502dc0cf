"""An explanation on the terminal."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.policy.examples import PHONE, WITH_TIKTOK, access, policy_of

from mailgate.cli.explained import show, show_flips
from mailgate.decide import decide
from mailgate.simulate import both_ways
from mailgate.telling.explanation import explanation, plain

POLICY = policy_of({"id": "app", "when": '"prohibited" in device.lists'}, {"effect": "allow"})


def test_who_asked_every_rule_and_what_would_turn_it_over(capsys: pytest.CaptureFixture[str]) -> None:
    seen = access(PHONE, WITH_TIKTOK)
    decision = decide(seen, POLICY)
    show(explanation(seen, decision, POLICY), seen, decision)
    show_flips(both_ways(seen, POLICY, decision.effect), POLICY.catalog)
    told = capsys.readouterr().out
    for words in (
        "phone, handheld",
        "prohibited, apps: tiktok",
        "not reached",
        "block: prohibited-app, by app",
    ):
        assert words in told
    assert "if TikTok is removed" in told


def test_what_json_has_no_form_for() -> None:
    assert plain(datetime(2026, 12, 1, tzinfo=UTC)) == "2026-12-01T00:00:00+00:00"
    assert plain(timedelta(hours=1)) == 3600
    assert plain(frozenset({"b", "a"})) == ["a", "b"]
