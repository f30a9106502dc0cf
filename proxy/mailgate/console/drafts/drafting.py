"""Drafts of the console: makes a draft and its plan, compares drafts with the files on disk, and reads what else is to be planned."""

from collections.abc import Mapping, Sequence

from mailgate.config import Rules, compile_rules
from mailgate.config.rules import KEPT_GROUPS, text_of_groups
from mailgate.console.context import ConsoleContext
from mailgate.console.drafts import facts
from mailgate.console.policy.versions import RuleFilesLocation, rules_called
from mailgate.errors import ConfigError
from mailgate.model.phrase import phrase
from mailgate.policy.edits import Edit
from mailgate.rollout.kept_plans import find_plan
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import DAYS
from mailgate.rollout.stored_rules import make_draft, readable, rules_of, rules_with
from mailgate.store import Activation
from mailgate.store.plans import KeptDraft
from mailgate.tasks import compute

MAX_DRAFTS = 50
"""How many of the newest drafts are read."""


async def draft_and_plan(
    context: ConsoleContext, edit: Edit, person: Person, *, plan: bool = True
) -> KeptDraft:
    """Keep a draft and begin to plan it, unless another plan is being made or none is wanted yet. Raises RefusedError."""
    now = context.clock()
    draft, candidate = await make_draft(context.store, edit, person, now)
    if plan:
        context.planning.start(candidate, DAYS, person, now)
    return draft


async def plan_again(context: ConsoleContext, draft: KeptDraft, person: Person) -> bool:
    """Begin to plan a draft. Returns False while another plan is being made. Raises RefusedError."""
    candidate = await rules_with(context.store, draft)
    return context.planning.start(candidate, DAYS, person, context.clock())


async def latest_heads(context: ConsoleContext, most: int = MAX_DRAFTS) -> list[facts.DraftHead]:
    """The newest drafts with their states. Raises RefusedError."""
    drafts = [*readable(await context.store.drafts.latest(most))]
    if not drafts:
        return []
    active, rules = await _in_force(context)
    files = await files_of(context)
    return [facts.draft_head(each, active, rules, files) for each in drafts]


async def facts_of(context: ConsoleContext, draft: KeptDraft) -> facts.DraftFacts:
    """The facts about a draft. Raises RefusedError."""
    active, rules = await _in_force(context)
    places = RuleFilesLocation.of(context.bundle())
    return await facts.draft_facts(context.store, draft, active, rules, await files_of(context), places)


async def patch_of(context: ConsoleContext, draft: KeptDraft) -> str:
    """The change to commit, as a patch. Raises RefusedError."""
    return await facts.draft_patch(
        context.store, draft, await files_of(context), RuleFilesLocation.of(context.bundle())
    )


async def uncommitted_now(context: ConsoleContext, held: str) -> tuple[Sequence[KeptDraft], bool]:
    """The drafts that are in force but not in the files on disk, and whether these are their only differences. ``held`` says why the
    files are not in force; if it is empty, nothing is read."""
    drafts = [*readable(await context.store.drafts.latest(MAX_DRAFTS))] if held else []
    files = await files_of(context) if drafts else None
    if files is None:
        return (), False
    rules = context.bundle().rules
    found = facts.uncommitted(drafts, rules, files)
    return found, bool(found) and await compute(facts.explained, found, rules, files)


async def files_of(context: ConsoleContext) -> Rules | None:
    """The rules in the files on disk; None if they have mistakes."""
    try:
        return await compute(context.candidate, None)
    except ConfigError:
        return None


async def _in_force(context: ConsoleContext) -> tuple[Activation, Rules]:
    active = await context.store.policies.active()
    if active is None:
        raise RefusedError(phrase("no rules run yet: the first start starts the files"))
    return active, await rules_of(context.store.policies, active)


async def candidate_for(
    context: ConsoleContext, policy: str | None, version: int | None, files: Mapping[str, str] | None = None
) -> Rules:
    """The rules of these texts of all files, with the groups in force unless they have groups; or of this version; without
    either, those of the files on disk, with ``policy`` in place of the policy file if given.

    Raises ConfigError; NoVersionError if no version has this number.
    """
    if files is not None:
        groups = context.bundle().groups
        given = {KEPT_GROUPS: text_of_groups(groups), **files} if groups.known else files
        return await compute(compile_rules, given)
    if version is None:
        return await compute(context.candidate, policy)
    return await rules_called(context.store, str(version))


async def rules_of_plan(context: ConsoleContext, digest: str) -> Rules:
    """The rules of an earlier plan. Raises RefusedError, ConfigError."""
    found = await find_plan(context.store, digest)
    return await compute(compile_rules, found.candidate.texts)
