"""MS-OXCMAPIHTTP, section 2.2.3.3: the code in a header, and the headers that every response repeats."""

from tests.unit.gateway.refusals.blocked import refused

from mailgate.model import Protocol

REQUEST_ID = "{C715155F-2BE8-44E0-BD34-2960067874C8}:500"


def test_a_refusal_has_the_code_the_words_and_the_help_number() -> None:
    answer = refused(Protocol.MAPI)
    assert (answer.status, answer.content_type) == (403, "text/plain; charset=utf-8")
    assert answer.headers == (("X-ResponseCode", "11"), ("X-Device-Reason", "prohibited-app"))
    assert b"TikTok" in answer.body
    assert answer.body.endswith(b"Reference: REF2345.\n")


def test_identifiers_of_the_request_are_repeated() -> None:
    answer = refused(Protocol.MAPI, x_requesttype="Connect", x_requestid=REQUEST_ID, x_clientinfo="{AB}:1")
    assert (
        dict(answer.headers).items()
        >= {
            "X-RequestType": "Connect",
            "X-RequestId": REQUEST_ID,
            "X-ClientInfo": "{AB}:1",
        }.items()
    )


def test_malformed_identifiers_are_not_repeated() -> None:
    answer = refused(
        Protocol.MAPI, x_requesttype="a\r\nX-Evil: 1", x_requestid="é" * 9, x_clientinfo="x" * 999
    )
    assert [name for name, _ in answer.headers] == ["X-ResponseCode", "X-Device-Reason"]
