"""TLS client certificates that came with a request, either by the gate's own handshake or in the one header that a trusted
proxy writes: percent-encoded PEM of nginx, RFC 9440 (section 2), and Envoy's ``X-Forwarded-Client-Cert``.

Bytes become certificates here; ``attest/client_certs.py`` decides what a certificate is worth.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from mailgate.errors import MailgateError
from mailgate.http.fields import Field
from mailgate.http.forgeable import canonical
from mailgate.http.trusted_headers import Network, is_proxy
from mailgate.model import CertificateResult, Reason
from mailgate.model.proofs import MAX_CERTIFICATES


class UnreadableError(MailgateError):
    """A header does not have the form that it must have. The text says what is expected and never repeats the header."""


MAX_VALUE = 64 * 1024
"""The longest header with certificates, in bytes. The limit of the whole head applies before."""

Chain = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ProxyForm:
    """The form in which trusted proxies pass the client's certificate: ``client-cert``, ``xfcc`` or ``nginx``."""

    name: str = ""
    """The name of the form. If it is empty, no proxy is believed about certificates."""
    header: str = ""

    @property
    def fields(self) -> frozenset[bytes]:
        """The fields that are read, in the spelling of ``canonical``."""
        return frozenset(_FIELDS.get(self.name, ())) or frozenset({canonical(self.header.encode())} - {b""})


NO_PROXY = ProxyForm()

_FIELDS = {"client-cert": (b"client-cert", b"client-cert-chain"), "xfcc": (b"x-forwarded-client-cert",)}


def presented_certificates(
    fields: Sequence[Field],
    *,
    peer: str,
    trusted: Sequence[Network],
    form: ProxyForm,
    in_handshake: Callable[[], Chain],
) -> Chain | CertificateResult:
    """The certificates that came with a request. If a trusted proxy passes certificates, its own certificate does not count."""
    if form.name and is_proxy(peer, trusted):
        return from_proxy(fields, form)
    return in_handshake()


def from_proxy(fields: Sequence[Field], form: ProxyForm) -> Chain | CertificateResult:
    """The certificates in a trusted proxy's header, the leaf first, or why they are not accepted. Empty if the client had none."""
    found = _found(fields, form)
    if sum(map(len, (value for values in found.values() for value in values))) > MAX_VALUE:
        return _refused(Reason.CERTIFICATE_OVERSIZE, f"expected at most {MAX_VALUE} bytes")
    if any(len(values) > 1 for values in found.values()):
        # a proxy that adds its own line to a client's would let the client choose
        return _refused(Reason.CERTIFICATE_TWO_HEADERS, "expected the header once")
    values = {name: each[0] for name, each in found.items() if each[0]}
    if not values:
        return ()
    try:
        return tuple(_READERS[form.name](values))
    except UnreadableError as error:
        return _refused(Reason.CERTIFICATE_MALFORMED, str(error))


def _found(fields: Sequence[Field], form: ProxyForm) -> dict[bytes, list[bytes]]:
    """The values of the form's fields. Only the exact spelling counts: the proxy did not write a twin with an underscore."""
    names, found = form.fields, dict[bytes, list[bytes]]()
    for raw, value in fields:
        name = raw.lower()
        if name in names:
            found.setdefault(name, []).append(value)
    return found


def _refused(reason: Reason, detail: str) -> CertificateResult:
    return CertificateResult(refused=reason, detail=detail)


def _rfc9440(values: Mapping[bytes, bytes]) -> Sequence[bytes]:
    leaf, chain = values.get(b"client-cert", b""), values.get(b"client-cert-chain", b"")
    if not leaf:
        raise UnreadableError("expected Client-Cert beside Client-Cert-Chain")
    return [read_client_cert(leaf), *(read_client_cert_chain(chain) if chain else ())]


_READERS: Mapping[str, Callable[[Mapping[bytes, bytes]], Sequence[bytes]]] = {
    "client-cert": _rfc9440,
    "xfcc": lambda values: read_xfcc(next(iter(values.values())), MAX_CERTIFICATES),
    "nginx": lambda values: [read_escaped_pem(next(iter(values.values())))],
}


def from_tls(ssl_object: object) -> Chain:
    """The certificates that the client sent in its handshake with us, the leaf first. The tuple is empty if it sent none."""
    connection = cast(Any, ssl_object)
    if connection.getpeercert(binary_form=True) is None:
        return ()
    chain = getattr(connection, "get_unverified_chain", None)
    if chain is not None:
        return tuple(chain())
    sent = connection._sslobj.get_unverified_chain()  # before Python 3.13 the method is only there
    return tuple(each.public_bytes(_DER) for each in sent)


