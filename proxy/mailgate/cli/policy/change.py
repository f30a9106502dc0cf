"""``mailgate policy approve|send-back|plans|apply|rollback|break-glass|resume``: approve a plan that another person made, put rules in force, take
them back, turn one rule off at once, and back on."""

import sys
from typing import Annotated, Any

import typer

from mailgate.cli.admin import may_operate
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.options import MOMENT, AsObject, Until, checked
from mailgate.cli.output import Columns, minute, printable, tell
from mailgate.cli.policy.history import version_called
from mailgate.rollout import activation, approvals, reliefs
from mailgate.rollout.approvals import PlanStatus
from mailgate.rollout.guard import newly_kept_out
from mailgate.rollout.kept_plans import newly_counted
from mailgate.store import Activation


def _reason(note: str) -> str:
    """A reason that is not empty. It is asked for at a terminal alone, so that a machine gets an answer, and nothing before it."""
    if not note and sys.stdin.isatty():
        note = str(typer.prompt("Why", err=True))
    if not note.strip():
        raise typer.BadParameter("say why. The audit log keeps it")
    return note


Note = Annotated[
    str,
    typer.Option(
        help="The reason, for the audit log. Default: asked for at a terminal.",
        show_default=False,
        callback=_reason,
    ),
]

_PLANS: Columns = {
    "plan": lambda each: each.plan.digest[:12],
    "made (UTC)": lambda each: f"{each.plan.made_at:%m-%d %H:%M}",
    "by": lambda each: each.plan.author,
    "lose mail": lambda each: "{0.people:,} / {0.devices:,}".format(newly_kept_out(each.body)),
    "state": "state",
    "approved by": "approved",
    "missing": lambda each: each.missing if each.state == "open" else "",
}
"""Columns for 80 characters. Who loses mail: at any moment, in people and devices."""
_WHOLE = _PLANS.keys() - {"by", "approved by"}


PlanName = Annotated[str, typer.Argument(help="The plan's digest, or its beginning.")]


@on_store(acts=True, decides=False)
async def approve(opened: Opened, plan: PlanName, note: Note = "") -> None:
    """Approve exactly this plan, so that it may be started although it is beyond the guard's limit."""
    who = opened.person("approver")
    found = await approvals.approve(opened.store, plan, who, note, opened.now, opened.guard)
    words = f"plan {found.plan.digest[:12]} is approved by {', '.join(found.approved)}; {_needs(found)}"
    opened.say(words, _plain(found))


@on_store(acts=True, decides=False)
async def send_back(opened: Opened, plan: PlanName, note: Note = "") -> None:
    """Send the plan of another person back, so that starting it takes an override."""
    who = opened.person("approver")
    found = await approvals.send_back(opened.store, plan, who, note, opened.now, opened.guard)
    opened.say(f"plan {found.plan.digest[:12]} is sent back to {found.plan.author}", _plain(found))


@on_store(decides=False)
async def plans(
    opened: Opened,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest plans to list.")] = 20,
) -> None:
    """List the plans, their approvals, and what they still need."""
    found = await approvals.plan_statuses(opened.store, opened.guard, opened.now, limit)
    none = "There is no plan: `mailgate policy plan` makes one."
    opened.print_rows(found, _PLANS, plain=_plain, none=none, whole=_WHOLE)
    if opened.as_json or not found:
        return
    tell("Lose mail: people / devices that would or might lose mail, now or at any later moment.")
    for each in found:
        for words in each.against:
            tell(printable(f"{each.plan.digest[:12]}: {words}"))
    if any(each.state == "open" and each.missing for each in found):
        tell(
            "`mailgate policy approve PLAN` approves one, by people other than its author and the one who applies it."
        )


def _needs(status: PlanStatus) -> str:
    if not status.needed:
        return "it stays within the guard and needs no approval, except to override an objection"
    if status.missing:
        return f"{status.missing} of {status.needed} approvals are missing"
    return "it has the approvals that it needs"


def _plain(status: PlanStatus) -> dict[str, Any]:
    plan = status.plan
    return {
        "digest": plan.digest,
        "author": plan.author,
        "made_at": plan.made_at,
        "policy": plan.candidate.policy,
        "newly": newly_counted(status.body),
        "most_kept_out": newly_kept_out(status.body),
        "state": status.state,
        "term": status.term,
        "approved_by": status.approved,
        "needed": status.needed,
        "missing": status.missing,
        "against": status.against,
    }


@on_store(acts=True, decides=False, json=AsObject)
async def apply(
    opened: Opened,
    plan: PlanName,
    note: Note = "",
    override: Annotated[
        bool,
        typer.Option(
            "--override",
            help="Apply it against objections. Needs the approval of another approver, if there is one; the audit log lists the "
            "objections, and the other approvers are mailed.",
        ),
    ] = False,
) -> None:
    """Start exactly what was planned, at every gate on this store."""
    who = opened.person("operator")
    done = await activation.apply(opened.store, plan, who, note, opened.now, opened.guard, override=override)
    _print_version(opened, done)


@on_store(acts=True, decides=False, json=AsObject)
async def rollback(
    opened: Opened,
    note: Note = "",
    to: Annotated[
        str, typer.Option(help="The version to go back to. Default: the one before. Any other needs a plan.")
    ] = "",
) -> None:
    """Roll back: the version before decides again, at every gate on this store, within a second."""
    store, who = opened.store, opened.person("operator", "approver")
    number = (await version_called(store, to)).number if to else None
    operates = may_operate(opened.settings, who)
    done = await activation.retract(store, who, note, opened.now, number, opened.guard, operates=operates)
    _print_version(opened, done)


def _print_version(opened: Opened, done: Activation) -> None:
    """Print the version in force. If it was in force before, nothing was done."""
    since = f" already, since {minute(done.at)}: nothing was changed" if done.already else ""
    words = f"version {done.number} (policy {done.policy}) runs{since}, activation {done.serial}"
    opened.say(words, done)


Rule = Annotated[str, typer.Argument(help="The rule's id.")]


@on_store(acts=True, json=AsObject)
async def break_glass(opened: Opened, rule: Rule, until: Until, note: Note = "") -> None:
    """Turn one rule off for everybody until a time, at every gate on this store within a second."""
    end, by = checked("--until", MOMENT, until), opened.person("operator", "approver")
    store, policy = opened.store, opened.bundle.policy
    given = await reliefs.break_glass(store, policy, by, note, opened.now, rule=rule, until=end)
    opened.say(f"{rule} is off until {reliefs.off_until(given)}", given)


@on_store(acts=True, json=AsObject)
async def resume(opened: Opened, rule: Rule, note: Note = "") -> None:
    """Turn a rule on again that stopped by itself or is off.

    If it was off for longer than the guard's window, those it refuses count as new: beyond the limit another approver
    has to do the same.
    """
    by = opened.person("operator", "approver")
    ended = await reliefs.resume(opened.store, by, note, opened.now, rule, opened.settings)
    opened.say(f"{rule} is on again", ended)
