"""Translates Envoy's question by gRPC into the question by HTTP, and the answer back, so that the same rules hold for
both.

By gRPC Envoy sends every field of the request. So fields that a client could forge are removed here, and Envoy is told to
remove them from the request that it passes on. An answer by gRPC says apart from the client's status whether it is a refusal.
So a refusal may have the status 200. Messages have the fields that are read or written here, with the numbers of envoy/service/auth/v3
(attribute_context.proto, external_auth.proto), envoy/config/core/v3 and google/rpc/status.proto.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from mailgate.gateway.authz.authorizer import PATH, STATUS
from mailgate.http.fields import Field
from mailgate.http.forgeable import HOP_BY_HOP, forgeable
from mailgate.http.request import malformed

_PACKAGE = "mailgate.ext_authz"
_KIND = descriptor_pb2.FieldDescriptorProto
_KINDS = {"string": _KIND.TYPE_STRING, "bytes": _KIND.TYPE_BYTES, "int32": _KIND.TYPE_INT32}
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "CheckRequest": {"attributes": (1, "AttributeContext")},
    "AttributeContext": {"source": (1, "Peer"), "request": (4, "Request")},
    "Peer": {"address": (1, "Address")},
    "Address": {"socket_address": (1, "SocketAddress")},
    "SocketAddress": {"address": (2, "string")},
    "Request": {"http": (2, "HttpRequest")},
    "HttpRequest": {
        "method": (2, "string"),
        "headers": (3, "*HeadersEntry"),
        "path": (4, "string"),
        "host": (5, "string"),
        "header_map": (13, "HeaderMap"),
    },
    # a map is a list of such pairs on the wire; an Envoy writes each name once
    "HeadersEntry": {"key": (1, "string"), "value": (2, "string")},
    "HeaderMap": {"headers": (1, "*HeaderValue")},
    "HeaderValue": {"key": (1, "string"), "value": (2, "string"), "raw_value": (3, "bytes")},
    "CheckResponse": {
        "status": (1, "Status"),
        "denied_response": (2, "DeniedHttpResponse"),
        "ok_response": (3, "OkHttpResponse"),
    },
    "Status": {"code": (1, "int32")},
    "DeniedHttpResponse": {
        "status": (1, "HttpStatus"),
        "headers": (2, "*HeaderValueOption"),
        "body": (3, "string"),
    },
    "HttpStatus": {"code": (1, "int32")},  # an enumeration with the same numbers
    "OkHttpResponse": {
        "headers": (2, "*HeaderValueOption"),
        "headers_to_remove": (5, "*string"),
        "response_headers_to_add": (6, "*HeaderValueOption"),
    },
    "HeaderValueOption": {"header": (1, "HeaderValue"), "append_action": (3, "int32")},
}
"""The name and number of each field, and its type. A ``*`` before the type marks a repeated field."""


def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="ext_authz.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, holds) in fields.items():
            label = _KIND.LABEL_REPEATED if holds.startswith("*") else _KIND.LABEL_OPTIONAL
            kind = holds.removeprefix("*")
            what = {"type": _KINDS.get(kind, _KIND.TYPE_MESSAGE)}
            what |= {} if kind in _KINDS else {"type_name": f".{_PACKAGE}.{kind}"}
            message.field.add(name=field, number=number, label=label, **what)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _pool()
CheckRequest: Any = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.CheckRequest"))
CheckResponse: Any = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.CheckResponse"))

PERMISSION_DENIED = 7
"""google.rpc.Code"""
OVERWRITE, APPEND = 2, 0
"""HeaderValueOption.HeaderAppendAction: replace the existing value, or add another one."""
FORWARDED = "x-forwarded-for"
"""Envoy's value of this field begins with the client's own value and ends with an address of Envoy's machine."""
PROOFS = (b"device-attestation", b"dpop")
_OWN = frozenset({b"x-forwarded-for", b"x-forwarded-proto", *PROOFS})
"""Fields that are read although their names are forgeable: Envoy's own, and proofs."""
_WRITTEN_BY_ENVOY = frozenset({b"x-envoy-external-address", b"x-envoy-internal"})
_CONNECTION = HOP_BY_HOP - {b"connection", b"te", b"transfer-encoding", b"upgrade"}
"""Fields of the client's connection that Envoy is told to remove. It handles the others itself."""
_ENDS = (b"\r", b"\n", b"\0")
_LEFT_OUT = (HOP_BY_HOP - {b"upgrade"}) | {b"host", b"content-length", b"expect", b"trailer"}
"""Fields of the connection and of the body, which stay with Envoy."""
_ENVOY_SENDS = frozenset({"content-length", "date", "connection", "transfer-encoding"})
"""Fields that Envoy itself writes into an answer to its client."""


