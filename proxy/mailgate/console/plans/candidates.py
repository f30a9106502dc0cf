"""The rules of a requested plan: those of the files, rules that were sent, or a version that was in force."""

from mailgate.config import Rules, compile_rules
from mailgate.console.context import ConsoleContext
from mailgate.console.policy.versions import rules_called
from mailgate.rollout.kept_plans import find_plan
from mailgate.tasks import compute


async def candidate_for(context: ConsoleContext, policy: str | None, version: int | None) -> Rules:
    """The rules of this version; without one, those of the files, with ``policy`` in place of the policy file if given.

    Raises ConfigError; NoVersionError if no version has this number.
    """
    if version is None:
        return await compute(context.candidate, policy)
    return await rules_called(context.store, str(version))


async def rules_of_plan(context: ConsoleContext, digest: str) -> Rules:
    """The rules of an earlier plan. Raises RefusedError, ConfigError."""
    found = await find_plan(context.store, digest)
    return await compute(compile_rules, found.candidate.texts)
