"""Whom a rule is about, and what is said of their laptops."""

from threading import get_ident
from typing import Any

import pytest
from tests.unit.mail.examples import APP, BELIEVED, OPEN, policy
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

import mailgate.mail.recipient_list
from mailgate.config import Rules
from mailgate.mail.recipient_list import Audience, audience_of, everybody
from mailgate.model import Reason
from mailgate.store import Store


@pytest.fixture
async def store(store: Store) -> Store:
    """Ada has the app, Lin has not; somebody's phone has it; Grace reads on a laptop."""
    files = rules(policy(OPEN)).policy
    phones = [people.phone(1, "tiktok", owner="Ada"), people.phone(2, owner="lin"), people.phone(3, "tiktok")]
    await people.know(store, files, phones)
    await people.see(store, files, people.page_load(people.WINDOWS), "ada")
    await people.see(store, files, people.page_load(people.WINDOWS), "grace")
    return store


async def audience(store: Store, files: Rules, rule: str = "app") -> Audience:
    told: list[tuple[int, int]] = []
    population = BELIEVED.population(store, files, NOW)
    found = await audience_of(
        files.policy, rule, NOW, everybody(population, lambda done, of: told.append((done, of)))
    )
    assert told[-1] == (3, 3)
    return found


async def test_a_notice_is_about_the_people_whom_its_rule_decides(store: Store) -> None:
    found = await audience(store, rules(policy(APP, OPEN)))
    ((device,),) = found.people.values()
    assert list(found.people) == ["ada"]
    assert (device.reason, device.os, device.apps, device.fix) == (
        Reason.PROHIBITED_APP,
        "ios",
        ("TikTok",),
        "remove-app",
    )
    assert (found.nameless, found.undecided) == (1, set())
    assert found.laptop_allowed("ada")


LAPTOPS = "{id: laptops, when: 'client.kind == \"laptop\"', effect: %s}"


@pytest.mark.parametrize(
    ("before", "person", "free"),
    [
        (LAPTOPS % "allow", "ada", True),
        (LAPTOPS % "allow", "lin", True),
        (LAPTOPS % "warn", "ada", False),
        (LAPTOPS % "block", "lin", False),
        ("{id: old, when: 'client.browser == \"Chrome\"', effect: allow}", "lin", False),
        ("{id: windows, when: 'client.os == \"windows\"', effect: allow}", "ada", False),
        ("{id: hers, when: 'user.name == \"ada\" && !client.handheld', effect: allow}", "ada", False),
    ],
)
async def test_a_laptop_is_called_free_only_where_that_is_sure(
    store: Store, before: str, person: str, free: bool
) -> None:
    """Ada was seen on a laptop with Windows, and may have another."""
    rest = "{id: rest, when: 'true', effect: block}"
    found = await audience(store, rules(policy(APP, before, rest)))
    assert found.laptop_allowed(person) is free


async def test_a_notice_keeps_no_apps_of_somebody_elses_phone(store: Store) -> None:
    """Bob sends the ActiveSync id of Ada's phone: his own page shows what is kept with his mail."""
    files = rules(policy(APP, OPEN))
    await people.see(store, files.policy, people.mail_app("EAS1"), "bob")
    found = await audience(store, files)
    assert [each.apps for each in found.about["bob"]] == [()]
    assert [each.apps for each in found.people["bob"]] == [()]
    assert [each.apps for each in found.people["ada"]] == [("TikTok",)]


async def test_a_person_of_whom_it_cannot_be_told_gets_no_mail(store: Store) -> None:
    where = "{id: app, when: 'client.handheld && request.host == \"a.example.com\"', effect: block}"
    found = await audience(store, rules(policy(where, OPEN)))
    assert (dict(found.people), found.undecided) == ({}, {"ada", "lin"})


async def test_nobody_is_looked_at_on_the_loop_that_serves_mail(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()

    def noted(*args: Any) -> bool:
        threads.add(get_ident())
        return look(*args)

    look = mailgate.mail.recipient_list._look
    monkeypatch.setattr(mailgate.mail.recipient_list, "_look", noted)
    await audience(store, rules(policy(APP, OPEN)))
    assert threads
    assert get_ident() not in threads
