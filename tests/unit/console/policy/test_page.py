"""*Policy*."""

import json
from pathlib import Path

import pytest
from tests.integration.gate import PHONE_RULES, write_config
from tests.unit.console.browsing import NOW, Browser, Company

from mailgate.config import load_bundle
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act


async def test_rules_are_told_in_words_beside_their_conditions(vic: Browser) -> None:
    page = await vic.get("/console/policy")
    assert "prohibited-app keeps out everybody who meets the condition; today it is enforced." in page.words
    assert 'client.handheld && "prohibited" in device.lists' in page.words
    assert "A phone, a tablet, a mobile mail app or a watch" in page.words
    assert "default keeps out everybody whom no rule above matches" in page.words
    assert 'id="rule-prohibited-app"' in page.text


async def second(firm: Company, folder: Path) -> None:
    """Put a second version in force, without its first rule."""
    rules = {"rules": PHONE_RULES["rules"][1:]}
    changed = load_bundle(write_config(folder, "http://127.0.0.1:9", {}, rules), {})
    await firm.store.policies.activate(
        rule_texts_of(changed.rules), Act(NOW, "lin", "policy-activated", why="<no laptops>")
    )


async def test_versions_are_listed_with_who_put_them_in_force_and_why(
    ada: Browser, firm: Company, tmp_path: Path
) -> None:
    await second(firm, tmp_path)
    page = await ada.get("/console/policy")
    assert "lin <no laptops>" in page.words
    assert "file first start" in page.words
    assert page.text.count(">in force</span>") == 1


async def test_until_this_gate_takes_a_new_version_the_page_says_so(
    ada: Browser, firm: Company, tmp_path: Path
) -> None:
    words = "Until then it decides by the rules below."
    assert words not in (await ada.get("/console/policy")).words
    await second(firm, tmp_path)
    assert words in (await ada.get("/console/policy")).words


async def test_a_version_is_shown_with_its_files(ada: Browser, firm: Company) -> None:
    page = await ada.get("/console/policy/versions/1")
    version = await firm.store.policies.get(1)
    assert version
    assert json.dumps(PHONE_RULES["rules"][0]["when"])[1:-1] in page.words
    assert (await ada.get(f"/console/policy/versions/{version.digest[:12]}")).status == 200


async def test_a_difference_is_shown_in_words_and_lines(ada: Browser, firm: Company, tmp_path: Path) -> None:
    await second(firm, tmp_path)
    page = await ada.get("/console/policy/diff?old=1&new=2")
    assert "gone rule laptop-browser" in page.words
    assert 'class="gone"' in page.text
    assert "they are the same" in (await ada.get("/console/policy/diff?old=2")).words


@pytest.mark.parametrize("path", ["versions/9", "versions/abcdef", "diff?old=9", "diff?old=1&new=x"])
async def test_an_unknown_version_is_said(ada: Browser, path: str) -> None:
    page = await ada.get(f"/console/policy/{path}")
    assert (page.status, "No version is called" in page.words) == (404, True)
