"""Exempting people from rules, and turning rules off, on purpose and in somebody's name."""

from datetime import timedelta

import pytest
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.policy.reliefs import Cause
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.relief_acts import break_glass, end_exemption, exempt, resume
from mailgate.store import Store

POLICY = rules(
    "rules: [{id: shut, when: 'true', effect: block}, {id: open, when: 'true', effect: allow}]\n"
).policy
GRACE = Person("grace", "desk")
DAY = timedelta(days=1)


async def give(store: Store, rule: str = "shut", why: str = "a new phone", until=NOW + DAY, **whom: str):
    return await exempt(
        store, POLICY, GRACE, why, NOW, rule=rule, until=until, **(whom or {"person": " Ada "})
    )


async def test_an_exemption_is_given_and_ended(store: Store) -> None:
    given = await give(store)
    assert (given.rule, given.person, given.device, given.author) == ("shut", "ada", "", "grace")
    assert (await give(store, "all", device="d1", person="")).rule == ""
    assert await end_exemption(store, GRACE, "it came", NOW, given.number) == given
    with pytest.raises(RefusedError, match="no exemption 1 is in force"):
        await end_exemption(store, GRACE, "it came", NOW, given.number)
    acts = [each.what for each in await store.audit.page()]
    assert acts == ["exemption-given", "exemption-given", "exemption-ended"]


async def test_one_that_says_as_much_already_is_named_instead(store: Store) -> None:
    given = await give(store)
    for rule, until in (("shut", NOW + DAY), ("shut", NOW + 2 * DAY)):
        with pytest.raises(RefusedError, match=r"ada is exempt from the rule shut until .*, by grace"):
            await give(store, rule, until=until)
    await give(store, "all")
    await give(store, person="lin")
    await end_exemption(store, GRACE, "it came", NOW, given.number)
    with pytest.raises(RefusedError, match="from every rule until"):
        await give(store)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rule": "shutt"}, "no rule is called `shutt`"),
        ({"rule": "open"}, "lets people in"),
        ({"why": " "}, "a reason is needed"),
        ({"until": NOW}, "not in the future"),
        ({"until": NOW + 367 * DAY}, "366 days at most"),
    ],
)
async def test_what_no_exemption_is_given_for(store: Store, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        await give(store, **wrong)  # type: ignore[arg-type]
    assert await store.audit.page() == []


async def test_a_rule_is_turned_off_and_put_back(store: Store) -> None:
    off = await break_glass(store, POLICY, GRACE, "wrong", NOW, rule="shut", until=NOW + DAY)
    assert (off.cause, off.person, off.device) == (Cause.BREAK_GLASS, "", "")
    with pytest.raises(RefusedError, match="neither halted nor turned off"):
        await resume(store, GRACE, "fixed", NOW, "open")
    assert await resume(store, GRACE, "fixed", NOW, "shut") == [off]
    assert [each.what for each in await store.audit.page()] == ["rule-turned-off", "rule-resumed"]
    with pytest.raises(RefusedError, match="lets people in"):
        await break_glass(store, POLICY, GRACE, "wrong", NOW, rule="open", until=NOW + DAY)


async def test_resuming_leaves_exemptions_alone(store: Store) -> None:
    given = await give(store)
    await break_glass(store, POLICY, GRACE, "wrong", NOW, rule="shut", until=NOW + DAY)
    await resume(store, GRACE, "fixed", NOW, "shut")
    assert (await store.reliefs.current(NOW)).every == (given,)
    with pytest.raises(RefusedError):
        await end_exemption(store, GRACE, "no exemption at all", NOW, 2)
