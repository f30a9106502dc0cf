"""Exempting people from rules, and turning rules off, on purpose and in somebody's name."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import put_in_force
from tests.unit.store.examples import NOW
from tests.unit.store.outage import away

from mailgate.config.admins import AdminSettings
from mailgate.config.attestation import PostureSettings
from mailgate.config.guard import GuardSettings
from mailgate.config.settings import Settings
from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout import reliefs
from mailgate.rollout.audit_check import compare
from mailgate.rollout.guard import Guard, Limit
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.reliefs import ReliefWatch, break_glass, end_exemption, exempt, off_until, resume
from mailgate.store import Act, Store
from mailgate.store.kept_out import KeptOut

POLICY = rules(
    "rules: [{id: shut, when: 'true', effect: block}, {id: open, when: 'true', effect: allow}]\n"
).policy
GRACE = Person("grace", "desk")
DAY = timedelta(days=1)
BOTH = "rules: [{id: shut, when: 'true', effect: block}, {id: open, when: 'true', effect: allow}]\n"


async def give(store: Store, rule: str = "shut", why: str = "a new phone", until=NOW + DAY, **whom: str):
    return await exempt(
        store, POLICY, GRACE, why, NOW, rule=rule, until=until, **(whom or {"person": " Ada "})
    )


async def test_an_exemption_is_given_and_ended(store: Store) -> None:
    given = await give(store)
    assert (given.rule, given.person, given.device, given.author) == ("shut", "ada", "", "grace")
    assert (await give(store, "all", device="d1", person="")).rule == ""
    assert await end_exemption(store, GRACE, "it came", NOW, given.number) == given
    with pytest.raises(RefusedError, match="there is no exemption 1 now"):
        await end_exemption(store, GRACE, "it came", NOW, given.number)
    acts = [each.what for each in await store.audit.page()]
    assert acts == ["exemption-given", "exemption-given", "exemption-ended"]


async def test_one_that_says_as_much_already_is_named_instead(store: Store) -> None:
    given = await give(store)
    for rule, until in (("shut", NOW + DAY), ("shut", NOW + 2 * DAY)):
        with pytest.raises(
            RefusedError, match=r"ada is already let in from the rule shut until .*, by grace"
        ):
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
        ({"rule": "open"}, "gives mail"),
        ({"why": " "}, "say why"),
        ({"until": NOW}, "choose an end in the future"),
        ({"until": NOW + 367 * DAY}, "within 366 days"),
    ],
)
async def test_an_impossible_exemption_is_refused(store: Store, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        await give(store, **wrong)  # type: ignore[arg-type]
    assert await store.audit.page() == []


async def test_a_rule_is_turned_off_and_put_back(store: Store) -> None:
    off = await break_glass(store, POLICY, GRACE, "wrong", NOW, rule="shut", until=NOW + DAY)
    assert (off.cause, off.person, off.device) == (Cause.BREAK_GLASS, "", "")
    with pytest.raises(RefusedError, match="is not off"):
        await resume(store, GRACE, "fixed", NOW, "open")
    assert await resume(store, GRACE, "fixed", NOW, "shut") == [off]
    assert [each.what for each in await store.audit.page()] == ["rule-turned-off", "rule-resumed"]
    with pytest.raises(RefusedError, match="gives mail"):
        await break_glass(store, POLICY, GRACE, "wrong", NOW, rule="open", until=NOW + DAY)


async def test_a_rule_that_is_off_for_longer_already_is_told_to_be(store: Store) -> None:
    off = partial(break_glass, store, POLICY, GRACE, "wrong", NOW, rule="shut")
    longer = await off(until=NOW + DAY)
    assert await off(until=NOW + DAY / 2) == longer
    assert (await off(until=NOW + 2 * DAY)).until == NOW + 2 * DAY
    halt = replace(longer, cause=Cause.HALT, until=None)
    await store.reliefs.halt(halt, GRACE.act(NOW, "rule-halted", "too many"))
    assert str(off_until(await off(until=NOW + 3 * DAY))) == "somebody turns it on"


async def test_resuming_leaves_exemptions_alone(store: Store) -> None:
    given = await give(store)
    await break_glass(store, POLICY, GRACE, "wrong", NOW, rule="shut", until=NOW + DAY)
    await resume(store, GRACE, "fixed", NOW, "shut")
    assert (await store.reliefs.current(NOW)).every == (given,)
    with pytest.raises(RefusedError):
        await end_exemption(store, GRACE, "no exemption at all", NOW, 2)


async def settled(url: str, most: int, approvals: int = 1) -> Settings:
    """Settings with a guard, and two approvers beside ada, who operates."""
    roles = {"ada": ["operator"], "grace": ["approver"], "lin": ["approver"]}
    admins = {name: AdminSettings.model_construct(roles=each, mail=None) for name, each in roles.items()}
    guard = GuardSettings(max_newly_blocked=most, approvals=approvals)
    posture = PostureSettings()
    return Settings.model_construct(
        store=SecretStr(url), posture=posture, guard=guard, admins=admins, notices=None
    )


async def shut_off_since(store: Store, at: datetime, policy: str = BOTH) -> None:
    """Two phones, rules that keep both out, and their first one halted."""
    await put_in_force(store, rules(policy), "file")
    await people.know(store, rules(policy).policy, [people.phone(n, owner=f"person-{n}") for n in range(2)])
    halted = replace(HALT, at=at)
    await store.reliefs.halt(halted, Act(at, HALT.author, "rule-halted", why=HALT.why))


async def resumed(store: Store, settings: Settings, by: Person, at: datetime) -> list[Relief]:
    return await resume(store, by, "it was right", at, "shut", settings)


async def test_a_rule_that_was_off_for_longer_than_the_window_counts_as_a_new_one(
    store: Store, url: str
) -> None:
    """Whatever newly blocks people counts: nobody has looked at whom it keeps out by now."""
    await shut_off_since(store, NOW)
    later = NOW + 8 * DAY
    with pytest.raises(RefusedError, match=r"2 of 2 people would or might lose mail.*1 other approver"):
        await resumed(store, await settled(url, 1), ADA, later)
    assert (await store.reliefs.current(later)).for_everybody(later)
    (ended,) = await resumed(store, await settled(url, 1), LIN, later)
    assert ended.rule == "shut"
    assert (await store.kept_out.since(later)).kept_out == KeptOut(2, 2)
    assert [each.what for each in await store.audit.page()][-2:] == ["rule-resume-asked", "rule-resumed"]
    assert await compare(store, later) == []


async def test_one_rule_is_counted_at_a_time(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan takes processor time away from mail, however often somebody asks for one."""
    await shut_off_since(store, NOW)
    monkeypatch.setattr(reliefs, "_counted_now", {"other"})
    with pytest.raises(RefusedError, match="we are counting whom the rule refuses"):
        await resumed(store, await settled(url, 2), ADA, NOW + 8 * DAY)
    monkeypatch.undo()
    assert await resumed(store, await settled(url, 2), ADA, NOW + 8 * DAY)


