"""Plans: what a candidate would change, and for whom; approving a plan, and putting it in force."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from mailgate.console.api.operation import APPROVER, OPERATOR, Call, Operation, Text
from mailgate.console.api.problems import Fault, ProblemError
from mailgate.console.api.shapes import (
    MAX_NUMBER,
    WHOLE,
    Digest,
    InputModel,
    ListOf,
    NewestQuery,
    Note,
    OutputModel,
)
from mailgate.console.drafts.drafting import candidate_for
from mailgate.console.looks import Shows
from mailgate.console.plans.facts import CSV_COLUMNS, rows_of, title_of
from mailgate.console.plans.outcome import PlanOutcome, outcome_of
from mailgate.console.plans.picture import picture
from mailgate.console.plans.planning import RequestedPlan
from mailgate.console.policy.api import ActivationDone
from mailgate.console.policy.versions import NoVersionError
from mailgate.console.spreadsheet import beginning, lines, saved_as
from mailgate.errors import ConfigError
from mailgate.model.fact import Fact
from mailgate.rollout import activation, approvals
from mailgate.rollout.approvals import plan_status
from mailgate.rollout.kept_plans import find_plan, read_plan
from mailgate.rollout.plan import DAYS, Plan, PlanTerm

Days = Annotated[int, Field(ge=1, le=366), WHOLE]
FileName = Annotated[str, Field(min_length=1, max_length=1000)]
FileText = Annotated[str, Field(max_length=4_000_000)]


class PlanInput(InputModel):
    """The rules to plan."""

    policy: Annotated[str, Field(max_length=4_000_000)] | None = None
    """The text of a policy file in YAML, in place of the one on the gate's disk; by default that one."""
    files: Annotated[dict[FileName, FileText], Field(min_length=1, max_length=200)] | None = None
    """The texts of all files by their names, in place of those on the gate's disk: `policy.yaml`, `apps.yaml`, `policy.tests.yaml` if
    there are cases, and each list by its path in `apps.yaml`. The groups are those in force, unless `groups.json` has them as a version
    keeps them."""
    version: Annotated[int, Field(ge=1, le=MAX_NUMBER), WHOLE] | None = None
    """The number of a version that was in force, in place of the files; by default the files."""
    days: Days = DAYS
    """How many days of requests are decided again."""


class PlanInBrief(Fact):
    """The status of a plan."""

    digest: str
    """The digest of the plan."""
    author: str
    """The admin who made it."""
    made_at: datetime
    """When it was made."""
    policy: str
    """The version of its policy, as decisions will name it."""
    title: str
    """The change in words."""
    state: approvals.State
    """`open`: it may be put in force. `expired`: it is older than a day. `overtaken`: other rules were put in force
    since, and still are. `in force`: its rules are in force. `rolled back`: its rules were in force and were rolled back.
    `replaced`: its rules were in force until others were."""
    term: PlanTerm | None
    """When its rules were in force, and what ended that; null if they never were since the plan was made."""
    needed: int
    """The number of approvals that it needs."""
    missing: int
    """The number of approvals that are missing."""
    approved: list[str]
    """The admins whose approvals count, unless they put it in force themselves."""
    against: list[str]
    """The objections to putting it in force now, in words."""


class PlanWithStatus(OutputModel):
    """A plan and its status."""

    status: PlanInBrief
    """Its status."""
    title: str
    """The change in words."""
    plan: Plan
    """What the candidate would change, and for whom."""


class ApprovalInput(InputModel):
    """A decision on a plan."""

    note: Note
    """The reason, for the audit log."""


class ApplicationInput(InputModel):
    """How to put a plan in force."""

    note: Note
    """The reason, for the history and the audit log."""
    override: bool = False
    """Whether to put it in force against objections. That takes the approval of another approver, if there is one; the audit
    log lists the objections, and the other approvers get a mail."""


async def list_plans(call: Call, query: NewestQuery) -> ListOf[PlanInBrief]:
    """List the plans with their status, the newest first."""
    context = call.context
    found = await approvals.plan_statuses(context.store, context.guard, call.now, query.limit)
    return ListOf(items=[_status(each) for each in found])


async def make_plan(call: Call, body: PlanInput) -> RequestedPlan:
    """Begin to plan the files on the gate's disk, files or a policy that are sent, or a version that was in force.

    Nothing is put in force. One plan is made at a time. `GET /plans/making` shows the progress.
    """
    context = call.context
    try:
        candidate = await candidate_for(context, body.policy, body.version, body.files)
    except ConfigError as error:
        pointer = "#/files" if body.files else "#/policy"
        faults = [Fault(detail=str(each), pointer=pointer) for each in error.mistakes]
        raise ProblemError(422, "these rules have mistakes", faults) from None
    except NoVersionError as error:
        raise ProblemError(422, "no such version", [Fault(detail=error.words, pointer="#/version")]) from None
    if not context.planning.start(candidate, body.days, call.person, call.now):
        raise ProblemError(409, "another plan is being made: wait until it is ready")
    call.set_location("/plans/making")
    return await get_making(call)


