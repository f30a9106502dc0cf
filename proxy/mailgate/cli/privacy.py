"""``mailgate privacy report``: what the gate can say of itself for data protection and works agreements, as a draft."""

from typing import Annotated

import typer

from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.output import printable
from mailgate.cli.policy.history import version_called
from mailgate.console.policy.versions import VersionDifference, difference
from mailgate.console.privacy.document import Form
from mailgate.console.privacy.report import privacy_report
from mailgate.store import Store, Version
from mailgate.texts import console_languages, languages_by_tag

app = typer.Typer(help="Write down what data protection asks about this gate.", no_args_is_help=True)


@app.callback()
def privacy() -> None:
    """Write down what data protection asks about this gate."""


@app.command()
@on_store(json=None)
async def report(
    opened: Opened,
    language: Annotated[
        str,
        typer.Option(
            "--language", help="The language: en or de. Default: that of the pages, if it is one of them."
        ),
    ] = "",
    form: Annotated[Form, typer.Option("--format", help="The form.")] = Form.MARKDOWN,
    since: Annotated[
        str,
        typer.Option(
            metavar="VERSION",
            help="Add what changed since this version of the rules. Default: the one that ran before.",
        ),
    ] = "",
) -> None:
    """Write the parts of an impact assessment (Art. 35 GDPR), of the record of processing (Art. 30), of a works agreement and
    of the information of people (Art. 13, 14, 22), as far as the settings and the running rules say them. What only the
    company knows is marked."""
    spoken, known = console_languages(), languages_by_tag(console_languages())
    if language and language.lower() not in known:
        expected = f"use one of {', '.join(sorted(known))}"
        fail(2, f"--language: no report is written in `{printable(language)}`; {expected}")
    tag = known.get((language or opened.settings.languages.default).lower(), "en")
    found = await _reported(opened.store, since)
    typer.echo(privacy_report(opened.bundle, *found, opened.now, form, spoken[tag]), nl=False)


async def _reported(store: Store, since: str) -> tuple[Version | None, VersionDifference | None]:
    """The version in force, and what changed since another or since the one before. Ends the command if there is no such version."""
    history = await store.policies.history(2)
    if not history:
        if since:
            await version_called(store, since)
        return None, None
    version = await version_called(store, str(history[0].number))
    before = since or (str(history[1].number) if len(history) > 1 else "")
    changed = await difference(await version_called(store, before), version) if before else None
    return version, changed
