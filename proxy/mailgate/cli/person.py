"""``mailgate person``: the mail status of each device of a person with its reason, their requests for help and
mails."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.people.facts import OwnedDevice, PersonFacts, person_of
from mailgate.console.people.help import still_open
from mailgate.store import Store

_HISTORY = 20
"""How many events are printed; ``--json`` has all that were read."""
_STYLES = {
    MailAccess.GETS: "green",
    MailAccess.WARNED: "yellow",
    MailAccess.EXEMPT: "yellow",
    MailAccess.PROOF: "yellow",
    MailAccess.OUT: "red",
    MailAccess.LOST: "red",
}


def person(
    login: Annotated[
        str,
        typer.Argument(metavar="LOGIN", help="The login name, or an address in the company's mail domain."),
    ],
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Show everything about one person, like their page in the console: each device with its mail status and the
    reason, requests for help, exemptions, mails, history."""

    async def run(store: Store, bundle: Bundle) -> PersonFacts | None:
        return await person_of(store, bundle, login, datetime.now(UTC))

    found = with_store(config, run)
    if found is None:
        fail(1, f"nothing is known about {printable(login)}; `mailgate find` looks for a part of a name")
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
    else:
        _print(found, Console())


def _print(found: PersonFacts, console: Console) -> None:
    address = f", mail goes to {found.address}" if found.address not in ("", found.login) else ""
    console.print(_text(f"{found.login}{address}", "bold"))
    for asked in still_open(found.help_requests):
        words = f"Asked for help {_minute(asked.last_at)}: {asked.cause or asked.title or asked.rule}."
        console.print(_text(f"{words} Rule {asked.rule}, reference {asked.reference}.", "yellow"))
    for each in found.devices:
        _print_device(each, console)
    if found.more_devices:
        more = found.more_devices
        console.print(_text(f"and {more:,} more {'device' if more == 1 else 'devices'}"))
    if not found.devices:
        console.print(_text("No source has reported a device of theirs."))
    others = [(each.name, each.effect, each.cause, each.times, _minute(each.last)) for each in found.others]
    _print_table(console, "also asks for mail with", ("client", "effect", "why", "times", "last"), others)
    _print_table(
        console,
        "exemptions",
        ("state", "from which rule", "device", "until", "why", "by"),
        [
            (
                "counts now" if each.holds else "ended",
                each.rule or "every rule",
                each.device or "all of theirs",
                _minute(each.ended_at or each.until),
                each.why,
                each.author,
            )
            for each in found.exemptions
        ],
    )
    mails = [(_minute(each.at), each.about, each.state) for each in found.mails]
    _print_table(console, "mails to them", ("when", "about", "state"), mails)
    history = [(_minute(each.at), each.words) for each in found.timeline[:_HISTORY]]
    _print_table(console, "history", ("when", "what"), history)


def _print_device(each: OwnedDevice, console: Console) -> None:
    """A device and its mail status in one sentence."""
    console.print()
    console.print(_text(f"{each.name} ({each.facts.id})", "bold"))
    about = [_text(each.mail_status.sentence, _STYLES[each.mail_status.mail])]
    about += [_text(f"Sources disagree: {found.detail}", "yellow") for found in each.facts.findings]
    for line in about:
        console.print(Padding(line, (0, 0, 0, 2)))


def _print_table(
    console: Console, title: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    table = unclipped_table(*columns, title=title)
    for cells in rows:
        table.add_row(*(_text(str(cell)) for cell in cells))
    if table.row_count:
        console.print()
        console.print(table)


def _text(words: str, style: str = "") -> Text:
    return Text(printable(words), style=style)


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
