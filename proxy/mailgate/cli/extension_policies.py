"""``mailgate extension policies``: what a company's management gives to browsers, so that they install the extension and it enrols."""

import csv
import plistlib
import re
from codecs import BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import typer

from mailgate.atomic_files import write_atomically
from mailgate.cli.exit_codes import UNUSABLE, fail
from mailgate.cli.extension_files import Fit, as_json
from mailgate.cli.extension_package import Company, OriginOption, Out, UpdateUrl, fit_for
from mailgate.cli.options import AsObject
from mailgate.cli.output import say
from mailgate.config.extension import UPDATE_XML, XPI

LIST_NUMBER = "8090"
"""The number of our line in the list of a Windows registry. A list has any numbers, and an admin's own lines begin with 1."""
_MAX_TEXT = 255
_FOLDER = re.compile(r"[^./][^/]{0,99}")
"""The name of a computer that can be the name of a folder, and of none above it."""

_TOKEN = re.compile(r"(mailgate-(enrol|machine)-[\w-]{43}|.*[$%{].*)?", re.ASCII)
"""A token, or what a management writes one in place of. The name of a token is none, nor is a part of it."""
_EXPECTED = "use what `mailgate extension tokens` prints"
Token = Annotated[str, typer.Option(metavar="TEXT", help="The enrolment token, or the variable that has it.")]
Machine = Annotated[str, typer.Option(metavar="TEXT", help="The computer's name, or a variable for it.")]
Owner = Annotated[str, typer.Option(metavar="TEXT", help="The login name of its owner, or a variable.")]
Unsigned = Annotated[
    bool, typer.Option("--unsigned", help="Let Firefox ESR install extensions without Mozilla's signature.")
]

Values = dict[str, Any]


def policies(
    out: Out,
    origin: OriginOption,
    chromium_id: Annotated[
        str, typer.Option(metavar="ID", help="Its id in Chrome and Edge, as `extension package` says it.")
    ] = "",
    update_url: UpdateUrl = "",
    company: Company = "",
    token: Token = "",
    machine: Machine = "",
    owner: Owner = "",
    tokens: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The rows of `extension tokens`: a folder for each computer."),
    ] = None,
    unsigned: Unsigned = False,
    as_json: AsObject = False,
) -> None:
    """Write the policies by which browsers install the packages of the company, and enrol without a click.

    For Linux as JSON, for Windows as a registry file, for macOS as a configuration profile (docs/extension.md).
    """
    fit = fit_for(origin, update_url, company, "")
    if not origin:
        fail(UNUSABLE, "--origin: use the address of the company mail")
    if chromium_id and not re.fullmatch("[a-p]{32}", chromium_id):
        fail(UNUSABLE, "--chromium-id: use 32 letters from a to p, as `mailgate extension package` says them")
    given = {"machine": machine, "owner": owner, "enrolmentToken": token}
    if tokens and any(given.values()):
        fail(UNUSABLE, "--tokens: it has what is of each computer; leave out --token, --machine and --owner")
    rows = _rows(tokens) if tokens else {"": given}
    for row in rows.values():
        _check_texts(row)
    written = []
    for name, row in rows.items():
        written += _write(out / name, policy_files(fit, chromium_id, row, unsigned=unsigned))
    say("\n".join(f"wrote {each}" for each in written), {"files": written}, as_json=as_json)


def _check_texts(row: Mapping[str, str]) -> None:
    """End the command if a browser would not take one of these settings."""
    for option, text in row.items():
        if len(text) > _MAX_TEXT or not text.isprintable():
            fail(UNUSABLE, f"{option}: use at most {_MAX_TEXT} printable characters")
    if not _TOKEN.fullmatch(row["enrolmentToken"]):
        made = "what `mailgate enroll token` or `mailgate extension tokens` prints"
        fail(UNUSABLE, f"enrolmentToken: use {made}, or a variable like $EXTENSIONATTRIBUTE_7")


