"""One mail for each person whom a rule is about."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.gate import write_config
from tests.unit.mail.examples import APP, BELIEVED, OPEN, address, policy
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import ADA, last_entry, put_in_force
from tests.unit.store.examples import NOW

from mailgate.config import Rules, load_bundle
from mailgate.console.notices.facts import recipient_counts
from mailgate.mail.recipient_list import (
    RecipientList,
    Recipients,
    data_scope_of,
    list_recipients,
    made_up,
    made_up_correction,
    notice_about,
    queue,
    sample,
)
from mailgate.mail.topic import topic_of
from mailgate.model import Kind, Reason
from mailgate.model.notice import EncounterKind, NoticeDevice, RuleEncounter
from mailgate.policy.people import Groups
from mailgate.rollout.activation import retract
from mailgate.store import Mail, MailKind, MailState, Store

FILES = rules(policy(APP, OPEN))
TOPIC = topic_of(FILES.policy, 2, "app", MailKind.ENFORCED, NOW)


@pytest.fixture
async def store(store: Store) -> Store:
    await put_in_force(store, rules(policy(OPEN)))
    await put_in_force(store, FILES)
    owners = ["ada", "Ada@Example.com", "lin@elsewhere.example", ""]
    await people.know(store, FILES.policy, [people.phone(n, "tiktok", owner=o) for n, o in enumerate(owners)])
    return store


async def found_in(store: Store) -> RecipientList:
    active = await store.policies.active()
    assert active is not None
    return await list_recipients(store, FILES, active, TOPIC, BELIEVED, address, NOW, lambda *_: None)


async def test_a_person_with_two_login_names_gets_one_mail(store: Store) -> None:
    store.languages.listening = True
    store.languages.note("ada", "de", NOW)
    await store.languages.flush()
    found = await found_in(store)
    (mail,) = found.mails
    assert (mail.address, mail.version, mail.kind) == ("ada@example.com", 2, MailKind.ENFORCED)
    assert mail.notice.language == "de"
    assert mail.notice.laptop_allowed
    assert (found.unaddressed, found.nameless, found.undecided, found.written_before) == (
        ("lin@elsewhere.example",),
        1,
        (),
        0,
    )


async def test_a_person_is_told_once_unless_it_was_rolled_back(store: Store) -> None:
    assert await queue(store, (await found_in(store)).mails, ADA, TOPIC, NOW) == 1
    again = await found_in(store)
    assert (again.mails, again.written_before) == ((), 1)
    await retract(store, ADA, "sent in error", NOW)
    await put_in_force(store, FILES)
    anew = await found_in(store)
    assert [each.round for each in anew.mails] == [3]
    assert await queue(store, anew.mails, ADA, TOPIC, NOW) == 1


async def test_the_audit_log_says_how_many_and_not_who(store: Store) -> None:
    await queue(store, (await found_in(store)).mails, ADA, TOPIC, NOW)
    last = await last_entry(store)
    assert (last.what, last.who, last.about) == ("notices-queued", "ada", "rule app")
    assert last.details == '{"kind": "enforced", "mails": 1}'
    (mail,) = await store.mails.page()
    assert mail.state is MailState.QUEUED


APPS = "apps: {tiktok: {name: TikTok}, deepseek: {name: DeepSeek}}\nlists: {prohibited: [%s]}\n"
SHORT, LONG = (rules(policy(APP, OPEN), APPS % names) for names in ("tiktok", "tiktok, deepseek"))


async def listed(store: Store, files: Rules, at: datetime = NOW) -> RecipientList:
    active = await store.policies.active()
    assert active is not None
    topic = topic_of(files.policy, active.number, "app", MailKind.ENFORCED, at)
    return await list_recipients(store, files, active, topic, BELIEVED, address, at, lambda *_: None)


def people_of(mails: Iterable[Mail]) -> list[str]:
    return [each.login for each in mails]


async def test_newly_affected_and_already_told_people_are_told_apart(store: Store) -> None:
    phones = {"still": ["tiktok"], "newly": ["deepseek"], "away": ["tiktok"], "both": ["tiktok", "deepseek"]}
    await put_in_force(store, SHORT)
    proofs = [people.phone(n, *apps, owner=owner) for n, (owner, apps) in enumerate(phones.items(), 10)]
    await people.know(store, LONG.policy, proofs)
    before = await listed(store, SHORT)
    await queue(store, [each for each in before.mails if each.login in ("still", "both")], ADA, TOPIC, NOW)
    for each in await store.mails.page():
        await store.mails.end(each.id, MailState.SENT, NOW)
    await put_in_force(store, LONG)
    found = await listed(store, LONG)
    assert {each: people_of(found.part(each)) for each in Recipients} == {
        Recipients.NEW: ["newly"],
        Recipients.UNTOLD: ["ada", "away"],
        Recipients.ALL: ["both", "still"],
    }
    assert [len(found.to(each)) for each in Recipients] == [1, 3, 5]
    assert recipient_counts(found).to_write == 1


@pytest.mark.parametrize(("back", "told"), [(False, Recipients.ALL), (True, Recipients.UNTOLD)])
async def test_a_mail_of_a_version_that_was_taken_back_counts_for_nothing(
    store: Store, back: bool, told: Recipients
) -> None:
    other, third = (rules(policy(APP, OPEN) + f"# {name}\n") for name in ("other words", "yet others"))
    await put_in_force(store, other)
    await queue(store, (await listed(store, other)).mails, ADA, TOPIC, NOW)
    (mail,) = await store.mails.page()
    await store.mails.end(mail.id, MailState.SENT, NOW)
    if back:
        await retract(store, ADA, "sent in error", NOW)
    await put_in_force(store, third)
    assert people_of((await listed(store, third)).part(told)) == ["ada"]


@pytest.mark.parametrize(
    ("members", "told"), [({}, []), ({"sales": ["ada"]}, ["ada"])], ids=["nobody", "ada"]
)
async def test_a_rule_for_some_groups_is_about_people_in_them(
    store: Store, members: dict[str, list[str]], told: list[str]
) -> None:
    files = rules(policy(APP.replace("effect: block", "effect: block, groups: [sales]"), OPEN))
    active = await put_in_force(store, files)
    topic = topic_of(files.policy, active.number, "app", MailKind.ENFORCED, NOW)
    known = replace(BELIEVED, groups=Groups.of_members(members))
    found = await list_recipients(store, files, active, topic, known, address, NOW, lambda *_: None)
    assert [each.login for each in found.mails] == told


def test_data_is_read_on_the_terms_of_the_files(tmp_path: Path) -> None:
    bundle = load_bundle(write_config(tmp_path, "http://127.0.0.1:9", {"posture": {"max_age": "2h"}}), {})
    known = data_scope_of(bundle)
    assert (known.terms.max_age, known.days, known.groups) == (timedelta(hours=2), 14, bundle.groups)


async def test_a_preview_is_of_one_person_or_everybody(store: Store) -> None:
    found = await sample(store, FILES, TOPIC, BELIEVED, "ada", NOW)
    assert list(found.people) == ["ada"]
    notice = notice_about(TOPIC, found, "ada", "fr")
    (device,) = notice.devices
    assert (notice.title, notice.contact, notice.language) == ("No such apps", "help@example.com", "fr")
    assert device == NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",), "remove-app")
    everybody = await sample(store, FILES, TOPIC, BELIEVED, "", NOW)
    assert everybody.people.keys() == {"ada", "ada@example.com", "lin@elsewhere.example"}


CLOSED = """{id: closed, when: 'client.kind == "laptop"', effect: block}"""


@pytest.mark.parametrize(("line", "allowed"), [(OPEN, True), (CLOSED, False)], ids=["open", "closed"])
async def test_a_made_up_person_is_told_of_laptops_what_is_true_of_them(line: str, allowed: bool) -> None:
    notice = await made_up(rules(policy(APP, line)).policy, TOPIC)
    assert notice.laptop_allowed is allowed
    assert [each.fix for each in notice.devices] == ["remove-app"]


@pytest.mark.parametrize(
    ("when", "reason", "apps"),
    [
        ("client.handheld && 'prohibited' in device.lists", "prohibited-app", ["TikTok"]),
        ("client.handheld && 'tiktok' in device.apps", "prohibited-app", ["TikTok"]),
        ("client.handheld && device.state != 'clean'", "posture-missing", []),
        ("client.kind == 'phone'", "kind-refused", []),
    ],
)
async def test_a_made_up_person_is_told_what_a_real_one_would_be(
    when: str, reason: str, apps: list[str]
) -> None:
    line = f"""{{id: app, when: "{when}", effect: block}}"""
    known = rules(policy(line, OPEN)).policy
    topic = topic_of(known, 2, "app", MailKind.ENFORCED, NOW)
    (device,) = (await made_up(known, topic)).devices
    assert (device.reason, list(device.apps)) == (reason, apps)


def test_a_made_up_person_was_kept_out_by_the_first_rule_that_restricts() -> None:
    told = made_up_correction(rules(policy(OPEN, APP)).policy)
    assert told.encounters == (RuleEncounter(EncounterKind.REFUSAL, "No such apps", Reason.RULE_MATCHED),)
    assert made_up_correction(rules(policy(OPEN)).policy).encounters == (
        RuleEncounter(EncounterKind.REFUSAL, "", Reason.RULE_MATCHED),
    )