@dataclass(frozen=True, slots=True)
class EnvoyQuestion:
    """Envoy's question, and the fields that the webmail must not get as they came."""

    head: bytes
    """The head of the same question by HTTP."""
    client: str = ""
    dropped: frozenset[str] = frozenset()
    """Their names in lower case."""
    upgrading: bool = False
    """Whether the request switches to WebSocket. Other options of `Connection` are not passed on."""


def question(asked: Any, certificates: frozenset[bytes] = frozenset()) -> EnvoyQuestion:
    """Translate the question. ``certificates`` are the fields in which Envoy forwards client certificates. Raises RequestRefused."""
    http = asked.attributes.request.http
    client = asked.attributes.source.address.socket_address.address
    fields = (
        *_fields(http, _OWN | certificates),
        (b"host", http.host.encode()),
        (b"x-original-for", client.encode()),
    )
    lines = [b"%b %b%b HTTP/1.1" % (http.method.encode(), PATH.encode(), http.path.encode())]
    lines += [b"%b: %b" % field for field in fields]
    if any(b":" in name for name, _ in fields) or any(mark in line for line in lines for mark in _ENDS):
        raise malformed("Envoy has sent a name or a value that would become more than one line.")
    dropped = {name.decode("latin-1").lower() for name, _ in _all(http) if _dropped(name)}
    return EnvoyQuestion(
        b"\r\n".join([*lines, b"", b""]),
        client,
        frozenset(dropped),
        any(name.lower() == b"upgrade" for name, _ in fields),
    )


def _dropped(name: bytes) -> bool:
    key = name.lower()
    return key in _CONNECTION or (forgeable(name) and key not in _OWN and key not in _WRITTEN_BY_ENVOY)


def _fields(http: Any, own: frozenset[bytes]) -> Iterator[Field]:
    for name, value in _all(http):
        key = name.lower()
        if key not in _LEFT_OUT and (key in own or not forgeable(name)):
            yield name, value


def _all(http: Any) -> Iterator[Field]:
    """All fields, one for each line if Envoy is set up so (``encode_raw_headers``). Otherwise lines of one name are joined by commas."""
    if http.HasField("header_map"):
        pairs = [(each.key, each.raw_value or each.value.encode()) for each in http.header_map.headers]
    else:
        pairs = [(each.key, each.value.encode()) for each in http.headers]
    for name, value in pairs:
        if not name.startswith(":"):
            yield name.encode(), value


def check_response(answer: bytes, asked: EnvoyQuestion) -> Any:
    """The answer to Envoy, made from the whole answer to the question by HTTP."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    status = int(line.split(" ")[1])
    fields = [(name, value) for name, _, value in (each.partition(": ") for each in rest)]
    return _ok_response(fields, asked) if status == 200 else _denied_response(status, fields, body)


def _ok_response(fields: list[tuple[str, str]], asked: EnvoyQuestion) -> Any:
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


def _denied_response(status: int, fields: list[tuple[str, str]], body: bytes) -> Any:
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
    """A body as text, which Envoy requires; None if it is no text, like a webmail's answer in another encoding."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _add(options: Any, name: str, value: str, *, beside: bool = False) -> None:
    options.add(header={"key": name, "value": value}, append_action=APPEND if beside else OVERWRITE)
