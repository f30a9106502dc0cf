"""The skim against the strict readers: it takes a subset of what they take, reads it the same, and the same bytes go out.

``SKIM_HEADS=5000000 pytest tests/unit/http/test_skim.py`` compares as many mutated heads; without it there are fewer.
"""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from mailgate.gateway.authz.authorizer import Dialect, original_request
from mailgate.gateway.authz.verdict_key import refuse_unremoved_fields
from mailgate.http import skim
from mailgate.http.grammar import Malformed
from mailgate.http.proxy.forward import _may_go_unread
from mailgate.http.proxy.heads import Rewrite, framing_for, request_head, response_head, whole_answer
from mailgate.http.request import RequestHead, RequestRefused, parse_request_head, parse_response_head
from mailgate.http.skim import skim_answer, skim_request
from mailgate.http.trusted_headers import Origin

HEADS = int(os.environ.get("SKIM_HEADS", "20000"))
MOST = 60
ORIGIN = Origin("198.51.100.7", "https", b"mail.example.com", b"198.51.100.7", b"ada", by_proxy=True)
REWRITE = Rewrite.between("https://mail.example.com", "http://inner.example:9080")
NOW = datetime(2026, 11, 30, tzinfo=UTC)

SESSIONS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[2] / "vectors" / "heads").glob("*.json"))
}
"""Heads of real sessions, as they came to the gate (``tests/vectors/heads/README.md``)."""


def crlf(text: str) -> bytes:
    return text.strip("\n").replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n"


