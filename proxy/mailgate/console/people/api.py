"""People: search, everything about one person, their requests for help, and answers by mail."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mailgate.console.api.operation import OPERATOR, Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import InputModel, Line, ListOf, OutputModel, RowsQuery
from mailgate.console.people.facts import PersonFacts, person_of
from mailgate.console.people.find import Hits, find
from mailgate.console.people.help import HelpCount, HelpFacts, help_counts, help_facts
from mailgate.console.people.support_acts import (
    answer_by_mail,
    answer_on_page,
    finish_requests,
    reopen_requests,
)
from mailgate.mail.reply import LONGEST

Words = Annotated[str, StringConstraints(max_length=LONGEST, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
PersonName = Annotated[Line, Field(description="The login name, or an address in the company's mail domain.")]


class FindQuery(InputModel):
    text: Line
    """A part of a login name or an address, a serial number or a device id or the beginning of one, or a reference."""
    after: Line | None = None
    """The `next` of the previous page."""


class Reply(InputModel):
    """An answer by mail."""

    answer: Words = Field(default_factory=str)
    """The words to add to the status of their devices."""


class QueuedReply(OutputModel):
    """A mail that is queued."""

    id: str
    """Its id."""
    address: str
    """The address of the recipient."""
    queued_at: datetime
    """When it was queued."""


async def find_anything(call: Call, query: FindQuery) -> Hits:
    """Find people, devices and refusals by any of their names."""
    return await find(call.context.store, call.context.bundle(), query.text, call.now, query.after or "")


async def get_person(call: Call, login: PersonName) -> PersonFacts:
    """Get everything about a person: the mail status of each device, requests for help, mails and their outcome."""
    return await _person(call, login)


async def reply_to_person(call: Call, login: PersonName, body: Reply) -> QueuedReply:
    """Send a person a mail in their language: the status of their devices, what to do, and the words of the admin."""
    mail = await answer_by_mail(call.context, await _person(call, login), body.answer, call.person, call.now)
    return QueuedReply.model_validate(mail)


async def _person(call: Call, login: str) -> PersonFacts:
    found = await person_of(call.context.store, call.context.bundle(), login, call.now)
    if found is None:
        raise ProblemError(404, "nothing is known about this person")
    return found


class HelpQuery(RowsQuery):
    rule: Line | None = None
    """The rule that refused them."""
    which: Literal["open", "all"] = "open"
    """Those that are open, or all that are stored."""


class HelpRequestList(ListOf[HelpFacts]):
    """Requests for help, one for each person and rule."""

    rules: list[HelpCount]
    """The number of open requests, by rule."""


class HelpInput(InputModel):
    """One request."""

    rule: Line
    """The rule of the request."""
    subject: Line
    """The `subject` of the request."""
    done: bool = True
    """Whether to close it; false opens it again."""


async def list_help_requests(call: Call, query: HelpQuery) -> HelpRequestList:
    """List the requests for help, the latest first, with counts by rule."""
    store, policy, rule = call.context.store.help_requests, call.context.bundle().policy, query.rule or ""
    found = await (store.page if query.which == "all" else store.open)(rule, query.limit)
    return HelpRequestList(
        items=[help_facts(each, policy) for each in found],
        rules=help_counts(await store.open_by_rule(), policy),
    )


async def finish_help_request(call: Call, body: HelpInput) -> HelpFacts:
    """Close a request for help, or open it again. A new request of the same person also opens it again."""
    key, store = (body.rule, body.subject), call.context.store.help_requests
    if body.done:
        await finish_requests(call.context, [key], call.person, call.now)
    else:
        await reopen_requests(call.context, [key], call.person, call.now)
    found = await store.one(*key)
    if found is None:
        raise ProblemError(409, "there is no such request for help")
    return help_facts(found, call.context.bundle().policy)


class HelpAnswer(InputModel):
    """An answer to one request."""

    rule: Line
    """The rule of the request."""
    subject: Line
    """The `subject` of the request."""
    answer: Words
    """What whoever asked reads on the page that refuses them, and on their own if they are known."""


async def answer_help_request(call: Call, body: HelpAnswer) -> HelpFacts:
    """Answer an open request for help without a mail: on the page of whoever asked, who may have no mail or be unknown."""
    key, store = (body.rule, body.subject), call.context.store.help_requests
    answered = await answer_on_page(call.context, key, body.answer, call.person, call.now)
    found = await store.one(*key)
    if found is None or not answered:
        raise ProblemError(409, "there is no such open request for help")
    return help_facts(found, call.context.bundle().policy)


OPERATIONS = (
    Operation("GET /find", find_anything, links={"get_person": {"login": "items/0/person"}}),
    Operation("GET /people/{login}", get_person, links={"get_device": {"device": "devices/0/facts/id"}}),
    Operation("POST /people/{login}/reply", reply_to_person, roles=OPERATOR, status=202, may_conflict=True),
    Operation("GET /help-requests", list_help_requests),
    Operation("POST /help-requests/answer", answer_help_request, roles=OPERATOR, may_conflict=True),
    Operation("POST /help-requests/decision", finish_help_request, roles=OPERATOR, may_conflict=True),
)
