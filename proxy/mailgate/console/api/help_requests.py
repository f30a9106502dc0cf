"""Requests for help: who waits because of which rule, and saying that one is done."""

from typing import Literal

from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import Answered, Asked, Line, Many
from mailgate.console.support_acts import finish, reopen
from mailgate.views.help import HelpCount, HelpFacts, help_counts, help_facts


class HelpWanted(Asked):
    """Which requests."""

    rule: Line | None = None
    """Against this rule."""
    which: Literal["open", "all"] = "open"
    """Those that nobody said are done, or all that are kept."""
    limit: Many = 100
    """How many at most."""


class HelpRequests(Answered):
    """Requests for help."""

    items: list[HelpFacts]
    """One for a person and a rule, the last to ask first."""
    rules: list[HelpCount]
    """How many are open, by rule."""


class HelpNamed(Asked):
    """One request."""

    rule: Line
    """The rule that it is against."""
    subject: Line
    """What tells it apart: `subject` of the list."""
    done: bool = True
    """Whether it is done; false opens it again."""


async def list_help_requests(call: Call, query: HelpWanted) -> HelpRequests:
    """List who asked for help against which rule, the last to ask first, with counts by rule."""
    store, policy, rule = call.context.store.help_requests, call.context.bundle().policy, query.rule or ""
    found = await (store.page if query.which == "all" else store.open)(rule, query.limit)
    return HelpRequests(
        items=[help_facts(each, policy) for each in found],
        rules=help_counts(await store.open_by_rule(), policy),
    )


async def finish_help_request(call: Call, body: HelpNamed) -> HelpFacts:
    """Say that a request for help is done, or that it is not after all. Who asks again opens it again."""
    key, store = (body.rule, body.subject), call.context.store.help_requests
    if body.done:
        await finish(call.context, [key], call.person, call.now)
    else:
        await reopen(call.context, [key], call.person, call.now)
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
        refuses=True,
    ),
)
