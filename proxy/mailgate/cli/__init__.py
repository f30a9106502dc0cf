"""The command line, one file per command. All commands are in the list below."""

import os
import sys
from typing import Annotated

import typer

from mailgate import __version__
from mailgate.cli import (
    admin,
    apps,
    attest,
    audit,
    check,
    classify,
    connectors,
    demo,
    devices,
    enroll,
    exempt,
    explain,
    find,
    help_requests,
    init,
    notices,
    person,
    policy,
    run,
    schema,
    store,
)
from mailgate.cli.completion import complete_at_once
from mailgate.cli.exit_codes import exit_code_of, say_errors

complete_at_once()
app = typer.Typer(
    name="mailgate",
    help="Decides by device who gets company mail: phones with a prohibited app do not, laptop browsers do.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
attest.app.command()(attest.evidence)
app.add_typer(attest.app, name="attest")
app.add_typer(devices.app, name="devices")
app.add_typer(audit.app, name="audit")
app.add_typer(policy.app, name="policy")
app.add_typer(notices.app, name="notices")
app.add_typer(exempt.app, name="exempt")
app.add_typer(admin.app, name="admin")
app.add_typer(enroll.app, name="enroll")
app.add_typer(connectors.app, name="connectors")
app.add_typer(store.app, name="store")
app.command()(init.init)
app.command()(run.run)
app.command()(check.check)
app.command()(schema.schema)
app.command()(explain.explain)
app.command()(apps.apps)
app.command()(find.find)
app.command()(person.person)
app.command("help-requests")(help_requests.help_requests)
app.command()(demo.demo)
app.command()(classify.classify)
say_errors(app)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailgate {__version__}")
        raise typer.Exit


@app.callback()
def mailgate(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The options that every command shares."""


def main() -> None:
    """Entry point of the console script."""
    if sys.stdin is None:  # the caller closed it, so no more input comes
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - open until the process ends
    try:
        app()
    except OSError as error:  # the disk is full, or the terminal is gone
        where = f": {error.filename}" if error.filename else ""
        print(f"mailgate: cannot go on: {error.strerror}{where}", file=sys.stderr)
        sys.exit(exit_code_of(error))