async def test_within_the_limit_it_comes_back_at_once_and_counts(store: Store, url: str) -> None:
    await shut_off_since(store, NOW)
    later = NOW + 8 * DAY
    assert await resumed(store, await settled(url, 2), ADA, later)
    assert (await store.kept_out.since(later)).kept_out == KeptOut(2, 2)


async def test_a_rule_that_halted_within_the_window_puts_back_who_was_counted(store: Store, url: str) -> None:
    await shut_off_since(store, NOW)
    assert await resumed(store, await settled(url, 0), ADA, NOW + DAY)
    assert (await store.kept_out.since(NOW)).kept_out == KeptOut()


async def test_turning_it_off_anew_makes_it_no_younger(store: Store, url: str) -> None:
    await shut_off_since(store, NOW)
    later = NOW + 8 * DAY
    for until in (later, later + DAY):
        await break_glass(store, POLICY, GRACE, "again", until - 2 * DAY, rule="shut", until=until)
    with pytest.raises(RefusedError, match="2 of 2 people"):
        await resumed(store, await settled(url, 0), ADA, later)
    assert len(await resumed(store, await settled(url, 0), LIN, later)) == 2
    assert (await store.kept_out.since(later)).kept_out == KeptOut(2, 2)


async def test_one_that_is_enforced_only_later_counts_too(store: Store, url: str) -> None:
    staged = BOTH.replace(
        "effect: block", f"effect: block, stages: {{warn: 2020-01-01, enforce: {(NOW + 20 * DAY).date()}}}", 1
    )
    await shut_off_since(store, NOW, staged)
    with pytest.raises(RefusedError, match="2 of 2 people would or might lose mail from 2026-12-21"):
        await resumed(store, await settled(url, 0), ADA, NOW + 8 * DAY)


async def test_one_that_nobody_meets_comes_back_alone_and_so_does_one_that_is_gone(
    store: Store, url: str
) -> None:
    await shut_off_since(store, NOW, BOTH.replace("'true'", "'client.kind == \"bot\"'", 1))
    assert await resumed(store, await settled(url, 0), ADA, NOW + 8 * DAY)
    await store.reliefs.halt(HALT, Act(NOW, "gate", "rule-halted"))
    await put_in_force(store, rules(), "file")
    assert await resumed(store, await settled(url, 0), ADA, NOW + 18 * DAY)


def guarded(most: float, window: timedelta = 7 * DAY, **more: Any) -> Guard:
    return Guard(Limit(most), window=window, **more)


ADA, LIN = Person("ada", "desk"), Person("lin", "desk")
APPROVERS = frozenset({"grace", "lin"})


