"""``mailgate policy break-glass|resume``: turn one rule off at once, and put it back in force."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from mailgate.cli.identity import TokenFile, acting_person
from mailgate.cli.open_store import with_store
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config, Until, read_until
from mailgate.cli.policy.change import Note
from mailgate.config import Bundle
from mailgate.policy.reliefs import Relief
from mailgate.rollout import relief_acts
from mailgate.store import Store

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
        return await relief_acts.break_glass(
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
    """Put a rule back in force that halted by itself or was turned off."""

    async def run(store: Store, bundle: Bundle) -> list[Relief]:
        by = acting_person(bundle.settings, "operator", token_file=token_file)
        return await relief_acts.resume(store, by, note, datetime.now(UTC), rule)

    ended = with_store(config, run)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in ended], default=str))
    else:
        typer.echo(f"{rule} counts again")
