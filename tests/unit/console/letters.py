"""Mails about a rule that the small company has written."""

from typing import Any

from tests.unit.console.browsing import NOW, Company

from mailgate.store import Mailing, MailKind, MailState

ENFORCED = "/console/notices/1/enforced?rule=prohibited-app"
DEVICE = {"reason": "prohibited-app", "kind": "phone", "os": "ios", "apps": ["TikTok"], "fix": ""}


async def written(firm: Company, *people: str, **more: Any) -> dict[str, Mailing]:
    """Queue a mail to each of these; the mails by the person."""
    known: dict[str, Any] = {
        "rule": "prohibited-app", "version": 1, "kind": MailKind.ENFORCED, "round": 0, "queued_at": NOW,
        "facts": {"language": "en", "contact": "", "devices": [DEVICE]},
    }  # fmt: skip
    await firm.store.mailings.queue([Mailing(f"{name}@example.com", name, **known | more) for name in people])
    return {each.login: each for each in await firm.store.mailings.page() if each.login in people}


async def gone(firm: Company, mail: Mailing, state: MailState, why: str = "") -> None:
    """Let this become of a mail."""
    await firm.store.mailings.begin(mail, "gate", NOW)
    await firm.store.mailings.end(mail.id, state, NOW, why)


async def state_of(firm: Company, mail: Mailing) -> str:
    (found,) = await firm.store.mailings.called([mail.id])
    return found.state.value
