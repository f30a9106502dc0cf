"""The rules in force, earlier versions, the differences between two, and rolling back."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from mailgate.console.api.operation import EITHER, Call, Operation
from mailgate.console.api.shapes import MAX_NUMBER, WHOLE, InputModel, ListOf, Note, OutputModel, RowsQuery
from mailgate.console.looks import Shows
from mailgate.console.policy.rules import RuleInWords, rules_in_words
from mailgate.console.policy.versions import difference, version_of
from mailgate.policy.changes import Change
from mailgate.rollout import activation
from mailgate.store import Version
from mailgate.tasks import compute

VersionName = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")]
"""A number, or the beginning of a digest."""
VersionInAddress = Annotated[
    VersionName, Field(description="Its number, or the beginning of its digest or of its policy's version.")
]


class ActivatedVersion(OutputModel):
    """A version that was put in force."""

    serial: int
    """The number of the activation, counted from 1."""
    number: int
    """The number of the version."""
    digest: str
    """The SHA-256 of its files."""
    policy: str
    """The version of the policy, as decisions name it."""
    author: str
    """The person who put it in force; `file` if a gate did because of changed files."""
    note: str
    """The reason that was given."""
    at: datetime
    """When it was put in force."""


class ActivationDone(ActivatedVersion):
    """The version that is in force now."""

    already: bool
    """Whether it was in force before, so that nothing was done."""


class PolicyInForce(OutputModel):
    """The rules in force."""

    policy: str
    """The version of the policy, as decisions name it."""
    version: ActivatedVersion | None
    """The version in force; null before the first start."""
    rules: list[RuleInWords]
    """The rules in order, and last the default."""


class VersionsToCompare(InputModel):
    """The versions to compare."""

    old: VersionName
    """The number of one version, or the beginning of its digest."""
    new: VersionName | None = None
    """The other version; by default the one in force."""


class Difference(OutputModel):
    """The differences between two versions."""

    old: int
    """The number of one version."""
    new: int
    """The number of the other version."""
    changes: list[Change]
    """The differences between the rules."""
    lines: list[str]
    """The differences between the files, as a unified diff."""


class RollbackInput(InputModel):
    """How to roll back."""

    note: Note
    """The reason, for the history, the audit log, and the mails to the people who were told."""
    to: Annotated[int, Field(ge=1, le=MAX_NUMBER), WHOLE] | None = None
    """The number of the version to go back to; by default the one before. Any other takes a plan of it, and all that a plan needs."""


async def get_policy(call: Call) -> PolicyInForce:
    """Get the rules in force, in words and as conditions, with the stage of each."""
    found = call.context.bundle().policy
    active = await call.context.store.policies.active()
    rules = await compute(rules_in_words, found, call.now)
    return PolicyInForce.model_validate({"policy": found.version, "version": active, "rules": rules})


async def list_versions(call: Call, query: RowsQuery) -> ListOf[ActivatedVersion]:
    """List the activations, the newest first. A version that was put in force again is listed again."""
    return ListOf[ActivatedVersion].model_validate(
        {"items": await call.context.store.policies.history(query.limit)}
    )


async def get_version(call: Call, version: VersionInAddress) -> Version:
    """Get a version with its files, its author and its reason."""
    return await version_of(call.context.store, version)


async def compare_versions(call: Call, query: VersionsToCompare) -> Difference:
    """Compare two versions, in words and line by line."""
    store = call.context.store
    old, new = await version_of(store, query.old), await version_of(store, query.new or "")
    found = await difference(old, new)
    return Difference(old=old.number, new=new.number, changes=found.changes, lines=found.lines)


async def rollback(call: Call, body: RollbackInput) -> ActivationDone:
    """Roll back: the version before decides again, at every gate within a second.

    No guard applies to this. A second call changes nothing. People who were told, warned or kept out get a correction, if something is different for them.
    Going back to another version is a change like any other: it takes a plan of that version, the approvals that it
    needs, and an operator.
    """
    guard, operates = call.context.guard, "operator" in call.roles
    done = await activation.retract(
        call.context.store, call.person, body.note, call.now, body.to, guard, operates=operates
    )
    return ActivationDone.model_validate(done)


async def retract(call: Call, body: RollbackInput) -> ActivationDone:
    """Roll back: another name of `rollback`."""
    return await rollback(call, body)


OPERATIONS = (
    Operation(
        "GET /policy",
        get_policy,
        shows=Shows.ADMINS,
        links={"turn_rule_off": {"rule": "rules/0/id"}, "get_version": {"version": "policy"}},
    ),
    Operation(
        "GET /policy/versions",
        list_versions,
        shows=Shows.ADMINS,
        links={"get_version": {"version": "items/0/digest"}},
    ),
    Operation("GET /policy/versions/{version}", get_version, shows=Shows.ADMINS, may_conflict=True),
    Operation(
        "GET /policy/difference", compare_versions, shows=Shows.ADMINS, may_conflict=True, may_miss=True
    ),
    Operation("POST /policy/rollbacks", rollback, roles=EITHER, may_conflict=True),
    Operation("POST /policy/retractions", retract, roles=EITHER, may_conflict=True),
)
