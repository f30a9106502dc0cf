"""An explanation on the terminal."""

import pytest
from tests.unit.policy.examples import PHONE, WITH_TIKTOK, access, policy_of

from mailgate.cli.explanation_output import show
from mailgate.engine.decide import decide
from mailgate.views.explanation import explanation

POLICY = policy_of({"id": "app", "when": '"prohibited" in device.lists'}, {"effect": "allow"})


def test_who_asked_every_rule_and_what_would_turn_it_over(capsys: pytest.CaptureFixture[str]) -> None:
    seen = access(PHONE, WITH_TIKTOK)
    decision = decide(seen, POLICY)
    show(explanation(seen, decision, POLICY), {}, seen, decision)
    told = capsys.readouterr().out
    for words in (
        "phone, handheld",
        "listed, apps: tiktok",
        "not reached",
        "block: prohibited-app, by app",
    ):
        assert words in told
    assert "if TikTok is removed" in told
