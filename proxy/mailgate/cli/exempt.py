"""``mailgate exempt add|list|end``: people and devices that are exempt from a rule for a time, and why."""

from dataclasses import asdict
from typing import Annotated

import typer

from mailgate.cli.devices import only
from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.options import MOMENT, Until, checked
from mailgate.cli.output import Columns, minute, printable
from mailgate.cli.policy.change import Note
from mailgate.policy.reliefs import OF_SOME, Relief
from mailgate.rollout.reliefs import end_exemption, exempt
from mailgate.store.reliefs import KeptRelief

app = typer.Typer(help="Let a person or a device in for a time, whatever a rule says.", no_args_is_help=True)

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
@on_store(acts=True)
async def add(
    opened: Opened,
    rule: Annotated[str, typer.Option(help="The rule's id, or `all` for every rule that refuses or warns.")],
    reason: Annotated[str, typer.Option(help="The reason. The person and readers of the audit log see it.")],
    until: Until,
    person: Annotated[str, typer.Option(metavar="LOGIN", help="The person, by login name.")] = "",
    device: Annotated[
        str, typer.Option(metavar="ID", help="The device, by its id; instead of a person.")
    ] = "",
) -> None:
    """Exempt one person or one device from a rule until a time, at every gate on this store within a second."""
    if bool(person.strip()) == bool(device.strip()):
        fail(2, "use either --person or --device")
    end, by = checked("--until", MOMENT, until), opened.person("operator")
    known = only(await opened.store.devices.called(device), device).id if device else ""
    whom, policy = opened.settings.logins.person(person.strip()), opened.bundle.policy
    given = await exempt(
        opened.store, policy, by, reason, opened.now, rule=rule, until=end, person=whom, device=known
    )
    words = f"exemption {given.number}: {printable(_whom(given))}, rule {given.rule or 'all'}, until {minute(given.until)}"
    opened.say(words, given)


@app.command("list")
@on_store()
async def list_all(
    opened: Opened, everything: Annotated[bool, typer.Option("--all", help="Show ended ones too.")] = False
) -> None:
    """List the exemptions of now, the newest first."""
    now, kept = opened.now, await opened.store.reliefs.history(causes=OF_SOME)
    found = [each for each in kept if everything or each.holds(now)]
    opened.print_rows(
        found,
        _COLUMNS,
        plain=_plain,
        none="Nobody is let in. People and devices with an exemption appear here.",
        whole=("number", "from"),
    )


@app.command()
@on_store(acts=True)
async def end(
    opened: Opened,
    number: Annotated[int, typer.Argument(help="The number in `mailgate exempt list`.")],
    note: Note = "",
) -> None:
    """End an exemption early. Beyond the guard's limit another approver has to end it too."""
    by = opened.person("operator", "approver")
    ended = await end_exemption(opened.store, by, note, opened.now, number, opened.guard)
    opened.say(f"ended exemption {number}: {printable(_whom(ended))}", ended)


def _plain(each: KeptRelief) -> dict[str, object]:
    ended = {"ended_at": each.ended_at, "ended_by": each.ended_by, "ended_why": each.ended_why}
    return asdict(each.relief) | ended


def _whom(relief: Relief) -> str:
    return relief.person or f"device {relief.device}"
