"""The actions of the help desk for one person: exempt them for a time, ask their sources, answer by mail or on
their page."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.console.context import ConsoleContext
from mailgate.console.devices.facts import SourceAnswer, source_answers
from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.people.facts import OwnedDevice, PersonFacts
from mailgate.devices.device import Device
from mailgate.mail.composer import address_book
from mailgate.mail.reply import reply
from mailgate.model import Kind, Reason
from mailgate.model.notice import MailKind, Notice, NoticeDevice
from mailgate.model.phrase import phrase
from mailgate.policy.reliefs import Relief
from mailgate.rollout import reliefs
from mailgate.rollout.person import Person, RefusedError
from mailgate.store import Mail
from mailgate.store.help_requests import Key

LIMITED_ACCESS = (MailAccess.WARNED, MailAccess.PROOF, MailAccess.OUT)
"""The mail statuses for which a mail can say how to end them."""


async def exempt_for(
    context: ConsoleContext,
    by: Person,
    why: str,
    now: datetime,
    *,
    rule: str,
    days: int,
    person: str = "",
    device: str = "",
) -> Relief:
    """Exempt a person or a device for this many days. Raises RefusedError."""
    policy, until = context.bundle().policy, await context.store.now(now) + timedelta(days=days)
    return await reliefs.exempt(
        context.store, policy, by, why, now, rule=rule, until=until, person=person, device=device
    )


async def ask_sources(
    context: ConsoleContext, device: Device, by: Person, now: datetime
) -> list[SourceAnswer]:
    """Ask every source of a device about it now, and record the action."""
    act = replace(by.act(now, "device-asked"), about=f"device {device.id}")
    await context.store.audit.append(act)
    came = await context.recheck.ask(device.reports)
    found = await context.store.people.device(device.id)
    return source_answers(came, found, context.bundle().policy.catalog)


async def ask_sources_of_all(
    context: ConsoleContext, devices: Sequence[Device], by: Person, now: datetime
) -> int:
    """Begin to ask the sources of all these devices, and record the action. Returns the number of devices that are asked about."""
    act = replace(by.act(now, "devices-asked"), details={"devices": len(devices)})
    await context.store.audit.append(act)
    return context.background_questions.start(context.recheck_many.ask(each.reports) for each in devices)


async def answer_by_mail(
    context: ConsoleContext,
    whom: PersonFacts,
    words: str,
    by: Person,
    now: datetime,
    form: str = "",
    *,
    overtaken: bool = False,
) -> Mail:
    """Send a mail to a person: the status of their devices, and ``words``. A ``form`` that is sent twice is one mail.

    Raises RefusedError.
    """
    bundle = context.bundle()
    notices = bundle.settings.notices
    if notices is None:
        raise RefusedError(
            phrase("no mails are sent by these settings; add `notices` with `smtp` or `outbox`")
        )
    out = [each for each in whom.devices if each.mail_status.mail in LIMITED_ACCESS]
    asked = next((each for each in whom.help_requests if each.done_at is None), None)
    rules = {rule.id: rule for rule in bundle.policy.rules}
    named = asked.rule if asked else out[0].mail_status.rule if out else ""
    rule = rules.get(named)
    said = Notice(
        MailKind.REPLY,
        answer=words,
        contact=(rule.notice.contact if rule else "") or bundle.settings.company.help or "",
        was_requested=bool(whom.help_requests),
        devices=tuple(_concerned(context, each) for each in out),
        enforce_at=_enforce_at(out),
        let_in_until=None if out else _let_in_until(whom),  # said only if it is true for all their devices
    )
    address_of, store = address_book(notices), context.store
    return await reply(
        store, whom.login, address_of, by, now, said, rule=named, form=form, overtaken=overtaken
    )


async def answer_on_page(context: ConsoleContext, which: Key, words: str, by: Person, now: datetime) -> bool:
    """Answer one request where whoever asked can read it: on the page that refuses them, and on their own if they are known.
    Returns whether it was open. Raises RefusedError."""
    if not words.strip():
        raise RefusedError(phrase("Enter an answer."))
    act = replace(by.act(now, "help-answered"), about=_rules([which]))
    return await context.store.help_requests.answer_one(which, words.strip(), now, act)


async def finish_requests(context: ConsoleContext, which: list[Key], by: Person, now: datetime) -> int:
    """Mark requests for help as done. Returns how many were open."""
    act = replace(by.act(now, "help-done"), about=_rules(which), details={"requests": len(which)})
    return await context.store.help_requests.finish(which, by.name, now, act)


async def reopen_requests(context: ConsoleContext, which: list[Key], by: Person, now: datetime) -> int:
    """Mark requests for help as open again. Returns how many were done."""
    act = replace(by.act(now, "help-reopened"), about=_rules(which), details={"requests": len(which)})
    return await context.store.help_requests.reopen(which, act)


def _rules(which: list[Key]) -> str:
    rules = sorted({rule for rule, _ in which})
    return f"rule {rules[0]}" if len(rules) == 1 else f"{len(rules)} rules"


def _let_in_until(whom: PersonFacts) -> datetime | None:
    """The end of the first exemption of their devices."""
    ends = [each.mail_status.until for each in whom.devices if each.mail_status.mail is MailAccess.EXEMPT]
    return min((at for at in ends if at), default=None)


def _enforce_at(out: Sequence[OwnedDevice]) -> datetime | None:
    """When warned devices will get no mail any more. None if that is not true of all of them, since a mail says it of all."""
    ends = [each.mail_status.until if each.mail_status.mail is MailAccess.WARNED else None for each in out]
    dated = [end for end in ends if end]
    return min(dated) if dated and len(dated) == len(ends) else None


def _concerned(context: ConsoleContext, each: OwnedDevice) -> NoticeDevice:
    catalog, facts = context.bundle().policy.catalog, each.facts
    apps = tuple(catalog.name_of(key) for key in facts.apps)
    rule = next((rule for rule in context.bundle().policy.rules if rule.id == each.mail_status.rule), None)
    return NoticeDevice(
        Reason(each.mail_status.reason),
        Kind(facts.kind) if facts.kind else Kind.UNKNOWN,
        facts.os,
        apps if each.mail_status.reason == Reason.PROHIBITED_APP else (),
        (rule.notice.fix or "") if rule else "",
    )
