"""Taking rules back."""

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.now.test_verdict_rates import text
from tests.unit.console.policy.test_page import second


async def test_the_version_before_is_in_force_again_once_it_was_confirmed(
    ada: Browser, firm: Company
) -> None:
    await second(firm, firm.folder)
    firm.context.verdict_rates.note({0: text()}, NOW)
    firm.context.verdict_rates.note({0: text(5)}, NOW)
    assert "Go back to it" in (await ada.get("/console/policy")).words
    page = await ada.post("/console/policy/retract", to="1")
    assert "Retract version 2?" in page.words
    assert "What changes" in page.words
    assert "Added rule laptop-browser" in page.words
    assert (await ada.post("/console/policy/retract", to="1", confirmed="yes")).status == 409
    page = await ada.post("/console/policy/retract", to="1", confirmed="yes", note="sent in error")
    active = await firm.store.policies.active()
    assert (page.path, active and active.number) == ("/console/policy", 1)
    assert "sent in error" in page.words
    assert (await firm.acts())[-1] == ("policy-retracted", "ada", "version 1")


async def test_a_viewer_is_offered_nothing_to_go_back_to(vic: Browser, firm: Company) -> None:
    await second(firm, firm.folder)
    assert "Go back to it" not in (await vic.get("/console/policy")).words


@pytest.mark.parametrize(("to", "status"), [("9", 404), ("1", 409), ("", 409)])
async def test_an_impossible_roll_back_is_refused(ada: Browser, to: str, status: int) -> None:
    assert (await ada.post("/console/policy/retract", to=to)).status == status
