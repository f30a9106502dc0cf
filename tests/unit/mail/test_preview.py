"""What somebody would be written, known or made up."""

import pytest
from tests.unit.mail.examples import APP, BELIEVED, OPEN, policy
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import put_in_force
from tests.unit.store.examples import NOW

from mailgate.mail.preview import made_up, made_up_correction, sample
from mailgate.mail.recipient_list import notice_about
from mailgate.mail.topic import topic_of
from mailgate.model import Kind, Reason
from mailgate.model.notice import EncounterKind, NoticeDevice, RuleEncounter
from mailgate.store import MailKind, Store

FILES = rules(policy(APP, OPEN))
TOPIC = topic_of(FILES.policy, 2, "app", MailKind.ENFORCED, NOW)


@pytest.fixture
async def store(store: Store) -> Store:
    await put_in_force(store, FILES)
    await people.know(
        store, FILES.policy, [people.phone(n, "tiktok", owner=o) for n, o in enumerate(["ada", "lin"])]
    )
    return store


async def test_a_preview_is_of_one_person_or_everybody(store: Store) -> None:
    found = await sample(store, FILES, TOPIC, BELIEVED, "ada", NOW)
    assert list(found.people) == ["ada"]
    notice = notice_about(TOPIC, found, "ada", "fr")
    (device,) = notice.devices
    assert (notice.title, notice.contact, notice.language) == ("No such apps", "help@example.com", "fr")
    assert device == NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",), "remove-app")
    everybody = await sample(store, FILES, TOPIC, BELIEVED, "", NOW)
    assert len(everybody.people) == 2


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
