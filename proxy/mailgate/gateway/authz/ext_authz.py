"""Envoy's question by gRPC and what it is told, as the question by HTTP and its answer: one law for both.

By gRPC Envoy tells every field of the request, and takes a no apart from the status that the client gets. So what a client could
forge is taken out here, and Envoy is told to take it out of what it passes on; and a no may be a 200.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mailgate.gateway.authz.authorizer import STATUS
from mailgate.gateway.authz.envoy_messages import CheckResponse
from mailgate.gateway.authz.original import PATH
from mailgate.gateway.http1.fields import Field
from mailgate.gateway.http1.request import malformed
from mailgate.gateway.http1.trusted_headers import HOP_BY_HOP, forgeable

PERMISSION_DENIED = 7
"""google.rpc.Code"""
OVERWRITE, APPEND = 2, 0
"""HeaderValueOption.HeaderAppendAction: in place of what is there, beside it."""
FORWARDED = "x-forwarded-for"
"""What Envoy makes of this ends with an address of its own machine, and begins with what the client sent."""
PROOFS = (b"device-attestation", b"dpop")
_OWN = frozenset({b"x-forwarded-for", b"x-forwarded-proto", *PROOFS})
"""What is forgeable by its name and read all the same: Envoy's own, and proofs."""
_WRITTEN_BY_ENVOY = frozenset({b"x-envoy-external-address", b"x-envoy-internal"})
_CONNECTION = HOP_BY_HOP - {b"connection", b"te", b"transfer-encoding", b"upgrade"}
"""Of the client's connection; the others Envoy sees to itself."""
_ENDS = (b"\r", b"\n", b"\0")
_LEFT_OUT = (HOP_BY_HOP - {b"upgrade"}) | {b"host", b"content-length", b"expect", b"trailer"}
"""Of the connection and of the body, which stay with Envoy."""
_ENVOY_SENDS = frozenset({"content-length", "date", "connection", "transfer-encoding"})
"""What it writes itself into an answer to its client."""


@dataclass(frozen=True, slots=True)
class Question:
    """What Envoy asks, and what of it the webmail must not be told as it came."""

    head: bytes
    """Of the same question by HTTP."""
    client: str = ""
    dropped: frozenset[str] = frozenset()
    """Names in small letters."""
    upgrading: bool = False
    """To a WebSocket: what else `Connection` names is not passed on."""


def question(asked: Any, certificates: frozenset[bytes] = frozenset()) -> Question:
    """``certificates``: the fields in which Envoy hands on client certificates, if it does. Raises RequestRefused."""
    http = asked.attributes.request.http
    client = asked.attributes.source.address.socket_address.address
    told = (
        *_fields(http, _OWN | certificates),
        (b"host", http.host.encode()),
        (b"x-original-for", client.encode()),
    )
    lines = [b"%b %b%b HTTP/1.1" % (http.method.encode(), PATH.encode(), http.path.encode())]
    lines += [b"%b: %b" % field for field in told]
    if any(b":" in name for name, _ in told) or any(mark in line for line in lines for mark in _ENDS):
        raise malformed("Envoy has told what would be two lines.")
    dropped = {name.decode("latin-1").lower() for name, _ in _all(http) if _dropped(name)}
    return Question(
        b"\r\n".join([*lines, b"", b""]),
        client,
        frozenset(dropped),
        any(name.lower() == b"upgrade" for name, _ in told),
    )


def _dropped(name: bytes) -> bool:
    """Whether the webmail must not get this field as it came."""
    key = name.lower()
    return key in _CONNECTION or (forgeable(name) and key not in _OWN and key not in _WRITTEN_BY_ENVOY)


def _fields(http: Any, own: frozenset[bytes]) -> Iterator[Field]:
    """Those of the request that are the client's to tell, or Envoy's ``own``."""
    for name, value in _all(http):
        key = name.lower()
        if key not in _LEFT_OUT and (key in own or not forgeable(name)):
            yield name, value


def _all(http: Any) -> Iterator[Field]:
    """One line each where Envoy is set to tell them so (``encode_raw_headers``); else lines of one name are joined by commas."""
    if http.HasField("header_map"):
        pairs = [(each.key, each.raw_value or each.value.encode()) for each in http.header_map.headers]
    else:
        pairs = [(each.key, each.value.encode()) for each in http.headers]
    for name, value in pairs:
        if not name.startswith(":"):
            yield name.encode(), value


def told(answer: bytes, asked: Question) -> Any:
    """What Envoy is told, by the whole answer to the question by HTTP."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    status = int(line.split(" ")[1])
    fields = [(name, value) for name, _, value in (each.partition(": ") for each in rest)]
    return _yes(fields, asked) if status == 200 else _no(status, fields, body)


def _yes(fields: list[tuple[str, str]], asked: Question) -> Any:
    response = CheckResponse()
    response.status.code = 0
    yes = response.ok_response
    results = {name.lower(): value for name, value in fields if name.lower().startswith("x-device-")}
    own = ((FORWARDED, asked.client), ("connection", "Upgrade" if asked.upgrading else ""))
    set_here = {name: value for name, value in (*results.items(), *own) if value}
    for name, value in set_here.items():
        _add(yes.headers, name, value)
    for name, value in fields:
        if name.lower() == "dpop-nonce":
            _add(yes.response_headers_to_add, name, value)
    removed = {*asked.dropped, *results, *(each.decode() for each in PROOFS)} - set_here.keys()
    yes.headers_to_remove.extend(sorted(removed))
    return response


def _no(status: int, fields: list[tuple[str, str]], body: bytes) -> Any:
    response = CheckResponse()
    response.status.code = PERMISSION_DENIED
    no, names = response.denied_response, set()
    meant = [value for name, value in fields if name.lower() == STATUS.lower()]
    no.status.code = int(meant[0]) if meant else status
    text = _text(body)
    for name, value in fields:
        key = name.lower()
        if key in _ENVOY_SENDS or key == STATUS.lower() or (text is None and key.startswith("content-")):
            continue
        _add(no.headers, name, value, beside=key in names)
        names.add(key)
    no.body = text or ""
    return response


def _text(body: bytes) -> str | None:
    """A body, which is text to Envoy. None where it is none, as what a webmail says to a login in another encoding."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _add(options: Any, name: str, value: str, *, beside: bool = False) -> None:
    options.add(header={"key": name, "value": value}, append_action=APPEND if beside else OVERWRITE)