async def test_the_end_of_an_old_exemption_counts_for_the_guard(store: Store) -> None:
    """Whatever newly blocks people counts, by whatever act."""
    old = [await give(store, person=name, until=NOW + 30 * DAY) for name in ("ada", "lin", "joan")]
    later = NOW + 8 * DAY
    guard = guarded(2, approvers=APPROVERS)
    for given in old[:2]:
        await end_exemption(store, ADA, "over", later, given.number, guard)
    assert (await store.kept_out.since(later - DAY)).kept_out == KeptOut(2, 2)
    with pytest.raises(RefusedError, match="1 other approver has to do the same") as refused:
        await end_exemption(store, ADA, "over", later, old[2].number, guard)
    assert refused.value.missing == 1
    assert (await store.reliefs.current(later)).exemptions(later)
    acts = [(each.who, each.what, each.about) for each in await store.audit.page()]
    assert acts[-1] == ("ada", "exemption-end-asked", "exemption-end 3")


@pytest.mark.parametrize("first", [ADA, GRACE])
async def test_beyond_the_limit_another_approver_ends_it_too(store: Store, first: Person) -> None:
    given, later = await give(store, until=NOW + 30 * DAY), NOW + 8 * DAY
    guard = guarded(0, approvers=APPROVERS)
    for _ in range(2):  # the same person again is no other one
        with pytest.raises(RefusedError):
            await end_exemption(store, first, "over", later, given.number, guard)
    assert len([each for each in await store.audit.page() if each.what == "exemption-end-asked"]) == 1
    assert await end_exemption(store, LIN, "over", later, given.number, guard) == given
    assert await compare(store, later) == []


async def test_ends_in_the_same_moment_count_together(store: Store) -> None:
    """Each alone is within the limit, and none of them has seen the others."""
    old = [await give(store, person=f"person-{n}", until=NOW + 30 * DAY) for n in range(4)]
    later, guard = NOW + 8 * DAY, guarded(1, approvers=APPROVERS)
    ends = (end_exemption(store, ADA, "over", later, each.number, guard) for each in old)
    found = await asyncio.gather(*ends, return_exceptions=True)
    assert (await store.kept_out.since(later - DAY)).kept_out == KeptOut(1, 1)
    assert len([each for each in found if isinstance(each, RefusedError)]) == 3
    assert len((await store.reliefs.current(later)).exemptions(later)) == 3


async def test_a_request_to_end_an_exemption_lapses_with_the_window(store: Store) -> None:
    given, later = await give(store, until=NOW + 60 * DAY), NOW + 8 * DAY
    guard = guarded(0, approvers=APPROVERS)
    for at, who in ((later, ADA), (later + 8 * DAY, LIN)):
        with pytest.raises(RefusedError):
            await end_exemption(store, who, "over", at, given.number, guard)


@pytest.mark.parametrize(
    ("guard", "age"),
    [
        (None, 8 * DAY),
        (guarded(0, approvers=APPROVERS), 6 * DAY),  # its end puts back what was within the window
        (guarded(1.0, approvers=APPROVERS), 8 * DAY),
        (guarded(0, approvers=frozenset({"grace"})), 8 * DAY),  # nobody else may approve
    ],
)
async def test_one_person_ends_an_exemption_alone_where_nothing_asks_for_another(
    store: Store, guard: Guard | None, age: timedelta
) -> None:
    given = await give(store, until=NOW + 30 * DAY)
    assert await end_exemption(store, GRACE, "over", NOW + age, given.number, guard) == given


HALT = Relief(0, Cause.HALT, "shut", "20 people asked for help", "gate-1", NOW)
EXEMPT = Relief(0, Cause.EXEMPTION, "shut", "ada's new phone", "grace", NOW, NOW + timedelta(hours=1), "ada")
ACT = Act(NOW, "grace", "x")


async def test_a_change_at_another_gate_is_logged_once(store: Store) -> None:
    watch = ReliefWatch(store.reliefs, lambda: NOW)
    await watch.start()
    assert not await watch.refresh()
    given = await store.reliefs.grant(HALT, ACT)
    with capture_logs() as logs:
        assert await watch.refresh()
        assert not await watch.refresh()
    assert [each.rule for each in watch.off()] == ["shut"]
    assert [(line["event"], line["log_level"], line["rule"], line["cause"]) for line in logs] == [
        ("rule-off", "error", "shut", "halt")
    ]
    await store.reliefs.end([given.number], ACT)
    with capture_logs() as logs:
        assert await watch.refresh()
    assert [line["event"] for line in logs] == ["rule-on-again"]


async def test_a_halted_rule_is_logged_at_every_start_and_an_exemption_is_not(store: Store) -> None:
    await store.reliefs.grant(HALT, ACT)
    await store.reliefs.grant(EXEMPT, ACT)
    watch = ReliefWatch(store.reliefs, lambda: NOW)
    with capture_logs() as logs:
        await watch.start()
    assert [line["event"] for line in logs] == ["rule-off"]
    assert len(watch.exemptions()) == 1


async def test_known_reliefs_hold_to_their_end_while_the_store_is_away(store: Store) -> None:
    await store.reliefs.grant(EXEMPT, ACT)
    now = NOW
    watch = ReliefWatch(store.reliefs, lambda: now)
    await watch.start()
    watch._stored = SimpleNamespace(serial=away)  # type: ignore[assignment]
    assert not await watch.refresh()
    assert len(watch.exemptions()) == 1
    now = NOW + timedelta(hours=1)
    assert watch.exemptions() == ()