PHONE = crlf("""
POST /Microsoft-Server-ActiveSync?Cmd=Sync&User=ada&DeviceId=ABC&DeviceType=iPhone HTTP/1.1
Host: mail.example.com
Content-Type: application/vnd.ms-sync.wbxml
Accept: */*
MS-ASProtocolVersion: 16.1
Authorization: Basic YWRhOnNlY3JldA==
X-MS-PolicyKey: 1307199584
Accept-Language: de-DE,de;q=0.9
Accept-Encoding: gzip, deflate, br
Content-Length: 13
User-Agent: Apple-iPhone14C2/2201.64
Connection: keep-alive
""")
TOLD = crlf("""
GET /mail/?_task=mail HTTP/1.1
Host: mail.example.com
X-Forwarded-For: 203.0.113.9, 198.51.100.7
X-Forwarded-Proto: https
X-Forwarded-User: ada
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
User-Agent: Mozilla/5.0
Cookie: a=b; __Host-mailgate-probe=1.1790000000.desktop.pointer.windows..x; c=d
Authorization: Bearer abc.def
""")
QUESTION = crlf("""
GET /.mailgate/authz HTTP/1.1
Host: mail.example.com
X-Original-Method: POST
X-Original-URI: /mail/?_task=mail
X-Forwarded-For: 198.51.100.7
X-Forwarded-Proto: https
X-Forwarded-Host: mail.example.com
User-Agent: Mozilla/5.0
Accept-Language:\x20
Cookie: a=b
""")
"""Of nginx, which passes on an empty field."""
REQUESTS = [
    PHONE,
    QUESTION,
    TOLD,
    *(head.encode("latin-1") for each in SESSIONS.values() for _, head in each["requests"]),
]
ANSWERS = [
    (method.encode(), head.encode("latin-1"))
    for each in SESSIONS.values()
    for _, method, head in each["answers"]
]
MORE = [
    line.encode("latin-1")
    for line in """\
Host: mail.example.com|Host: other.example.com|host: [::1]:8080|Content-Length: 0|Content-Length: 05|Content-Length: 5|Content-Length: +5\
|Content-Length: 5, 5|CONTENT-LENGTH: 99999999999999999999|Content_Length: 5|Content-Length : 5|Transfer-Encoding: chunked\
|Transfer-Encoding: Chunked|transfer-encoding: identity|Transfer_Encoding: chunked|Transfer-Encoding: gzip, chunked|Connection: keep-alive\
|Connection: close|Connection: Close|Connection: close, cookie|Connection: host|connection: x-user, accept|Close: 1|Keep-Alive: 5|TE: trailers|Trailer: X\
|Expect: 100-continue|Upgrade: websocket|Connection: Upgrade|Max-Forwards: 3|HTTP2-Settings: x|Proxy-Connection: keep-alive|Authorization: Basic YWRhOng=\
|Authorization: Basic YWRhOng|authorization: bearer a, Basic YWRhOng=|Authorization: NTLM x|Authorization: Digest a=b|X-Forwarded-For: 192.0.2.1\
|X_Forwarded_For: 192.0.2.1|X-Forwarded-User: bob|X_User: bob|X-Device-Status: clean|x-device_status: clean|Mailgate-Kind: laptop|Device-Attestation: x|DPoP: x\
|Proxy: x|Cookie: a=b|Cookie: mailgate-probe=1|cookie: x=y; __Host-mailgate-warned=1; z|Cookie: mailgate-other=1;mailgate-probe|X: |X:y|X:  y|X: y |X:\ty|X: a\tb\
|: x|x|x y: z|X:|X:y: z|X: a:  b|X: a: b|a\u0000b: c|x\t: y|a;b: c|x\u00e9: z|X: \x80\xff|X: a\x00b|X: a\x7fb| folded|\tfolded|Via: 1.1 a|Date: Mon, 30 Nov 2026 08:00:00 GMT|Location: http://inner.example:9080/a\
|Location: /a|Content-Location: //inner.example:9080|Set-Cookie: a=b; dOmain=inner.example|Set-Cookie: a=b; Domain=inner.example; Domain=inner.example\
|Set-Cookie: a=b; path=/|Connection: date|Connection: set-cookie""".split("|")
]
FIRST = [
    line.encode("latin-1")
    for line in """\
GET / HTTP/1.1|HEAD /a?b HTTP/1.1|POST /x HTTP/1.1|OPTIONS * HTTP/1.1|OPTIONS / HTTP/1.1|PROPFIND /dav/ HTTP/1.1|CONNECT a:1 HTTP/1.1|CONNECT / HTTP/1.1|TRACE / HTTP/1.1\
|GET http://mail.example.com/ HTTP/1.1|GET HTTPS://mail.example.com HTTP/1.1|GET / HTTP/1.0|GET / HTTP/1.2|GET / HTTP/2.0|GET / http/1.1|GET  / HTTP/1.1|GET / HTTP/1.1 |get / HTTP/1.1\
|GET /#a HTTP/1.1|GET /\u00e9 HTTP/1.1|GET /a b HTTP/1.1|GET // HTTP/1.1|VERSION-CONTROL / HTTP/1.1|DELETE /a HTTP/1.1""".split(
        "|"
    )
]
STATUSES = [
    line.encode("latin-1")
    for line in """\
HTTP/1.1 200 OK|HTTP/1.1 200|HTTP/1.1 200 |HTTP/1.0 200 OK|HTTP/1.1 204 No Content|HTTP/1.1 304 Not Modified|HTTP/1.1 101 x|HTTP/1.1 100 Continue|HTTP/1.1 302 Found\
|HTTP/1.1 999 x|HTTP/1.1 404 Nicht gef\u00fcnden|HTTP/1.1  200 OK|HTTP/1.1 0200 OK|HTTP/1.1 500 a\tb""".split(
        "|"
    )
]
BYTES = [
    b"",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b":",
    b"\x00",
    b"\t",
    b",",
    b"-",
    b"_",
    b"0",
    b"\x80",
    b"#",
    b"\r\n\r\n",
]


