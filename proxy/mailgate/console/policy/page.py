"""*Policy*: the rules in force, the starts of their stages, earlier versions, and the differences between two."""

from aiohttp import web

from mailgate.console.address_values import line
from mailgate.console.context import context_of
from mailgate.console.drafts.drafting import uncommitted_now
from mailgate.console.layout import show
from mailgate.console.policy.rules import rules_in_words
from mailgate.console.policy.versions import difference, version_of
from mailgate.console.query_parameters import accepts_parameters
from mailgate.rollout.activation import version_before
from mailgate.tasks import compute

SIZE = 100


async def policy(request: web.Request) -> web.Response:
    context = context_of(request)
    found, history = context.bundle().policy, await context.store.policies.history(SIZE)
    drafted = await uncommitted_now(context, (await context.readiness()).rules.held)
    return await show(
        request,
        "policy.html",
        policy=found,
        rules=await compute(rules_in_words, found, context.clock()),
        history=history,
        uncommitted=drafted.drafts,
        before=await version_before(context.store, history)
        if len({each.number for each in history}) > 1
        else 0,
    )


async def version(request: web.Request) -> web.Response:
    """One version with its files."""
    store = context_of(request).store
    return await show(
        request, "policy_version.html", version=await version_of(store, request.match_info["name"])
    )


@accepts_parameters(old=line(64), new=line(64))
async def diff(request: web.Request) -> web.Response:
    """The differences between two versions, in words and line by line."""
    store, asked = context_of(request).store, request.query
    old, new = [await version_of(store, asked.get(name, "").strip()) for name in ("old", "new")]
    found = await difference(old, new)
    return await show(request, "policy_diff.html", old=old, new=new, changes=found.changes, lines=found.lines)


ROUTES = [
    web.get("/policy", policy, name="policy"),
    web.get("/policy/versions/{name}", version, name="policy-version"),
    web.get("/policy/diff", diff, name="policy-diff"),
]
