"""``mailgate extension list`` and ``people``: which browsers report, sleep or are missing, and who asks for mail without the extension."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, AsJson, AsObject, Config, with_store
from mailgate.cli.output import Columns, own_word, print_json, print_rows
from mailgate.config import Bundle
from mailgate.console.address_values import MisreadError
from mailgate.console.extension.facts import (
    FILTERS,
    STATES,
    BrowserFacts,
    FleetFacts,
    WithoutFacts,
    browsers,
    fleet,
    people_without,
)
from mailgate.store import Store
from mailgate.store.fleet import FleetFilter

_ROWS = 1000
_BROWSERS: Columns = {
    "state": lambda each: STATES[each.state],
    "user": "person",
    "computer": lambda each: own_word(each.computer, each.computer_proven),
    "browser": lambda each: f"{each.browser} {each.browser_version}".strip(),
    "extension": "extension_version",
    "system": lambda each: f"{each.os} {each.os_version}".strip(),
    "installed": "installed",
    "last report": "reported_at",
    "without it": "asked_without_at",
    "device": "device",
}
_PEOPLE: Columns = {"user": "person", "browser": "browser", "system": "os", "last asked": "asked_at"}


def list_browsers(
    name: Annotated[
        str, typer.Option(metavar="TEXT", help="The beginning of a login name or of a computer's name.")
    ] = "",
    state: Annotated[str, typer.Option(metavar="STATE", help=f"One of: {', '.join(STATES)}.")] = "",
    heard: Annotated[
        str, typer.Option(metavar="SPAN", help="The last report was within a `day` or a `week`, or `before`.")
    ] = "",
    browser: Annotated[str, typer.Option(metavar="NAME", help='Like "Firefox" or "Google Chrome 142".')] = "",
    extension: Annotated[str, typer.Option(metavar="VERSION", help="The version of the extension.")] = "",
    installed: Annotated[
        str, typer.Option(metavar="WAY", help="How the extension was installed: `admin` is by policy.")
    ] = "",
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """List the browsers with the extension: how many report, sleep or are missing, and those that match.

    The table ends after 1000; --json has all of them.
    """
    asked = {"name": name, "state": state, "heard": heard}
    asked |= {"browser": browser, "extension": extension, "installed": installed}
    wanted = FleetFilter(**{option: _read(option, text) for option, text in asked.items()})

    async def run(store: Store, bundle: Bundle) -> tuple[FleetFacts, list[BrowserFacts]]:
        now, found, after, more = datetime.now(UTC), list[BrowserFacts](), "", True
        while more:
            page, after = await browsers(store, bundle.settings, wanted, now, _ROWS, after)
            found, more = found + page, bool(after) and as_json
        return await fleet(store, bundle.settings, now), found

    counts, found = with_store(config, run)
    if as_json:
        print_json({"counts": counts, "browsers": found})
        return
    states = ", ".join(f"{STATES[each.name].lower()} {each.browsers}" for each in counts.states)
    typer.echo(f"{counts.browsers} enrolled, {counts.day} reported within a day, {counts.week} within a week")
    typer.echo(states)
    print_rows(found, _BROWSERS, as_json=False, none="No browser matches.", whole=("state", "device"))


def list_people(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the people who asked for mail on a laptop within a week without the extension, and of whom no browser reported.

    Only people whom a trusted proxy names are known here.
    """

    async def run(store: Store, _bundle: Bundle) -> list[WithoutFacts]:
        now, found, after, more = datetime.now(UTC), list[WithoutFacts](), "", True
        while more:
            page, after = await people_without(store, now, _ROWS, after)
            found, more = found + page, bool(after)
        return found

    none = "Nobody of whom this is known."
    print_rows(with_store(config, run), _PEOPLE, as_json=as_json, none=none, whole=("user",))


def _read(option: str, text: str) -> str:
    try:
        return FILTERS[option](text) if text else ""
    except MisreadError as error:
        fail(2, f"--{option}: {error.words}")
