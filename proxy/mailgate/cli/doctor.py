"""``mailgate doctor``: try everything that a gate needs, and say of each in one line how it is and what to do."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.exit_codes import REFUSED, fail
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config
from mailgate.cli.output import print_json, printable, progress_bar

if TYPE_CHECKING:
    from mailgate.app.doctor.diagnosis import Diagnosis

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "cyan"}

Named = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The same as --config FILE.")]


def doctor(named: Named = None, config: Config = DEFAULT_PATH, as_json: AsObject = False) -> None:
    """Try everything that a gate needs, and say what is wrong and what to do. Exit code 1 if anything is.

    It changes nothing. Run it beside the gate, as the gate's user.
    """
    path = named or config
    if not path.is_file():
        fail(2, f"{path} cannot be read; expected the settings of a gate")
    seen = asyncio.run(_examined(path, as_json=as_json))
    counts = Counter(str(each.state) for each in seen)
    if as_json:
        print_json({"ok": not counts["failed"], "checks": seen})
    else:
        Console().print(_table(seen))
        typer.echo(_summary(counts))
    if counts["failed"]:
        raise typer.Exit(REFUSED)


async def _examined(path: Path, *, as_json: bool) -> "list[Diagnosis]":
    # imported here, since it loads more of the gate than any other command needs
    from mailgate.app.doctor import checks
    from mailgate.app.doctor.diagnosis import Examined

    def now() -> datetime:
        return datetime.now(UTC)

    settings, bundle, mistakes = checks.read_files(path, now())
    gate = Examined(path, now, settings, bundle, tuple(mistakes), own_addresses=checks.addresses_towards)
    with progress_bar("Looking", "checks", shown=not as_json) as show:
        async with checks.with_its_store(gate) as opened:
            return await checks.examine(opened, show, checks.CHECKS)


def _table(seen: "list[Diagnosis]") -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for each in seen:
        said = Text(printable(each.found))
        if each.next:
            said.append(f"\n-> {printable(each.next)}", style="dim" if each.state == "ok" else "")
        table.add_row(Text(each.state, style=_STYLES[each.state]), Text(each.check), said)
    return table


def _summary(counts: Counter[str]) -> str:
    if not counts.total() - counts["ok"]:
        return "\nNothing is wrong."
    return "\n" + ", ".join(f"{counts[each]} {each}" for each in _STYLES if counts[each])
