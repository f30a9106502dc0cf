"""Rules that are announced and taken back, and the settings for mails."""

from tests.unit.rollout import people

from mailgate.mail.recipient_list import DataScope
from mailgate.policy.people import address_of

BELIEVED = DataScope(people.TERMS, 14)
APP = """{id: app, title: No such apps, when: 'client.handheld && "prohibited" in device.lists', effect: block, notice: {fix: remove-app, contact: help@example.com}}"""
OPEN = "{id: open, when: 'true', effect: allow}"


def policy(*lines: str) -> str:
    return "rules:\n" + "".join(f"  - {line}\n" for line in lines)


def address(login: str) -> str:
    return address_of(login, "example.com")
