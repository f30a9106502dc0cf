"""Writing to the people whom a rule is about, and deciding about mails that nobody knows of or that were not taken."""

from functools import partial
from typing import Any

from aiohttp import web

from mailgate.config.mail import NoticeSettings
from mailgate.console.access import needs
from mailgate.console.desk import Desk, desk_of, person_of
from mailgate.console.forms import form_of
from mailgate.console.layout import seen_other, show
from mailgate.console.mails import Matter, decided
from mailgate.console.pages.devices import number
from mailgate.console.pages.notices import LONGEST, matter_of
from mailgate.mail.announce import announce, known_of, queue
from mailgate.mail.composer import address_book, message_id
from mailgate.mail.topic import Topic
from mailgate.rollout.acts import RefusedError
from mailgate.store import About, Activation, MailKind, MailState
from mailgate.store.mail import Which
from mailgate.views.notices import WORDS

DECISIONS = ("sent", "again", "retry")
"""What somebody may say of mails: the first two of those that are unsure, the last of those that failed."""


@needs("operator")
async def count(request: web.Request) -> web.Response:
    """Begin to count whom the rule is about now."""
    desk, matter = desk_of(request), await matter_of(request)
    topic, settings = _sendable(desk, matter)
    active = await desk.store.policies.active()
    assert active is not None  # the topic is of the version in force
    counted = partial(_counted, desk, settings, active)
    if not desk.recipient_counts.start(matter.about, topic, counted, person_of(request).name, desk.clock()):
        raise RefusedError("others are being counted: wait until that has ended")
    return _back(request, matter.about)


@needs("operator")
async def send(request: web.Request) -> web.Response:
    """Ask first, in numbers; then queue exactly the mails that were counted."""
    desk, matter = desk_of(request), await matter_of(request)
    _sendable(desk, matter)
    topic, found = desk.recipient_counts.counted(matter.about, desk.clock())
    if (await form_of(request)).get("confirmed") != "yes":
        return show(request, "notice_send.html", about=matter.about, found=found, words=WORDS)
    desk.recipient_counts.forget(matter.about)
    await queue(desk.store, found, person_of(request), topic, desk.clock())
    return _back(request, matter.about, state=MailState.QUEUED.value)


@needs("operator")
async def decide(request: web.Request) -> web.Response:
    """Ask first, in numbers; then call mails sent, or send them again."""
    desk, sent = desk_of(request), await form_of(request)
    what, which = str(sent.get("what", "")), _which(sent)
    if what not in DECISIONS:
        raise web.HTTPNotFound
    mails = await desk.store.mailings.called(which) if isinstance(which, list) else []
    waiting = desk.store.mailings.failed if what == "retry" else desk.store.mailings.unsure
    if sent.get("confirmed") != "yes":
        settings = desk.bundle().settings.notices
        return show(
            request,
            "notice_decide.html",
            what=what,
            about=_about(which, mails),
            mails=mails,
            ids={each.id: message_id(each.id, settings.domain) if settings else "" for each in mails},
            number=await waiting(which),
        )
    await decided(desk.store, which, what, person_of(request), desk.clock())
    return _back(request, _about(which, mails))


def _sendable(desk: Desk, matter: Matter) -> tuple[Topic, NoticeSettings]:
    settings = desk.bundle().settings.notices
    if settings is None:
        raise RefusedError(
            "no mails are sent by these settings; expected `notices` with `smtp` or `outbox` in them"
        )
    if matter.topic is None:
        raise RefusedError(matter.why_not)
    return matter.topic, settings


async def _counted(
    desk: Desk, settings: NoticeSettings, active: Activation, topic: Topic, progress: Any
) -> Any:
    bundle = desk.bundle()
    return await announce(
        desk.store,
        bundle.rules,
        active,
        topic,
        known_of(bundle),
        address_book(settings),
        desk.clock(),
        progress,
    )


def _which(sent: Any) -> Which:
    """The mails that a form names: one by its id, or all about one rule."""
    if name := str(sent.get("id", ""))[:LONGEST]:
        return [name]
    version, kind, rule = (str(sent.get(field, ""))[:LONGEST] for field in About._fields)
    if kind not in set(MailKind):
        raise web.HTTPNotFound
    return About(number(version), MailKind(kind), rule)


def _about(which: Which, mails: Any) -> About:
    if isinstance(which, About):
        return which
    if not mails:
        raise web.HTTPNotFound
    return About(mails[0].version, mails[0].kind, mails[0].rule)


def _back(request: web.Request, about: About, **query: str) -> web.Response:
    asked = {"rule": about.rule, **query}
    return seen_other(request, "notices-one", asked, version=str(about.version), kind=about.kind.value)


ROUTES = [
    web.post("/notices/decide", decide, name="notices-decide"),
    web.post("/notices/{version}/{kind}/count", count, name="notices-count"),
    web.post("/notices/{version}/{kind}/send", send, name="notices-send"),
]