@pytest.fixture(autouse=True, params=[2, HEADS * 9], ids=["often", "new"])
def often(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every promise is kept by heads of rows that come often, and of such that are new."""
    monkeypatch.setattr(skim, "OFTEN", request.param)
    for heads in (skim._REQUESTS, skim._ANSWERS):
        monkeypatch.setattr(heads, "_forms", {})


def mutated(draw: Random, head: bytes, firsts: list[bytes]) -> bytes:
    """The head with some lines or bytes changed. It still ends in an empty line."""
    lines = head[:-4].split(b"\r\n")
    for _ in range(draw.choice((0, 1, 1, 2))):
        at = draw.randrange(1, len(lines) + 1)
        match draw.randrange(6):
            case 0:
                lines.insert(at, draw.choice(MORE))
            case 1:
                lines.insert(at, draw.choice(lines[1:] or MORE))
            case 2 if len(lines) > 2:
                del lines[draw.randrange(1, len(lines))]
            case 3:
                lines[0] = draw.choice(firsts)
            case 4:
                at = draw.randrange(len(lines))
                name, colon, value = lines[at].partition(b":")
                name = draw.choice((name.upper(), name.lower(), name.replace(b"-", b"_"), name + b" "))
                lines[at] = name + colon + value
            case _:
                draw.shuffle(lines)
    head = b"\r\n".join(lines)
    for _ in range(draw.choice((0, 0, 0, 1, 2))):
        at = draw.randrange(len(head))
        new = draw.choice((*BYTES, bytes([draw.randrange(256)])))
        head = head[:at] + new + head[at + draw.randrange(2) :]
    whole = head + b"\r\n\r\n"
    return whole[: whole.index(b"\r\n\r\n") + 4]


def same_request(head: bytes) -> bool:
    """Whether the skim took this head. It is compared if so."""
    skimmed = skim_request(head, MOST)
    if skimmed is None:
        return False
    strict = parse_request_head(head, max_fields=MOST)
    assert skimmed == strict, head  # a dataclass: every part but the head as it came
    assert skimmed.fields.row.names == strict.fields.row.names, head
    assert asked_about(skimmed) == asked_about(strict), head
    for origin, closing in ((ORIGIN, _may_go_unread(strict)), (Origin("192.0.2.7", "http", b"", b""), True)):
        written = [
            request_head(each, origin, default_host=b"d", closing=closing) for each in (strict, skimmed)
        ]
        assert written[0] == written[1], head
    return True


def asked_about(head: RequestHead) -> RequestHead | str:
    """The request that nginx asks about with this head, or why there is none."""
    try:
        refuse_unremoved_fields(head.fields, Dialect.NGINX, frozenset())
        return original_request(head, Dialect.NGINX)
    except RequestRefused as refused:
        return refused.detail


def same_answer(head: bytes, method: bytes) -> bool:
    """Whether the skim took this head. It is compared if so, with answers to clients of either version."""
    skimmed = skim_answer(head, method=method, max_fields=MOST)
    if skimmed is None:
        return False
    strict = parse_response_head(head, method=method, max_fields=MOST)
    assert (skimmed.status, skimmed.reason, skimmed.minor) == (strict.status, strict.reason, strict.minor), (
        head
    )
    assert (skimmed.fields, skimmed.keep_alive) == (strict.fields, strict.keep_alive), head
    assert (skimmed.length, skimmed.chunked) == (strict.length, strict.chunked), head
    for client in CLIENTS:
        asked = parse_request_head(client, max_fields=MOST)
        for added in ((), (("DPoP-Nonce", "x"),)):
            written = [
                response_head(asked, each, framing_for(asked, each, closing=False), REWRITE, NOW, added)
                for each in (strict, skimmed)
            ]
            assert written[0] == written[1], head
    usual = skim_request(CLIENTS[0], MOST)
    assert usual is not None
    if skimmed.length is not None or skimmed.chunked:
        framing = framing_for(usual, skimmed, closing=False)
        written = [response_head(usual, skimmed, framing, REWRITE, NOW) + b"\r\n" + head]
        assert whole_answer(usual, skimmed, head + b"\r\n" + head, REWRITE) in (None, *written), head
    return True


CLIENTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n",
]


@pytest.mark.parametrize("seed", range(4))
def test_skimmed_requests_are_read_and_written_as_strictly(seed: int) -> None:
    draw, taken = Random(seed), 0
    for _ in range(HEADS // 4):
        head = mutated(draw, draw.choice(REQUESTS), FIRST)
        try:
            taken += same_request(head)
        except RequestRefused as refused:
            raise AssertionError(f"skimmed, but {refused}: {head!r}") from None
    assert taken > HEADS // 4 * 0.3


@pytest.mark.parametrize("seed", range(4))
def test_skimmed_answers_are_read_and_written_as_strictly(seed: int) -> None:
    draw, taken = Random(seed), 0
    for _ in range(HEADS // 4):
        method, head = draw.choice(ANSWERS)
        head = mutated(draw, head, STATUSES)
        try:
            taken += same_answer(head, draw.choice((method, method, b"HEAD")))
        except Malformed as refused:
            raise AssertionError(f"skimmed, but {refused}: {head!r}") from None
    assert taken > HEADS // 4 * 0.3


GATES_OWN = "; __Host-mailgate-probe=1.1790000000.desktop.pointer.windows.0123abcd.x"


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize(
    "with_more",
    [
        pytest.param(lambda head: head, id="as it came"),
        pytest.param(
            lambda head: re.sub(rb"(?m)^(Cookie: .*)\r$", rb"\1%b\r" % GATES_OWN.encode(), head), id="probed"
        ),
        pytest.param(
            lambda head: head[:-2] + b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-User: ada\r\n\r\n",
            id="named",
        ),
        pytest.param(lambda head: head[:-2] + b"traceparent: 00-0a-0b-01\r\n\r\n", id="traced"),
    ],
)
def test_requests_of_real_mail_are_skimmed(session: str, with_more) -> None:
    heads = [(times, with_more(head.encode("latin-1"))) for times, head in SESSIONS[session]["requests"]]
    left = [(times, head) for times, head in heads if not same_request(head)]
    assert count(left) <= count(heads) * 0.05, left


@pytest.mark.parametrize("session", SESSIONS)
def test_answers_of_real_webmails_are_skimmed(session: str) -> None:
    answers = [
        (times, method.encode(), head.encode("latin-1"))
        for times, method, head in SESSIONS[session]["answers"]
    ]
    left = [each for each in answers if not same_answer(each[2], each[1])]
    assert count(left) <= count(answers) * 0.05, left


def count(heads) -> int:
    return sum(times for times, *_ in heads)


def test_a_phone_and_what_trusted_proxies_tell_are_skimmed() -> None:
    assert same_request(PHONE)
    assert same_request(TOLD)


def test_a_question_is_skimmed_and_an_empty_field_of_it_is_like_none() -> None:
    """The key with which nginx keeps verdicts cannot tell the two apart (``gateway/authz/verdict_key.py``)."""
    assert same_request(QUESTION)
    question = skim_request(QUESTION, MOST)
    assert question is not None
    asked = original_request(question, Dialect.NGINX)
    assert (asked.method, asked.target, asked.fields.has(b"accept-language")) == (
        b"POST",
        b"/mail/?_task=mail",
        False,
    )


USUAL = crlf("""
POST /a?b HTTP/1.1
Host: mail.example.com
User-Agent: x
""")


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length: 5", "Content-Length: 0", "Connection: close", "connection: Keep-Alive", "X_User: bob", "Content_Length: 9", "Cookie: a", "DPoP: x",
        "Authorization: Basic YWRhOnNlY3JldA==", "Authorization: basic ", "Authorization: Bearer a.b", "X: é", "Keep-Alive: 5", "Proxy-Connection: x",
    ],
)  # fmt: skip
def test_usual_lines_are_skimmed(line: str) -> None:
    head = USUAL[:-2] + line.encode("latin-1") + b"\r\n\r\n"
    assert same_request(head) is not line.endswith(" ")


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length: 05", "Content-Length: +5", "Content-Length: 5, 5", "Content-Length: 5 ", "Content-Length:5", "Content-Length : 5", "Content-Length: ", "Host: ", "X: a: ",
        "Content-Length: 1234567890123456", "Transfer-Encoding: chunked", "transfer-encoding: identity", "Host: mail.example.com", "TE: trailers", "Trailer: X",
        "Expect: 100-continue", "Upgrade: websocket", "Max-Forwards: 0", "HTTP2-Settings: x", "Connection: host", "Connection: close, X", "Connection: Upgrade",
        "Close: 1", "Authorization: Basic YWRhOg", "Authorization: Basic a, Basic b", "Authorization: Bearer a, Bearer b", "Authorization: Negotiate x",
        "Authorization: NTLM x", " folded", "\tfolded", "X:  y", "X:\ty", "X: a\tb", "X: y\t", "X:y", "X", ": x", "X y: z", "X: a\x00b", "X: a\x7fb", "X: a\rb", "X: a\nb",
        "Content-Length: 1\r\nContent-Length: 1", "Connection: close\r\nConnection: close", "Cookie: a\r\nCookie: b",
        "Authorization: Bearer a\r\nAuthorization: Bearer a",
    ],
)  # fmt: skip
def test_an_unusual_line_is_left_to_the_strict_reader(line: str) -> None:
    head = USUAL[:-2] + line.encode("latin-1") + b"\r\n\r\n"
    assert skim_request(head, MOST) is None
    assert skim_answer(
        b"HTTP/1.1 200 OK\r\n" + line.encode("latin-1") + b"\r\n\r\n", method=b"GET", max_fields=MOST
    ) is None or (line.startswith(("Transfer-Encoding: chunked", "Host", "Authorization")))


@pytest.mark.parametrize(
    "line", [line for line in FIRST if not re.fullmatch(rb"[A-Z]+ /[!-\"$-~]* HTTP/1\.1", line)]
)
def test_an_unusual_request_line_is_read_strictly(line: bytes) -> None:
    assert skim_request(USUAL.replace(b"POST /a?b HTTP/1.1", line), MOST) is None


def test_nobody_is_tunnelled_or_traced_by_a_skimmed_head() -> None:
    for method in (b"CONNECT", b"TRACE"):
        assert skim_request(USUAL.replace(b"POST", method), MOST) is None


def test_a_row_that_comes_often_is_read_by_one_expression_and_few_are_kept() -> None:
    def forms(head: bytes) -> list[bytes]:
        for _ in range(4):
            assert same_request(head)
        return [row.names[-1] for _, _, row, _ in skim._REQUESTS._forms.get(head.count(b"\r\n"), ())]

    kept = [forms(USUAL[:-2] + b"X%d: y\r\n\r\n" % number)[:5] for number in range(6)]
    assert kept[-1] in ([], [b"x5", b"x4", b"x3", b"x2"])
    assert not forms(USUAL[:-2] + b"".join(b"X%d: y\r\n" % number for number in range(40)) + b"\r\n")


def test_the_forms_of_one_length_are_told_apart_by_a_name() -> None:
    """Else each head would be tried by the expressions of other rows first."""
    pages, scripts = (USUAL[:-2] + line + b"\r\nAccept: x\r\n\r\n" for line in (b"A: y", b"B: y"))
    for head in (pages, scripts, USUAL[:-2] + b"Accept: x\r\nA: y\r\n\r\n"):
        for _ in range(4):
            assert same_request(head)
    marks = [mark for mark, *_ in skim._REQUESTS._forms.get(6, ())]
    assert marks in ([], [b"\r\n", b"\r\nB: ", b"\r\nHost: "])


def test_a_head_without_a_host_or_with_too_many_fields_is_read_strictly() -> None:
    assert skim_request(b"GET / HTTP/1.1\r\nUser-Agent: x\r\n\r\n", MOST) is None
    assert skim_request(USUAL, 2) is not None
    assert skim_request(USUAL, 1) is None


@pytest.mark.parametrize(
    ("answer", "method"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b"GET"),
        (b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", b"GET"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"HEAD"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", b"GET"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", b"GET"),
    ],
)
def test_an_answer_whose_end_is_unusual_is_read_strictly(answer: bytes, method: bytes) -> None:
    assert skim_answer(answer, method=method, max_fields=MOST) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: x\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://inner.example:9080/a\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 207 \r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 207 \r\nContent-Length: 0\r\nX: \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; domain=inner.example\r\nSet-Cookie: a=b; domain=inner.example; domain=inner.example\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Device-Decision: allow\r\nMailgate-Kind: x\r\nMailgate-Kind: x\r\nKeep-Alive: x\r\n\r\n",
    ],
)
def test_usual_answers_are_skimmed(answer: bytes) -> None:
    assert same_answer(answer, b"GET")
