"""``mailgate attest evidence``: what a chain of certificates proves by the roots of a configuration, or why it proves
nothing."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mailgate.attest.chain import read_certificate
from mailgate.attest.evidence import Evidence, read_evidence, verify_evidence
from mailgate.attest.hardware import Expected, thumbprint_of
from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config
from mailgate.config import load_settings
from mailgate.model import HardwareResult

MAX_BYTES = 1024 * 1024


def evidence(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|-", help="The evidence in JSON; - for standard input.")
    ],
    challenge: Annotated[
        str, typer.Option(help="The nonce that it was made for. Default: the one in the file.")
    ] = "",
    thumbprint: Annotated[
        str, typer.Option(help="Thumbprint of the key that enrols, if it is another.")
    ] = "",
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Verify the evidence of a device's maker: a chain of Android Key Attestation or of Apple's device attestation."""
    roots = load_settings(config).attestation.hardware.trusted_roots()
    said = read_evidence(_content(file))
    key = thumbprint or _own_thumbprint(said)
    result = verify_evidence(
        said, roots, Expected((challenge or said.nonce).encode(), key, datetime.now(UTC))
    )
    typer.echo(json.dumps(asdict(result)) if as_json else "\n".join(_lines(result)))
    if result.refused:
        raise typer.Exit(1)


def _content(file: Path) -> object:
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as stream:
            return json.loads(stream.read(MAX_BYTES + 1))
    except OSError as error:
        fail(2, f"{file}: cannot be read: {(error.strerror or '').lower()}; expected a file with evidence")
    except (ValueError, RecursionError):
        fail(2, f"{file}: not JSON of at most {MAX_BYTES} bytes; expected evidence")


def _own_thumbprint(said: Evidence) -> str:
    """The thumbprint of the leaf's key; empty if the leaf cannot be read, which the verification then reports."""
    try:
        return thumbprint_of(read_certificate(said.chain[0]))
    except (IndexError, ValueError):
        return ""


def _lines(result: HardwareResult) -> list[str]:
    if result.refused:
        return [f"refused: {result.refused}: {result.detail}"]
    told = {name: value for name, value in asdict(result).items() if value and name != "claims"}
    return [f"{name}: {value}" for name, value in (told | dict(result.claims)).items()]
