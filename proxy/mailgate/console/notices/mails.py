"""Mails about rules: their subject and text, and the decisions about mails that wait for one."""

from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from mailgate.config import Rules, compile_rules
from mailgate.console.context import ConsoleContext
from mailgate.console.notices.facts import NoticeFacts, NoticeMails
from mailgate.devices.names import user_text
from mailgate.mail.composer import composer_for
from mailgate.mail.postman import retry, settle
from mailgate.mail.recipient_list import data_scope_of, made_up, made_up_correction, notice_about, sample
from mailgate.mail.topic import Topic, topic_of
from mailgate.mail.words import RenderedNotice
from mailgate.model.notice import Notice
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.rollout.person import Person, RefusedError
from mailgate.store import MailKind, MailState, NoticeKey, Store
from mailgate.store.mail import Which
from mailgate.tasks import compute

MAX_RETRACTIONS = 20
"""How many of the last times that somebody rolled back are shown."""


@dataclass(frozen=True, slots=True)
class NoticeSubject:
    """The subject of mails with one notice, by the rules of their version."""

    about: NoticeKey
    rules: Rules
    active: bool
    """Whether its version is in force."""
    topic: Topic | None
    """The topic, if the notice may be sent now."""
    why_not: str
    """Why it may not be sent; empty if it may."""


async def subject_of_notice(context: ConsoleContext, about: NoticeKey) -> NoticeSubject:
    """The subject of the mails with this notice. Raises HTTPNotFound if no version has such a rule."""
    version = await context.store.policies.get(about.version)
    if version is None:
        raise web.HTTPNotFound
    active = await context.store.policies.active()
    in_force = active is not None and active.number == version.number
    rules = context.bundle().rules if in_force else await compute(compile_rules, version.texts)
    named = about.rule in {each.id for each in rules.policy.rules}
    if about.kind is not MailKind.REPLY and named is (about.kind is MailKind.CORRECTION):
        raise web.HTTPNotFound
    topic, why_not = _topic(rules.policy, about, in_force, context.clock())
    return NoticeSubject(about, rules, in_force, topic, why_not)


def _topic(policy: Policy, about: NoticeKey, active: bool, now: datetime) -> tuple[Topic | None, str]:
    if about.kind is MailKind.CORRECTION:
        return None, phrase("the gate writes corrections by itself after a roll back")
    if not active:
        return None, phrase(
            "version %(version)s is not running: we write only about rules that run",
            version=str(about.version),
        )
    try:
        return topic_of(policy, about.version, about.rule, about.kind, now), ""
    except RefusedError as error:
        return None, error.words


async def preview(
    context: ConsoleContext, subject: NoticeSubject, mails: NoticeMails, language: str, person: str
) -> tuple[RenderedNotice | None, str]:
    """The notice in a language, for this person or a made-up one; or the reason why there is none."""
    try:
        notice = await _notice(context, subject, mails, person)
    except RefusedError as error:
        return None, error.words
    return composer_for(context.bundle().settings).render(replace(notice, language=language)), ""


async def _notice(context: ConsoleContext, subject: NoticeSubject, mails: NoticeMails, person: str) -> Notice:
    about, policy = subject.about, subject.rules.policy
    if about.kind is MailKind.CORRECTION:
        return made_up_correction(policy)
    if subject.topic and person:
        person = context.bundle().settings.logins.person(person)
        now, data_scope = context.clock(), data_scope_of(context.bundle())
        found = await sample(context.store, subject.rules, subject.topic, data_scope, person, now)
        if user_text(person) not in found.people:
            raise RefusedError(
                phrase(
                    "rule `%(rule)s` is not about %(person)s: they would get no mail",
                    rule=about.rule,
                    person=person,
                )
            )
        return notice_about(subject.topic, found, user_text(person), "")
    topic = subject.topic or topic_of(
        policy, about.version, about.rule, about.kind, await _when(context, mails)
    )
    return await made_up(policy, topic)


async def _when(context: ConsoleContext, mails: NoticeMails) -> datetime:
    """When these mails were queued; now if there are none."""
    state = next((state for state in MailState if mails.count(state)), MailState.SENT)
    found = await context.store.mails.recipients(mails.about, state, size=1)
    return found[0].queued_at if found else context.clock()


def notice_facts(subject: NoticeSubject, mails: NoticeMails) -> NoticeFacts:
    """The notice as a fact: its mails, and whether more may be sent."""
    return NoticeFacts(
        **dict(mails),
        title=subject.rules.policy.title_of(subject.about.rule),
        active=subject.active,
        may_be_sent=subject.topic is not None,
        why_not=subject.why_not,
    )


async def mark_mails(store: Store, which: Which, what: str, who: Person, now: datetime) -> int:
    """Mark mails as ``sent``, send them ``again``, or ``retry`` failed ones. Returns how many. Raises RefusedError if there are none."""
    if what == "retry":
        done = await retry(store, which, who, now)
    else:
        done = await settle(store, which, who, now, sent=what == "sent")
    if not done:
        raise RefusedError(phrase("somebody else has already handled these mails"))
    return done
