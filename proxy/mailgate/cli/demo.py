"""``mailgate demo``: the gate in front of a small mailbox, with everything for a first look."""

import secrets
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from mailgate.attest import mint
from mailgate.cli.attest import KEYS, write_keys
from mailgate.cli.exit_codes import code_of_start
from mailgate.demo.company import DEFAULT_PEOPLE
from mailgate.logs import configure_logs

if TYPE_CHECKING:
    from mailgate.demo.tour import DemoAddresses

DIRECTORY = KEYS.parent


def demo(
    upstream: Annotated[str, typer.Option(help="Protect this webmail instead of the demo mailbox.")] = "",
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="The port of the gate on this computer.")
    ] = 8080,
    admin_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="The port of the console.", show_default="the one after --port"),
    ] = 0,
    start_port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="The port of the start page.", show_default="the second after --port"
        ),
    ] = 0,
    rules: Annotated[
        Path | None,
        typer.Option(
            help="Directory of apps.yaml, policy.yaml and policy.tests.yaml. Default: a copy of config."
        ),
    ] = None,
    people: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=100_000,
            help="Make up a company with this many people first, in a new store.",
            show_default=f"{DEFAULT_PEOPLE} in a new store",
        ),
    ] = None,
    directory: Annotated[
        Path, typer.Option(help="The folder of the settings, the keys and the store of this demo.")
    ] = DIRECTORY,
    store: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Use this store, like postgresql://…, instead of one in --directory."
        ),
    ] = "",
) -> None:
    """Start the gate in front of a demo mailbox, and show what to open and which commands simulate which device."""
    import uvloop  # imported here, so that no other command waits until the gate and the mailbox are loaded

    from mailgate.demo.run import Demo, run_demo
    from mailgate.demo.tour import tour

    def start() -> int:
        ports = port, admin_port or port + 1, start_port or port + 2
        webmail, keys = upstream.rstrip("/"), _keys(directory)
        demo = Demo(directory, rules, keys, *ports, webmail, _command(), people, store)
        with _log_in(directory) as log, _bars() as bars:
            task = bars.add_task("Starting", total=None)

            def show(place: "DemoAddresses") -> None:
                bars.stop()
                typer.echo(tour(replace(place, log=log)))

            def progress(what: str, done: int, of: int) -> None:
                bars.update(task, description=f"  {what}", completed=done, total=of)

            say = partial(bars.console.print, highlight=False, soft_wrap=True)
            uvloop.run(run_demo(demo, show, progress, say))
        return 0

    raise typer.Exit(code_of_start(start))


def _keys(directory: Path) -> Path:
    """The keys of the test issuer for ``mailgate attest mint``, made once."""
    keys = directory / KEYS.name
    if not (keys / mint.JWKS_FILE).exists():
        write_keys(keys, mint.key_files(secrets.token_bytes(32), secrets.token_bytes(32)))
    return keys


@contextmanager
def _log_in(directory: Path) -> Iterator[str]:
    """Write the log to a file, so that the last lines on the terminal show what to open."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "gate.log"
    with path.open("a", encoding="utf-8", buffering=1) as stream:
        configure_logs("info", stream)
        yield str(path)


def _command() -> str:
    """The command line by which this program was called."""
    module = Path(sys.argv[0]).name == "__main__.py"
    return shlex.join([sys.executable, "-m", "mailgate"] if module else [sys.argv[0]])


def _bars() -> Bars:
    """A line on a terminal with the progress of making up data. Stopped, it is removed, and the cursor shown again."""
    columns = (TextColumn("{task.description}"), BarColumn(24), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    return Bars(*columns, console=console, transient=True, disable=not console.is_terminal)