async def get_making(call: Call) -> RequestedPlan:
    """Get the progress of the plan that is being made at this gate, or the result of the last one."""
    if call.context.planning.last is None:
        raise ProblemError(404, "no plan was asked for since the start of this gate")
    return call.context.planning.last


async def get_plan(call: Call, digest: Digest) -> PlanWithStatus:
    """Get a plan: what the candidate would change, for whom, and the objections to it."""
    context, found = call.context, await find_plan(call.context.store, digest)
    status = await plan_status(context.store, found, context.guard, call.now)
    return PlanWithStatus(status=_status(status), title=title_of(status.body), plan=status.body)


async def get_plan_counts(call: Call, digest: Digest) -> Text:
    """Get the counts of a plan as CSV, for a spreadsheet."""
    found = await find_plan(call.context.store, digest)
    call.headers["Content-Disposition"] = saved_as(f"plan-{found.digest[:12]}-counts")
    return beginning(CSV_COLUMNS) + lines(rows_of(read_plan(found)))


async def get_plan_picture(call: Call, digest: Digest) -> Text:
    """Get a plan as an SVG picture."""
    return picture(read_plan(await find_plan(call.context.store, digest)))


async def get_plan_outcome(call: Call, digest: Digest) -> PlanOutcome:
    """Get the outcome of a plan that is or was in force, compared with its prediction."""
    found = await find_plan(call.context.store, digest)
    outcome = await outcome_of(call.context.store, found, read_plan(found), call.now)
    if outcome is None:
        raise ProblemError(409, "this plan has never run")
    return outcome.told


async def approve_plan(call: Call, digest: Digest, body: ApprovalInput) -> PlanInBrief:
    """Approve exactly this plan, which another person made. Nobody approves their own."""
    store, guard = call.context.store, call.context.guard
    return _status(await approvals.approve(store, digest, call.person, body.note, call.now, guard))


async def send_plan_back(call: Call, digest: Digest, body: ApprovalInput) -> PlanInBrief:
    """Send the plan of another person back: starting it takes an override then."""
    store, guard = call.context.store, call.context.guard
    return _status(await approvals.send_back(store, digest, call.person, body.note, call.now, guard))


async def apply_plan(call: Call, digest: Digest, body: ApplicationInput) -> ActivationDone:
    """Put exactly what was planned in force, at every gate within a second."""
    store, guard = call.context.store, call.context.guard
    done = await activation.apply(
        store, digest, call.person, body.note, call.now, guard, override=body.override
    )
    return ActivationDone.model_validate(done)


def _status(found: approvals.PlanStatus) -> PlanInBrief:
    title, policy = title_of(found.body), found.plan.candidate.policy
    return PlanInBrief.taken_from(found, found.plan, title=title, policy=policy)


_MADE = {"digest": "digest"}
_FIRST = {"digest": "items/0/digest"}

OPERATIONS = (
    Operation(
        "GET /plans",
        list_plans,
        shows=Shows.ADMINS,
        links=dict.fromkeys(
            ["get_plan", "get_plan_counts", "get_plan_picture", "approve_plan", "apply_plan"], _FIRST
        ),
    ),
    Operation(
        "POST /plans",
        make_plan,
        roles=("viewer", "operator", "approver"),
        status=202,
        may_conflict=True,
        has_location=True,
        body_bytes=4 * 1024 * 1024,
    ),
    Operation(
        "GET /plans/making",
        get_making,
        shows=Shows.ADMINS,
        may_miss=True,
        links=dict.fromkeys(["get_plan", "apply_plan"], _MADE),
    ),
    Operation("GET /plans/{digest}", get_plan, may_conflict=True),
    Operation("GET /plans/{digest}/outcome", get_plan_outcome, may_conflict=True),
    Operation(
        "GET /plans/{digest}/counts.csv",
        get_plan_counts,
        shows=Shows.ADMINS,
        media="text/csv",
        may_conflict=True,
    ),
    Operation(
        "GET /plans/{digest}/picture.svg",
        get_plan_picture,
        shows=Shows.ADMINS,
        media="image/svg+xml",
        may_conflict=True,
    ),
    Operation("POST /plans/{digest}/approvals", approve_plan, roles=APPROVER, status=201, may_conflict=True),
    Operation("POST /plans/{digest}/send-back", send_plan_back, roles=APPROVER, may_conflict=True),
    Operation("POST /plans/{digest}/apply", apply_plan, roles=OPERATOR, may_conflict=True),
)
