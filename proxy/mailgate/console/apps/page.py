"""One listed app: whom a rule about it would meet, from when, and the draft and plan of that rule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

from aiohttp import web
from multidict import MultiMapping

from mailgate.config.text_edits import EditError, edited
from mailgate.console.access import requires_role
from mailgate.console.address_values import AddressMistake, Reader, line, one_of, read_address
from mailgate.console.address_values import day as read_day
from mailgate.console.apps.facts import AppFacts, apps
from mailgate.console.apps.what_if import MOST, SHARES, WhatIf, what_if
from mailgate.console.context import ConsoleContext, context_of, language_of, person_of
from mailgate.console.drafts.drafting import draft_and_plan
from mailgate.console.forms import form_of
from mailgate.console.layout import redirect_after, show
from mailgate.console.query_parameters import checks_own_parameters
from mailgate.mail.composer import composer_for
from mailgate.mail.recipient_list import made_up
from mailgate.mail.topic import topic_of
from mailgate.mail.words import RenderedNotice
from mailgate.model.phrase import phrase, translate
from mailgate.policy import Policy
from mailgate.policy.edits import ProhibitEdit, Where, place_for, rule_of
from mailgate.policy.written import LocalizedText, read_moment
from mailgate.rollout.guard import read_window
from mailgate.rollout.person import RefusedError
from mailgate.store import MailKind
from mailgate.tasks import compute
from mailgate.texts import language_for

WEEK = timedelta(days=7)
_TITLES: Mapping[str, str] = {
    "handhelds": phrase("Phones and tablets with %(app)s get no company mail"),
    "phones": phrase("Phones with %(app)s get no company mail"),
    "tablets": phrase("Tablets with %(app)s get no company mail"),
}
_WHERE: Mapping[tuple[str, ...], Literal["phones", "tablets"]] = {
    ("phones",): "phones",
    ("tablets",): "tablets",
}
_UNSEEN = ("missing", "stale", "partial", "unavailable")
"""The states of devices on which an app may be that no source has seen."""


@checks_own_parameters
async def one(request: web.Request) -> web.Response:
    return await _shown(request, request.query)


@checks_own_parameters
@requires_role("operator", "approver")
async def prohibit(request: web.Request) -> web.Response:
    """Count again with other choices, or draft the rule, and plan it unless only the draft is wanted."""
    sent = await form_of(request)
    asked = [(name, text) for name, text in sent.items() if name not in ("csrf", "do")]
    key, what = request.match_info["key"], sent.get("do", "count")
    if what == "count":
        query = {name: sent.getall(name) for name in dict.fromkeys(name for name, _ in asked)}
        return redirect_after(request, phrase("Counted again."), "apps-one", query, key=key)
    context = context_of(request)
    edit, mistakes = await _edit(request, sent)
    if mistakes or edit is None or (await _tried(context, edit, sent))[0]:
        return await _shown(request, sent, 422)
    draft = await draft_and_plan(context, edit, person_of(request), plan=what == "plan")
    said = phrase("We are making the plan. Nothing changes until you start it.")
    return redirect_after(
        request, said if what == "plan" else phrase("Draft saved."), "policy-draft", digest=draft.digest
    )


async def _shown(request: web.Request, asked: MultiMapping[str], status: int = 200) -> web.Response:
    context, now = context_of(request), context_of(request).clock()
    bundle, app = context.bundle(), await _app(request)
    edit, mistakes = await _edit(request, asked)
    if mistakes or edit is None:
        return await show(
            request, "misread.html", 422, mistakes=mistakes, without=str(request.rel_url.with_query({}))
        )
    found, (wrong, policy) = await what_if(context.store, bundle, edit), await _tried(context, edit, asked)
    states = context.counting.devices.states
    return await show(
        request,
        "app.html",
        status,
        app=app,
        edit=edit,
        nowhere=_nowhere(asked),
        found=found,
        wrong=wrong,
        starts={name: at and read_moment(at) for name, at in (("warn", edit.warn), ("block", edit.block))},
        place=place_for(bundle.policy, edit),
        prohibited_by=[each for each in app.kept_out_by if edit.rule != each.rule],
        letter=policy and await _letter(context, policy, edit.rule, language_of(request).tag),
        unseen=sum(states[each] for each in _UNSEEN),
        counted=states.total(),
        most=MOST,
        shares=SHARES,
        today=now.date().isoformat(),
        has_groups=bundle.groups.known,
        mails=bundle.settings.notices is not None,
        **await _approval(request, found),
    )


async def _app(request: web.Request) -> AppFacts:
    """The app of the address. Raises HTTPNotFound."""
    context = context_of(request)
    listed = await apps(context.store, context.bundle().policy, context.clock())
    found = next((each for each in listed if each.key == request.match_info["key"]), None)
    if found is None:
        raise web.HTTPNotFound
    return found


async def _edit(
    request: web.Request, asked: MultiMapping[str]
) -> tuple[ProhibitEdit | None, list[AddressMistake]]:
    """The rule that is asked for. What is left out has a default: everybody, a warning in a week, a block in two."""
    context, app = context_of(request), await _app(request)
    policy, today = context.bundle().policy, context.clock().date()
    many: dict[str, Reader] = {
        "where": one_of(("phones", "tablets")),
        "group": one_of(tuple(context.bundle().groups.names())),
    }
    single: dict[str, Reader] = {
        "share": one_of(SHARES),
        "warn": read_day,
        "block": read_day,
        "words": line(200),
        "mails": one_of(("itself", "by-hand")),
    }
    pairs = [(name, text) for name, text in asked.items() if name not in ("csrf", "do")]
    said, mistakes = read_address([each for each in pairs if each[0] not in many], single)
    for pair in (each for each in pairs if each[0] in many):
        mistakes += read_address([pair], many)[1]
    if mistakes:
        return None, mistakes
    where: Where = _WHERE.get(tuple(each for each in asked.getall("where", []) if each), "handhelds")
    settings, by_form = context.bundle().settings, "warn" in asked or "block" in asked
    # people read the title, whoever the admin is; in English where the console does not speak their language
    company = language_for("", "", settings.languages.default)
    titles = {
        where: str(translate(phrase(str(title), app=app.name), company)) for where, title in _TITLES.items()
    }
    starts = said.get("mails") or ("by-hand" if by_form else "itself")
    words = said.get("words")
    edit = ProhibitEdit(
        change="prohibit",
        app=app.key,
        rule=_free_id(policy, app.key),
        # the form sends the title that it proposed, which would name other devices after another choice
        words=words if words and words not in titles.values() else titles[where],
        where=where,
        groups=tuple(dict.fromkeys(each for each in asked.getall("group", []) if each)),
        share=said.get("share", "100%"),
        warn=said.get("warn") or None,
        block=said.get("block") or None,
        contact=_contact(policy),
        send="on_dates" if settings.notices and starts == "itself" else None,
    )
    if by_form:
        return edit, []
    warn = None if place_for(policy, edit).softens else (today + WEEK).isoformat()
    return edit.model_copy(update={"warn": warn, "block": (today + 2 * WEEK).isoformat()}), []


def _free_id(policy: Policy, key: str) -> str:
    """An id that no rule has: the key of the app, if need be with a number."""
    names = (key, *(f"{key}-{number}" for number in range(2, len(policy.rules) + 3)))
    return next(name for name in names if rule_of(policy, name) is None)


def _contact(policy: Policy) -> str | None:
    """Whom the other rules name to ask."""
    told = (rule.notice.contact for rule in policy.rules)
    return next((each for each in told if each and not isinstance(each, LocalizedText)), None)


def _nowhere(asked: MultiMapping[str]) -> bool:
    """Whether the form was sent without any kind of device, which is not the same as an address that leaves the kinds out."""
    return "where" in asked and not any(asked.getall("where"))


async def _tried(
    context: ConsoleContext, edit: ProhibitEdit, asked: MultiMapping[str]
) -> tuple[list[str], Policy | None]:
    """Why this rule cannot be drafted, a sentence each; otherwise the policy with it."""
    wrong: list[str] = [phrase("Choose phones, tablets or both.")] if _nowhere(asked) else []
    over = [at for at in (edit.warn, edit.block) if at and date.fromisoformat(at) < context.clock().date()]
    wrong += [phrase("%(day)s is over. Choose today or a later day.", day=at) for at in over]
    if wrong:
        return wrong, None
    try:
        return [], (await compute(edited, context.bundle().rules, edit)).policy
    except EditError as error:
        return [error.words], None


async def _letter(context: ConsoleContext, policy: Policy, rule: str, language: str) -> RenderedNotice | None:
    """The mail about the new rule to a made-up person, as it could be sent once the rule has started."""
    bundle, now = context.bundle(), context.clock()
    for kind in (MailKind.UPCOMING, MailKind.WARNED, MailKind.ENFORCED):
        try:
            notice = await made_up(policy, topic_of(policy, 0, rule, kind, now))
        except RefusedError:
            continue
        return composer_for(bundle.settings).render(replace(notice, language=language))
    return None


async def _approval(request: web.Request, found: WhatIf) -> dict[str, Any]:
    """Who has to approve, as far as it can be told before the plan. It counts devices too, and what happened within the guard's
    window, so that nobody is needed only if all of that stays within the limit."""
    context, who = context_of(request), person_of(request).name
    guard = context.guard
    limit = guard.limit.most if guard and guard.limit else None
    most = limit if isinstance(limit, int) else None
    window = await read_window(context.store, guard, context.clock())
    before = window.kept_out + window.forgotten
    people = found.people + len(found.unknown) + found.nameless + before.people
    return {
        "limit": limit,
        "needs_approval": most is not None and found.people > most,
        "within_limit": most is not None
        and found.whole
        and max(people, found.devices + before.devices) <= most,
        "approvers": sorted(guard.approvers - {who}) if guard else [],
        "may_approve": guard is not None and who in guard.approvers,
    }


ROUTES = [
    web.get("/apps/{key:[a-z0-9-]+}", one, name="apps-one"),
    web.post("/apps/{key:[a-z0-9-]+}", prohibit, name="apps-prohibit"),
]
