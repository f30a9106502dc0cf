"""Who is told that what they were told no longer holds: exactly those, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.mail.examples import ADA, APP, BELIEVED, OPEN, activate, address, policy
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW, minutes
from tests.unit.store.mail import a_mail

from mailgate.config import Rules
from mailgate.mail.corrections import SEARCH_SPAN, correct, is_due
from mailgate.rollout.activation import retract
from mailgate.rollout.kept_plans import keep_plan
from mailgate.rollout.planning import Scope, make_plan
from mailgate.store import MailKind, MailState, Retraction, Store
from mailgate.views.versions import rules_called

GRACE = "{id: grace, when: 'user.name == \"grace\"', effect: block}"
"""A rule that every version has."""
OWNERS = {1: "ada", 2: "lin", 3: ""}
BEFORE, AFTER = rules(policy(GRACE, OPEN)), rules(policy(GRACE, APP, OPEN))


@pytest.fixture
async def store(store: Store) -> Store:
    """Ada and a stranger have the app, Lin has not."""
    await activate(store, BEFORE)
    phones = [people.phone(1, "tiktok", owner="ada"), people.phone(2, owner="lin"), people.phone(3, "tiktok")]
    await people.know(store, BEFORE.policy, phones)
    return store


async def plan_back(store: Store, url: str, number: int) -> None:
    """Plan to go back to this version."""
    active = await store.policies.active()
    assert active is not None
    candidate, scope = await rules_called(store, str(number)), Scope(NOW, 14, people.MAX_AGE)
    plan = await make_plan(store, url, active, candidate, scope, 1, lambda *_: None)
    await keep_plan(store, plan, candidate, ADA, NOW)


async def load(store: Store, files: Rules, user: str, phone: int = 0, minute: float = 0) -> None:
    """Somebody opens a page, on a laptop or on a phone that proves itself."""
    proof = people.phone(phone, *(["tiktok"] if phone != 2 else []), owner=OWNERS[phone]) if phone else None
    agent = people.IPHONE if phone else people.WINDOWS
    await people.see(store, files.policy, people.page_load(agent), user, proof, NOW + minutes(minute))


async def corrected(store: Store, minute: float = 0) -> dict[str, Any]:
    """What the corrections say that are queued by then, by person."""
    await correct(store, BELIEVED, address, ADA, NOW + minutes(minute))
    found = await store.mails.page()
    return {
        each.login: [(str(how.by), how.title, str(how.reason)) for how in each.notice.encounters]
        for each in found
        if each.kind is MailKind.CORRECTION and each.notice
    }


BLOCKED = [("kept-out", "No such apps", "prohibited-app")]


async def test_those_who_were_blocked_are_told_and_nobody_else(store: Store) -> None:
    await load(store, BEFORE, "early", phone=3)
    await activate(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await load(store, AFTER, "lin", phone=2)
    await load(store, AFTER, "grace")
    await load(store, AFTER, "on-a-laptop")
    await retract(store, ADA, "sent in error", NOW)
    assert await corrected(store) == {"ada": BLOCKED}
    (mail,) = await store.mails.page()
    assert mail.notice
    assert (mail.notice.mail_restored, mail.notice.contact, mail.version) == (True, "help@example.com", 2)
    assert (await store.audit.page())[-1].what == "corrections-queued"


async def test_by_a_device_that_nobody_logged_in_on_its_owner_is_told(store: Store) -> None:
    await activate(store, AFTER)
    await load(store, AFTER, "", phone=1)
    await load(store, AFTER, "", phone=3)
    await retract(store, ADA, "sent in error", NOW)
    assert list(await corrected(store)) == ["ada"]
    assert '"nameless": 1' in (await store.audit.page())[-1].details


async def test_those_who_were_written_to_are_told(store: Store) -> None:
    await activate(store, AFTER)
    states = {"sent": MailState.SENT, "unsure": MailState.UNSURE, "failed": MailState.FAILED}
    await store.mails.queue([a_mail(name, version=2) for name in (*states, "queued")])
    for each in await store.mails.page():
        if each.login in states:
            await store.mails.end(each.id, states[each.login], NOW)
    await retract(store, ADA, "sent in error", NOW)
    said = [("mailed", "No such apps", "rule-matched")]
    assert await corrected(store) == {"sent": said, "unsure": said}


async def test_only_versions_that_were_taken_back_count_and_all_of_them(store: Store, url: str) -> None:
    """Two versions with the rule, then back to one that has it: what both say is not taken back."""
    other = rules(policy(GRACE, APP, "{id: lin, when: 'user.name == \"lin\"', effect: block}", OPEN))
    await activate(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await activate(store, other)
    await load(store, other, "ada", phone=1)
    await load(store, other, "lin", phone=2)
    await retract(store, ADA, "the last one alone", NOW)
    assert list(await corrected(store)) == ["lin"]
    await plan_back(store, url, 1)
    await retract(store, ADA, "and the one before", NOW, 1)
    assert sorted(await corrected(store, 1)) == ["ada", "lin"]
    newest = [each.login for each in await store.mails.page() if each.round == 5]
    assert newest == ["ada"]


async def test_a_retraction_may_go_back_more_than_one_version(store: Store, url: str) -> None:
    other = rules(policy(GRACE, "{id: lin, when: 'user.name == \"lin\"', effect: block}", OPEN))
    await activate(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await activate(store, other)
    await load(store, other, "lin", phone=2)
    await plan_back(store, url, 1)
    await retract(store, ADA, "all of it", NOW, 1)
    assert sorted(await corrected(store)) == ["ada", "lin"]


async def test_who_is_kept_out_by_another_rule_is_not_told_that_all_is_well(store: Store) -> None:
    await activate(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    still = rules(policy("{id: ada, when: 'user.name == \"ada\"', effect: block}", OPEN))
    await activate(store, still)
    await activate(store, AFTER)
    await load(store, AFTER, "ada", phone=1, minute=1)
    await retract(store, ADA, "back", NOW, 3)
    await corrected(store)
    (mail,) = [each for each in await store.mails.page() if each.round]
    assert mail.notice
    assert mail.notice.mail_restored is False


async def test_a_rule_that_holds_and_took_others_is_taken_back_for_those(store: Store) -> None:
    """Without the rule that let laptops in, the one below, which is unchanged, kept them out."""
    rest = "{id: rest, when: 'true', effect: block}"
    laptops = "{id: laptops, when: 'client.kind == \"laptop\"', effect: allow}"
    await activate(store, rules(policy(laptops, rest)))
    without = rules(policy(rest))
    await activate(store, without)
    await load(store, without, "on-a-laptop")
    await load(store, without, "ada", phone=1)
    await retract(store, ADA, "sent in error", NOW)
    assert list(await corrected(store)) == ["on-a-laptop"]


async def test_what_is_written_down_late_is_found_and_nobody_is_told_twice(store: Store) -> None:
    await activate(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await retract(store, ADA, "sent in error", NOW)
    assert list(await corrected(store)) == ["ada"]
    await load(store, AFTER, "late", phone=3)
    assert sorted(await corrected(store, 1)) == ["ada", "late"]
    assert sorted(await corrected(store, 60)) == ["ada", "late"]
    await corrected(store, SEARCH_SPAN / minutes(1))
    assert await store.retractions.open() == []


async def test_a_version_that_is_put_in_force_anew_is_not_corrected(store: Store) -> None:
    await activate(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await retract(store, ADA, "sent in error", NOW)
    await activate(store, AFTER)
    assert await corrected(store) == {}
    assert await store.retractions.open() == []


def test_looks_become_rare() -> None:
    now = NOW + timedelta(hours=1)
    assert is_due(Retraction(1, NOW, (2,), {}), NOW)
    assert not is_due(Retraction(1, NOW, (2,), {}, NOW), NOW + timedelta(seconds=1))
    assert is_due(Retraction(1, NOW, (2,), {}, NOW), NOW + timedelta(seconds=2))
    assert not is_due(Retraction(1, NOW, (2,), {}, now), now + timedelta(minutes=59))
    assert is_due(Retraction(1, NOW, (2,), {}, now), now + timedelta(minutes=60))
