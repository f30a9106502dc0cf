"""Requests for help: who waits because of which rule, and closing a request."""

from typing import Literal

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import InputModel, LargePage, Line, OutputModel
from mailgate.console.people.help import HelpCount, HelpFacts, help_counts, help_facts
from mailgate.console.people.support_acts import finish_requests, reopen_requests


class HelpQuery(InputModel):
    """The requests to list."""

    rule: Line | None = None
    """The rule that refused them."""
    which: Literal["open", "all"] = "open"
    """Those that are open, or all that are stored."""
    limit: LargePage = 100
    """The most requests to return."""


class HelpRequestList(OutputModel):
    """Requests for help."""

    items: list[HelpFacts]
    """The requests, one for each person and rule, the latest first."""
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


OPERATIONS = (
    Operation("GET", "/help-requests", list_help_requests, "Help requests"),
    Operation(
        "POST",
        "/help-requests/decision",
        finish_help_request,
        "Help requests",
        roles=("operator",),
        may_conflict=True,
    ),
)
