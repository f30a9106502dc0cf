"""The packages of the companion extension: its files, its manifest for a browser and a company, and their signature for Chromium."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import mailgate
from mailgate.config.extension import CRX, UPDATE_XML, UPDATES_JSON, XPI

Browser = Literal["chromium", "firefox"]

_HERE = Path(mailgate.__file__).parent
_INSTALLED = _HERE / "extension"
FOLDER = _INSTALLED if _INSTALLED.exists() else _HERE.parents[1] / "extension"
"""The extension: installed with the package, or beside it in the repository. Without it no package of it can be made, and all else can."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a package: the first that ZIP has. With that of the file two packages would differ."""
PERMISSIONS = 0o100644 << 16
VERSION = re.compile(r"(?!0+(\.0+)*$)(0|[1-9][0-9]{0,4})(\.(0|[1-9][0-9]{0,4})){0,3}")
"""What both browsers take: one to four numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a package is made for. Without an ``origin`` it is one for the stores: each person allows the address of the mail."""

    origin: str = ""
    """The company mail: the only address that the extension may speak to, allowed at the installation."""
    updates: str = ""
    """The address below which browsers find the packages and their update files; empty if a store has them."""
    management: bool = False
    """Whether the permission to see which listed extensions are installed is given at the installation."""
    helper: bool = False
    """Whether it may ask a helper on the computer about its disk, screen lock and firewall."""
    chromeos: bool = False
    """Whether it may read the names that the company gave a Chromebook, which Chromium alone knows."""
    company: str = ""
    version: str = ""
    """Its version instead of that of the extension."""

    @property
    def firefox_id(self) -> str:
        """The id in Firefox. A company has its own: Mozilla signs each id for one account alone."""
        host = (urlsplit(self.origin).hostname or "").replace(":", "-")
        return f"mailgate@{host}" if host else str(_manifest()["browser_specific_settings"]["gecko"]["id"])

    def address_of(self, name: str) -> str:
        """Where browsers find a file."""
        return f"{self.updates}/{name}"


def _manifest() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(FOLDER.joinpath("manifest.json").read_text("utf-8"))
    return read


def manifest_for(browser: Browser, fit: Fit) -> dict[str, Any]:
    """The manifest with what this browser knows, and what the company needs."""
    manifest = _manifest()
    if fit.version:
        manifest["version"] = fit.version
    if fit.company:
        manifest["name"] += f" ({fit.company})"
    if fit.management:
        manifest["optional_permissions"].remove("management")
        manifest["permissions"].append("management")
    if fit.helper:
        manifest["permissions"].append("nativeMessaging")
    if fit.origin:
        _narrow(manifest, fit.origin)
    _for_chromium(manifest, fit) if browser == "chromium" else _for_firefox(manifest, fit)
    return manifest


def _narrow(manifest: dict[str, Any], origin: str) -> None:
    """Let the extension speak to this origin alone. A permission cannot name a port, its own pages' policy can."""
    parts = urlsplit(origin)
    del manifest["optional_host_permissions"]
    manifest["host_permissions"] = [f"{parts.scheme}://{parts.netloc.removesuffix(f':{parts.port}')}/*"]
    manifest["homepage_url"] = f"{origin}/.mailgate/me"
    pages = manifest["content_security_policy"]
    pages["extension_pages"] = re.sub(r"connect-src [^;]+", f"connect-src {origin}", pages["extension_pages"])


def _for_chromium(manifest: dict[str, Any], fit: Fit) -> None:
    del manifest["background"]["scripts"], manifest["browser_specific_settings"]
    if fit.chromeos:
        manifest["permissions"].append("enterprise.deviceAttributes")
    if fit.updates:
        manifest["update_url"] = fit.address_of(UPDATE_XML)


def _for_firefox(manifest: dict[str, Any], fit: Fit) -> None:
    del manifest["background"]["service_worker"], manifest["minimum_chrome_version"]
    gecko = manifest["browser_specific_settings"]["gecko"]
    gecko["id"] = fit.firefox_id
    if fit.updates:
        gecko["update_url"] = fit.address_of(UPDATES_JSON)


