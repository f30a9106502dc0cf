"""Finds the certificates that came with a request, either by TLS or in the one header that a trusted proxy writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from mailgate.attest.chain import MAX_CERTIFICATES
from mailgate.http.client_certs import UnreadableError
from mailgate.http.client_certs.dialects import (
    read_client_cert,
    read_client_cert_chain,
    read_escaped_pem,
    read_xfcc,
)
from mailgate.http.fields import Field
from mailgate.http.trusted_headers import Network, canonical, is_proxy
from mailgate.model import CertificateResult, Reason

MAX_VALUE = 64 * 1024
"""The longest header with certificates, in bytes. The limit of the whole head applies before."""

Chain = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ProxyForm:
    """The form in which trusted proxies pass the client's certificate: ``client-cert``, ``xfcc`` or ``nginx``."""

    name: str = ""
    """The name of the form. If it is empty, no proxy is believed about certificates."""
    header: str = ""
    """The header that the settings name for ``nginx``."""

    @property
    def fields(self) -> frozenset[bytes]:
        """The fields that are read, in the spelling of ``canonical``."""
        return frozenset(_FIELDS.get(self.name, ())) or frozenset({canonical(self.header.encode())} - {b""})


NO_PROXY = ProxyForm()
"""No proxy is believed about certificates."""

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
    """The certificates in a trusted proxy's header, the leaf first, or the reason why they are not accepted.

    The tuple is empty if the client had none.
    """
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


def _xfcc(values: Mapping[bytes, bytes]) -> Sequence[bytes]:
    return read_xfcc(next(iter(values.values())), MAX_CERTIFICATES)


def _nginx(values: Mapping[bytes, bytes]) -> Sequence[bytes]:
    return [read_escaped_pem(next(iter(values.values())))]


_READERS: Mapping[str, Callable[[Mapping[bytes, bytes]], Sequence[bytes]]] = {
    "client-cert": _rfc9440,
    "xfcc": _xfcc,
    "nginx": _nginx,
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
