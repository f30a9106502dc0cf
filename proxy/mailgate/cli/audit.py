"""``mailgate audit``: the log of who changed what, its verification and its export."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.output import Columns, minute, print_json, printable, tell
from mailgate.console.audit.facts import COLUMNS, line_of, row_of, verified
from mailgate.console.spreadsheet import beginning, lines
from mailgate.store import AuditEntry, AuditHead
from mailgate.store.hash_chain import damage, details_of

app = typer.Typer(help="Show, check and export the log of who changed what.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(help="How many of the last entries to list.", min=1)]
Witnesses = Annotated[
    list[str] | None,
    typer.Option(
        "--head",
        metavar="NUMBER:DIGEST",
        help="A head that you noted earlier and elsewhere. It may be given several times.",
    ),
]
WitnessFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--witness",
        metavar="FILE",
        help="A file with heads: that of `witness`, of syslog, or a log of the gate. The file of `witness` is always read.",
    ),
]

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
"""Digests are cut in a table, where their beginning is enough."""
_COLUMNS: Columns = {
    "number": "number",
    "at": lambda entry: f"{entry.at[:10]} {entry.at[11:19]}",
    "who": "who",
    "what": "what",
    "about": lambda entry: _DIGEST.sub(lambda found: found[0][:12], entry.about),
    "why": "why",
    "origin": "origin",
}


@app.command("list")
@on_store(decides=False)
async def list_entries(opened: Opened, limit: Limit = 50) -> None:
    """List the last entries, oldest first. Exit code 1 if one of them is damaged."""
    entries = [*(await opened.store.audit.search("", "", 2**31 - 1, limit)).rows][::-1]
    damaged = [f"entry {each.number} {found}" for each in entries if (found := damage(each))]

    def plain(entry: AuditEntry) -> dict[str, object]:
        return asdict(entry) | {"details": details_of(entry)}

    none, whole = "The log has no entries yet.", ("number", "at")
    opened.print_rows(entries, _COLUMNS, plain=plain, none=none, whole=whole)
    if damaged:
        fail(1, "\n".join(damaged))


_LOOKS: Columns = {
    "at": lambda look: minute(look.at),
    "who": "who",
    "roles": "roles",
    "whom": lambda look: look.person or look.device or (look.sought or "several"),
    "number": "number",
    "where": "what",
    "origin": "origin",
}


@app.command("looks")
@on_store(decides=False)
async def list_looks(
    opened: Opened,
    who: Annotated[str, typer.Option(help="Only looks by this admin, or user of a computer.")] = "",
    whom: Annotated[str, typer.Option(help="Only looks at this person or device.")] = "",
    limit: Limit = 50,
) -> None:
    """List who looked at whose data, the newest first."""
    found = await opened.store.looks.page(limit, who=who, whom=whom)
    opened.print_rows(found, _LOOKS, none="No such look is on record.", whole=("at",))


@app.command()
@on_store(decides=False)
async def verify(opened: Opened, head: Witnesses = None, witness: WitnessFiles = None) -> None:
    """Verify that no entry was changed, removed, moved or cut off, and that the store holds what they say. Exit code 1
    if not."""
    noted = [_head(each) for each in head or ()]
    breaks, last = await verified(opened.store, opened.settings, opened.now, noted, witness or ())
    if opened.as_json:
        print_json({"ok": not breaks, "head": str(last or ""), "breaks": breaks})
    else:
        for each in breaks:
            tell(f"entry {each.number} {each.message}")
        if not breaks and last:
            tell(f"intact: {last.number} entries, each follows the one before")
            typer.echo(f"head: {last}")
    if breaks:
        raise typer.Exit(1)


@app.command()
@on_store(decides=False, json=Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")])
async def export(opened: Opened) -> None:
    """Write every entry to standard output: CSV, or with --json exactly the lines over which the digests are made."""
    if not opened.as_json:
        typer.echo(beginning(COLUMNS).encode(), nl=False)
    async for entry in opened.store.audit.all():
        text = line_of(entry) if opened.as_json else lines([row_of(entry)])
        typer.echo(text.encode(), nl=False)


def _head(text: str) -> AuditHead:
    if not re.fullmatch(r"\d+:[0-9a-f]{64}", text):
        expected = "use NUMBER:DIGEST as `mailgate audit verify` prints it"
        fail(2, f"`{printable(text)}` is not a head; {expected}")
    number, _, digest = text.partition(":")
    return AuditHead(int(number), digest)
