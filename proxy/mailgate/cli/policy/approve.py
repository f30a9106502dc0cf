"""``mailgate policy approve|plans``: approve a plan that another person made, and list plans with their status."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.identity import TokenFile, acting_person
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.policy.change import Note
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.rollout import approvals
from mailgate.rollout.approvals import PlanStatus
from mailgate.rollout.guard import guard_of, newly_kept_out
from mailgate.rollout.kept_plans import newly_counted
from mailgate.store import Store


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
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False))
        return
    typer.echo(f"plan {found.plan.digest[:12]} is approved by {', '.join(found.approved)}; {_needs(found)}")


def plans(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest plans to list.")] = 20,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """List the plans, their approvals, and what they still need."""

    async def run(store: Store, bundle: Bundle) -> list[PlanStatus]:
        return await approvals.plan_statuses(store, guard_of(bundle.settings), datetime.now(UTC), limit)

    found = with_store(config, run, decides=False)
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found], ensure_ascii=False))
    elif found:
        Console().print(_table(found))
        typer.echo(
            "Kept out: people / devices that would or might newly be kept out, now or at any later moment."
        )
        for each in found:
            for words in each.against:
                typer.echo(printable(f"{each.plan.digest[:12]}: {words}"))
        if any(each.state == "open" and each.missing for each in found):
            typer.echo(
                "`mailgate policy approve PLAN` approves one, by people other than its author and the one who applies it."
            )
    else:
        typer.echo("There is no plan: `mailgate policy plan` makes one.")


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
        "made_at": plan.made_at.isoformat(),
        "policy": plan.candidate.policy,
        "newly": newly_counted(status.body),
        "most_kept_out": asdict(newly_kept_out(status.body)),
        "state": status.state,
        "term": status.term.model_dump(mode="json") if status.term else None,
        "approved_by": status.approved,
        "needed": status.needed,
        "missing": status.missing,
        "against": status.against,
    }


def _table(found: list[PlanStatus]) -> Table:
    """A table for 80 columns. Kept out: at any moment, in people and devices."""
    names = ("plan", "made (UTC)", "by", "kept out", "state", "approved by", "missing")
    table = unclipped_table(*names, whole={*names} - {"by", "approved by"})
    for each in found:
        plan = each.plan
        newly = newly_kept_out(each.body)
        words = [
            plan.digest[:12],
            f"{plan.made_at:%m-%d %H:%M}",
            plan.author,
            f"{newly.people:,} / {newly.devices:,}",
            each.state,
            ", ".join(each.approved),
            str(each.missing) if each.state == "open" else "",
        ]
        table.add_row(*(Text(printable(word)) for word in words))
    return table
