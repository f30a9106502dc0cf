"""``mailgate demo``: the gate before a small mailbox, with everything that a first look needs."""

import errno
import secrets
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from mailgate.attest import mint
from mailgate.cli.attest import KEYS, write_keys
from mailgate.demo.company.seed import LAST, Progress
from mailgate.demo.run import Demo, run_demo
from mailgate.demo.tour import Place, tour
from mailgate.errors import ConfigError, MailgateError
from mailgate.gateway.logs import configure_logs

DIRECTORY = Path("var/demo")


def demo(
    upstream: Annotated[str, typer.Option(help="Protect this webmail instead of the demo mailbox.")] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen on this computer.")] = 8080,
    rules: Annotated[
        Path, typer.Option(help="Directory of apps.yaml, policy.yaml, policy.tests.yaml.")
    ] = Path("config"),
    people: Annotated[
        int,
        typer.Option(min=0, max=100_000, help="Make up a company of so many people first, in a new store."),
    ] = 0,
    directory: Annotated[Path, typer.Option(help="Where settings and store of this demo are.")] = DIRECTORY,
    store: Annotated[
        str, typer.Option(metavar="URL", help="Use this store, like postgresql://…, instead of one there.")
    ] = "",
) -> None:
    """Start the gate before a demo mailbox, and say what to open and which commands play which device."""
    try:
        demo = Demo(directory, rules, _issuer(), port, upstream.rstrip("/"), _command(), people, store)
        configure_logs("info")
        with _progress() as progress:
            uvloop.run(run_demo(demo, _show, progress))
    except ConfigError as error:
        typer.echo(str(error), err=True)
        typer.echo(f"mailgate: not started, {len(error.mistakes)} mistake(s) in the files above", err=True)
        raise typer.Exit(2) from None
    except (MailgateError, OSError) as error:
        busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        typer.echo(f"mailgate: not started: {error}{'; --port takes another' if busy else ''}", err=True)
        raise typer.Exit(1) from None


def _issuer() -> Path:
    """The public keys of the test issuer that ``mailgate attest mint`` signs as, made once."""
    jwks = KEYS / mint.JWKS_FILE
    if not jwks.exists():
        write_keys(KEYS, mint.key_files(secrets.token_bytes(32), secrets.token_bytes(32)))
    return jwks


def _command() -> str:
    """How this program was called, to be called so again."""
    module = Path(sys.argv[0]).name == "__main__.py"
    return shlex.join([sys.executable, "-m", "mailgate"] if module else [sys.argv[0]])


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar for each kind of thing that is made up; gone from the terminal once the last is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    bars = Bars(*columns, console=console, transient=True, disable=not console.is_terminal)
    tasks: dict[str, TaskID] = {}

    def told(what: str, done: int, of: int) -> None:
        if what not in tasks:
            bars.start()
            tasks[what] = bars.add_task(f"making up {what}")
        bars.update(tasks[what], completed=done, total=of)
        if all(task.finished for task in bars.tasks) and what == LAST:
            bars.stop()

    try:
        yield told
    finally:
        bars.stop()


def _show(place: Place) -> None:
    Console().print(tour(place), soft_wrap=True)
