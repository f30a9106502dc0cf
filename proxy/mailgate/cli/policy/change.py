"""``mailgate policy approve|send-back|plans|apply|rollback|break-glass|resume``: approve a plan that another person made, put rules in force, take
them back, turn one rule off at once, and back on."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mailgate.cli.admin import TokenFile, acting_person, may_operate
from mailgate.cli.options import DEFAULT_PATH, MOMENT, AsJson, AsObject, Config, Until, checked, with_store
from mailgate.cli.output import Columns, minute, print_rows, printable, say
from mailgate.cli.policy.history import version_called
from mailgate.config import Bundle
from mailgate.policy.reliefs import Relief
from mailgate.rollout import activation, approvals, reliefs
from mailgate.rollout.approvals import PlanStatus
from mailgate.rollout.guard import guard_of, newly_kept_out
from mailgate.rollout.kept_plans import newly_counted
from mailgate.store import Activation, Store


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


def approve(
    plan: Annotated[str, typer.Argument(help="The plan's digest, or its beginning.")],
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Approve exactly this plan, so that it may be applied although it is beyond the guard's limit."""

    async def run(store: Store, bundle: Bundle) -> PlanStatus:
        guard = guard_of(bundle.settings)
        who = acting_person(bundle.settings, "approver", token_file=token_file)
        return await approvals.approve(store, plan, who, note, datetime.now(UTC), guard)

    found = with_store(config, run, decides=False)
    words = f"plan {found.plan.digest[:12]} is approved by {', '.join(found.approved)}; {_needs(found)}"
    say(words, _plain(found), as_json=as_json)


def send_back(
    plan: Annotated[str, typer.Argument(help="The plan's digest, or its beginning.")],
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Send the plan of another person back, so that starting it takes an override."""

    async def run(store: Store, bundle: Bundle) -> PlanStatus:
        who = acting_person(bundle.settings, "approver", token_file=token_file)
        guard = guard_of(bundle.settings)
        return await approvals.send_back(store, plan, who, note, datetime.now(UTC), guard)

    found = with_store(config, run, decides=False)
    say(f"plan {found.plan.digest[:12]} is sent back to {found.plan.author}", _plain(found), as_json=as_json)


def plans(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest plans to list.")] = 20,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """List the plans, their approvals, and what they still need."""

    async def run(store: Store, bundle: Bundle) -> list[PlanStatus]:
        return await approvals.plan_statuses(store, guard_of(bundle.settings), datetime.now(UTC), limit)

    found = with_store(config, run, decides=False)
    none = "There is no plan: `mailgate policy plan` makes one."
    print_rows(found, _PLANS, as_json=as_json, plain=_plain, none=none, whole=_WHOLE)
    if as_json or not found:
        return
    typer.echo("Lose mail: people / devices that would or might lose mail, now or at any later moment.")
    for each in found:
        for words in each.against:
            typer.echo(printable(f"{each.plan.digest[:12]}: {words}"))
    if any(each.state == "open" and each.missing for each in found):
        typer.echo(
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


def apply(
    plan: Annotated[str, typer.Argument(help="The plan's digest, or its beginning.")],
    note: Note = "",
    override: Annotated[
        bool,
        typer.Option(
            "--override",
            help="Apply it against objections. Needs the approval of another approver, if there is one; the audit log lists the "
            "objections, and the other approvers are mailed.",
        ),
    ] = False,
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Start exactly what was planned, at every gate on this store."""

    async def run(store: Store, bundle: Bundle) -> Activation:
        guard = guard_of(bundle.settings)
        who = acting_person(bundle.settings, "operator", token_file=token_file)
        return await activation.apply(store, plan, who, note, datetime.now(UTC), guard, override=override)

    _print_version(with_store(config, run, decides=False), as_json)


def rollback(
    note: Note = "",
    to: Annotated[
        str,
        typer.Option(help="The version to go back to. Default: the one before. Any other needs a plan."),
    ] = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Roll back: the version before decides again, at every gate on this store, within a second."""

    async def run(store: Store, bundle: Bundle) -> Activation:
        who = acting_person(bundle.settings, "operator", "approver", token_file=token_file)
        number = (await version_called(store, to)).number if to else None
        guard, operates = guard_of(bundle.settings), may_operate(bundle.settings, who)
        now = datetime.now(UTC)
        return await activation.retract(store, who, note, now, number, guard, operates=operates)

    _print_version(with_store(config, run, decides=False), as_json)


def _print_version(done: Activation, as_json: bool) -> None:
    """Print the version in force. If it was in force before, nothing was done."""
    since = f" already, since {minute(done.at)}: nothing was changed" if done.already else ""
    words = f"version {done.number} (policy {done.policy}) runs{since}, activation {done.serial}"
    say(words, done, as_json=as_json)


Rule = Annotated[str, typer.Argument(help="The rule's id.")]


def break_glass(
    rule: Rule,
    until: Until,
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Turn one rule off for everybody until a time, at every gate on this store within a second."""
    end = checked("--until", MOMENT, until)

    async def run(store: Store, bundle: Bundle) -> Relief:
        by = acting_person(bundle.settings, "operator", "approver", token_file=token_file)
        now = datetime.now(UTC)
        return await reliefs.break_glass(store, bundle.policy, by, note, now, rule=rule, until=end)

    given = with_store(config, run)
    say(f"{rule} is off until {end}", given, as_json=as_json)


def resume(
    rule: Rule,
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Turn a rule on again that stopped by itself or is off.

    If it was off for longer than the guard's window, those it refuses count as new: beyond the limit another approver
    has to do the same.
    """

    async def run(store: Store, bundle: Bundle) -> list[Relief]:
        by = acting_person(bundle.settings, "operator", "approver", token_file=token_file)
        return await reliefs.resume(store, by, note, datetime.now(UTC), rule, bundle.settings)

    say(f"{rule} is on again", with_store(config, run), as_json=as_json)
