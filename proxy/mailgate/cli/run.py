"""``mailgate run``: the gate in front of your webmail."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from mailgate.app import serve
from mailgate.config import load_bundle
from mailgate.errors import ConfigError, MailgateError
from mailgate.gateway.logs import configure_logs


def run(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("config/mailgate.yaml"),
) -> None:
    """Start the gate. Stops on SIGTERM after what runs has ended; reads changed files by itself."""
    try:
        bundle = load_bundle(config)
        configure_logs(bundle.settings.log.level)
        uvloop.run(serve(config, bundle))
    except ConfigError as error:
        for mistake in error.mistakes:
            typer.echo(str(mistake), err=True)
        typer.echo(f"mailgate: not started, {len(error.mistakes)} mistake(s) in the files above", err=True)
        raise typer.Exit(2) from None
    except (MailgateError, OSError) as error:
        typer.echo(f"mailgate: not started: {error}", err=True)
        raise typer.Exit(1) from None