_DER = 2
"""``_ssl.ENCODING_DER``."""

_ESCAPED = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,/:;=@]|%[0-9A-Fa-f]{2})*")
# RFC 7468, section 3, in the strict form that both proxies write
_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/]{1,64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n)-----END CERTIFICATE-----\n?"
)


def read_escaped_pem(value: bytes) -> bytes:
    """The DER of exactly one certificate. Raises UnreadableError."""
    (certificate,) = read_escaped_chain(value, at_most=1)
    return certificate


def read_escaped_chain(value: bytes, at_most: int) -> list[bytes]:
    """The DER of several certificates, one after the other. Raises UnreadableError."""
    if not _ESCAPED.fullmatch(value):
        raise UnreadableError("expected percent-encoding (RFC 3986, section 2.1)")
    text = unquote_to_bytes(value)
    found: list[bytes] = []
    while text:
        block = _PEM.match(text)
        if block is None or len(found) == at_most:
            raise UnreadableError(f"expected PEM of at most {at_most} certificates and nothing else")
        found.append(_decoded(block[1]))
        text = text[block.end() :]
    if not found:
        raise UnreadableError("expected a certificate in PEM")
    return found


def _decoded(lines: bytes) -> bytes:
    try:
        return b64decode(lines.replace(b"\n", b""), validate=True)
    except binascii.Error as error:
        raise UnreadableError("expected whole base64 in the PEM") from error


_BYTES = re.compile(rb":([A-Za-z0-9+/]*={0,2}):")


def read_client_cert(value: bytes) -> bytes:
    """The DER certificate of a ``Client-Cert`` field, which is one item without parameters. Raises UnreadableError."""
    return _byte_sequence(value.strip(b" "))


def read_client_cert_chain(value: bytes) -> list[bytes]:
    """The DER certificates of a ``Client-Cert-Chain`` field, a list of such items with the leaf's issuer first. Raises UnreadableError."""
    # base64 has no comma, so the list can be split at commas
    return [_byte_sequence(member.strip(b" \t")) for member in value.split(b",")]


def _byte_sequence(item: bytes) -> bytes:
    """Decode a byte sequence (RFC 8941, section 4.2.7). Padding may be missing; anything else that is not base64 is refused."""
    found = _BYTES.fullmatch(item)
    if found is None:
        raise UnreadableError("expected base64 between colons (RFC 8941, section 3.3.5)")
    text = found[1].rstrip(b"=")
    try:
        data = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise UnreadableError("expected whole base64 between the colons") from error
    if not data:
        raise UnreadableError("expected a certificate between the colons")
    return data


MAX_ELEMENTS = 20
_PAIR = re.compile(rb'[ \t]*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=]*(?:=[^",;=]*)*))', re.DOTALL)


def read_xfcc(value: bytes, at_most: int) -> list[bytes]:
    """The DER certificates of the last element, the leaf first, from ``Chain`` if present, otherwise from ``Cert``. Raises UnreadableError.

    The list is empty if it has neither: Envoy is then not set up to send it (``set_current_client_cert_details``).
    """
    last = _elements(value)[-1]
    leaf, chain = last.get("cert", b""), last.get("chain", b"")
    certificates = read_escaped_chain(chain, at_most) if chain else []
    if leaf:
        certificate = read_escaped_pem(leaf)
        if certificates and certificates[0] != certificate:
            raise UnreadableError("expected Chain to begin with Cert")
        certificates = certificates or [certificate]
    return certificates


def _elements(value: bytes) -> list[dict[str, bytes]]:
    elements: list[dict[str, bytes]] = [{}]
    at = 0
    while True:
        pair = _PAIR.match(value, at)
        if pair is None:
            raise UnreadableError("expected pairs of Key=value")
        _add(elements[-1], pair)
        at = pair.end()
        if at == len(value):
            return elements
        separator, at = value[at : at + 1], at + 1
        if separator == b",":
            elements.append({})
        elif separator != b";":
            raise UnreadableError("expected a semicolon or a comma behind a value")
        if len(elements) > MAX_ELEMENTS:
            raise UnreadableError(f"expected at most {MAX_ELEMENTS} elements")


def _add(element: dict[str, bytes], pair: re.Match[bytes]) -> None:
    """Add a pair. ``URI`` and ``DNS`` may occur several times in an element, but none of the keys that we read may."""
    key, quoted, plain = pair[1].decode("ascii").lower(), pair[2], pair[3]
    if key in element and key in ("cert", "chain", "hash"):
        raise UnreadableError("expected each of Cert, Chain and Hash once in an element")
    element[key] = plain if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted, flags=re.DOTALL)
