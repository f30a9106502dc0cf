"""``mailgate extension package``: the companion extension as a company, or a store, gives it to browsers."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Annotated
from zipfile import BadZipFile, ZipFile

import typer
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import TypeAdapter, ValidationError

from mailgate.atomic_files import write_atomically, write_new
from mailgate.cli.exit_codes import REFUSED, UNUSABLE, fail
from mailgate.cli.extension_files import (
    VERSION,
    Fit,
    chromium_id,
    manifest_for,
    packed,
    signed,
    update_xml,
    updates_json,
    version_in,
)
from mailgate.cli.options import AsObject, checked
from mailgate.cli.output import say
from mailgate.config.extension import BELOW, CRX, UPDATE_XML, UPDATES_JSON, XPI
from mailgate.config.values import IssuerUrl, Origin, is_private_way
from mailgate.policy.written import order_of

FOR_A_STORE = "mailgate-chromium.zip"
"""The package for Chromium without a signature: a store signs it by itself."""
MAX_COMPANY = 40
MAX_NUMBER = 65535
"""The highest number in a version that Chromium takes."""
KEY_BITS, LEAST_KEY_BITS = 4096, 2048
_SIGNATURES = "META-INF/"
_ORIGIN: TypeAdapter[str] = TypeAdapter(Origin)
_FOLDER: TypeAdapter[str] = TypeAdapter(IssuerUrl)

OriginOption = Annotated[
    str, typer.Option("--origin", metavar="URL", help="The company mail: the only address it may speak to.")
]
UpdateUrl = Annotated[
    str, typer.Option(metavar="URL", help="Where browsers find the folder; by default at the gate itself.")
]
Company = Annotated[str, typer.Option(metavar="NAME", help="The company, as people see it.")]
NewKey = Annotated[bool, typer.Option("--new-key", help="Make the key. Its file must not exist.")]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="The folder, made if it does not exist.")]
Signed = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The package for Firefox as Mozilla signed it, to serve it instead."),
]
Version = Annotated[
    str, typer.Option(metavar="NUMBER", help="The company's own count, like 0.1.0.2, not the extension's.")
]


def package(
    out: Out,
    origin: OriginOption = "",
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The company's RSA key in PEM. Chromium's id comes from it."),
    ] = None,
    new_key: NewKey = False,
    update_url: UpdateUrl = "",
    xpi_signed: Signed = None,
    management: Annotated[
        bool, typer.Option("--management", help="Let it see the listed extensions without asking anybody.")
    ] = False,
    helper: Annotated[
        bool, typer.Option("--helper", help="Let it ask a helper on the computer about the computer.")
    ] = False,
    chromeos: Annotated[
        bool, typer.Option("--chromeos", help="Let it read the names that the company gave a Chromebook.")
    ] = False,
    company: Company = "",
    version: Version = "",
    as_json: AsObject = False,
) -> None:
    """Make the packages of the companion extension, with the files by which browsers find the next version.

    With --origin they are a company's own, for `mailgate extension policies`; without, they are for the stores.
    """
    fit = fit_for(origin, update_url, company, version)
    fit = replace(fit, management=management, helper=helper, chromeos=chromeos)
    own = company_key(key, new=new_key, origin=origin) if key or new_key else None
    files = _of_chromium(fit, own) | _of_firefox(fit, xpi_signed)
    _write(out, files)
    told = {
        "version": str(manifest_for("chromium", fit)["version"]),
        "chromium_id": chromium_id(own) if own else "",
        "firefox_id": fit.firefox_id,
        "files": [str(out / name) for name in files],
    }
    ids = {"Chrome, Edge and Chromium": told["chromium_id"], "Firefox": told["firefox_id"]}
    words = [
        f"version {told['version']}",
        *(f"{own} is its id in {name}" for name, own in ids.items() if own),
    ]
    say("\n".join([*words, *(f"wrote {each}" for each in told["files"])]), told, as_json=as_json)


def fit_for(origin: str, update_url: str, company: str, version: str) -> Fit:
    """What is to be made, from the options. Ends the command if one of them is wrong."""
    for option, url in (("--origin", origin), ("--update-url", update_url)):
        if url and not is_private_way(url):
            fail(UNUSABLE, f"{option}: not https; use https, since what is read there is trusted")
    if update_url and not (origin and _is_folder(update_url)):
        fail(UNUSABLE, "--update-url: use the address of a folder, and --origin beside it")
    if len(company) > MAX_COMPANY or not company.isprintable() or "__MSG_" in company:
        fail(UNUSABLE, f"--company: use at most {MAX_COMPANY} printable characters without __MSG_")
    if version and (not VERSION.fullmatch(version) or max(order_of(version)) > MAX_NUMBER):
        fail(UNUSABLE, "--version: use one to four numbers up to 65535, like 0.1.0.2")
    mail = checked("--origin", _ORIGIN, origin) if origin else ""
    updates = update_url.rstrip("/") or (f"{mail}{BELOW}" if mail else "")
    return Fit(origin=mail, updates=updates, company=company, version=version)


def _is_folder(url: str) -> bool:
    """Whether it is an address with a host and nothing behind its path, to which the name of a file can be added."""
    try:
        _FOLDER.validate_python(url)
    except ValidationError:
        return False
    return not any(each in url for each in "\"'<>\\")


def company_key(path: Path | None, *, new: bool = False, origin: str) -> RSAPrivateKey:
    """The key that signs for Chromium. Ends the command if it cannot be read or made."""
    if path is None or not origin:
        fail(UNUSABLE, "--key: a company signs for its own mail; give --key and --origin together")
    if new:
        _make_key(path)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        fail(UNUSABLE, f"--key: {path} does not exist; --new-key makes one, which is then kept for good")
    except (OSError, ValueError, TypeError):
        fail(UNUSABLE, f"--key: {path} cannot be read; use a private key in PEM without a password")
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_KEY_BITS:
        asked_for = f"RSA key of at least {LEAST_KEY_BITS} bits, which Chromium asks for"
        fail(UNUSABLE, f"--key: {path} is no {asked_for}")
    return key


def _make_key(path: Path) -> None:
    made = generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    try:
        write_new(path, text, 0o600)
    except FileExistsError:
        fail(REFUSED, f"--new-key: {path} exists, and with another key browsers would have another extension")


def _of_chromium(fit: Fit, key: RSAPrivateKey | None) -> dict[str, bytes]:
    if key is None:
        return {FOR_A_STORE: packed(manifest_for("chromium", replace(fit, updates="")))}
    manifest = manifest_for("chromium", fit)
    return {CRX: signed(packed(manifest), key), UPDATE_XML: update_xml(fit, manifest, chromium_id(key))}


def _of_firefox(fit: Fit, from_mozilla: Path | None) -> dict[str, bytes]:
    manifest = manifest_for("firefox", fit)
    xpi = packed(manifest)
    if from_mozilla:
        xpi = _checked(from_mozilla, xpi)
    return {XPI: xpi} | ({UPDATES_JSON: updates_json(fit, manifest, xpi)} if fit.updates else {})


def _checked(path: Path, unsigned: bytes) -> bytes:
    """The package that Mozilla has signed. Ends the command if it is not this one with a signature, which Firefox verifies."""
    try:
        content = path.read_bytes()
        theirs = _contents(content)
    except (OSError, BadZipFile):
        fail(UNUSABLE, f"--xpi-signed: {path} cannot be read; use the package that Mozilla gave back")
    if f"{_SIGNATURES}mozilla.rsa" not in theirs:
        fail(REFUSED, f"--xpi-signed: {path} has no signature of Mozilla")
    theirs = {name: each for name, each in theirs.items() if not name.startswith(_SIGNATURES)}
    ours = _contents(unsigned)
    if other := sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)):
        what = "another package than these options make; give that one, signed"
        fail(REFUSED, f"--xpi-signed: {path} is {what} ({other[0]} differs)")
    return content


def _contents(archive: bytes) -> Mapping[str, bytes]:
    with ZipFile(BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    """Write the packages, and then the files that announce them. Ends the command if browsers would never take one of them."""
    for name in files.keys() & {CRX, XPI}:
        before = out / name
        # no browser has taken what is no package
        with suppress(FileNotFoundError, BadZipFile, KeyError, ValueError):
            if before.read_bytes() != files[name]:
                _refuse_to_repeat(before, version_in(before.read_bytes()), version_in(files[name]))
    out.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: name in (UPDATE_XML, UPDATES_JSON)):
        write_atomically(out / name, files[name])


def _refuse_to_repeat(place: Path, before: str, now: str) -> None:
    if order_of(now) <= order_of(before):
        why = f"browsers that have version {before} would never take another version {now}"
        fail(REFUSED, f"{place}: {why}; count further with --version")
