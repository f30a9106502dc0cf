"""StepKind would turn a verdict over, in words."""

from datetime import UTC, datetime

import pytest
from tests.unit.policy.examples import CATALOG, PHONE, WITH_TIKTOK, access, policy_of

from mailgate.console.explain.flips import DecisionAfter, StepFacts, flip_lines, flips_facts, step_in_words
from mailgate.model import Effect, Posture
from mailgate.policy.simulate import what_if
from mailgate.policy.simulate.flip import flips_both_ways
from mailgate.policy.simulate.steps import StepBy, StepKind, step

APP = policy_of(
    {"id": "laptop", "when": 'client.kind == "laptop"', "effect": "allow"},
    {"id": "app", "when": '"prohibited" in device.lists && request.path != "/x"'},
    {"id": "rest", "effect": "allow"},
)


def test_the_lines_say_what_would_let_a_phone_in() -> None:
    lines = list(
        flip_lines(flips_facts(flips_both_ways(access(PHONE, WITH_TIKTOK), APP, Effect.BLOCK), CATALOG))
    )
    assert lines[:2] == [
        "What would give it mail",
        "  if TikTok is removed and the device reports so: allow by rest",
    ]
    assert "  only hypothetical: if the kind were laptop: allow by laptop" in lines
    assert lines[-1] == "  not tried: other values of request.path"


def test_if_nothing_helps_that_is_said() -> None:
    shut = policy_of({"effect": "block"})
    lines = list(
        flip_lines(flips_facts(flips_both_ways(access(PHONE, Posture()), shut, Effect.BLOCK), CATALOG))
    )
    assert lines == ["What would give it mail", "  nothing that can be done was found, in up to 2 steps"]


def test_programs_get_the_same_as_facts() -> None:
    (told,) = flips_facts(flips_both_ways(access(PHONE, WITH_TIKTOK), APP, Effect.BLOCK), CATALOG)
    assert (told.to, told.not_tried, told.most_steps) == (["allow"], ["request.path"], 2)
    (flip, *_) = told.actionable
    assert flip.then == DecisionAfter(effect="allow", rule="rest", reason="rule-matched")
    words = "TikTok is removed and the device reports so"
    assert flip.steps == [StepFacts(what="remove-apps", by="person", about=["tiktok"], at=None, words=words)]
    assert told.hypothetical


@pytest.mark.parametrize("what", StepKind)
def test_every_step_has_words(what: StepKind) -> None:
    about = {
        StepKind.SHARE: ("half", "in"),
        StepKind.GROUP: ("staff",),
        StepKind.KIND: ("laptop",),
        StepKind.USER: ("ada",),
    }
    about |= {StepKind.ADDRESS: ("10.0.0.1",), StepKind.SYSTEM: ("ios",)}
    about |= {StepKind.UPDATE: ("client.os_version", "11")}
    about |= {StepKind.REMOVE_APPS: ("tiktok",), StepKind.INSTALL_APP: ("tiktok",)}
    moment = datetime(2026, 12, 15, 17, tzinfo=UTC) if what is StepKind.WAIT else None
    words = step_in_words(
        step(what, StepBy.PERSON, what_if.with_agreeing_signals, *about.get(what, ()), at=moment), CATALOG
    )
    assert words
    assert "{" not in words


@pytest.mark.parametrize(
    ("what", "about", "words"),
    [
        (StepKind.REMOVE_APPS, ("tiktok", "wechat"), "TikTok and WeChat are removed and the device reports so"),
        (StepKind.INSTALL_APP, ("tiktok", "wechat"), "TikTok or WeChat is installed and the device reports so"),
        (StepKind.INSTALL_APP, tuple("abcdef"), "a, b, c, d or 2 others is installed and the device reports so"),
        (StepKind.PROVE, ("https://mdm.example.com",), "the request proves its device by signed evidence of https://mdm.example.com"),
        (StepKind.UPDATE, ("client.browser_version", "142"), "client.browser_version is 142"),
        (StepKind.UPDATE, ("extension.browser_version", "142"), "the browser says, by its own word, that extension.browser_version is 142"),
        (StepKind.SHARE, ("half", "out"), "the person were outside the share of half"),
    ],
)  # fmt: skip
def test_apps_are_called_by_their_names(what: StepKind, about: tuple[str, ...], words: str) -> None:
    assert step_in_words(step(what, StepBy.PERSON, what_if.with_agreeing_signals, *about), CATALOG) == words
