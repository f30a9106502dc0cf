"""What whoever looks after people does for one of them: let them in for a time, ask their sources, mark as lost, answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.console.desk import Desk
from mailgate.devices.device import Device
from mailgate.mail.composer import address_book
from mailgate.mail.facts import Concerned
from mailgate.mail.reply import reply
from mailgate.model import Kind, Reason
from mailgate.policy.reliefs import Relief
from mailgate.rollout import relief_acts
from mailgate.rollout.acts import Person, RefusedError
from mailgate.store import Mailing
from mailgate.store.help_requests import Key
from mailgate.views.asking import SourceSaid, sources_said
from mailgate.views.person import OwnedDevice, PersonFacts
from mailgate.views.standing import Mail

NO_MAIL = (Mail.WARNED, Mail.PROOF, Mail.OUT)
"""Standings of which a mail can say what ends them."""


async def spare(
    desk: Desk,
    by: Person,
    why: str,
    now: datetime,
    *,
    rule: str,
    days: int,
    person: str = "",
    device: str = "",
) -> Relief:
    """Let a person or a device in for so many days. Raises RefusedError."""
    policy, until = desk.bundle().policy, now + timedelta(days=days)
    return await relief_acts.exempt(
        desk.store, policy, by, why, now, rule=rule, until=until, person=person, device=device
    )


async def lose(desk: Desk, device: Device, by: Person, now: datetime, *, lost: bool) -> datetime | None:
    """Mark a device as lost or as found, where it is not so already. Returns since when it is lost."""
    at = (device.lost_at or now) if lost else None
    if at != device.lost_at:
        act = replace(by.act(now, "device-lost" if lost else "device-found"), about=f"device {device.id}")
        await desk.store.devices.lose(device.id, at, act)
    return at


async def ask(desk: Desk, device: Device, by: Person, now: datetime) -> list[SourceSaid]:
    """Ask every source of a device about it now, and write down who did."""
    act = replace(by.act(now, "device-asked"), about=f"device {device.id}")
    await desk.store.audit.append(act)
    came = await desk.recheck.ask(device.reports)
    found = await desk.store.people.device(device.id)
    return sources_said(came, found, desk.bundle().policy.catalog)


async def ask_all(desk: Desk, devices: Sequence[Device], by: Person, now: datetime) -> None:
    """Begin to ask the sources of all of these, and write down who did."""
    act = replace(by.act(now, "devices-asked"), details={"devices": len(devices)})
    await desk.store.audit.append(act)
    desk.asking.start(desk.recheck.ask(each.reports) for each in devices)


async def answer(desk: Desk, whom: PersonFacts, words: str, by: Person, now: datetime) -> Mailing:
    """Write to somebody what holds for their devices, and what ``words`` say. Raises RefusedError."""
    bundle = desk.bundle()
    notices = bundle.settings.notices
    if notices is None:
        raise RefusedError("no mails are sent by these settings; expected `notices` with `smtp` or `outbox`")
    out = [each for each in whom.devices if each.standing.mail in NO_MAIL]
    asked = next((each for each in whom.help_requests if each.done_at is None), None)
    rules = {rule.id: rule for rule in bundle.policy.rules}
    named = asked.rule if asked else out[0].standing.rule if out else ""
    rule = rules.get(named)
    return await reply(
        desk.store,
        whom.login,
        address_book(notices),
        by,
        now,
        answer=words,
        rule=named,
        contact=(rule.notice.contact or "") if rule else "",
        devices=[_concerned(desk, each) for each in out],
        let_in_until=_let_in_until(whom),
    )


async def finish(desk: Desk, which: list[Key], by: Person, now: datetime) -> int:
    """Say that requests for help are done. Returns how many were open."""
    act = replace(by.act(now, "help-done"), about=_rules(which), details={"requests": len(which)})
    return await desk.store.help_requests.finish(which, by.name, now, act)


async def reopen(desk: Desk, which: list[Key], by: Person, now: datetime) -> int:
    """Say that they are not done after all. Returns how many were."""
    act = replace(by.act(now, "help-reopened"), about=_rules(which), details={"requests": len(which)})
    return await desk.store.help_requests.reopen(which, act)


def _rules(which: list[Key]) -> str:
    rules = sorted({rule for rule, _ in which})
    return f"rule {rules[0]}" if len(rules) == 1 else f"{len(rules)} rules"


def _let_in_until(whom: PersonFacts) -> datetime | None:
    """Until when everything that they have is let in only because it is spared."""
    spared = [each.standing.until for each in whom.devices if each.standing.mail is Mail.SPARED]
    return min((at for at in spared if at), default=None)


def _concerned(desk: Desk, each: OwnedDevice) -> Concerned:
    catalog, facts = desk.bundle().policy.catalog, each.facts
    apps = tuple(catalog.name_of(key) for key in facts.apps)
    rule = next((rule for rule in desk.bundle().policy.rules if rule.id == each.standing.rule), None)
    return Concerned(
        Reason(each.standing.reason),
        Kind(facts.kind) if facts.kind else Kind.UNKNOWN,
        facts.os,
        apps if each.standing.reason == Reason.PROHIBITED_APP else (),
        (rule.notice.fix or "") if rule else "",
    )
