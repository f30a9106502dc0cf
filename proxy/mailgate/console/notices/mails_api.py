"""Mails about rules, one by one: recipients, states, and decisions about those that wait for one."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from mailgate.console.api.operation import Call, Link, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import InputModel, LargePage, OutputModel
from mailgate.console.notices.api import ONE, NoticePath, RuleQuery, about_of
from mailgate.console.notices.facts import MailFacts, mail_facts
from mailgate.console.notices.mails import mark_mails, subject_of_notice
from mailgate.store import MailState
from mailgate.store.mail import Which

MailId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class MailsQuery(RuleQuery):
    """The mails to list."""

    state: MailState
    """Their state."""
    after: MailId | None = None
    """The `next` of the previous page."""
    limit: LargePage = 100
    """The most mails to return."""


class MailPath(InputModel):
    """One mail."""

    mail: MailId
    """Its id."""


class MailDecision(InputModel):
    """A decision about mails."""

    what: Literal["sent", "again", "retry"]
    """For mails that are `unsure`: `sent`, they arrived; `again`, they are sent again. For mails that `failed`:
    `retry`."""


class MailPage(OutputModel):
    """A page of mails."""

    items: list[MailFacts]
    """The mails, by address. The last page may be empty."""
    next: MailId | None
    """The value of `after` for the next page; null at the end."""


class DecidedMails(OutputModel):
    """The result of a decision."""

    mails: int
    """The number of mails."""


async def list_mails(call: Call, path: NoticePath, query: MailsQuery) -> MailPage:
    """List the mails with one notice in one state, with their recipients, a page at a time."""
    context, about = call.context, about_of(path, query)
    await subject_of_notice(context, about)
    key = await _place(call, query.after)
    found = await context.store.mails.recipients(about, query.state, key, query.limit)
    settings = context.bundle().settings.notices
    more = found[-1].id if len(found) == query.limit else None
    return MailPage(items=[mail_facts(each, settings) for each in found], next=more)


async def decide_mail(call: Call, path: MailPath, body: MailDecision) -> DecidedMails:
    """Decide about a mail that is unsure, or send a failed one again."""
    if not await call.context.store.mails.by_ids([path.mail]):
        raise ProblemError(404, "no mail has this id")
    return await _do(call, [path.mail], body)


async def decide_mails(call: Call, path: NoticePath, query: RuleQuery, body: MailDecision) -> DecidedMails:
    """Decide about all mails with one notice that are unsure, or send all failed ones again."""
    about = about_of(path, query)
    await subject_of_notice(call.context, about)
    return await _do(call, about, body)


async def _do(call: Call, which: Which, body: MailDecision) -> DecidedMails:
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
    Operation(
        "GET",
        ONE + "/mails",
        list_mails,
        "Notices",
        may_conflict=True,
        links=(Link("decide_mail", {"mail": "$response.body#/items/0/id"}),),
    ),
    Operation("POST", ONE + "/decision", decide_mails, "Notices", roles=("operator",), may_conflict=True),
    Operation(
        "POST", "/mails/{mail}/decision", decide_mail, "Notices", roles=("operator",), may_conflict=True
    ),
)
