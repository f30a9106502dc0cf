"""Exports or deletes everything that is stored about one person."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.identity import acting_person as acting
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.config import Bundle
from mailgate.policy.login_names import address_of, user_text
from mailgate.store import Store

Person = Annotated[
    str, typer.Option("--person", metavar="LOGIN", help="Login name of the person, compared without case.")
]


def export(
    person: Person,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Print everything that is stored about one person, table by table, as a copy for them."""
    _named(person)

    async def run(store: Store, bundle: Bundle) -> None:
        told = await _everything(store, _persons(person, bundle), bundle)
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            _print(told)

    with_store(config, run)


def forget_person(person: str, config: Path, token_file: Path | None, *, yes: bool, as_json: bool) -> None:
    """Delete everything that is stored about one person. The audit log has the counts but not the name, since the log
    is kept."""
    _named(person)

    async def run(store: Store, bundle: Bundle) -> None:
        by = acting(bundle.settings, "operator", token_file=token_file)
        persons = _persons(person, bundle)
        told = await _everything(store, persons, bundle)
        count = sum(map(len, told.values()))
        if not count:
            fail(1, f"nothing is stored about {printable(person)}")
        if not yes:
            question = f"Forget everything stored about {printable(person)}: {_counted(told)}?"
            typer.confirm(question, abort=True, err=True)
        now = datetime.now(UTC)
        for each in persons:
            await store.personal.forget(each, now, *_terms(each, bundle))
        devices = sum(len(told.get(name, ())) for name in ("devices", "clients"))
        details = {"rows": count, "people": len(set(map(user_text, persons))), "devices": devices}
        await store.audit.append(replace(by.act(now, "person-forgotten"), details=details))
        await warn_if_not_wiped(store)
        done = {"person": person, "rows": count}
        typer.echo(json.dumps(done) if as_json else f"forgot {printable(person)}: {_counted(told)}")

    with_store(config, run)


async def warn_if_not_wiped(store: Store) -> None:
    """Warn if deleted data can still be read on disk."""
    if not await store.wipe():
        typer.echo(
            "note: SQLite's log still holds it, since another process reads the log; a gate empties it within the hour",
            err=True,
        )


def _named(person: str) -> None:
    if not person.strip():
        fail(2, "expected a login name after --person")


def _persons(login: str, bundle: Bundle) -> list[str]:
    """The names of the person of a login: the login as the settings read it, and as it was typed, since older records
    may have that form."""
    return list(dict.fromkeys([bundle.settings.logins.person(login), login]))


async def _everything(store: Store, persons: list[str], bundle: Bundle) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = {}
    for each in persons:
        for name, rows in (
            await store.personal.everything(each, datetime.now(UTC), *_terms(each, bundle))
        ).items():
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


def _print(told: dict[str, list[dict[str, Any]]]) -> None:
    console = Console()
    for name, rows in told.items():
        console.print(Text(f"{name}: {len(rows)}", style="bold"))
        for row in rows:
            facts = Table.grid(padding=(0, 2))
            for column, value in row.items():
                facts.add_row(Text(f"  {column}"), Text("" if value is None else printable(str(value))))
            console.print(facts)
            console.print()
