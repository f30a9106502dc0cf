"""The command line. One command a file; every command stands in the list below."""

import typer

from mailgate.cli import attest, check, classify, demo, devices, explain, run, schema

app = typer.Typer(
    name="mailgate",
    help="Decides by device who gets company mail: phones with a prohibited app do not, laptop browsers do.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.add_typer(attest.app, name="attest")
app.add_typer(devices.app, name="devices")
app.command()(run.run)
app.command()(check.check)
app.command()(schema.schema)
app.command()(explain.explain)
app.command()(demo.demo)
app.command()(classify.classify)


@app.callback()
def mailgate() -> None:
    """Options that every command shares go here."""


def main() -> None:
    """Entry point of the console script."""
    app()
