"""``mailgate reporter``: what the reporter on phones is built with (``docs/reporter.md``)."""

from typing import Annotated
from xml.sax.saxutils import quoteattr

import typer

from mailgate.attest.report import Question, as_sent
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config
from mailgate.cli.output import print_json, tell
from mailgate.config import load_bundle

WITHOUT_ID = " has no `android` id in apps.yaml: no reporter can look for it, and phones stay partial"
app = typer.Typer(help="Build the reporter, an app that answers for its phone.", no_args_is_help=True)


@app.callback()
def reporter() -> None:
    """Build the reporter, an app that answers for its phone."""


@app.command()
def queries(
    resource: Annotated[
        bool, typer.Option("--resource", help="Print the list that the app itself reads instead.")
    ] = False,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Print the manifest with the listed apps for which the reporter can look on Android, which fixes that when it is built."""
    catalog = load_bundle(config).policy.catalog
    question = catalog.question("android")
    without = sorted(catalog.apps.keys() - question.keys())
    if as_json:
        print_json(as_sent(question) | {"without_id": without})
        return
    typer.echo(_resource(question) if resource else _manifest(question))
    for key in without:
        tell(f"{key}{WITHOUT_ID}", err=True)


def _manifest(question: Question) -> str:
    packages = [f"    <package android:name={quoteattr(each)} />" for each in _ids(question)]
    space = 'xmlns:android="http://schemas.android.com/apk/res/android"'
    return "\n".join([f"<manifest {space}>", "  <queries>", *packages, "  </queries>", "</manifest>"])


def _resource(question: Question) -> str:
    items = [f"    <item>{each}</item>" for each in _ids(question)]
    return "\n".join(
        ["<resources>", '  <string-array name="askable">', *items, "  </string-array>", "</resources>"]
    )


def _ids(question: Question) -> list[str]:
    return sorted({each for ids in question.values() for each in ids})
