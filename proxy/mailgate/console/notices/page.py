"""*Notices*: mails to the people whom a rule is about: which may be sent, their text, their recipients, and their states."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from mailgate.config import Bundle
from mailgate.console.address_values import line, one_of
from mailgate.console.context import context_of
from mailgate.console.devices.page import number
from mailgate.console.layout import show
from mailgate.console.notices import facts
from mailgate.console.notices.mails import MAX_RETRACTIONS, NoticeSubject, preview, subject_of_notice
from mailgate.console.notices.recipient_lists import Counting
from mailgate.console.query_parameters import accepts_parameters
from mailgate.console.responses import FRAMED, FRAMES
from mailgate.mail.recipient_list import Recipients
from mailgate.store import Mail, MailKind, MailState, NoticeKey
from mailgate.texts import load_languages

SIZE = 50
MAX_NAME = 256
LANGUAGES = load_languages()
FIRST = (*(MailState.UNSURE, MailState.FAILED, MailState.QUEUED), *MailState)
"""The order of states: by default the page lists the first state with any mails."""
COUNTED = (*(each.value for each in Recipients), "unaddressed", "undecided")
"""The parts of a recipient list: people who may be written to, people without an address, and people for whom it is unknown."""
STATES = (*(each.value for each in MailState), *COUNTED)


async def notices(request: web.Request) -> web.Response:
    context = context_of(request)
    active = await context.store.policies.active()
    bundle = context.bundle()
    return await show(
        request,
        "notices.html",
        settings=bundle.settings.notices,
        version=active.number if active else 0,
        rules=facts.rule_notices(bundle.policy, active.number, context.clock()) if active else [],
        on_dates=await facts.notices_on_dates(context.store, bundle.policy),
        off=bundle.policy.reliefs.off(context.clock()),
        found=facts.mails_by_notice(await context.store.mails.counts()),
        retractions=await context.store.retractions.latest(MAX_RETRACTIONS),
        kinds=facts.KINDS,
        words=facts.WORDS,
    )


@accepts_parameters(
    rule=line(MAX_NAME),
    person=line(MAX_NAME),
    state=one_of(STATES),
    language=one_of(tuple(LANGUAGES)),
    after=line(MAX_NAME),
)
async def one(request: web.Request) -> web.Response:
    """Show the text of one notice and its recipients."""
    context, subject = context_of(request), await notice_subject(request)
    bundle, now = context.bundle(), context.clock()
    mails = facts.mails_of(await context.store.mails.counts(subject.about), subject.about)
    counting = context.recipient_lists.last(subject.about, now) if subject.topic else None
    listed = _listed(request, mails, counting)
    person = request.query.get("person", "").strip() if subject.topic else ""
    spoken = _language(request, bundle)
    rendered, wrong = await preview(context, subject, mails, spoken, person)
    rows = await _rows(request, subject.about, listed, counting)
    page = await show(
        request,
        "notice.html",
        subject=subject,
        title=subject.rules.policy.title_of(subject.about.rule),
        settings=bundle.settings.notices,
        became=mails,
        counting=counting,
        listed=listed,
        shows=rows.mails or rows.unwritten,
        rows=rows,
        preview=rendered,
        no_preview=wrong,
        person=person,
        languages=[(tag, each.locale.get_display_name(), each.direction) for tag, each in LANGUAGES.items()],
        spoken=LANGUAGES[spoken],
        words=facts.WORDS,
    )
    page.headers.update(FRAMES)
    return page


@accepts_parameters(rule=line(MAX_NAME), person=line(MAX_NAME), language=one_of(tuple(LANGUAGES)))
async def html(request: web.Request) -> web.Response:
    """The HTML of a notice as mail programs show it, for the frame of the page."""
    context, subject = context_of(request), await notice_subject(request)
    mails = facts.mails_of(await context.store.mails.counts(subject.about), subject.about)
    person = request.query.get("person", "").strip() if subject.topic else ""
    rendered, _ = await preview(context, subject, mails, _language(request, context.bundle()), person)
    if rendered is None:
        raise web.HTTPNotFound
    return web.Response(text=rendered.html, content_type="text/html", headers=FRAMED)


async def notice_subject(request: web.Request) -> NoticeSubject:
    """The subject of the notice in the address. Raises HTTPNotFound."""
    parts, rule = request.match_info, request.query.get("rule", "")
    if parts["kind"] not in set(MailKind):
        raise web.HTTPNotFound
    about = NoticeKey(number(parts["version"]), MailKind(parts["kind"]), rule)
    return await subject_of_notice(context_of(request), about)


def _listed(request: web.Request, mails: facts.NoticeMails, counting: Counting | None) -> str:
    """The list to show: the mails in one state, or a part of the recipient list."""
    asked = request.query.get("state", "")
    if asked in set(MailState) or (asked in COUNTED and counting and counting.found):
        return asked
    return next((state.value for state in FIRST if mails.count(state)), "")


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a list, and the key after which the next page begins."""

    mails: Sequence[facts.MailFacts] = ()
    """Mails that were queued."""
    unwritten: Sequence[Mail] = ()
    """Mails of the recipient list, not queued yet."""
    names: Sequence[str] = ()
    """People who get no mail."""
    more: str = ""


async def _rows(request: web.Request, about: NoticeKey, listed: str, counting: Counting | None) -> Rows:
    after = request.query.get("after", "")
    if listed in COUNTED and counting and counting.found:
        return _counted(listed, counting, after)
    if not listed:
        return Rows()
    context = context_of(request)
    behind = await context.store.mails.by_ids([after]) if after else []
    key = (behind[0].address, after) if behind else ("", "")
    mails = await context.store.mails.recipients(about, MailState(listed), key, SIZE)
    settings = context.bundle().settings.notices
    told = [facts.mail_facts(each, settings) for each in mails]
    return Rows(told, more=mails[-1].id if len(mails) == SIZE else "")


def _counted(listed: str, counting: Counting, after: str) -> Rows:
    found = counting.found
    assert found is not None
    if listed in set(Recipients):
        part = found.part(Recipients(listed))
        start = bisect_right(part, after, key=lambda each: each.address)
        mails = part[start : start + SIZE]
        return Rows(unwritten=mails, more=mails[-1].address if len(mails) == SIZE else "")
    everybody = found.unaddressed if listed == "unaddressed" else found.undecided
    start = bisect_right(everybody, after)
    names = everybody[start : start + SIZE]
    return Rows(names=names, more=names[-1] if len(names) == SIZE else "")


def _language(request: web.Request, bundle: Bundle) -> str:
    asked = request.query.get("language", "") or bundle.settings.languages.default
    return asked if asked in LANGUAGES else "en"


ROUTES = [
    web.get("/notices", notices, name="notices"),
    web.get("/notices/{version}/{kind}", one, name="notices-one"),
    web.get("/notices/{version}/{kind}/html", html, name="notices-html"),
]
