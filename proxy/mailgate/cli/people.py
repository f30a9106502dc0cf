"""``mailgate find|person|help-requests``, and ``mailgate devices export|forget --person``: what is known of people, and deleting it."""

import shlex
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.options import AsObject, note_found
from mailgate.cli.output import Columns, fields_grid, minute, print_json, printable, table_of, tell
from mailgate.config import Bundle
from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.people.facts import OwnedDevice, PersonFacts, person_of
from mailgate.console.people.find import Hits
from mailgate.console.people.find import find as found_by
from mailgate.console.people.help import help_facts, still_open
from mailgate.policy.people import address_of, user_text
from mailgate.store import Store

_HITS: Columns = {
    "what": "what",
    "name": "id",
    "is": lambda each: "" if each.what == "person" else each.words,
    "person": "person",
}
_MORE = {
    "person": "mailgate person {id}",
    "device": "mailgate devices show {id}",
    "refusal": "mailgate explain --reference {id}",
}
"""The command that shows more about a hit."""


@on_store(json=AsObject)
async def find(
    opened: Opened,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="A part of a login name or an address, a serial number or a device id or its beginning, or a help number.",
        ),
    ],
    after: Annotated[
        str,
        typer.Option(metavar="LOGIN", help="Continue after this login name, as the previous answer says."),
    ] = "",
) -> None:
    """Find people, devices and refusals, like the search of the console."""
    if not text.strip():
        fail(2, "give a part of a name, an id, an address or a help number")
    hits = await found_by(opened.store, opened.bundle, text, opened.now, after)
    await note_found(opened.store, hits.items)
    if opened.as_json:
        print_json(hits)
    elif hits.items:
        Console().print(table_of(hits.items, _HITS, whole=("what",)))
        _say_how_to_go_on(hits)
    else:
        fail(1, f"nothing is called {printable(text)}, and no login name contains it")


def _say_how_to_go_on(hits: Hits) -> None:
    first = hits.items[0]
    tell(f"More: {_MORE[first.what].format(id=_word(first.id))}")
    if hits.next is not None:
        tell(f"There may be more people: go on with --after {_word(hits.next)}")


def _word(text: str) -> str:
    """A name, quoted for a shell."""
    return shlex.quote(printable(text))


_ASKS: Columns = {
    "last": "last_at",
    "times": "times",
    "state": lambda each: each.state.value,
    "whom": lambda each: each.person or each.device or "not known",
    "why": lambda each: each.cause or each.title or each.rule,
    "reference": "reference",
}


@on_store()
async def help_requests(
    opened: Opened,
    rule: Annotated[str, typer.Option(help="Only requests because of this rule.")] = "",
    limit: Annotated[int, typer.Option(help="The most requests to show.", min=1, max=100_000)] = 100,
) -> None:
    """List the requests for help after a refusal, the latest first. `mailgate explain --reference` shows why they were
    refused."""
    page = await opened.store.help_requests.page(rule, limit)
    found = [help_facts(each, opened.bundle.policy) for each in page]
    none = f"Nobody has asked for help{f' against `{printable(rule)}`' if rule else ''}."
    opened.print_rows(found, _ASKS, none=none, whole=("last", "state", "reference"))


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
_OTHERS: Columns = {"client": "name", "effect": "effect", "why": "cause", "times": "times", "last": "last"}
_EXEMPTIONS: Columns = {
    "state": lambda each: "counts now" if each.holds else "ended",
    "from which rule": lambda each: each.rule or "every rule",
    "device": lambda each: each.device or "all of theirs",
    "until": lambda each: each.ended_at or each.until,
    "why": "why",
    "by": "author",
}
_EVENTS: Columns = {"when": "at", "what": "words"}


@on_store(json=AsObject)
async def person(
    opened: Opened,
    login: Annotated[
        str,
        typer.Argument(metavar="LOGIN", help="The login name, or an address in the company's mail domain."),
    ],
) -> None:
    """Show everything about one person, like their page in the console: each device with its mail status and the
    reason, requests for help, exemptions, and the history with the mails."""
    found = await person_of(opened.store, opened.bundle, login, opened.now)
    if found is None:
        fail(1, f"nothing is known about {printable(login)}; `mailgate find` looks for a part of a name")
    if opened.as_json:
        print_json(found)
    else:
        _print_person(found, Console())


