"""*Notices*: mails to the people whom a rule is about. Which may be sent, what each says, to whom, and what became of it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from mailgate.config import Bundle
from mailgate.console.desk import desk_of
from mailgate.console.headers import FRAMED, FRAMES
from mailgate.console.layout import show
from mailgate.console.mails import RETRACTIONS, Matter, matter_about, preview, title_of
from mailgate.console.pages.devices import number
from mailgate.console.recipient_count import Counting
from mailgate.gateway.pages.languages import load_languages
from mailgate.mail.composer import message_id
from mailgate.store import About, Mailing, MailKind, MailState
from mailgate.views.notices import KINDS, WORDS, Sent, of, sent, tellable

SIZE = 50
LONGEST = 256
LANGUAGES = load_languages()
FIRST = (*(MailState.UNSURE, MailState.FAILED, MailState.QUEUED), *MailState)
"""Which mails are listed where nobody says: the first of these of which there are any."""


async def notices(request: web.Request) -> web.Response:
    desk = desk_of(request)
    active = await desk.store.policies.active()
    bundle = desk.bundle()
    return show(
        request,
        "notices.html",
        settings=bundle.settings.notices,
        version=active.number if active else 0,
        rules=tellable(bundle.policy, active.number, desk.clock()) if active else [],
        found=sent(await desk.store.mailings.counts()),
        retractions=await desk.store.retractions.latest(RETRACTIONS),
        titles={rule.id: rule.title or "" for rule in bundle.policy.rules},
        kinds=KINDS,
        words=WORDS,
    )


async def one(request: web.Request) -> web.Response:
    """What is said in one mail, and to whom."""
    desk, matter = desk_of(request), await matter_of(request)
    bundle, now = desk.bundle(), desk.clock()
    became = of(await desk.store.mailings.counts(matter.about), matter.about)
    counting = desk.recipient_counts.last(matter.about, now) if matter.topic else None
    listed = _listed(request, became, counting)
    person = request.query.get("person", "").strip()[:LONGEST] if matter.topic else ""
    spoken = _language(request, bundle)
    mailed, wrong = await preview(desk, matter, became, spoken, person)
    page = show(
        request,
        "notice.html",
        matter=matter,
        title=title_of(matter.rules.policy, matter.about.rule),
        settings=bundle.settings.notices,
        became=became,
        counting=counting,
        listed=listed,
        rows=await _rows(request, matter.about, listed, counting),
        preview=mailed,
        no_preview=wrong,
        person=person,
        languages=[(tag, each.locale.get_display_name(), each.direction) for tag, each in LANGUAGES.items()],
        spoken=LANGUAGES[spoken],
        words=WORDS,
    )
    page.headers.update(FRAMES)
    return page


async def letter(request: web.Request) -> web.Response:
    """The HTML of a mail as mail programs show it, for the frame of the page."""
    desk, matter = desk_of(request), await matter_of(request)
    became = of(await desk.store.mailings.counts(matter.about), matter.about)
    person = request.query.get("person", "").strip()[:LONGEST] if matter.topic else ""
    mailed, _ = await preview(desk, matter, became, _language(request, desk.bundle()), person)
    if mailed is None:
        raise web.HTTPNotFound
    return web.Response(text=mailed.html, content_type="text/html", headers=FRAMED)


async def matter_of(request: web.Request) -> Matter:
    """What the address names. Raises HTTPNotFound."""
    parts, rule = request.match_info, request.query.get("rule", "")[:LONGEST]
    if parts["kind"] not in set(MailKind):
        raise web.HTTPNotFound
    about = About(number(parts["version"]), MailKind(parts["kind"]), rule)
    return await matter_about(desk_of(request), about)


def _listed(request: web.Request, became: Sent, counting: Counting | None) -> str:
    """Whose list is shown: a state of mails, or one of those who were counted."""
    asked = request.query.get("state", "")
    if asked in set(MailState) or (asked in COUNTED and counting and counting.found):
        return asked
    return next((state.value for state in FIRST if became.states[state]), "")


COUNTED = ("to-write", "unaddressed", "undecided")
"""Lists of a count that was made: who would be written to, who cannot, of whom it cannot be told."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a list, and behind which key the next one begins."""

    mails: Sequence[Mailing] = ()
    names: Sequence[str] = ()
    ids: Mapping[str, str] = ()  # type: ignore[assignment]
    """By which the mail server's log knows each mail."""
    more: str = ""


async def _rows(request: web.Request, about: About, listed: str, counting: Counting | None) -> Rows:
    after = request.query.get("after", "")[:LONGEST]
    if listed in COUNTED and counting and counting.found:
        return _counted(listed, counting, after)
    if not listed:
        return Rows()
    desk = desk_of(request)
    behind = await desk.store.mailings.called([after]) if after else []
    key = (behind[0].address, after) if behind else ("", "")
    mails = await desk.store.mailings.recipients(about, MailState(listed), key, SIZE)
    settings = desk.bundle().settings.notices
    ids = {each.id: message_id(each.id, settings.domain) if settings else "" for each in mails}
    return Rows(mails, ids=ids, more=mails[-1].id if len(mails) == SIZE else "")


def _counted(listed: str, counting: Counting, after: str) -> Rows:
    found = counting.found
    assert found is not None
    if listed == "to-write":
        start = bisect_right(found.mailings, after, key=lambda each: each.address)
        mails = found.mailings[start : start + SIZE]
        return Rows(mails, more=mails[-1].address if len(mails) == SIZE else "")
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
    web.get("/notices/{version}/{kind}/letter", letter, name="notices-letter"),
]
