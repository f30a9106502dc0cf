"""``mailgate exempt add|list|end``: people and devices that are exempt from a rule for a time, and why."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from mailgate.cli.admin import TokenFile, acting_person
from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, MOMENT, AsJson, Config, Until, checked, with_store
from mailgate.cli.output import Columns, minute, print_rows, printable, say
from mailgate.cli.policy.change import Note
from mailgate.config import Bundle
from mailgate.devices.device import typed_id
from mailgate.policy.reliefs import OF_SOME, Relief
from mailgate.rollout.guard import guard_of
from mailgate.rollout.reliefs import end_exemption, exempt
from mailgate.store import Store
from mailgate.store.reliefs import KeptRelief

app = typer.Typer(help="Exempt a person or a device from a rule for a time.", no_args_is_help=True)

_COLUMNS: Columns = {
    "number": lambda each: each.relief.number,
    "rule": lambda each: each.relief.rule or "all",
    "whom": lambda each: _whom(each.relief),
    "from": lambda each: f"{each.relief.at:%Y-%m-%d}",
    "until": lambda each: minute(each.relief.until),
    "by": lambda each: each.relief.author,
    "reason": lambda each: each.relief.why,
    "ended": lambda each: (
        f"{each.ended_at:%Y-%m-%d} by {each.ended_by}: {each.ended_why}" if each.ended_at else ""
    ),
}


@app.command()
def add(
    rule: Annotated[str, typer.Option(help="The rule's id, or `all` for every rule that restricts.")],
    reason: Annotated[str, typer.Option(help="The reason. The person and readers of the audit log see it.")],
    until: Until,
    person: Annotated[str, typer.Option(metavar="LOGIN", help="The person, by login name.")] = "",
    device: Annotated[
        str, typer.Option(metavar="ID", help="The device, by its id; instead of a person.")
    ] = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Exempt one person or one device from a rule until a time, at every gate on this store within a second."""
    if bool(person.strip()) == bool(device.strip()):
        fail(2, "expected either --person or --device")
    end = checked("--until", MOMENT, until)

    async def run(store: Store, bundle: Bundle) -> Relief:
        by = acting_person(bundle.settings, "operator", token_file=token_file)
        known = await _device(store, device) if device else ""
        now, whom = datetime.now(UTC), bundle.settings.logins.person(person.strip())
        return await exempt(
            store, bundle.policy, by, reason, now, rule=rule, until=end, person=whom, device=known
        )

    given = with_store(config, run)
    words = f"exemption {given.number}: {printable(_whom(given))}, rule {given.rule or 'all'}, until {end}"
    say(words, given, as_json=as_json)


@app.command("list")
def list_all(
    everything: Annotated[bool, typer.Option("--all", help="Show ended ones too.")] = False,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """List the exemptions in force, the newest first."""

    async def run(store: Store, _bundle: Bundle) -> list[KeptRelief]:
        now = datetime.now(UTC)
        kept = await store.reliefs.history(causes=OF_SOME)
        return [each for each in kept if everything or each.holds(now)]

    found = with_store(config, run)
    none, whole = "Nobody is exempt.", ("number", "from")
    print_rows(found, _COLUMNS, as_json=as_json, plain=_plain, none=none, whole=whole)


@app.command()
def end(
    number: Annotated[int, typer.Argument(help="The number in `mailgate exempt list`.")],
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """End an exemption early. Beyond the guard's limit another approver has to end it too."""

    async def run(store: Store, bundle: Bundle) -> Relief:
        by = acting_person(bundle.settings, "operator", "approver", token_file=token_file)
        return await end_exemption(store, by, note, datetime.now(UTC), number, guard_of(bundle.settings))

    ended = with_store(config, run)
    say(f"ended exemption {number}: {printable(_whom(ended))}", ended, as_json=as_json)


async def _device(store: Store, name: str) -> str:
    """The id of the device with this name. Ends the command if there is none."""
    found = await store.devices.called(typed_id(name))
    if not found:
        fail(1, f"no device has the id `{printable(name)}`; `mailgate devices list` shows them")
    return found[0].id


def _plain(each: KeptRelief) -> dict[str, object]:
    ended = {"ended_at": each.ended_at, "ended_by": each.ended_by, "ended_why": each.ended_why}
    return asdict(each.relief) | ended


def _whom(relief: Relief) -> str:
    return relief.person or f"device {relief.device}"