def _rows(path: Path) -> dict[str, dict[str, str]]:
    """The settings of each computer by the name of its folder. Ends the command if a line cannot be used."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            read = csv.DictReader(file)
            columns, lines = {*(read.fieldnames or ())}, [*read]
    except (OSError, UnicodeDecodeError, csv.Error):
        fail(UNUSABLE, f"--tokens: {path} cannot be read; {_EXPECTED}")
    if not {"machine", "token"} <= columns:
        fail(UNUSABLE, f"--tokens: {path} has other columns; {_EXPECTED} as CSV")
    rows = {}
    for number, line in enumerate(lines, 2):
        name = line.get("machine") or ""
        if not _FOLDER.fullmatch(name) or not line.get("token") or name in rows:
            expected = "use another machine and its token, named as a folder can be"
            fail(UNUSABLE, f"--tokens: {path}:{number}: {expected}")
        rows[name] = {"machine": name, "owner": line.get("owner") or "", "enrolmentToken": line["token"]}
    return rows


def _write(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write the files, for nobody else to read: they hold a token."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomically(folder / name, content, 0o600)
    return [str(folder / name) for name in files]


def policy_files(fit: Fit, chromium_id: str, row: Mapping[str, str], *, unsigned: bool) -> dict[str, bytes]:
    """The files for each system with the settings of one computer, or with the variables of a management."""
    settings = {"gate": fit.origin} | {name: text for name, text in row.items() if text}
    installed = f"{chromium_id};{fit.address_of(UPDATE_XML)}"
    firefox = _of_firefox(fit, settings, unsigned=unsigned)
    chromium = {"ExtensionInstallForcelist": [installed], "3rdparty": {"extensions": {chromium_id: settings}}}
    return ({"chromium.json": as_json(chromium)} if chromium_id else {}) | {
        "policies.json": as_json({"policies": firefox}),
        "mailgate.reg": _registry(dict(_keys(chromium_id, installed, settings, firefox))),
        "mailgate.mobileconfig": _profile(fit, chromium_id, installed, settings, firefox),
    }


def _of_firefox(fit: Fit, settings: Mapping[str, str], *, unsigned: bool) -> Values:
    """The policies of Firefox. Source: https://firefox-admin-docs.mozilla.org."""
    installed = {
        "installation_mode": "force_installed",
        "install_url": fit.address_of(XPI),
        "private_browsing": True,
    }
    found: Values = {
        "ExtensionSettings": {fit.firefox_id: installed},
        "3rdparty": {"Extensions": {fit.firefox_id: dict(settings)}},
    }
    if unsigned:
        found["Preferences"] = {"xpinstall.signatures.required": {"Value": False, "Status": "locked"}}
    return found


def _keys(
    chromium_id: str, installed: str, settings: Mapping[str, str], firefox: Values
) -> Iterator[tuple[str, Mapping[str, str | bool]]]:
    """The keys of a Windows registry below ``SOFTWARE\\Policies``, each with its values."""
    for browser in ("Google\\Chrome", "Microsoft\\Edge") if chromium_id else ():
        yield f"{browser}\\ExtensionInstallForcelist", {LIST_NUMBER: installed}
        yield f"{browser}\\3rdparty\\extensions\\{chromium_id}\\policy", settings
    yield from _flattened("Mozilla\\Firefox", firefox)


def _flattened(key: str, content: Values) -> Iterator[tuple[str, Mapping[str, str | bool]]]:
    if values := {name: each for name, each in content.items() if not isinstance(each, dict)}:
        yield key, values
    for name, each in content.items():
        if isinstance(each, dict):
            yield from _flattened(f"{key}\\{name}", each)


def _registry(keys: Mapping[str, Mapping[str, str | bool]]) -> bytes:
    lines = ["Windows Registry Editor Version 5.00", ""]
    for key, values in keys.items():
        lines.append(f"[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\{key}]")
        lines += [f'"{name}"={_registry_value(value)}' for name, value in values.items()]
        lines.append("")
    return BOM_UTF16_LE + "\r\n".join(lines).encode("utf-16-le")


def _registry_value(value: str | bool) -> str:
    if isinstance(value, bool):
        return f"dword:{value:08x}"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _profile(
    fit: Fit, chromium_id: str, installed: str, settings: Mapping[str, str], firefox: Values
) -> bytes:
    """A configuration profile of macOS. Chrome and Edge read an extension's settings in a domain of its own."""
    domains: dict[str, Values] = {"org.mozilla.firefox": {"EnterprisePoliciesEnabled": True, **firefox}}
    for browser in ("com.google.Chrome", "com.microsoft.Edge") if chromium_id else ():
        domains[browser] = {"ExtensionInstallForcelist": [installed]}
        domains[f"{browser}.extensions.{chromium_id}"] = dict(settings)
    whole = _payload(fit, "Configuration") | {"PayloadScope": "System", "PayloadRemovalDisallowed": True}
    whole["PayloadContent"] = [{**_payload(fit, domain), **content} for domain, content in domains.items()]
    return plistlib.dumps(whole)


def _payload(fit: Fit, kind: str) -> Values:
    """What every payload says of itself, the same each time: another id would be another profile."""
    host = urlsplit(fit.origin).hostname or ""
    identifier = ".".join([*reversed(host.split(".")), "mailgate", kind])
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(uuid5(NAMESPACE_URL, identifier)).upper(),
        "PayloadDisplayName": "Mailgate",
        "PayloadOrganization": fit.company or host,
    }
