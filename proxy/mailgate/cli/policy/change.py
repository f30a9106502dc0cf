"""``mailgate policy apply|retract|break-glass|resume``: put rules in force, take them back, turn one rule off at once, and back on."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from mailgate.cli.identity import TokenFile, acting_person, may_operate
from mailgate.cli.open_store import with_store
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config, Until, read_until
from mailgate.cli.policy.history import version_called
from mailgate.config import Bundle
from mailgate.policy.reliefs import Relief
from mailgate.rollout import activation, reliefs
from mailgate.rollout.guard import guard_of
from mailgate.store import Activation, Store


def _reason(note: str) -> str:
    """A reason that is not empty. It is asked for at a terminal alone, so that a machine gets an answer, and nothing before it."""
    if not note and sys.stdin.isatty():
        note = str(typer.prompt("Why", err=True))
    if not note.strip():
        raise typer.BadParameter("a reason is needed, for the history and the audit log")
    return note


Note = Annotated[
    str,
    typer.Option(
        help="The reason, for the history and the audit log. Default: asked for at a terminal.",
        show_default=False,
        callback=_reason,
    ),
]


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
    """Put exactly what was planned in force, at every gate on this store."""

    async def run(store: Store, bundle: Bundle) -> Activation:
        guard = guard_of(bundle.settings)
        who = acting_person(bundle.settings, "operator", token_file=token_file)
        return await activation.apply(store, plan, who, note, datetime.now(UTC), guard, override=override)

    _print_version(with_store(config, run, decides=False), as_json)


def retract(
    note: Note = "",
    to: Annotated[
        str,
        typer.Option(help="The version to go back to. Default: the one before. Any other needs a plan."),
    ] = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Take the rules in force back: those before decide again, at every gate on this store, within a second."""

    async def run(store: Store, bundle: Bundle) -> Activation:
        who = acting_person(bundle.settings, "operator", "approver", token_file=token_file)
        number = (await version_called(store, to)).number if to else None
        guard, operates = guard_of(bundle.settings), may_operate(bundle.settings, who)
        now = datetime.now(UTC)
        return await activation.retract(store, who, note, now, number, guard, operates=operates)

    _print_version(with_store(config, run, decides=False), as_json)


def _print_version(done: Activation, as_json: bool) -> None:
    """Print the version in force. If it was in force before, nothing was done."""
    if as_json:
        typer.echo(json.dumps(asdict(done), default=str))
        return
    since = f" already, since {done.at:%Y-%m-%d %H:%M} UTC: nothing was changed" if done.already else ""
    typer.echo(f"version {done.number} (policy {done.policy}) is in force{since}, activation {done.serial}")


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
    end = read_until(until)

    async def run(store: Store, bundle: Bundle) -> Relief:
        by = acting_person(bundle.settings, "operator", "approver", token_file=token_file)
        return await reliefs.break_glass(
            store, bundle.policy, by, note, datetime.now(UTC), rule=rule, until=end
        )

    given = with_store(config, run)
    typer.echo(json.dumps(asdict(given), default=str) if as_json else f"{rule} is off until {end}")


def resume(
    rule: Rule,
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Put a rule back in force that halted by itself or was turned off.

    If it was out for longer than the guard's window, whom it keeps out counts as if it were new: beyond the limit another approver
    has to do the same.
    """

    async def run(store: Store, bundle: Bundle) -> list[Relief]:
        by = acting_person(bundle.settings, "operator", "approver", token_file=token_file)
        return await reliefs.resume(store, by, note, datetime.now(UTC), rule, bundle.settings)

    ended = with_store(config, run)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in ended], default=str))
    else:
        typer.echo(f"{rule} counts again")
