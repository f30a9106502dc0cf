"""Drafts: making a small change of the rules that no file has yet, the lines to commit, and its plan."""

from copy import copy
from datetime import date

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from mailgate.config import Rules
from mailgate.config.mistakes import wording
from mailgate.config.text_edits import EditError, written_start
from mailgate.console.access import requires_role
from mailgate.console.context import context_of, person_of
from mailgate.console.drafts.drafting import draft_and_plan, facts_of, latest_heads, patch_of, plan_again
from mailgate.console.drafts.facts import WORDS
from mailgate.console.forms import Form, form_of
from mailgate.console.layout import redirect_after, show
from mailgate.console.plans.facts import regaining_in_words
from mailgate.model.phrase import phrase
from mailgate.policy.edits import Edit
from mailgate.policy.written import share_of
from mailgate.rollout.kept_plans import readable_plans
from mailgate.rollout.person import RefusedError
from mailgate.rollout.stored_rules import find_draft
from mailgate.tasks import compute

_EDIT: TypeAdapter[Edit] = TypeAdapter(Edit)
_FIELDS = ("change", "app", "list", "rule", "stage", "at", "share")
_DRAFTED = phrase("Draft saved. Nothing changes yet.")
_BEGUN = phrase("The plan of this draft is being made.")
_BEING_MADE = phrase("Another plan is being made. Plan this draft when it is ready.")


async def drafts(request: web.Request) -> web.Response:
    return await show(request, "drafts.html", drafts=await latest_heads(context_of(request)), states=WORDS)


@requires_role("operator", "approver")
async def make(request: web.Request) -> web.Response:
    """Draft a change, and begin to plan it."""
    context = context_of(request)
    draft = await draft_and_plan(context, await _wanted(request), person_of(request))
    return redirect_after(request, _DRAFTED, "policy-draft", digest=draft.digest)


async def draft(request: web.Request) -> web.Response:
    context = context_of(request)
    making = copy(
        context.planning.last
    )  # as it is before the store is read: else a plan that ends meanwhile would be in neither
    kept = await find_draft(context.store, request.match_info["digest"])
    facts = await facts_of(context, kept)
    plan = next((plan for _, plan in readable_plans(await context.store.plans.find(facts.plan))), None)
    return await show(
        request,
        "draft.html",
        draft=facts,
        words=WORDS[facts.state],
        plan=plan,
        regaining=regaining_in_words(plan) if plan else "",
        making=making,
    )


@requires_role("operator", "approver")
async def plan(request: web.Request) -> web.Response:
    """Begin to plan a draft against the rules in force."""
    context = context_of(request)
    kept = await find_draft(context.store, request.match_info["digest"])
    began = await plan_again(context, kept, person_of(request))
    return redirect_after(request, _BEGUN if began else _BEING_MADE, "policy-draft", digest=kept.digest)


async def patch(request: web.Request) -> web.Response:
    context = context_of(request)
    kept = await find_draft(context.store, request.match_info["digest"])
    return _download(await patch_of(context, kept), "text/x-diff", f"draft-{kept.digest[:12]}.patch")


async def file(request: web.Request) -> web.Response:
    """The whole file after the change."""
    context = context_of(request)
    facts = await facts_of(context, await find_draft(context.store, request.match_info["digest"]))
    if not facts.changes:
        raise RefusedError(phrase("your files already have this change. Nothing to commit"))
    (change,) = facts.changes
    return _download(change.text, "application/yaml", change.file.rpartition("/")[2])


def _download(text: str, kind: str, name: str) -> web.Response:
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(text=text, content_type=kind, headers=named)


async def _wanted(request: web.Request) -> Edit:
    """The change in a form. Raises RefusedError."""
    sent = await form_of(request)
    said = {name: sent[name] for name in _FIELDS if name in sent}
    if "day" in sent:
        said["at"] = await compute(_moved, context_of(request).bundle().rules, sent)
    if "percent" in sent:
        said["share"] = _share(sent["percent"].strip().removesuffix("%").strip())
    try:
        return _EDIT.validate_python(said)
    except ValidationError as error:
        first = error.errors()[0]
        field = next((each for each in first["loc"] if each in _FIELDS), "change")
        why = phrase("this change does not work: `%(field)s`: %(wrong)s", field=field, wrong=wording(first))
        raise RefusedError(why) from None


def _share(percent: str) -> str:
    """A share in the form of the file, such as ``25%``. Raises RefusedError."""
    try:
        share_of(f"{percent}%")
    except ValueError:
        raise RefusedError(phrase("Enter a number from 0 to 100, such as 25")) from None
    return f"{percent}%"


def _moved(rules: Rules, sent: Form) -> str:
    """The start of a stage on another day: its time and zone stay. A new stage starts at midnight UTC."""
    day = sent["day"].strip()
    try:
        date.fromisoformat(day)
    except ValueError:
        raise RefusedError(phrase("Choose a day, or write it like 2026-12-01")) from None
    try:
        written = written_start(rules, sent.get("rule", ""), sent.get("stage", ""))
    except EditError as error:
        raise RefusedError(error.words) from None
    except LookupError:
        written = ""
    return f"{day}{written[len('2026-12-01') :]}"


_ONE = "/policy/drafts/{digest:[0-9a-f]+}"
ROUTES = [
    web.get("/policy/drafts", drafts, name="policy-drafts"),
    web.post("/policy/drafts", make, name="policy-drafts-make"),
    web.get(_ONE, draft, name="policy-draft"),
    web.post(_ONE + "/plan", plan, name="policy-draft-plan"),
    web.get(_ONE + "/patch", patch, name="policy-draft-patch"),
    web.get(_ONE + "/file", file, name="policy-draft-file"),
]