def _files() -> Iterator[tuple[str, bytes]]:
    """The shipped files, which ``package.json`` names, in one order on every system."""
    shipped = json.loads(FOLDER.joinpath("package.json").read_text("utf-8"))["files"]
    found = {FOLDER / name for name in shipped if (FOLDER / name).is_file()}
    found |= {each for name in shipped for each in (FOLDER / name).rglob("*") if each.is_file()}
    for each in sorted(found, key=lambda path: path.relative_to(FOLDER).as_posix()):
        yield each.relative_to(FOLDER).as_posix(), each.read_bytes()


def packed(manifest: dict[str, Any]) -> bytes:
    """The extension with this manifest as a ZIP file, which is what Firefox takes. The same files make the same bytes."""
    written = BytesIO()
    with ZipFile(written, "w") as archive:
        for name, content in _files():
            entry = ZipInfo(name, EARLIEST)
            entry.external_attr = PERMISSIONS
            written_as = as_json(manifest) if name == "manifest.json" else content
            archive.writestr(entry, written_as, ZIP_DEFLATED)
    return written.getvalue()


def as_json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def version_in(archive: bytes) -> str:
    """The version of a package, signed or not. Raises BadZipFile, KeyError or ValueError if it is none."""
    with ZipFile(BytesIO(archive)) as opened:
        return str(json.loads(opened.read("manifest.json"))["version"])


def chromium_id(key: RSAPrivateKey) -> str:
    """The id of every extension that this key signs: the first half of the public key's SHA-256, in letters from a to p."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in _key_digest(_public(key)).hex())


def _public(key: RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_digest(public: bytes) -> bytes:
    return sha256(public).digest()[:16]


def signed(archive: bytes, key: RSAPrivateKey) -> bytes:
    """A package as a CRX3 file, which is what Chromium installs: its head, the messages of Chromium's ``crx3.proto``, and the
    archive. PKCS #1 v1.5 draws nothing at random, so the same package has the same signature."""
    public = _public(key)
    data = _field(1, _key_digest(public))
    proof = key.sign(b"CRX3 SignedData\0" + _length(data) + data + archive, PKCS1v15(), SHA256())
    head = _field(2, _field(1, public) + _field(2, proof)) + _field(10_000, data)
    return b"Cr24" + (3).to_bytes(4, "little") + _length(head) + head + archive


def _length(content: bytes) -> bytes:
    return len(content).to_bytes(4, "little")


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes in a message of Protocol Buffers."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    more = number >> 7
    return bytes([number & 0x7F | 0x80]) + _varint(more) if more else bytes([number])


def update_xml(fit: Fit, manifest: dict[str, Any], own_id: str) -> bytes:
    """What Chromium reads every few hours: the newest version, and the oldest Chromium that takes it.
    Source: https://developer.chrome.com/docs/apps/autoupdate."""
    version = manifest["version"]
    named = {
        "codebase": f"{fit.address_of(CRX)}?version={version}",  # another address for caches on the way
        "version": version,
        "prodversionmin": manifest["minimum_chrome_version"],
    }
    said = " ".join(f"{name}={quoteattr(value)}" for name, value in named.items())
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<gupdate xmlns='http://www.google.com/update2/response' protocol='2.0'>\n"
        f"  <app appid='{own_id}'>\n    <updatecheck {said} />\n  </app>\n</gupdate>\n"
    ).encode()


def updates_json(fit: Fit, manifest: dict[str, Any], xpi: bytes) -> bytes:
    """What Firefox reads once a day, with the hash of the package. The address is that of the policy, or Firefox would load the package
    again at each start. Source: https://extensionworkshop.com/documentation/manage/updating-your-extension/."""
    gecko = manifest["browser_specific_settings"]["gecko"]
    newest = {
        "version": manifest["version"],
        "update_link": fit.address_of(XPI),
        "update_hash": f"sha256:{sha256(xpi).hexdigest()}",
        "applications": {"gecko": {"strict_min_version": gecko["strict_min_version"]}},
    }
    return as_json({"addons": {gecko["id"]: {"updates": [newest]}}})
