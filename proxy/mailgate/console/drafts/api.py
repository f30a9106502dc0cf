"""Drafts: small changes of the rules that no file has yet, with the lines to commit and the plan."""

from mailgate.console.api.operation import EITHER, Call, Operation, Text
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import Digest, InputModel, ListOf, NewestQuery
from mailgate.console.drafts.drafting import draft_and_plan, facts_of, latest_heads, patch_of, plan_again
from mailgate.console.drafts.facts import DraftFacts, DraftHead
from mailgate.console.looks import Shows
from mailgate.policy.edits import Edit
from mailgate.rollout.stored_rules import find_draft


class DraftInput(InputModel):
    """A change to draft."""

    edit: Edit
    """The change."""


async def list_drafts(call: Call, query: NewestQuery) -> ListOf[DraftHead]:
    """List the drafts with their states, the newest first. A single draft has the lines to commit."""
    return ListOf(items=await latest_heads(call.context, query.limit))


async def make_draft(call: Call, body: DraftInput) -> DraftFacts:
    """Draft a small change of the rules in force, and begin to plan it unless another plan is being made.

    Nothing is put in force and no file is written: `changes` has the lines to commit, and the plan is put in force like
    any other.
    """
    draft = await draft_and_plan(call.context, body.edit, call.person)
    call.set_location(f"/drafts/{draft.digest}")
    return await facts_of(call.context, draft)


async def get_draft(call: Call, digest: Digest) -> DraftFacts:
    """Get a draft: the changes in the files, and its state."""
    return await facts_of(call.context, await find_draft(call.context.store, digest))


async def get_draft_patch(call: Call, digest: Digest) -> Text:
    """Get the change to commit, as a patch for the folder of `mailgate.yaml`, or for the folder of a file outside of it."""
    draft = await find_draft(call.context.store, digest)
    call.headers["Content-Disposition"] = f'attachment; filename="draft-{draft.digest[:12]}.patch"'
    return await patch_of(call.context, draft)


async def plan_draft(call: Call, digest: Digest) -> DraftFacts:
    """Begin to plan a draft against the rules in force. `GET /plans/making` shows the progress."""
    draft = await find_draft(call.context.store, digest)
    if not await plan_again(call.context, draft, call.person):
        raise ProblemError(409, "another plan is being made: wait until it is ready")
    call.set_location("/plans/making")
    return await facts_of(call.context, draft)


_FIRST = {"digest": "items/0/digest"}
_MADE = {"digest": "digest"}
OPERATIONS = (
    Operation(
        "GET /drafts",
        list_drafts,
        shows=Shows.ADMINS,
        links=dict.fromkeys(["get_draft", "get_draft_patch", "plan_draft"], _FIRST),
    ),
    Operation(
        "POST /drafts",
        make_draft,
        roles=EITHER,
        status=201,
        may_conflict=True,
        has_location=True,
        links=dict.fromkeys(["get_draft", "get_draft_patch"], _MADE),
    ),
    Operation("GET /drafts/{digest}", get_draft, shows=Shows.ADMINS, may_conflict=True),
    Operation(
        "GET /drafts/{digest}/patch",
        get_draft_patch,
        shows=Shows.ADMINS,
        media="text/x-diff",
        may_conflict=True,
    ),
    Operation(
        "POST /drafts/{digest}/plan",
        plan_draft,
        roles=EITHER,
        status=202,
        may_conflict=True,
        has_location=True,
    ),
)
