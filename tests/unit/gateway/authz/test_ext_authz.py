"""A question by gRPC is one by HTTP, without what a client forged; and what is answered to it reaches the client whole."""

import warnings
from typing import Any

import pytest

from mailgate.gateway.authz.ext_authz import (
    CheckRequest,
    CheckResponse,
    EnvoyQuestion,
    check_response,
    question,
)
from mailgate.http.forgeable import KNOWN
from mailgate.http.request import RequestRefused


def asking(*fields: tuple[str, str], raw: bool = False, **of_it: str) -> Any:
    """What Envoy sends of a request with these fields."""
    asked = CheckRequest()
    asked.attributes.source.address.socket_address.address = of_it.pop("client", "203.0.113.7")
    http = asked.attributes.request.http
    http.method, http.path, http.host = "GET", "/inbox", "mail.example.com"
    for name, value in of_it.items():
        setattr(http, name, value)
    for name, value in (("x-forwarded-proto", "https"), *fields):
        if raw:
            http.header_map.headers.add(key=name, raw_value=value.encode("latin-1"))
        else:
            http.headers.add(key=name, value=value)
    return asked


def lines(asked: Any) -> list[str]:
    return question(asked).head.decode("latin-1").split("\r\n")


def test_a_question_has_the_lines_that_envoy_sends_by_http() -> None:
    assert lines(asking(("user-agent", "x"), (":path", "/other"), path="/inbox?page=2", method="PUT")) == [
        "PUT /.mailgate/authz/inbox?page=2 HTTP/1.1",
        "x-forwarded-proto: https",
        "user-agent: x",
        "host: mail.example.com",
        "x-original-for: 203.0.113.7",
        "",
        "",
    ]


def test_each_line_is_told_by_itself_where_envoy_tells_it_so() -> None:
    said = lines(asking(("user-agent", "a"), ("user-agent", "b\xff"), raw=True))
    assert [line for line in said if line.startswith("user-agent")] == ["user-agent: a", "user-agent: b\xff"]


def test_nothing_that_a_client_could_forge_is_believed_or_passed_on() -> None:
    own = {"x-forwarded-for", "x-forwarded-proto", "device-attestation", "dpop", "x-envoy-external-address"}
    forged = [
        (name, "forged")
        for name in (*sorted(KNOWN - own), "X_Real_IP", "x-original_for", "x-device-decision")
    ]
    asked = question(asking(*forged, ("x-envoy-external-address", "203.0.113.7")))
    assert b"forged" not in asked.head
    assert asked.dropped == {name.lower() for name, _ in forged}


def test_a_certificate_is_believed_where_envoy_hands_it_on_and_never_passed_on() -> None:
    name = "x-forwarded-client-cert"
    asked = asking((name, "Cert=x"))
    assert b"Cert=x" not in question(asked).head
    assert b"Cert=x" in question(asked, frozenset({name.encode()})).head
    assert question(asked, frozenset({name.encode()})).dropped == {name}


def test_fields_of_the_body_and_connection_stay_with_envoy() -> None:
    passed_on = question(asking(("http2-settings", "x"), ("te", "trailers"), ("keep-alive", "x")))
    assert passed_on.dropped == {"http2-settings", "keep-alive"}
    asked = question(asking(("upgrade", "websocket"), ("connection", "upgrade, http2-settings")))
    told_on = {each.header.key: each.header.value for each in check_response(YES, asked).ok_response.headers}
    assert told_on["connection"] == "Upgrade"
    assert "upgrade: websocket" in lines(asking(("upgrade", "websocket")))


@pytest.mark.parametrize(
    "name", ["content-length", "transfer-encoding", "connection", "expect", "te", "Host"]
)
def test_a_field_of_the_body_or_the_connection_is_not_in_the_question(name: str) -> None:
    assert not any(line.lower().startswith(f"{name.lower()}: 7") for line in lines(asking((name, "7"))))


@pytest.mark.parametrize(
    "fields", [("a", "b\r\nx-original-for: 192.0.2.1"), ("a\nb", "c"), ("a: b", "c"), ("a", "b\0c")]
)
def test_a_field_that_would_be_two_is_refused(fields: tuple[str, str]) -> None:
    with pytest.raises(RequestRefused):
        question(asking(fields))


@pytest.mark.parametrize(
    "of_it", [{"path": "/a\r\nb: c"}, {"method": "GET\r\n"}, {"host": "a\r\nb: c"}, {"client": "a\nb"}]
)
def test_no_other_part_can_smuggle_a_line(of_it: dict[str, str]) -> None:
    with pytest.raises(RequestRefused):
        question(asking(**of_it))


YES = b"HTTP/1.1 200 OK\r\nX-Device-Decision: allow\r\nX-Device-User: \r\nDPoP-Nonce: n\r\nDate: d\r\n\r\n"


