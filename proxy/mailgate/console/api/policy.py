"""The rules in force, the versions that were, what differs between two, and taking rules back."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from mailgate.config import compile_rules
from mailgate.console.api.operation import Call, Link, Operation
from mailgate.console.api.shapes import MOST, WHOLE, Answered, Asked, Many, Note
from mailgate.policy.changes import Change, changes
from mailgate.rollout import activation
from mailgate.rollout.guard import guard_of
from mailgate.store import Activation as StoredActivation
from mailgate.views.rules import ToldRule, told_rules
from mailgate.views.versions import lines_between, version_of

VersionName = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")]
"""A number, or how a digest begins."""


class Activation(Answered):
    """A version that was put in force."""

    serial: int
    """Which activation it is, counted from 1."""
    number: int
    """The number of the version."""
    digest: str
    """The SHA-256 of its files."""
    policy: str
    """What decisions call it."""
    author: str
    """Who put it in force."""
    note: str
    """Why."""
    at: datetime
    """When."""


class ActivationDone(Activation):
    """The version that is in force now."""

    already: bool
    """Whether it was in force before, so that nothing was done."""


class Policy(Answered):
    """The rules in force."""

    policy: str
    """What decisions call them."""
    version: Activation | None
    """The version; null before the first start has put one in force."""
    rules: list[ToldRule]
    """In the order in which they are read; last what happens to everybody else."""


class VersionsWanted(Asked):
    """How many versions."""

    limit: Many = 100
    """How many at most."""


class Versions(Answered):
    """What was put in force."""

    items: list[Activation]
    """The newest first; a version that was put in force again stands there again."""


class VersionNamed(Asked):
    """One version."""

    version: VersionName
    """Its number, or how its digest or its policy begins."""


class Version(Answered):
    """A version with its files."""

    number: int
    """Its number."""
    digest: str
    """The SHA-256 of its files."""
    policy: str
    """What decisions call it."""
    texts: dict[str, str]
    """Its files: what each contains, by name."""
    author: str
    """Who made it."""
    note: str
    """Why."""
    made_at: datetime
    """When."""


class TwoVersions(Asked):
    """Two versions."""

    old: VersionName
    """The number of the one, or how its digest begins."""
    new: VersionName | None = None
    """Those of the other; the one in force if not given."""


class Difference(Answered):
    """What differs between two versions."""

    old: int
    """The number of the one."""
    new: int
    """The number of the other."""
    changes: list[Change]
    """What differs in what they decide."""
    lines: list[str]
    """What differs in their files, as a unified diff."""


class Retraction(Asked):
    """Taking rules back."""

    note: Note
    """Why; it stands in the history, in the audit log, and in the mails to those who were told."""
    to: Annotated[int, Field(ge=1, le=MOST), WHOLE] | None = None
    """The number of the version to go back to; the one before if not given. Any other takes a plan of it, and all that a plan needs."""


async def get_policy(call: Call) -> Policy:
    """Say which rules are in force, in words and as conditions, and at which stage each is."""
    found = call.context.bundle().policy
    active = await call.context.store.policies.active()
    return Policy.model_validate(
        {"policy": found.version, "version": active, "rules": told_rules(found, call.now)}
    )


async def list_versions(call: Call, query: VersionsWanted) -> Versions:
    """List what was put in force, the newest first."""
    return Versions.model_validate({"items": await call.context.store.policies.history(query.limit)})


async def get_version(call: Call, path: VersionNamed) -> Version:
    """Say who made a version when and why, with its files."""
    return Version.model_validate(await version_of(call.context.store, path.version))


async def compare_versions(call: Call, query: TwoVersions) -> Difference:
    """Say what differs between two versions, in words and line by line."""
    store = call.context.store
    old, new = await version_of(store, query.old), await version_of(store, query.new or "")
    before, after = compile_rules(old.texts).policy, compile_rules(new.texts).policy
    return Difference(
        old=old.number,
        new=new.number,
        changes=list(changes(before, after)),
        lines=list(lines_between(old, new)),
    )


async def retract(call: Call, body: Retraction) -> ActivationDone:
    """Take the rules in force back: those of the version before decide again, at every gate within a second.

    No guard stands in the way of that. Said twice it is done once. Who was told, warned or kept out is told so. To go back to
    another version is a change like any other: it takes a plan of that version, the approvals that it needs, and an operator.
    """
    guard, operates = guard_of(call.context.bundle().settings), "operator" in call.roles
    done = await activation.retract(
        call.context.store, call.person, body.note, call.now, body.to, guard, operates=operates
    )
    return done_now(done, call.now)


def done_now(done: StoredActivation, now: datetime) -> ActivationDone:
    """What is in force, and whether it was before ``now``."""
    return ActivationDone.model_validate(asdict(done) | {"already": done.at != now})


OPERATIONS = (
    Operation(
        "GET",
        "/policy",
        get_policy,
        "Policy",
        links=(
            Link("turn_rule_off", {"rule": "$response.body#/rules/0/id"}),
            Link("get_version", {"version": "$response.body#/policy"}),
        ),
    ),
    Operation(
        "GET",
        "/policy/versions",
        list_versions,
        "Policy",
        links=(Link("get_version", {"version": "$response.body#/items/0/digest"}),),
    ),
    Operation("GET", "/policy/versions/{version}", get_version, "Policy", refuses=True),
    Operation("GET", "/policy/difference", compare_versions, "Policy", refuses=True, finds=True),
    Operation("POST", "/policy/retractions", retract, "Policy", roles=("operator", "approver"), refuses=True),
)
