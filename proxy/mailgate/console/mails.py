"""Mails about rules: what each is about, what it says to whom, and deciding about those that wait for somebody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from mailgate.config import Rules, compile_rules
from mailgate.console.desk import Desk
from mailgate.devices.names import user_text
from mailgate.mail.announce import facts_of, known_of
from mailgate.mail.composer import composer_for
from mailgate.mail.preview import made_up, made_up_correction, sample
from mailgate.mail.topic import Topic, topic_of
from mailgate.mail.undelivered import retry, settle
from mailgate.mail.words import Mailed
from mailgate.policy import Policy
from mailgate.rollout.acts import Person, RefusedError
from mailgate.store import About, MailKind, MailState, Store
from mailgate.store.mail import Which
from mailgate.views.notices import Sent

RETRACTIONS = 20
"""How many of the last retractions are shown."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What one mail is about, by the rules of its version."""

    about: About
    rules: Rules
    active: bool
    """Whether its version is in force."""
    topic: Topic | None
    """What may be sent now."""
    why_not: str
    """Why nothing may."""


async def matter_about(desk: Desk, about: About) -> Matter:
    """What these mails are about. Raises HTTPNotFound where no version has such a rule."""
    version = await desk.store.policies.get(about.version)
    if version is None:
        raise web.HTTPNotFound
    active = await desk.store.policies.active()
    in_force = active is not None and active.number == version.number
    rules = desk.bundle().rules if in_force else compile_rules(version.texts)
    named = about.rule in {each.id for each in rules.policy.rules}
    if about.kind is not MailKind.REPLY and named is (about.kind is MailKind.CORRECTION):
        raise web.HTTPNotFound
    topic, why_not = _topic(rules.policy, about, in_force, desk.clock())
    return Matter(about, rules, in_force, topic, why_not)


def _topic(policy: Policy, about: About, active: bool, now: datetime) -> tuple[Topic | None, str]:
    if about.kind is MailKind.CORRECTION:
        return None, "corrections are written by themselves, where rules are taken back"
    if not active:
        return None, f"version {about.version} is not in force: nobody is told of a rule that is not active"
    try:
        return topic_of(policy, about.version, about.rule, about.kind, now), ""
    except RefusedError as error:
        return None, str(error)


async def preview(
    desk: Desk, matter: Matter, became: Sent, language: str, person: str
) -> tuple[Mailed | None, str]:
    """The mail in a language: what this person would get, else a made-up one; or why there is none."""
    bundle, about = desk.bundle(), matter.about
    try:
        facts = await _facts(desk, matter, became, person)
    except RefusedError as error:
        return None, str(error)
    return composer_for(bundle.settings).said(about.kind, facts | {"language": language}), ""


async def _facts(desk: Desk, matter: Matter, became: Sent, person: str) -> dict[str, Any]:
    about, policy = matter.about, matter.rules.policy
    if about.kind is MailKind.CORRECTION:
        return made_up_correction(policy)
    if matter.topic and person:
        person = desk.bundle().settings.logins.person(person)
        now, known = desk.clock(), known_of(desk.bundle())
        found = await sample(desk.store, matter.rules, matter.topic, known, person, now)
        if user_text(person) not in found.people:
            raise RefusedError(f"rule `{about.rule}` is not about {person}: they would get no mail")
        return facts_of(matter.topic, found, user_text(person), "")
    topic = matter.topic or topic_of(
        policy, about.version, about.rule, about.kind, await _when(desk, about, became)
    )
    return await made_up(policy, topic)


async def _when(desk: Desk, about: About, became: Sent) -> datetime:
    """When these mails were queued; now where there are none."""
    state = next((state for state in MailState if became.states[state]), MailState.SENT)
    found = await desk.store.mailings.recipients(about, state, size=1)
    return found[0].queued_at if found else desk.clock()


def title_of(policy: Policy, rule: str) -> str:
    return next((each.title or each.id for each in policy.rules if each.id == rule), "")


async def decided(store: Store, which: Which, what: str, who: Person, now: datetime) -> int:
    """Mails were ``sent``, go out ``again``, or are tried again (``retry``). Returns to how many; raises RefusedError where none of these waits for it."""
    if what == "retry":
        done = await retry(store, which, who, now)
    else:
        done = await settle(store, which, who, now, sent=what == "sent")
    if not done:
        raise RefusedError("none of these waits for a decision any more: somebody else may have made it")
    return done
