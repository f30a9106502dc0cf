"""Envoy's ``X-Forwarded-Client-Cert``. It has an element for each hop, and each element has ``Key=value`` pairs.

    By=spiffe://a.example/ns/mail;Hash=…;Cert="-----BEGIN%20CERTIFICATE-----%0A…";Subject="CN=phone,O=\\"A\\"";URI=…

Commas separate elements, and semicolons separate pairs. A value with a comma, a semicolon or an equals sign stands in
double quotes, in which a backslash escapes a quote. Keys are compared without case.

**The last element counts.** It describes the connection to the proxy that calls us, and that proxy alone writes it. The
proxy received the elements before it: from proxies that it may trust or, if it appends, from the client itself. If a proxy
stands behind another proxy, the last element is therefore the first proxy's own certificate, which no authority of devices
has signed. Such a chain of proxies has to pass the client's certificate in one element (``SANITIZE_SET`` at the edge,
``ALWAYS_FORWARD_ONLY`` behind it).
"""

import re

from mailgate.gateway.http1.client_certs import UnreadableError
from mailgate.gateway.http1.client_certs.escaped_pem import read_escaped_chain, read_escaped_pem

MAX_ELEMENTS = 20
_PAIR = re.compile(rb'[ \t]*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=]*(?:=[^",;=]*)*))', re.DOTALL)


def read_xfcc(value: bytes, at_most: int) -> list[bytes]:
    """The DER certificates of the last element, the leaf first, from ``Chain`` if present, otherwise from ``Cert``.

    The list is empty if the element has neither. Envoy is then not set up to send it
    (``set_current_client_cert_details``).

    :raises UnreadableError: for anything but elements of pairs, or a ``Chain`` whose leaf is not the ``Cert``.
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
