"""Mails that tests share."""

from typing import Any

from tests.unit.store.examples import NOW

from mailgate.model.notice import Notice
from mailgate.store import Act, Activation, Mail, MailKind, RuleTexts, Store

ACT = Act(NOW, "ada", "notices-queued")


def a_mail(person: str = "ada", **more: Any) -> Mail:
    known: dict[str, Any] = {
        "rule": "app",
        "version": 1,
        "kind": MailKind.ENFORCED,
        "round": 0,
        "notice": Notice(MailKind.ENFORCED, "en"),
        "queued_at": NOW,
    }
    return Mail(address=f"{person}@example.com", login=person, **known | more)


async def in_force(store: Store, *names: str) -> list[Activation]:
    """Put versions with these names in force, one after the other."""
    act = Act(NOW, "ada", "policy-activated")
    return [await store.policies.activate(RuleTexts(f"policy-{n}", {"policy.yaml": n}), act) for n in names]