def test_a_yes_sets_known_fields_and_removes_forged_ones() -> None:
    yes = check_response(
        YES, EnvoyQuestion(b"", "203.0.113.7", frozenset({"x-device-decision", "remote-user"}))
    )
    assert yes.status.code == 0
    assert {each.header.key: each.header.value for each in yes.ok_response.headers} == {
        "x-device-decision": "allow",
        "x-forwarded-for": "203.0.113.7",
    }
    assert all(each.append_action == 2 for each in yes.ok_response.headers)
    assert yes.ok_response.headers_to_remove == ["device-attestation", "dpop", "remote-user", "x-device-user"]
    assert [each.header.key for each in yes.ok_response.response_headers_to_add] == ["DPoP-Nonce"]


def test_a_binary_body_is_left_out_with_its_fields() -> None:
    answer = (
        b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\nWWW-Authenticate: Basic\r\n\r\n\xff\xfe"
    )
    no = check_response(answer, EnvoyQuestion(b"")).denied_response
    assert (no.status.code, no.body) == (401, "")
    assert [each.header.key for each in no.headers] == ["WWW-Authenticate"]


def test_a_no_has_its_status_its_fields_and_its_page() -> None:
    answer = (
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 5\r\nDate: d\r\nX-Device-Status: 200\r\n"
        "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nGrüße"
    )
    no = check_response(answer.encode(), EnvoyQuestion(b""))
    assert (no.status.code, no.denied_response.status.code, no.denied_response.body) == (7, 200, "Grüße")
    assert [
        (each.header.key, each.header.value, each.append_action) for each in no.denied_response.headers
    ] == [("Content-Type", "text/html", 2), ("Set-Cookie", "a=1", 2), ("Set-Cookie", "b=2", 0)]
    assert (
        check_response(
            answer.replace("X-Device-Status: 200\r\n", "").encode(), EnvoyQuestion(b"")
        ).denied_response.status.code
        == 403
    )


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of pydantic, about what it is called with there
    from envoy_data_plane.envoy.config.core.v3 import Address, HeaderMap, HeaderValue, SocketAddress
    from envoy_data_plane.envoy.service.auth import v3


def test_a_question_as_envoy_writes_it_is_read() -> None:
    http = v3.AttributeContextHttpRequest(
        id="7", method="POST", path="/mail?x=1", host="mail.example.com", scheme="https", protocol="HTTP/2", size=5,
        headers={"cookie": "a=1", ":path": "/mail?x=1"},
        header_map=HeaderMap(headers=[HeaderValue(key="user-agent", raw_value=b"\xff")]),
    )  # fmt: skip
    source = v3.AttributeContextPeer(
        address=Address(socket_address=SocketAddress(address="203.0.113.7", port_value=4711)),
        principal="spiffe://x",
    )
    context = v3.AttributeContext(
        source=source, request=v3.AttributeContextRequest(http=http), context_extensions={"a": "b"}
    )
    read = CheckRequest.FromString(bytes(v3.CheckRequest(attributes=context))).attributes
    assert read.source.address.socket_address.address == "203.0.113.7"
    told = read.request.http
    assert (told.method, told.path, told.host) == ("POST", "/mail?x=1", "mail.example.com")
    assert {each.key: each.value for each in told.headers} == {"cookie": "a=1", ":path": "/mail?x=1"}
    assert [(each.key, each.raw_value) for each in told.header_map.headers] == [("user-agent", b"\xff")]


def test_a_no_as_it_is_written_here_is_read_by_envoy() -> None:
    answer = CheckResponse()
    answer.status.code = 7
    answer.denied_response.status.code = 200
    answer.denied_response.body = "no"
    option = answer.denied_response.headers.add()
    option.header.key, option.header.value, option.append_action = "X-A", "b", 2
    read = v3.CheckResponse.parse(answer.SerializeToString())
    assert read.status is not None
    assert read.denied_response is not None
    assert (read.status.code, int(read.denied_response.status.code), read.denied_response.body) == (
        7,
        200,
        "no",
    )
    (header,) = read.denied_response.headers
    assert (header.header.key, header.header.value, header.append_action.name) == (
        "X-A",
        "b",
        "OVERWRITE_IF_EXISTS_OR_ADD",
    )
    assert read.ok_response is None


def test_a_yes_as_it_is_written_here_is_read_by_envoy() -> None:
    answer = CheckResponse()
    answer.status.code = 0
    yes = answer.ok_response
    yes.headers_to_remove.append("dpop")
    yes.headers.add().header.key = "x-device-class"
    yes.response_headers_to_add.add().header.key = "DPoP-Nonce"
    read = v3.CheckResponse.parse(answer.SerializeToString())
    assert read.ok_response is not None
    assert read.ok_response.headers_to_remove == ["dpop"]
    assert [each.header.key for each in read.ok_response.headers] == ["x-device-class"]
    assert [each.header.key for each in read.ok_response.response_headers_to_add] == ["DPoP-Nonce"]
