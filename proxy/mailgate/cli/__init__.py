"""The command line, one file for each command or for what some have in common. All commands are in the list below."""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from mailgate import __version__
from mailgate.cli import (
    admin,
    attest,
    audit,
    check,
    classify,
    connectors,
    demo,
    devices,
    doctor,
    enroll,
    exempt,
    explain,
    extension,
    extension_list,
    extension_package,
    extension_policies,
    init,
    notices,
    people,
    policy,
    privacy,
    reporter,
    run,
    schema,
    store,
)
from mailgate.cli.exit_codes import exit_code_of, say_errors

_AT_ONCE = """
if [ "$funcstack[1]" = "_%(prog_name)s" ]; then
  %(complete_func)s "$@"
fi
"""
"""zsh runs the file as a function at the first completion; if it is read with ``source``, nothing is completed."""


def _complete_at_once() -> None:
    """Let zsh complete a command at the first Tab of a shell, at which Typer's script only registers its function: add ``_AT_ONCE`` to
    the script, both for showing and for installing it. A version of Typer that keeps the script
    elsewhere keeps its own."""
    with suppress(ImportError, AttributeError, KeyError):
        from typer import _completion_classes as classes
        from typer import _completion_shared as shared

        script = (
            shared.COMPLETION_SCRIPT_ZSH.lstrip() + _AT_ONCE
        )  # zsh looks for #compdef in the first line alone
        shared._completion_scripts["zsh"] = script
        classes.ZshComplete.source_template = script


_complete_at_once()
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
extension.app.command("list")(extension_list.list_browsers)
extension.app.command("people")(extension_list.list_people)
extension.app.command()(extension_package.package)
extension.app.command()(extension_policies.policies)
app.add_typer(extension.app, name="extension")
app.add_typer(connectors.app, name="connectors")
app.add_typer(reporter.app, name="reporter")
app.add_typer(store.app, name="store")
app.add_typer(privacy.app, name="privacy")
app.command()(init.init)
app.command()(run.run)
app.command()(check.check)
app.command()(doctor.doctor)
app.command()(schema.schema)
app.command()(explain.explain)
app.command()(devices.apps)
app.command()(people.find)
app.command()(people.person)
app.command("help-requests")(people.help_requests)
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
