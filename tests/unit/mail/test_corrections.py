"""Who is told that a change was taken back: exactly those for whom something is different, and what is so for them now."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.unit.mail.examples import APP, BELIEVED, OPEN, address, policy
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import ADA, last_entry, plan_for, put_in_force
from tests.unit.store.examples import NOW, minutes
from tests.unit.store.mail import a_mail

from mailgate.config import Rules
from mailgate.console.policy.versions import rules_called
from mailgate.mail.corrections import SEARCH_SPAN, correct, is_due
from mailgate.mail.recipient_list import Recipients, list_recipients, queue
from mailgate.mail.topic import topic_of
from mailgate.model import Reason
from mailgate.model.notice import Standing
from mailgate.policy.people import Groups
from mailgate.policy.reliefs import Cause, Relief
from mailgate.policy.stages import in_share
from mailgate.rollout.activation import retract
from mailgate.rollout.kept_plans import keep_plan
from mailgate.store import MailKind, MailState, Retraction, Store

GRACE = "{id: grace, when: 'user.name == \"grace\"', effect: block}"
"""A rule that every version has."""
OWNERS = {1: "ada", 2: "lin", 3: ""}
BEFORE, AFTER = rules(policy(GRACE, OPEN)), rules(policy(GRACE, APP, OPEN))


@pytest.fixture
async def store(store: Store) -> Store:
    """Ada and a stranger have the app, Lin has not."""
    await put_in_force(store, BEFORE)
    phones = [people.phone(1, "tiktok", owner="ada"), people.phone(2, owner="lin"), people.phone(3, "tiktok")]
    await people.know(store, BEFORE.policy, phones)
    return store


async def plan_back(store: Store, url: str, number: int) -> None:
    """Plan to go back to this version."""
    candidate = await rules_called(store, str(number))
    plan = await plan_for(store, url, candidate)
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


async def test_only_people_who_were_refused_are_told(store: Store) -> None:
    await load(store, BEFORE, "early", phone=3)
    await put_in_force(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await load(store, AFTER, "lin", phone=2)
    await load(store, AFTER, "grace")
    await load(store, AFTER, "on-a-laptop")
    await retract(store, ADA, "sent in error", NOW)
    assert await corrected(store) == {"ada": BLOCKED}
    (mail,) = await store.mails.page()
    assert mail.notice
    assert (mail.notice.is_clear, mail.notice.contact, mail.version) == (True, "help@example.com", 2)
    assert not any(each.stands for each in mail.notice.encounters)
    assert (await last_entry(store)).what == "corrections-queued"


async def test_the_owner_of_a_device_without_logins_is_told(store: Store) -> None:
    await put_in_force(store, AFTER)
    await load(store, AFTER, "", phone=1)
    await load(store, AFTER, "", phone=3)
    await retract(store, ADA, "sent in error", NOW)
    assert list(await corrected(store)) == ["ada"]
    assert '"nameless": 1' in (await last_entry(store)).details


async def test_people_with_mails_are_told_though_their_devices_are_unknown(store: Store) -> None:
    await put_in_force(store, AFTER)
    states = {"sent": MailState.SENT, "unsure": MailState.UNSURE, "failed": MailState.FAILED}
    await store.mails.queue([a_mail(name, version=2) for name in (*states, "queued")])
    for each in await store.mails.page():
        if each.login in states:
            await store.mails.end(each.id, states[each.login], NOW)
    await retract(store, ADA, "sent in error", NOW)
    said = [("mailed", "No such apps", "rule-matched")]
    assert await corrected(store) == {"sent": said, "unsure": said}


async def test_all_rolled_back_versions_and_no_others_count(store: Store, url: str) -> None:
    """Two versions with the rule, then back to one that has it: what both say is not taken back."""
    other = rules(policy(GRACE, APP, "{id: lin, when: 'user.name == \"lin\"', effect: block}", OPEN))
    await put_in_force(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await put_in_force(store, other)
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
    await put_in_force(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await put_in_force(store, other)
    await load(store, other, "lin", phone=2)
    await plan_back(store, url, 1)
    await retract(store, ADA, "all of it", NOW, 1)
    assert sorted(await corrected(store)) == ["ada", "lin"]


async def test_people_refused_by_another_rule_are_not_told_that_all_is_well(store: Store) -> None:
    await put_in_force(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    still = rules(policy("{id: ada, when: 'user.name == \"ada\"', effect: block}", OPEN))
    await put_in_force(store, still)
    await put_in_force(store, AFTER)
    await load(store, AFTER, "ada", phone=1, minute=1)
    await retract(store, ADA, "back", NOW, 3)
    await corrected(store)
    (mail,) = [each for each in await store.mails.page() if each.round]
    assert mail.notice
    assert [(each.standing, each.reason) for each in mail.notice.devices] == [
        (Standing.CLOSED, Reason.RULE_MATCHED)
    ]


async def test_a_rule_that_holds_and_took_others_is_taken_back_for_those(store: Store) -> None:
    """Without the rule that let laptops in, the one below, which is unchanged, kept them out."""
    rest = "{id: rest, when: 'true', effect: block}"
    laptops = "{id: laptops, when: 'client.kind == \"laptop\"', effect: allow}"
    await put_in_force(store, rules(policy(laptops, rest)))
    without = rules(policy(rest))
    await put_in_force(store, without)
    await load(store, without, "on-a-laptop")
    await load(store, without, "ada", phone=1)
    await retract(store, ADA, "sent in error", NOW)
    assert list(await corrected(store)) == ["on-a-laptop"]


async def test_late_sightings_are_found_and_nobody_is_told_twice(store: Store) -> None:
    await put_in_force(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await retract(store, ADA, "sent in error", NOW)
    assert list(await corrected(store)) == ["ada"]
    await load(store, AFTER, "late", phone=3)
    assert sorted(await corrected(store, 1)) == ["ada", "late"]
    assert sorted(await corrected(store, 60)) == ["ada", "late"]
    await corrected(store, SEARCH_SPAN / minutes(1))
    assert await store.retractions.open() == []


async def test_a_version_that_is_put_in_force_anew_is_not_corrected(store: Store) -> None:
    await put_in_force(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await retract(store, ADA, "sent in error", NOW)
    await put_in_force(store, AFTER)
    assert await corrected(store) == {}
    assert await store.retractions.open() == []


LISTED = "apps: {tiktok: {name: TikTok}, deepseek: {name: DeepSeek}}\nlists: {prohibited: [%s]}\n"
SHORT, LONG = (rules(policy(APP, OPEN), LISTED % names) for names in ("tiktok", "tiktok, deepseek"))
"""Two versions with the same rule, and a list that DeepSeek joins."""
PHONES = {"still": ["tiktok"], "newly": ["deepseek"], "both": ["tiktok", "deepseek"]}


async def company(store: Store, files: Rules, phones: dict[str, list[str]], first: int = 10) -> None:
    """Everybody has one phone with these apps."""
    proofs = [
        people.phone(first + n, *apps, owner=owner.split("-")[0])
        for n, (owner, apps) in enumerate(phones.items())
    ]
    await people.know(store, files.policy, proofs)


async def mailed(store: Store, *logins: str, rule: str = "app", version: int = 3, **more: Any) -> None:
    """These people got a mail about a rule of this version."""
    await store.mails.queue([a_mail(each, rule=rule, version=version, **more) for each in logins])
    for each in await store.mails.page():
        if each.state is MailState.QUEUED:
            await store.mails.end(each.id, MailState.SENT, NOW)


async def devices_told(store: Store, minute: float = 0) -> dict[str, list[tuple[Any, ...]]]:
    """What the corrections say of devices, by person."""
    await correct(store, BELIEVED, address, ADA, NOW + minutes(minute))
    return {
        each.login: [(device.standing, device.apps) for device in each.notice.devices]
        for each in await store.mails.page()
        if each.kind is MailKind.CORRECTION and each.notice
    }


async def refused_on(store: Store, files: Rules, phones: dict[str, list[str]]) -> None:
    for n, (owner, apps) in enumerate(phones.items(), 10):
        proof = people.phone(n, *apps, owner=owner)
        await people.see(store, files.policy, people.page_load(people.IPHONE), owner, proof, NOW)


CLOSED, FREE = (Standing.CLOSED, ("TikTok",)), (Standing.OPEN, ())


@pytest.mark.parametrize("way", ["page", "mail", "both ways"])
async def test_only_people_with_a_new_app_of_a_list_are_told(store: Store, way: str) -> None:
    await put_in_force(store, SHORT)
    await company(store, LONG, PHONES)
    await put_in_force(store, LONG)
    if way != "mail":
        await refused_on(store, LONG, PHONES)
    if way != "page":
        await mailed(store, *PHONES)
    await retract(store, ADA, "sent in error", NOW)
    assert await devices_told(store) == {"newly": [FREE], "both": [CLOSED]}
    (clear,) = [each for each in await store.mails.page() if each.notice and each.notice.is_clear]
    assert clear.login == "newly"
    assert all(each.stands for each in clear.notice.encounters), (
        "who removed TikTok is not told that it is allowed"
    )


async def test_a_person_with_another_refused_phone_reads_of_both(store: Store) -> None:
    await put_in_force(store, SHORT)
    await company(store, LONG, {"ann-1": ["tiktok"], "ann-2": ["deepseek"]})
    await put_in_force(store, LONG)
    await mailed(store, "ann")
    await retract(store, ADA, "sent in error", NOW)
    assert await devices_told(store) == {"ann": [CLOSED, FREE]}


async def test_people_warned_of_a_stage_are_told_that_it_does_not_come(store: Store) -> None:
    """Nobody is kept out on the day of the retraction, by either version."""
    staged = rules(policy(APP.replace("effect", "stages: {enforce: 2027-01-01}, effect"), OPEN))
    await put_in_force(store, staged)
    await mailed(store, "ada", "lin", kind=MailKind.UPCOMING, version=2)
    await retract(store, ADA, "sent in error", NOW)
    assert await devices_told(store) == {"ada": [FREE], "lin": [FREE]}


async def test_a_list_that_grew_counts_from_the_first_day_of_its_rule(store: Store) -> None:
    staged = APP.replace("effect", "stages: {enforce: 2027-01-01}, effect")
    short, long = (rules(policy(staged, OPEN), LISTED % names) for names in ("tiktok", "tiktok, deepseek"))
    await put_in_force(store, short)
    await company(store, long, PHONES)
    await put_in_force(store, long)
    await mailed(store, *PHONES, kind=MailKind.UPCOMING)
    await retract(store, ADA, "sent in error", NOW)
    assert await devices_told(store) == {"newly": [FREE], "both": [(Standing.OPEN, ("TikTok",))]}


async def test_a_rule_that_is_read_later_corrects_only_those_it_changed(store: Store) -> None:
    rest = "{id: rest, when: client.handheld, effect: block}"
    clean = "{id: clean, when: 'device.state == \"clean\"', effect: allow}"
    await put_in_force(store, rules(policy(clean, rest)))
    turned = rules(policy(rest, clean))
    await put_in_force(store, turned)
    await load(store, turned, "ada", phone=1)
    await load(store, turned, "lin", phone=2)
    await retract(store, ADA, "sent in error", NOW)
    assert list(await corrected(store)) == ["lin"]


async def test_people_refused_again_later_are_not_told_that_all_is_well(store: Store) -> None:
    staged = rules(
        policy(APP.replace("effect", "stages: {warn: 2027-01-01, enforce: 2027-02-01}, effect"), OPEN)
    )
    await put_in_force(store, staged)
    await put_in_force(store, AFTER)
    await load(store, AFTER, "ada", phone=1)
    await retract(store, ADA, "too early", NOW)
    await corrected(store)
    (mail,) = await store.mails.page()
    assert mail.notice
    (phone,) = mail.notice.devices
    assert (phone.standing, phone.apps, mail.notice.is_clear) == (Standing.OPEN, ("TikTok",), False)
    assert [(f"{at:%m-%d}", standing) for at, standing in phone.later] == [
        ("01-01", Standing.WARNED),
        ("02-01", Standing.CLOSED),
    ]


NIGHT = (
    "{id: night, title: No mail at night, when: 'client.handheld && now.getHours() >= 20', effect: block%s}"
)
NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
EARLY = "{id: early, when: 'client.handheld && now < timestamp(\"2027-01-01T12:00:00Z\")', effect: block}"
TRIP = Relief(0, Cause.EXEMPTION, "", "a trip", "ada", NOW, NOON, person="ada")


@pytest.mark.parametrize(
    ("shared", "trip", "standing", "since"),
    [
        ([NIGHT % ""], None, Standing.OPEN, NOW),
        ([NIGHT % ", stages: {enforce: 2027-01-01T12:00:00Z}"], None, Standing.OPEN, NOON),
        ([NIGHT % ""], TRIP, Standing.OPEN, NOON),
        ([EARLY, NIGHT % ""], None, Standing.CLOSED, NOON),
    ],
    ids=["every night", "every night from a day on", "every night after an exemption", "every night once a rule ends"],
)  # fmt: skip
async def test_people_whom_the_calendar_keeps_out_are_not_told_that_all_is_well(
    store: Store, shared: list[str], trip: Relief | None, standing: Standing, since: datetime
) -> None:
    await put_in_force(store, rules(policy(GRACE, *shared, OPEN)))
    after = rules(policy(GRACE, APP, *shared, OPEN))
    await put_in_force(store, after)
    await load(store, after, "ada", phone=1)
    if trip:
        await store.reliefs.grant(trip, ADA.act(NOW, "exempted"))
    await retract(store, ADA, "sent in error", NOW)
    assert await corrected(store) == {"ada": BLOCKED}
    (mail,) = await store.mails.page()
    assert mail.notice
    (phone,) = mail.notice.devices
    assert (phone.standing, phone.later) == (standing, ((since, Standing.UNKNOWN),))
    assert not mail.notice.is_clear


@pytest.mark.parametrize(("hours", "told"), [(0, []), (4, ["ada"])], ids=["the same hours", "fewer hours"])
async def test_whom_fewer_hours_keep_out_is_told(store: Store, hours: int, told: list[str]) -> None:
    night = "{id: app, title: Not now, when: 'client.handheld && now.getHours() >= %d', effect: block}"
    await put_in_force(store, rules(policy(GRACE, night % hours, OPEN)))
    lin = "{id: lin, when: 'user.name == \"lin\"', effect: block}"
    after = rules(policy(GRACE, lin, night % 0, OPEN))
    await put_in_force(store, after)
    await load(store, after, "ada", phone=1)
    await retract(store, ADA, "sent in error", NOW)
    assert list(await corrected(store)) == told


async def test_people_whom_a_halted_rule_would_keep_out_are_not_told_that_all_is_well(store: Store) -> None:
    """Whoever resumes it keeps them out at once."""
    await put_in_force(store, SHORT)
    await company(store, LONG, PHONES)
    await put_in_force(store, LONG)
    await refused_on(store, LONG, PHONES)
    await store.reliefs.halt(
        Relief(0, Cause.HALT, "app", "too many", "mailgate", NOW), ADA.act(NOW, "rule-halted")
    )
    await retract(store, ADA, "sent in error", NOW)
    await corrected(store)
    standings = {each for mail in await store.mails.page() if mail.notice for each in mail.notice.devices}
    assert Standing.CLOSED not in {each.standing for each in standings}
    assert {each.later for each in standings if each.apps} == {((NOW, Standing.UNKNOWN),)}


async def test_an_exemption_counts_for_as_long_as_it_lasts(store: Store) -> None:
    until = NOW + timedelta(days=3)
    await put_in_force(store, SHORT)
    await company(store, LONG, PHONES)
    await put_in_force(store, LONG)
    await refused_on(store, LONG, PHONES)
    trip = Relief(0, Cause.EXEMPTION, "", "a trip", "ada", NOW, until, person="both")
    await store.reliefs.grant(trip, ADA.act(NOW, "exempted"))
    await retract(store, ADA, "sent in error", NOW)
    await corrected(store)
    (both,) = [each.notice for each in await store.mails.page() if each.login == "both"]
    assert both
    assert [(each.standing, each.later) for each in both.devices] == [
        (Standing.OPEN, ((until, Standing.CLOSED),))
    ]


async def test_a_rule_that_applied_to_more_people_is_taken_back_for_those(store: Store) -> None:
    """A share and the members of a group are parts of a version as its lists are."""
    names = [f"person-{n}" for n in range(12)]
    half = {each for each in names if in_share(0.5, "app", each)}
    small = rules(policy(APP.replace("effect", "share: 50%, effect"), OPEN))
    whole = rules(policy(APP, OPEN))
    await put_in_force(store, small)
    await people.know(
        store, whole.policy, [people.phone(20 + n, "tiktok", owner=each) for n, each in enumerate(names)]
    )
    await put_in_force(store, whole)
    await mailed(store, *names)
    await retract(store, ADA, "too many", NOW)
    assert set(await devices_told(store)) == set(names) - half


async def test_people_who_joined_a_group_by_the_version_are_told(store: Store) -> None:
    sales = rules(policy(APP.replace("effect", "groups: [sales], effect"), OPEN))
    few, many = (sales.with_groups(Groups.of_members({"sales": who})) for who in (["ada"], ["lin"]))
    await put_in_force(store, few)
    await company(store, few, {"lin": ["tiktok"]})
    await put_in_force(store, many)
    await load_in(store, many, "lin")
    await retract(store, ADA, "too many", NOW + minutes(2))
    await load_in(store, few, "ada", minute=3)
    assert set(await devices_told(store, 4)) == {"lin"}


async def load_in(store: Store, files: Rules, *logins: str, minute: float = 1) -> None:
    """These people ask at a gate that knows their groups."""
    at = NOW + minutes(minute)
    for number, login in ((1, "ada"), (10, "lin")):
        if login in logins:
            proof = people.phone(number, "tiktok", owner=login)
            user = files.groups.user(login)
            await people.see(store, files.policy, people.page_load(people.IPHONE), login, proof, at, user)


async def test_an_outcome_that_nobody_knows_is_not_told(store: Store) -> None:
    """One has removed the app since, the phone of another is forgotten, and a third has reported to nobody for days."""
    await put_in_force(store, SHORT)
    phones = {"removed": ["deepseek"], "gone": ["deepseek"]}
    await company(store, LONG, phones)
    await put_in_force(store, LONG)
    await mailed(store, *phones)
    await company(store, LONG, {"removed": []})
    await store.devices.forget(people.device(11), NOW)
    await retract(store, ADA, "sent in error", NOW)
    assert await devices_told(store) == {"removed": [FREE], "gone": []}
    (gone,) = [each.notice for each in await store.mails.page() if each.login == "gone" and each.round]
    assert gone
    assert not gone.is_clear


async def test_apps_on_somebody_elses_phone_are_not_named(store: Store) -> None:
    await put_in_force(store, SHORT)
    await company(store, LONG, {"both": ["tiktok", "deepseek"]})
    await put_in_force(store, LONG)
    proof = people.phone(10, "tiktok", "deepseek", owner="both")
    await people.see(store, LONG.policy, people.page_load(people.IPHONE), "guest", proof, NOW)
    await retract(store, ADA, "sent in error", NOW)
    assert await devices_told(store) == {"guest": [(Standing.CLOSED, ())]}


ONE_HOUR = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("looked_at", "after", "due"),
    [
        (None, timedelta(0), True),
        (NOW, timedelta(seconds=1), False),
        (NOW, timedelta(seconds=2), True),
        (ONE_HOUR, timedelta(minutes=59), False),
        (ONE_HOUR, timedelta(minutes=60), True),
    ],
    ids=["the first", "too early", "soon", "later too early", "later an hour after the last"],
)
def test_looks_for_late_sightings_become_rare(
    looked_at: datetime | None, after: timedelta, due: bool
) -> None:
    assert is_due(Retraction(1, NOW, (2,), {}, looked_at), (looked_at or NOW) + after) is due


SETS = [frozenset(names) for names in ((), ("tiktok",), ("deepseek",), ("tiktok", "deepseek"))]
NAMES = {"tiktok": "TikTok", "deepseek": "DeepSeek"}


@dataclass
class Person:
    """One person of a small world: the apps on each phone, and then what they do about a mail."""

    before: list[frozenset[str]]
    after: list[frozenset[str] | None]
    """None for a phone that is gone. A phone that is not in ``before`` is new."""

    @classmethod
    def drawn(cls, draw: Random) -> "Person":
        before = [draw.choice(SETS) for _ in range(draw.choice((1, 2)))]
        after = [draw.choice([apps, apps, None, *(each for each in SETS if each < apps)]) for apps in before]
        return cls(before, after + [draw.choice(SETS)] * draw.choice((0, 0, 1)))

    def is_corrected(self, old: frozenset[str], new: frozenset[str]) -> bool:
        """A sentence of the mail does not hold by the new list, or a phone of theirs gets another answer from it."""
        told = [apps for apps in self.before if apps & old]
        return bool(told) and any(apps & old != apps & new for apps in (*told, *filter(None, self.after)))

    def has_now(self, new: frozenset[str]) -> set[tuple[Any, ...]]:
        """What a correction has to say of their phones."""
        phones = [apps & new for apps in self.after if apps is not None]
        return {
            (Standing.CLOSED, tuple(sorted(NAMES[each] for each in found))) if found else FREE
            for found in phones
        }


@pytest.mark.parametrize("grows", [True, False], ids=["a list that grew", "a list that shrank"])
@pytest.mark.parametrize("seed", range(3))
async def test_whoever_was_told_what_does_not_hold_is_told_and_nobody_else(
    store: Store, seed: int, grows: bool
) -> None:
    """Whatever they did about the mail: removed apps from one of two phones, gave a phone up, or have another one."""
    draw = Random(seed)
    world = {f"p{n}": Person.drawn(draw) for n in range(40)}
    known, (short, long) = frozenset(NAMES), (frozenset({"tiktok"}), frozenset(NAMES))
    (back, old), (files, taken) = ((short, long), (SHORT, LONG)) if grows else ((long, short), (LONG, SHORT))
    number = {(who, n): 100 + 3 * at + n for at, who in enumerate(world) for n in range(3)}
    await put_in_force(store, files)
    phones = [
        people.phone(number[who, n], *apps & known, owner=who)
        for who, person in world.items()
        for n, apps in enumerate(person.before)
    ]
    await people.know(store, LONG.policy, phones)
    await put_in_force(store, taken)
    await announced(store, taken)
    phones = []
    for who, person in world.items():
        for n, apps in enumerate(person.after):
            if apps is None:
                await store.devices.forget(people.device(number[who, n]), NOW)
            else:
                phones.append(people.phone(number[who, n], *apps, owner=who, at=NOW + minutes(1)))
    await people.know(store, LONG.policy, phones)
    await retract(store, ADA, "sent in error", NOW + minutes(2))
    found = await devices_told(store, 3)
    assert found.keys() == {who for who, each in world.items() if each.is_corrected(old, back)}
    assert {who: set(said) for who, said in found.items()} == {who: world[who].has_now(back) for who in found}
    clear = {each.login for each in await store.mails.page() if each.notice and each.notice.is_clear}
    assert clear == {who for who in found if world[who].has_now(back) == {FREE}}


async def announced(store: Store, files: Rules) -> None:
    """Everybody whom the rule keeps out got its mail."""
    active = await store.policies.active()
    assert active
    topic = topic_of(files.policy, active.number, "app", MailKind.ENFORCED, NOW)
    found = await list_recipients(store, files, active, topic, BELIEVED, address, NOW, lambda *_: None)
    await queue(store, found.to(Recipients.ALL), ADA, topic, NOW)
    for each in await store.mails.page():
        await store.mails.end(each.id, MailState.SENT, NOW)
