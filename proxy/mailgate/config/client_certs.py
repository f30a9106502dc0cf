"""The settings of TLS client certificates, and the files that they name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography import x509
from pydantic import Field, PrivateAttr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from mailgate.attest.certificates import NamePattern
from mailgate.attest.client_certs import Revocation, RevocationError, RevocationList, read_lists, read_serials
from mailgate.config.references import AuthoritiesFile, ExistingFile, read_certificates
from mailgate.config.values import Listen
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Strict

MAX_FILE = 32 * 1024 * 1024
"""The largest revocation list, or list of serial numbers, in bytes."""

Affix = Annotated[str, StringConstraints(max_length=255)]
ProxyHeader = Annotated[
    str,
    StringConstraints(
        pattern=r"^([Xx]-[Ss][Ss][Ll]|[Ss][Ss][Ll]-[Cc]lient-|[Xx]-[Cc]lient-)[A-Za-z0-9-]*$", max_length=100
    ),
]
"""Headers that clients can never send to the webmail, whatever is set here (``http/trusted_headers.py``)."""


class MatchSettings(Strict):
    """A field of the certificate that names the device, or the person for whom it was issued."""

    field: Literal["san-uri", "san-dns", "san-email", "san-upn", "serial-number", "common-name"]
    """A subject alternative name, or a field of the subject."""
    names: Literal["serial", "udid", "mdm", "directory", "eas", "user"]
    """The kind of name: serial number, UDID, the device management's own id, the id in the company's directory, or ActiveSync id;
    ``user`` for the login name of a person."""
    prefix: Affix = ""
    """A prefix that is removed. A value without it names no device."""
    suffix: Affix = ""
    """A suffix that is removed."""


class ClientCertificateSettings(Strict):
    """TLS client certificates that name devices. If left out, none is accepted."""

    authorities: AuthoritiesFile
    """The authorities that sign the certificates of devices, PEM: the root, or the issuing authorities alone."""
    listen: Listen | None = None
    """A port that asks for certificates. ``listen`` never asks, since browsers would ask their users."""
    from_proxies: Literal["client-cert", "xfcc", "nginx"] | None = None
    """The header in which trusted proxies forward certificates: RFC 9440, Envoy's, or nginx's escaped PEM."""
    proxy_header: ProxyHeader = "X-SSL-Client-Cert"
    """With ``nginx``: the header that its ``proxy_set_header`` writes."""
    match: tuple[MatchSettings, ...] = Field(default=(), max_length=20)
    """The fields that name the device, the most reliable first. The thumbprint is always used."""
    crl: ExistingFile | None = None
    """The revocation lists of the authorities, PEM or DER."""
    stale_crl: Literal["refuse", "count"] = "refuse"
    """What happens after a list's ``nextUpdate``: it refuses every certificate that it covers, or is used as it is."""
    revoked_serials: ExistingFile | None = None
    """The serial numbers of revoked certificates in hex, one per line."""

    _trusted: tuple[x509.Certificate, ...] = PrivateAttr(())
    _revocation: Revocation = PrivateAttr(default_factory=Revocation)

    @model_validator(mode="after")
    def _some_way(self) -> Self:
        if self.listen is None and self.from_proxies is None:
            message = "no certificate can reach the gate; set `listen`, `from_proxies` or both"
            raise wrong_value("certificates", message, key="listen")
        return self

    @model_validator(mode="after")
    def _read(self) -> Self:
        self._trusted = read_certificates(self.authorities, "authorities")
        lists = _lists(self.crl, self._trusted) if self.crl else {}
        serials = _serials(self.revoked_serials) if self.revoked_serials else frozenset()
        self._revocation = Revocation(lists, serials, self.stale_crl == "count")
        return self

    @property
    def trusted(self) -> tuple[x509.Certificate, ...]:
        """The certificates of the authorities, read from their file."""
        return self._trusted

    @property
    def revocation(self) -> Revocation:
        """The contents of the revocation files."""
        return self._revocation

    @property
    def matches(self) -> tuple[NamePattern, ...]:
        return tuple(NamePattern(each.field, each.names, each.prefix, each.suffix) for each in self.match)


def _lists(path: Path, authorities: Sequence[x509.Certificate]) -> dict[bytes, RevocationList]:
    try:
        return read_lists(_content(path), authorities)
    except (OSError, RevocationError) as error:
        raise _mistake("crl", str(error)) from error


def _serials(path: Path) -> frozenset[int]:
    try:
        return read_serials(_content(path).decode("utf-8", "replace").splitlines())
    except (OSError, RevocationError) as error:
        raise _mistake("revoked_serials", str(error)) from error


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise RevocationError(f"longer than {MAX_FILE} bytes; make the file shorter")
    return content


def _mistake(key: str, wrong: str) -> PydanticCustomError:
    return wrong_value("file", wrong, key=key)
