"""Mails to the people whom a rule is about, and decisions about mails that are unsure or failed."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aiohttp import web

from mailgate.config.mail import NoticeSettings
from mailgate.console.access import requires_role
from mailgate.console.address_values import line
from mailgate.console.context import ConsoleContext, context_of, person_of
from mailgate.console.devices.page import number
from mailgate.console.forms import form_of
from mailgate.console.layout import redirect_after, show
from mailgate.console.notices.facts import WORDS, mail_facts, recipient_counts
from mailgate.console.notices.mails import NoticeSubject, mark_mails
from mailgate.console.notices.page import MAX_NAME, notice_subject
from mailgate.console.query_parameters import accepts_parameters
from mailgate.mail.composer import address_book
from mailgate.mail.recipient_list import Recipients, data_scope_of, list_recipients, queue
from mailgate.mail.topic import Topic
from mailgate.model.phrase import phrase, plural
from mailgate.rollout.person import RefusedError
from mailgate.store import MailKind, MailState, NoticeKey
from mailgate.store.mail import Which

DECISIONS = ("sent", "again", "retry")
"""The decisions about mails: the first two are about unsure ones, the last about failed ones."""


def _sent_again(count: int) -> str:
    return plural("%(count)s mail is sent again.", "%(count)s mails are sent again.", count)


_DECIDED: Mapping[str, Callable[[int], str]] = {
    "sent": lambda count: plural("%(count)s mail counts as sent.", "%(count)s mails count as sent.", count),
    "again": _sent_again,
    "retry": _sent_again,
}
"""What is so after a decision about so many mails."""


@accepts_parameters(rule=line(MAX_NAME))
@requires_role("operator")
async def count(request: web.Request) -> web.Response:
    """Begin to count the people whom the rule is about now."""
    context, subject = context_of(request), await notice_subject(request)
    topic, settings = _sendable(context, subject)
    active = await context.store.policies.active()
    assert active is not None  # the topic is of the version in force
    bundle, now, scope = context.bundle(), context.clock(), data_scope_of(context.bundle())
    store, addresses = context.store, address_book(settings)
    counted = partial(list_recipients, store, bundle.rules, active, topic, scope, addresses, now)
    if not context.recipient_lists.start(subject.about, topic, counted, person_of(request).name, now):
        raise RefusedError(phrase("another count is running. Wait until it ends"))
    return _back(request, phrase("We are counting the recipients."), subject.about)


@accepts_parameters(rule=line(MAX_NAME))
@requires_role("operator")
async def send(request: web.Request) -> web.Response:
    """Ask for confirmation with the counts, then queue exactly the mails of the list."""
    context, subject = context_of(request), await notice_subject(request)
    _sendable(context, subject)
    topic, found = context.recipient_lists.counted(subject.about, context.clock())
    sent = await form_of(request)
    to = Recipients(sent["to"]) if sent.get("to") in set(Recipients) else Recipients.NEW
    if sent.get("confirmed") != "yes":
        counts = recipient_counts(found, to)
        return await show(request, "notice_send.html", about=subject.about, counts=counts, words=WORDS)
    context.recipient_lists.forget(subject.about)
    queued = await queue(context.store, found.to(to), person_of(request), topic, context.clock())
    words = plural("%(count)s mail is queued.", "%(count)s mails are queued.", queued)
    return _back(request, words, subject.about, state=MailState.QUEUED.value)


@requires_role("operator")
async def decide(request: web.Request) -> web.Response:
    """Ask for confirmation with the count, then mark mails as sent or send them again."""
    context, sent = context_of(request), await form_of(request)
    what, which = str(sent.get("what", "")), _which(sent)
    if what not in DECISIONS:
        raise web.HTTPNotFound
    mails = await context.store.mails.by_ids(which) if isinstance(which, list) else []
    waiting = context.store.mails.count_failed if what == "retry" else context.store.mails.count_unsure
    if sent.get("confirmed") != "yes":
        settings = context.bundle().settings.notices
        facts = [mail_facts(each, settings) for each in mails]
        return await show(
            request,
            "notice_decide.html",
            shows=facts,
            what=what,
            about=_about(which, mails),
            mails=facts,
            number=await waiting(which),
        )
    done = await mark_mails(context.store, which, what, person_of(request), context.clock())
    return _back(request, _DECIDED[what](done), _about(which, mails))


def _sendable(context: ConsoleContext, subject: NoticeSubject) -> tuple[Topic, NoticeSettings]:
    settings = context.bundle().settings.notices
    if settings is None:
        raise RefusedError(
            phrase("no mails are sent by these settings; add `notices` with `smtp` or `outbox`")
        )
    if subject.topic is None:
        raise RefusedError(subject.why_not)
    return subject.topic, settings


def _which(sent: Any) -> Which:
    """The mails in a form: one by its id, or all with one notice."""
    if name := str(sent.get("id", ""))[:MAX_NAME]:
        return [name]
    version, kind, rule = (str(sent.get(field, ""))[:MAX_NAME] for field in NoticeKey._fields)
    if kind not in set(MailKind):
        raise web.HTTPNotFound
    return NoticeKey(number(version), MailKind(kind), rule)


def _about(which: Which, mails: Any) -> NoticeKey:
    if isinstance(which, NoticeKey):
        return which
    if not mails:
        raise web.HTTPNotFound
    return NoticeKey(mails[0].version, mails[0].kind, mails[0].rule)


def _back(request: web.Request, words: str, about: NoticeKey, **query: str) -> web.Response:
    asked = {"rule": about.rule, **query}
    parts = {"version": str(about.version), "kind": about.kind.value}
    return redirect_after(request, words, "notices-one", asked, **parts)


ROUTES = [
    web.post("/notices/decide", decide, name="notices-decide"),
    web.post("/notices/{version}/{kind}/count", count, name="notices-count"),
    web.post("/notices/{version}/{kind}/send", send, name="notices-send"),
]
