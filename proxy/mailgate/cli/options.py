"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_PATH = Path("config/mailgate.yaml")
"""The settings, where none are named."""
Config = Annotated[Path, typer.Option("--config", help="The settings, which say where the store is.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsObject = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
