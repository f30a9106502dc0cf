"""Rules that are announced and taken back, and what it takes to write to people."""

from tests.unit.rollout import people
from tests.unit.store.examples import NOW

from mailgate.config import Rules
from mailgate.mail.recipient_list import DataScope
from mailgate.policy.login_names import address_of
from mailgate.rollout import rule_texts_of
from mailgate.rollout.person import Person
from mailgate.store import Act, Activation, Store

ADA = Person("ada", "desk")
BELIEVED = DataScope(people.MAX_AGE, (), 14)
APP = """{id: app, title: No such apps, when: 'client.handheld && "prohibited" in device.lists', effect: block, notice: {fix: remove-app, contact: help@example.com}}"""
OPEN = "{id: open, when: 'true', effect: allow}"


def policy(*lines: str) -> str:
    return "rules:\n" + "".join(f"  - {line}\n" for line in lines)


async def activate(store: Store, files: Rules) -> Activation:
    return await store.policies.activate(rule_texts_of(files), Act(NOW, "ada", "policy-activated"))


def address(login: str) -> str:
    return address_of(login, "example.com")
