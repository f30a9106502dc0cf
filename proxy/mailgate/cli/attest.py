"""``mailgate attest``: a test issuer on the command line, to try a rule with curl. ``attest evidence`` says what a chain of
certificates proves by the roots of a configuration."""

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from mailgate.atomic_files import write_atomically
from mailgate.attest import mint
from mailgate.attest.certificates import read_certificate
from mailgate.attest.evidence import Evidence, read_evidence, verify_evidence
from mailgate.attest.hardware import ExpectedEvidence, thumbprint_of
from mailgate.attest.jose import Key
from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, DURATION, AsObject, Config, checked
from mailgate.cli.output import print_json, printable
from mailgate.config import load_settings
from mailgate.model import HardwareResult

KEYS = Path("var/demo/keys")
"""Where the demo has its keys too, unless it is given another folder."""
URL = "http://localhost:8080/"

app = typer.Typer(
    help="Make keys and signed test tokens, to try a rule with curl; verify evidence by hardware.",
    no_args_is_help=True,
)


@app.command()
def keys(
    out: Annotated[Path, typer.Option(help="Directory for the three files.")] = KEYS,
    force: Annotated[bool, typer.Option("--force", help="Replace keys that are there.")] = False,
) -> None:
    """Make the keys of a test issuer and of one device, and the JWKS file for the gate."""
    files = mint.key_files(secrets.token_bytes(32), secrets.token_bytes(32))
    there = [name for name in files if (out / name).exists()]
    if there and not force:
        fail(1, f"{out / there[0]} already exists; give --force to replace it, or another --out")
    try:
        write_keys(out, files)
    except OSError as error:
        fail(2, f"cannot write keys to {out}: {error.strerror}")
    for name in files:
        print(out / name)


@app.command("mint")
def mint_headers(
    apps: Annotated[
        list[str] | None,
        typer.Option(
            "--app", help="A listed app on the device, by key or identifier. May be given several times."
        ),
    ] = None,
    url: Annotated[str, typer.Option(help="The address of the request.")] = URL,
    method: Annotated[str, typer.Option(help="The method of the request.")] = "GET",
    form: Annotated[
        Literal["phone", "tablet", "laptop", "desktop"], typer.Option(help="The device's form.")
    ] = "phone",
    system: Annotated[
        Literal["android", "chromeos", "ios", "ipados", "linux", "macos", "windows"],
        typer.Option("--os", help="The device's operating system."),
    ] = "ios",
    os_version: Annotated[str, typer.Option(help="Its version.")] = "",
    subject: Annotated[str, typer.Option(help="The device's id.")] = "demo-phone",
    user: Annotated[str, typer.Option(help="The login name of the device's owner.")] = "",
    eas_ids: Annotated[
        list[str] | None, typer.Option("--eas-id", help="Its ActiveSync id. May be given several times.")
    ] = None,
    managed: Annotated[bool, typer.Option(help="Whether an MDM manages it.")] = True,
    complete: Annotated[
        bool,
        typer.Option("--complete/--partial", help="Whether every app could be seen, or managed ones only."),
    ] = True,
    status: Annotated[
        Literal["affirming", "warning", "contraindicated", "none"],
        typer.Option(help="The status in the attestation (EAR)."),
    ] = "affirming",
    issuer: Annotated[str, typer.Option(help="iss: a configured issuer.")] = mint.TEST_ISSUER,
    audience: Annotated[
        str, typer.Option(help="aud: the gate's public_url.", show_default="origin of --url")
    ] = "",
    lifetime: Annotated[str, typer.Option(help="How long the token lives: 90s, 10m, 1h, 1d.")] = "1h",
    nonce: Annotated[str, typer.Option(help="The last DPoP-Nonce of the gate.")] = "",
    keys_from: Annotated[Path, typer.Option("--keys", help="The folder of `mailgate attest keys`.")] = KEYS,
    issuer_key: Annotated[
        Path | None, typer.Option(help="The issuer's private JWK.", show_default="in --keys")
    ] = None,
    device_key: Annotated[
        Path | None, typer.Option(help="The device's private JWK.", show_default="in --keys")
    ] = None,
    as_json: AsObject = False,
    as_curl: Annotated[bool, typer.Option("--curl", help="Print a config for `curl --config -`.")] = False,
) -> None:
    """Print the two headers of one request: a token about a device and the proof of its key.

    A proof is good for one request, within a minute. So pipe it:

        mailgate attest mint --app tiktok | curl --header @- http://localhost:8080/

        mailgate attest mint --app tiktok --curl | curl --config -
    """
    now = datetime.now(UTC)
    device_private = _read_key(device_key or keys_from / mint.DEVICE_KEY_FILE)
    issuer_private = _read_key(issuer_key or keys_from / mint.ISSUER_KEY_FILE)
    device = mint.AttestedDevice(
        subject=subject,
        form=form,
        os=system,
        os_version=os_version,
        user=user,
        managed=managed,
        eas_ids=tuple(eas_ids or ()),
        apps=tuple(apps or ()),
        complete=complete,
        status=status,
    )
    life = checked(f'--lifetime "{lifetime}"', DURATION, lifetime)
    issue = mint.Issue(issuer, audience or _origin(url), secrets.token_urlsafe(16), now, life)
    payload = mint.claims(device, issue, device_private)
    token = mint.sign_token(payload, issuer_private)
    proof = mint.sign_proof(
        token, device_private, method=method, url=url, jti=secrets.token_urlsafe(16), now=now, nonce=nonce
    )
    headers = {"Device-Attestation": token, "DPoP": proof}
    if as_json:
        print_json({"url": url, "method": method, "headers": headers, "claims": payload})
    elif as_curl:
        print(_curl_config(headers, url, method))
    else:
        print("\n".join(f"{name}: {value}" for name, value in headers.items()))