def _print_person(found: PersonFacts, console: Console) -> None:
    address = f", mail goes to {found.address}" if found.address not in ("", found.login) else ""
    console.print(_text(f"{found.login}{address}", "bold"))
    for asked in still_open(found.help_requests):
        words = f"Asked for help {minute(asked.last_at)}: {asked.cause or asked.title or asked.rule}."
        console.print(_text(f"{words} Rule {asked.rule}, help number {asked.reference}.", "yellow"))
    for each in found.devices:
        _print_device(each, console)
    if found.more_devices:
        more = found.more_devices
        console.print(_text(f"and {more:,} more {'device' if more == 1 else 'devices'}"))
    if not found.devices:
        console.print(_text("No source has reported a device of theirs."))
    for title, rows, columns in (
        ("also asks for mail with", found.others, _OTHERS),
        ("exemptions", found.exemptions, _EXEMPTIONS),
        ("history", found.timeline[:_HISTORY], _EVENTS),
    ):
        if rows:
            console.print()
            console.print(table_of(rows, columns, title=title))


def _print_device(each: OwnedDevice, console: Console) -> None:
    """A device and its mail status in one sentence."""
    console.print()
    console.print(_text(f"{each.name} ({each.facts.id})", "bold"))
    about = [_text(each.mail_status.sentence, _STYLES[each.mail_status.mail])]
    about += [_text(f"Sources disagree: {found.detail}", "yellow") for found in each.facts.findings]
    for line in about:
        console.print(Padding(line, (0, 0, 0, 2)))


def _text(words: str, style: str = "") -> Text:
    return Text(printable(words), style=style)


Person = Annotated[
    str, typer.Option("--person", metavar="LOGIN", help="Login name of the person, compared without case.")
]


@on_store()
async def export(opened: Opened, person: Person) -> None:
    """Print everything that is stored about one person, table by table, as a copy for them."""
    _named(person)
    told = await _everything(opened, _persons(person, opened.bundle))
    if opened.as_json:
        print_json(told)
    else:
        _print_tables(told)


async def forget_person(opened: Opened, person: str, *, yes: bool) -> None:
    """Delete what is stored about a person. The audit log, which is kept, has the counts but not the name."""
    _named(person)
    by, store, persons = opened.person("operator"), opened.store, _persons(person, opened.bundle)
    told = await _everything(opened, persons)
    count = sum(map(len, told.values()))
    if not count:
        fail(1, f"nothing is stored about {printable(person)}")
    if not yes:
        question = f"Forget everything stored about {printable(person)}: {_counted(told)}?"
        typer.confirm(question, abort=True, err=True)
    now = opened.now
    for each in persons:
        await store.personal.forget(each, now, *_terms(each, opened.bundle))
    devices = sum(len(told.get(name, ())) for name in ("devices", "clients"))
    details = {"rows": count, "people": len(set(map(user_text, persons))), "devices": devices}
    await store.audit.append(replace(by.act(now, "person-forgotten"), details=details))
    await warn_if_not_wiped(store)
    opened.say(f"forgot {printable(person)}: {_counted(told)}", {"person": person, "rows": count})


async def warn_if_not_wiped(store: Store) -> None:
    """Warn if deleted data can still be read on disk."""
    if not await store.wipe():
        why = "since another process reads the log; a gate empties it within the hour"
        tell(f"note: SQLite's log still holds it, {why}", err=True)


def _named(person: str) -> None:
    if not person.strip():
        fail(2, "give a login name after --person")


def _persons(login: str, bundle: Bundle) -> list[str]:
    """The login as the settings read it, and as it was typed, as older records may have it."""
    return list(dict.fromkeys([bundle.settings.logins.person(login), login]))


async def _everything(opened: Opened, persons: list[str]) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = {}
    for each in persons:
        tables = await opened.store.personal.everything(each, opened.now, *_terms(each, opened.bundle))
        for name, rows in tables.items():
            known = told.setdefault(name, [])
            known += [row for row in rows if row not in known]
    return told


def _terms(person: str, bundle: Bundle) -> tuple[list[str], tuple[str, ...]]:
    """The addresses of the person's mails, and the order in which sources are believed about owners."""
    settings = bundle.settings
    mails = (settings.activesync.quarantine_mail, settings.notices)
    addresses = {address_of(person, mail.domain) for mail in mails if mail} | {user_text(person)}
    return sorted(addresses - {""}), tuple(bundle.settings.posture.precedence)


def _counted(told: dict[str, list[dict[str, Any]]]) -> str:
    return ", ".join(f"{len(rows)} in {name}" for name, rows in told.items() if rows)


def _print_tables(told: dict[str, list[dict[str, Any]]]) -> None:
    console = Console()
    for name, rows in told.items():
        console.print(Text(f"{name}: {len(rows)}", style="bold"))
        for row in rows:
            console.print(Padding(fields_grid(row), (0, 0, 1, 2)))
