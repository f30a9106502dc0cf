"""Our part of Envoy's messages, held against all of them."""

import warnings

from mailgate.gateway.authz.envoy_messages import CheckRequest, CheckResponse

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
