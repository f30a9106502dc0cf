"""The messages of Envoy's ``envoy.service.auth.v3.Authorization/Check``, with the fields that are read or written here.

The field numbers are those of envoy/service/auth/v3 (attribute_context.proto, external_auth.proto),
envoy/config/core/v3 and google/rpc/status.proto. Other fields of a message are skipped, as Protocol Buffers require.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "mailgate.ext_authz"
_KIND = descriptor_pb2.FieldDescriptorProto
_KINDS = {
    "string": _KIND.TYPE_STRING,
    "bytes": _KIND.TYPE_BYTES,
    "int32": _KIND.TYPE_INT32,
}
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


def _described() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="ext_authz.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, holds) in fields.items():
            _add(message, field, number, holds)
    return file


def _add(message: Any, name: str, number: int, holds: str) -> None:
    label = _KIND.LABEL_REPEATED if holds.startswith("*") else _KIND.LABEL_OPTIONAL
    kind = holds.removeprefix("*")
    what = (
        {"type": _KINDS[kind]}
        if kind in _KINDS
        else {"type": _KIND.TYPE_MESSAGE, "type_name": f".{_PACKAGE}.{kind}"}
    )
    message.field.add(name=name, number=number, label=label, **what)


def _made() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_described().SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in ("CheckRequest", "CheckResponse")
    }


_CLASSES = _made()
CheckRequest: Any = _CLASSES["CheckRequest"]
CheckResponse: Any = _CLASSES["CheckResponse"]
