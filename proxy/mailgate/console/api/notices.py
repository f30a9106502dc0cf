"""Notices: what people may be told of each rule now, which mails were written, and what each says."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import DIGITS, MOST, Answered, Asked, Line
from mailgate.console.mails import RETRACTIONS, matter_about, preview, title_of
from mailgate.rollout.acts import RefusedError
from mailgate.store import About, MailKind
from mailgate.views.notices import Sent, Tellable, of, sent, tellable

Tag = Literal["ar", "de", "en", "es", "fr", "ja", "zh-Hans"]


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


class Mails(Answered):
    """Mails that say the same."""

    version: int
    """The version whose rule they are about; of corrections, the one that was taken back."""
    kind: MailKind
    """What they say of the rule."""
    rule: str
    """The rule's id; empty for corrections."""
    states: dict[str, int]
    """How many are `queued`, `sending`, `sent`, `failed`, `unsure` or `withdrawn`; of none, the state is not there."""


class TakenBack(Answered):
    """Rules that were taken back, and whether who was told of them is corrected."""

    serial: int
    """Which activation did it."""
    at: datetime
    """When."""
    versions: list[int]
    """The versions that were taken back, the newest first."""
    looked_at: datetime | None
    """When it was last looked for those who had been reached; null before that."""
    done: bool
    """Whether that has ended: nobody else will be corrected."""


class Notices(Answered):
    """Mails to the people whom a rule is about."""

    sends: bool
    """Whether the settings have `notices`: without, nobody is written to."""
    version: int | None
    """The number of the version in force; null before the first start has put one in force."""
    rules: list[Tellable]
    """Every rule in force that restricts, in the order of the policy."""
    mails: list[Mails]
    """What was written, the newest version first."""
    corrections: list[TakenBack]
    """What was taken back, the newest first, up to 20."""


class Notice(Mails):
    """Mails that say the same, and whether more may be sent."""

    title: str
    """What the rule is, in words; empty for corrections."""
    active: bool
    """Whether the version is in force."""
    may_be_sent: bool
    """Whether it is true now, so that somebody may send it."""
    why_not: str
    """Why not; empty where it may."""


class Preview(Answered):
    """A mail as somebody would get it."""

    subject: str
    """Its subject."""
    text: str
    """What it says, as plain text."""
    html: str
    """The same as an HTML document."""
    language: str
    """In which language it is."""


async def list_notices(call: Call) -> Notices:
    """Say what people may be told of each rule now or why not, which mails were written, and what was taken back."""
    desk, bundle = call.desk, call.desk.bundle()
    active = await desk.store.policies.active()
    return Notices.model_validate(
        {
            "sends": bundle.settings.notices is not None,
            "version": active.number if active else None,
            "rules": tellable(bundle.policy, active.number, call.now) if active else [],
            "mails": [_mails(each) for each in sent(await desk.store.mailings.counts())],
            "corrections": await desk.store.retractions.latest(RETRACTIONS),
        }
    )


async def get_notice(call: Call, path: NoticeNamed, query: RuleMeant) -> Notice:
    """Say whether a mail may be sent now or why not, and what became of those that were."""
    about = about_of(path, query)
    found = await matter_about(call.desk, about)
    became = of(await call.desk.store.mailings.counts(about), about)
    known = {
        "title": title_of(found.rules.policy, about.rule),
        "active": found.active,
        "may_be_sent": found.topic is not None,
        "why_not": found.why_not,
    }
    return Notice.model_validate(_mails(became) | known)


async def preview_notice(call: Call, path: NoticeNamed, query: PreviewWanted) -> Preview:
    """Show a mail in a language, as one person would get it now, or somebody made-up. Nothing is sent."""
    desk, about = call.desk, about_of(path, query)
    found = await matter_about(desk, about)
    if query.person and found.topic is None:
        raise RefusedError(found.why_not)
    became = of(await desk.store.mailings.counts(about), about)
    language = query.language or desk.bundle().settings.languages.default
    mailed, why_not = await preview(desk, found, became, language, query.person or "")
    if mailed is None:
        raise ProblemError(409, why_not)
    return Preview.model_validate(mailed)


def about_of(path: NoticeNamed, query: RuleMeant) -> About:
    """What the mails have in common that an address names."""
    return About(path.version, path.kind, query.rule or "")


def _mails(found: Sent) -> dict[str, object]:
    return found.about._asdict() | {"states": found.states}


ONE = "/notices/{version}/{kind}"

OPERATIONS = (
    Operation("GET", "/notices", list_notices, "Notices"),
    Operation("GET", ONE, get_notice, "Notices"),
    Operation("GET", ONE + "/preview", preview_notice, "Notices", refuses=True),
)
