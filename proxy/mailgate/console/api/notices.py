"""Notices: what people may be told of each rule now, which mails were written, and what each says."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import DIGITS, MOST, Answered, Asked, Line
from mailgate.console.mails import RETRACTIONS, matter_about, notice_facts, preview
from mailgate.mail.words import RenderedNotice
from mailgate.model.languages import Tag
from mailgate.rollout.person import RefusedError
from mailgate.store import MailKind, NoticeKey
from mailgate.views.notices import (
    NoticeFacts,
    NoticeMails,
    RuleNotices,
    mails_by_notice,
    mails_of,
    rule_notices,
)


class NoticeNamed(Asked):
    """Mails that say the same, but for the rule."""

    version: Annotated[int, Field(ge=1, le=MOST), DIGITS]
    """The number of the version whose rule they are about; of corrections, of the one that was taken back."""
    kind: MailKind
    """What they say of the rule: that it is coming, warns now, counts now, or was taken back."""


class RuleMeant(Asked):
    """Which rule."""

    rule: Line | None = None
    """The rule's id; not given for a correction, which speaks of every rule that was taken back."""


class PreviewWanted(RuleMeant):
    """Which mail, in which language, and for whom."""

    language: Tag | None = None
    """The language; the usual one of this gate if not given."""
    person: Line | None = None
    """The login name of who would get it; somebody made-up if not given."""


class TakenBack(Answered):
    """Rules that were taken back, and whether the people whom they had reached are corrected."""

    serial: int
    """Which activation did it."""
    at: datetime
    """When."""
    versions: list[int]
    """The versions that were taken back, the newest first."""
    looked_at: datetime | None
    """When the gate last looked for people whom they had reached; null before that."""
    done: bool
    """Whether it has stopped looking: nobody else will be corrected."""


class Notices(Answered):
    """Mails to the people whom a rule is about."""

    sends: bool
    """Whether the settings have `notices`; without them nobody is written to."""
    version: int | None
    """The number of the version in force; null before the first start has put one in force."""
    rules: list[RuleNotices]
    """Every rule in force that restricts, in the order of the policy."""
    mails: list[NoticeMails]
    """What was written, the newest version first."""
    corrections: list[TakenBack]
    """What was taken back, the newest first, up to 20."""


async def list_notices(call: Call) -> Notices:
    """Say what people may be told of each rule now or why not, which mails were written, and what was taken back."""
    context, bundle = call.context, call.context.bundle()
    active = await context.store.policies.active()
    return Notices.model_validate(
        {
            "sends": bundle.settings.notices is not None,
            "version": active.number if active else None,
            "rules": rule_notices(bundle.policy, active.number, call.now) if active else [],
            "mails": mails_by_notice(await context.store.mails.counts()),
            "corrections": await context.store.retractions.latest(RETRACTIONS),
        }
    )


async def get_notice(call: Call, path: NoticeNamed, query: RuleMeant) -> NoticeFacts:
    """Say whether a mail may be sent now or why not, and what became of those that were."""
    about = about_of(path, query)
    found = await matter_about(call.context, about)
    return notice_facts(found, mails_of(await call.context.store.mails.counts(about), about))


async def preview_notice(call: Call, path: NoticeNamed, query: PreviewWanted) -> RenderedNotice:
    """Show a mail in a language, as one person would get it now, or somebody made-up. Nothing is sent."""
    context, about = call.context, about_of(path, query)
    found = await matter_about(context, about)
    if query.person and found.topic is None:
        raise RefusedError(found.why_not)
    mails = mails_of(await context.store.mails.counts(about), about)
    language = query.language or context.bundle().settings.languages.default
    rendered, why_not = await preview(context, found, mails, language, query.person or "")
    if rendered is None:
        raise ProblemError(409, why_not)
    return rendered


def about_of(path: NoticeNamed, query: RuleMeant) -> NoticeKey:
    """What the mails have in common that an address names."""
    return NoticeKey(path.version, path.kind, query.rule or "")


ONE = "/notices/{version}/{kind}"

OPERATIONS = (
    Operation("GET", "/notices", list_notices, "Notices"),
    Operation("GET", ONE, get_notice, "Notices"),
    Operation("GET", ONE + "/preview", preview_notice, "Notices", refuses=True),
)
