"""Notices: which mails about the rules may be sent, lists of their recipients, and the mails themselves."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mailgate.console.api.operation import OPERATOR, Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import DIGITS, MAX_NUMBER, InputModel, Line, OutputModel, PageOf, RowsQuery
from mailgate.console.looks import Shows
from mailgate.console.notices import facts
from mailgate.console.notices.mails import (
    MAX_RETRACTIONS,
    mark_mails,
    notice_facts,
    preview,
    subject_of_notice,
)
from mailgate.mail.words import RenderedNotice
from mailgate.model.phrase import Tag
from mailgate.rollout.person import RefusedError
from mailgate.store import MailKind, MailState, NoticeKey
from mailgate.store.mail import Which

VersionNumber = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_NUMBER,
        description="The number of the version that has the rule; for corrections, of the version that was rolled back.",
    ),
    DIGITS,
]
NoticeKind = Annotated[
    MailKind,
    Field(
        description="What the mails say about the rule: that it is coming, that it warns now, that it blocks now, or that it was "
        "rolled back."
    ),
]


class RuleQuery(InputModel):
    rule: Line | None = None
    """The rule's id; left out for a correction, which is about every rule that was rolled back."""


class PreviewQuery(RuleQuery):
    language: Tag | None = None
    """The language; by default that of this gate."""
    person: Line | None = None
    """The login name of the recipient; by default a made-up person."""


class RolledBackRules(OutputModel):
    """Rules that were rolled back, and whether the corrections are complete."""

    serial: int
    """The serial of the activation that took them back."""
    at: datetime
    """When they were rolled back."""
    versions: list[int]
    """The versions that were rolled back, the newest first."""
    looked_at: datetime | None
    """When the gate last looked for people reached by these versions; null if it did not yet."""
    done: bool
    """Whether it has stopped looking, so that nobody else will be corrected."""


class Notices(OutputModel):
    """Mails to the people whom a rule is about."""

    sends: bool
    """Whether the settings have `notices`. Without them no mails are sent."""
    version: int | None
    """The number of the version in force; null before the first start."""
    rules: list[facts.RuleNotices]
    """Every rule in force that restricts, in the order of the policy."""
    on_dates: list[facts.NoticeOnDate]
    """The notices of rules in force that start by themselves."""
    mails: list[facts.NoticeMails]
    """The mails that were written, the newest version first."""
    corrections: list[RolledBackRules]
    """The last times that somebody rolled back, the newest first, up to 20."""


async def list_notices(call: Call) -> Notices:
    """List the notices that may be sent about each rule, the mails that were written, and what was rolled back."""
    context, bundle = call.context, call.context.bundle()
    active = await context.store.policies.active()
    return Notices.model_validate(
        {
            "sends": bundle.settings.notices is not None,
            "version": active.number if active else None,
            "rules": facts.rule_notices(bundle.policy, active.number, call.now) if active else [],
            "on_dates": await facts.notices_on_dates(context.store, bundle.policy),
            "mails": facts.mails_by_notice(await context.store.mails.counts()),
            "corrections": await context.store.retractions.latest(MAX_RETRACTIONS),
        }
    )


async def get_notice(
    call: Call, version: VersionNumber, kind: NoticeKind, query: RuleQuery
) -> facts.NoticeFacts:
    """Get a notice: whether it may be sent now, and the states of its mails."""
    about = _about(version, kind, query)
    found = await subject_of_notice(call.context, about)
    return notice_facts(found, facts.mails_of(await call.context.store.mails.counts(about), about))


async def preview_notice(
    call: Call, version: VersionNumber, kind: NoticeKind, query: PreviewQuery
) -> RenderedNotice:
    """Preview a mail in a language, for one person or for a made-up one. Nothing is sent."""
    context, about = call.context, _about(version, kind, query)
    found = await subject_of_notice(context, about)
    if query.person and found.topic is None:
        raise RefusedError(found.why_not)
    mails = facts.mails_of(await context.store.mails.counts(about), about)
    language = query.language or context.bundle().settings.languages.default
    rendered, why_not = await preview(context, found, mails, language, query.person or "")
    if rendered is None:
        raise ProblemError(409, why_not)
    return rendered


def _about(version: int, kind: MailKind, query: RuleQuery) -> NoticeKey:
    """The notice in an address."""
    return NoticeKey(version, kind, query.rule or "")


MailId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
MailName = Annotated[MailId, Field(description="Its id.")]


class MailsQuery(RuleQuery, RowsQuery):
    state: MailState
    """Their state."""
    after: MailId | None = None
    """The `next` of the previous page."""


class MailDecision(InputModel):
    """A decision about mails."""

    what: Literal["sent", "again", "retry"]
    """For mails that are `unsure`: `sent`, they arrived; `again`, they are sent again. For mails that `failed`: `retry`."""


class DecidedMails(OutputModel):
    """The result of a decision."""

    mails: int
    """The number of mails."""


async def list_mails(
    call: Call, version: VersionNumber, kind: NoticeKind, query: MailsQuery
) -> PageOf[facts.MailFacts]:
    """List the mails with one notice in one state, with their recipients, by address, a page at a time."""
    context, about = call.context, _about(version, kind, query)
    await subject_of_notice(context, about)
    key = await _place(call, query.after)
    found = await context.store.mails.recipients(about, query.state, key, query.limit)
    settings = context.bundle().settings.notices
    more = found[-1].id if len(found) == query.limit else None
    return PageOf(items=[facts.mail_facts(each, settings) for each in found], next=more)


async def decide_mail(call: Call, mail: MailName, body: MailDecision) -> DecidedMails:
    """Decide about a mail that is unsure, or send a failed one again."""
    if not await call.context.store.mails.by_ids([mail]):
        raise ProblemError(404, "no mail has this id")
    return await _decide(call, [mail], body)


async def decide_mails(
    call: Call, version: VersionNumber, kind: NoticeKind, query: RuleQuery, body: MailDecision
) -> DecidedMails:
    """Decide about all mails with one notice that are unsure, or send all failed ones again."""
    about = _about(version, kind, query)
    await subject_of_notice(call.context, about)
    return await _decide(call, about, body)


async def _decide(call: Call, which: Which, body: MailDecision) -> DecidedMails:
    return DecidedMails(mails=await mark_mails(call.context.store, which, body.what, call.person, call.now))


async def _place(call: Call, after: str | None) -> tuple[str, str]:
    """The address and the id after which a page begins. URLs have only the id, since logs keep URLs."""
    if after is None:
        return ("", "")
    behind = await call.context.store.mails.by_ids([after])
    if not behind:
        raise ProblemError(409, "the last mail of the previous page is no longer stored: start again")
    return (behind[0].address, after)


OPERATIONS = (
    Operation("GET /notices", list_notices, shows=Shows.ADMINS),
    Operation("GET /notices/{version}/{kind}", get_notice, shows=Shows.ADMINS),
    Operation("GET /notices/{version}/{kind}/preview", preview_notice, may_conflict=True),
    Operation(
        "GET /notices/{version}/{kind}/mails",
        list_mails,
        may_conflict=True,
        links={"decide_mail": {"mail": "items/0/id"}},
    ),
    Operation("POST /notices/{version}/{kind}/decision", decide_mails, roles=OPERATOR, may_conflict=True),
    Operation("POST /mails/{mail}/decision", decide_mail, area="Notices", roles=OPERATOR, may_conflict=True),
)
