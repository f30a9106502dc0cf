"""The rules of a requested plan: those of the files, rules that were sent, or a version that was in force."""

from collections.abc import Mapping

from mailgate.config import Rules, compile_rules
from mailgate.config.rules import KEPT_GROUPS, text_of_groups
from mailgate.console.context import ConsoleContext
from mailgate.console.policy.versions import rules_called
from mailgate.rollout.kept_plans import find_plan
from mailgate.tasks import compute


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
