"""A plan is called by what it changes."""

from tests.unit.rollout.plans import plan_of

from mailgate.views.plan_titles import headline_of, more_of, title_of

JOINS = {"words": "WeChat joins the prohibited list"}
STARTS = {"words": "Rule 'phones' starts on", "at": "2026-12-03T08:00:00+00:00"}


def test_the_first_change_is_the_title_and_others_are_counted() -> None:
    assert title_of(plan_of(headlines=[JOINS])) == "WeChat joins the prohibited list"
    assert title_of(plan_of(headlines=[STARTS])) == "Rule 'phones' starts on 3 December 2026"
    assert more_of(plan_of(headlines=[STARTS, JOINS, JOINS])) == "and 2 more"


def test_plans_of_earlier_releases_and_plans_of_nothing_have_a_title_too() -> None:
    change = {"sign": "+", "about": "rule a", "words": "b"}
    assert headline_of(plan_of(changes=[change, change])).words == "2 changes to the rules"
    assert title_of(plan_of()) == "No rule changes"
