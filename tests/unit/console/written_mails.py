"""Mails about a rule in the small company."""

from typing import Any

from tests.unit.console.browsing import NOW, Company

from mailgate.model import Kind, Reason
from mailgate.model.notice import Notice, NoticeDevice
from mailgate.store import Mail, MailKind, MailState

ENFORCED = "/console/notices/1/enforced?rule=prohibited-app"
DEVICE = NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",))


async def written(firm: Company, *people: str, **more: Any) -> dict[str, Mail]:
    """Queue a mail to each of these people. Returns the mails by person."""
    known: dict[str, Any] = {
        "rule": "prohibited-app", "version": 1, "kind": MailKind.ENFORCED, "round": 0, "queued_at": NOW,
        "notice": Notice(MailKind.ENFORCED, "en", devices=(DEVICE,)),
    }  # fmt: skip
    await firm.store.mails.queue([Mail(f"{name}@example.com", name, **known | more) for name in people])
    return {each.login: each for each in await firm.store.mails.page() if each.login in people}


async def gone(firm: Company, mail: Mail, state: MailState, why: str = "") -> None:
    """Set the state of a mail."""
    await firm.store.mails.begin(mail, "gate", NOW)
    await firm.store.mails.end(mail.id, state, NOW, why)


async def state_of(firm: Company, mail: Mail) -> str:
    (found,) = await firm.store.mails.by_ids([mail.id])
    return found.state.value
