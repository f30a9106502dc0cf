"""What somebody would be written, known or made up."""

import pytest
from tests.unit.mail.announced import APP, KNOWN, OPEN, activate, policy
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.mail.announce import facts_of
from mailgate.mail.preview import made_up, made_up_correction, sample
from mailgate.mail.topic import topic_of
from mailgate.store import MailKind, Store

FILES = rules(policy(APP, OPEN))
TOPIC = topic_of(FILES.policy, 2, "app", MailKind.ENFORCED, NOW)


@pytest.fixture
async def store(store: Store) -> Store:
    await activate(store, FILES)
    await people.know(
        store, FILES.policy, [people.phone(n, "tiktok", owner=o) for n, o in enumerate(["ada", "lin"])]
    )
    return store


async def test_what_one_person_would_get(store: Store) -> None:
    found = await sample(store, FILES, TOPIC, KNOWN, "ada", NOW)
    assert list(found.people) == ["ada"]
    facts = facts_of(TOPIC, found, "ada", "fr")
    (device,) = facts["devices"]
    assert (facts["title"], facts["contact"], facts["language"]) == ("No such apps", "help@example.com", "fr")
    assert device == {
        "reason": "prohibited-app",
        "kind": "phone",
        "os": "ios",
        "apps": ["TikTok"],
        "fix": "remove-app",
    }
    everybody = await sample(store, FILES, TOPIC, KNOWN, "", NOW)
    assert len(everybody.people) == 2


async def test_a_made_up_person_is_told_of_laptops_what_is_true_of_them() -> None:
    closed = """{id: closed, when: 'client.kind == "laptop"', effect: block}"""
    for line, free in ((OPEN, True), (closed, False)):
        facts = await made_up(rules(policy(APP, line)).policy, TOPIC)
        assert (facts["laptop_free"], [each["fix"] for each in facts["devices"]]) == (free, ["remove-app"])


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
    (device,) = (await made_up(known, topic))["devices"]
    assert (device["reason"], list(device["apps"])) == (reason, apps)


def test_a_made_up_person_was_kept_out_by_the_first_rule_that_restricts() -> None:
    told = made_up_correction(rules(policy(OPEN, APP)).policy)
    assert told["said"] == [["kept-out", "No such apps", "rule-matched"]]
    assert made_up_correction(rules(policy(OPEN)).policy)["said"] == [["kept-out", "", "rule-matched"]]