def write_keys(directory: Path, files: Mapping[str, str]) -> None:
    """Write key files. The private ones are never readable by others, not even for a moment."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomically(directory / name, content, 0o644 if name == mint.JWKS_FILE else 0o600)


def _read_key(path: Path) -> Key:
    try:
        return mint.read_private_key(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fail(2, f"{path} does not exist; `mailgate attest keys --out {path.parent}` makes keys")
    except OSError as error:
        fail(2, f"{path} cannot be read: {error.strerror}")
    except ValueError as error:
        fail(2, f"{path}: {error}")


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        fail(2, f'--url "{url}": use an address as in {URL}')
    return f"{parts.scheme}://{parts.netloc}"


def _curl_config(headers: Mapping[str, str], url: str, method: str) -> str:
    """The config file format of curl(1): one long option per line, values in double quotes."""
    said_method = {"GET": [], "HEAD": ["head"]}.get(method, [f"request = {_quoted(method)}"])
    lines = [f"header = {_quoted(f'{name}: {value}')}" for name, value in headers.items()]
    return "\n".join([f"url = {_quoted(url)}", *said_method, *lines])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


MAX_BYTES = 1024 * 1024


@app.command()
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
    reporter: Annotated[
        bool, typer.Option("--reporter", help="Check also which app holds the key (docs/reporter.md).")
    ] = False,
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Verify the evidence of a device's maker: of Android Key Attestation, Apple's device attestation or App Attest."""
    settings = load_settings(config)
    roots, apps = settings.attestation.hardware.trusted_roots(), settings.reporter.expected().apps
    said = read_evidence(_content(file))
    key = thumbprint or _own_thumbprint(said)
    app = apps.get(said.format) if reporter else None
    if reporter and app is None:
        fail(2, f"--reporter: no reporter is set for {printable(said.format)}; set one in `reporter`")
    nonce = (challenge or said.nonce).encode()
    expected = ExpectedEvidence(nonce, key, datetime.now(UTC), app, said.integrity)
    result = verify_evidence(said, roots, expected)
    if as_json:
        print_json(result)
    else:
        typer.echo("\n".join(_lines(result)))
    if result.refused:
        raise typer.Exit(1)


def _content(file: Path) -> object:
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as stream:
            return json.loads(stream.read(MAX_BYTES + 1))
    except OSError as error:
        fail(2, f"{file}: cannot be read: {(error.strerror or '').lower()}; use a file with evidence")
    except (ValueError, RecursionError):
        fail(2, f"{file}: not JSON of at most {MAX_BYTES} bytes; give evidence")


def _own_thumbprint(said: Evidence) -> str:
    """The thumbprint of the leaf's key; empty if the leaf cannot be read, which the verification then reports."""
    try:
        return thumbprint_of(read_certificate(said.chain[0]))
    except (IndexError, ValueError):
        return ""


def _lines(result: HardwareResult) -> list[str]:
    if result.refused:
        return [f"refused: {result.refused}: {result.detail}"]
    told = {name: value for name, value in asdict(result).items() if value and name not in ("claims", "app")}
    app = {f"app {name}": value for name, value in asdict(result.app).items() if value} if result.app else {}
    facts = told | dict(result.claims) | app
    flat = {name: " ".join(value) if isinstance(value, tuple) else value for name, value in facts.items()}
    return [f"{name}: {value}" for name, value in flat.items()]
