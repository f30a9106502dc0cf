import gzip
from dataclasses import replace

import pytest

from mailgate.http.grammar import values
from mailgate.http.proxy.autodiscover import MAX_BODY, AutodiscoverEditor
from mailgate.http.request import ResponseHead, parse_request_head

EDITOR = AutodiscoverEditor.between("https://mail.example.com", "http://10.0.0.7:9080")
XML = """<?xml version="1.0" encoding="{charset}"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006">
<User><DisplayName>Zoë</DisplayName></User><Action><Settings><Server><Type>MobileSync</Type>
<Url>{url}</Url><Name>{url}</Name></Server></Settings></Action></Response></Autodiscover>"""
PUBLIC = "https://mail.example.com/Microsoft-Server-ActiveSync"


POST = parse_request_head(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", max_fields=9)


def response(body: bytes, content_type=b"text/xml", *fields, status=200):
    every = [(b"Content-Type", content_type), (b"Content-Length", b"%d" % len(body)), *fields]
    return ResponseHead(status, b"OK", 1, every, len(body), keep_alive=True)


def edited(body: bytes, *args):
    head, body = EDITOR.edited(response(body, *args), body)
    assert values(head.fields, b"content-length") == [b"%d" % len(body)]
    return body


@pytest.mark.parametrize(
    "url",
    [
        "https://inner.example.com/Microsoft-Server-ActiveSync",
        "http://10.0.0.7:9080/Microsoft-Server-ActiveSync",
        "HTTPS://Other:8443/Microsoft-Server-ActiveSync",
        PUBLIC,
    ],
)
@pytest.mark.parametrize(
    ("charset", "content_type"),
    [("utf-8", b"text/xml"), ("utf-16", b"text/xml"), ("iso-8859-1", b"application/xml"),
     ("iso-8859-15", b'text/xml; charset="iso-8859-15"'), ("utf-8-sig", b"text/xml; charset=utf-8")],
)  # fmt: skip
def test_an_activesync_server_is_this_gate_in_every_charset(url, charset, content_type):
    body = XML.format(url=url, charset=charset).encode(charset)
    assert edited(body, content_type) == XML.format(url=PUBLIC, charset=charset).encode(charset)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"Protocol":"ActiveSync","Url":"https://in/Microsoft-Server-ActiveSync"}',
         b'{"Protocol":"ActiveSync","Url":"https://mail.example.com/Microsoft-Server-ActiveSync"}'),
        (rb'{"Url":"https:\/\/in\/Microsoft-Server-ActiveSync"}',
         rb'{"Url":"https:\/\/mail.example.com\/Microsoft-Server-ActiveSync"}'),
        (b'{"Url":"http://10.0.0.7:9080/EWS/Exchange.asmx"}', b'{"Url":"https://mail.example.com/EWS/Exchange.asmx"}'),
        (b'{"Url":"https://elsewhere.example.net/EWS/Exchange.asmx"}', b'{"Url":"https://elsewhere.example.net/EWS/Exchange.asmx"}'),
    ],
)  # fmt: skip
def test_json_says_it_in_its_own_way(body, expected):
    assert edited(body, b"application/json") == expected


@pytest.mark.parametrize("body", [b"<Url>https://in/Microsoft-Server-ActiveSync\xff</Url>", b"\xff\xfe\x00"])
def test_an_unreadable_answer_stays_as_it_is(body):
    assert edited(body) == body


def test_the_new_answer_has_no_word_about_the_old_body():
    head, _ = EDITOR.edited(response(b"<a/>", b"text/xml", (b"ETag", b'"1"'), (b"X-Other", b"1")), b"<a/>")
    assert [name for name, _ in head.fields] == [b"Content-Type", b"X-Other", b"Content-Length"]


@pytest.mark.parametrize(
    "answer",
    [
        response(b"<a/>", status=302),
        response(b"<a/>", b"image/png"),
        response(b"<a/>", b"application/zip"),
        response(b"<a/>", b"text/xml", (b"Content-Encoding", b"br")),
        response(b"<a/>", b"text/xml", (b"Content-Encoding", b"gzip, br")),
    ],
)
def test_an_answer_without_readable_addresses_is_left_alone(answer):
    assert not EDITOR.may_need_edit(POST, answer)


@pytest.mark.parametrize(
    "content_type",
    [b"text/xml", b"Application/XML; charset=utf-8", b"application/problem+json", b"text/html", b"text/plain",
     b"application/octet-stream"],
)  # fmt: skip
def test_a_document_is_one_whatever_its_server_calls_it(content_type):
    assert EDITOR.may_need_edit(POST, response(b"<a/>", content_type))
    assert EDITOR.may_need_edit(POST, ResponseHead(200, b"OK", 1, [], 4, keep_alive=True))


@pytest.mark.parametrize("name", [b"gzip", b"GZIP", b"x-gzip"])
def test_an_answer_compressed_unasked_is_unpacked(name):
    body = gzip.compress(
        XML.format(url="http://10.0.0.7/Microsoft-Server-ActiveSync", charset="utf-8").encode()
    )
    answer = response(body, b"text/xml", (b"Content-Encoding", name))
    assert EDITOR.may_need_edit(POST, answer)
    head, body = EDITOR.edited(answer, body)
    assert body == XML.format(url=PUBLIC, charset="utf-8").encode()
    assert not values(head.fields, b"content-encoding")


@pytest.mark.parametrize(
    "body",
    [b"<a/>", gzip.compress(b"<a/>")[:-9], gzip.compress(b" " * (MAX_BODY + 1))],
    ids=["no", "cut", "bomb"],
)
def test_an_answer_that_cannot_be_unpacked_stays_as_it_is(body):
    head, unchanged = EDITOR.edited(response(body, b"text/xml", (b"Content-Encoding", b"gzip")), body)
    assert unchanged == body
    assert values(head.fields, b"content-encoding") == [b"gzip"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://10.0.0.7:8443/EWS/", "https://mail.example.com/EWS/"),
        ("https://10.0.0.7/owa", "https://mail.example.com/owa"),
        ("HTTPS://ada@10.0.0.7:80", "https://mail.example.com"),
        ("https://10.0.0.70/EWS/", "https://10.0.0.70/EWS/"),
        ("https://[::1/EWS/", "https://[::1/EWS/"),
        ("<Type>EXPR</Type>\n <Server> 10.0.0.7:443 </Server>", "<Type>EXPR</Type>\n <Server> mail.example.com </Server>"),
        ("<Type>EXPR</Type><Server>10.0.0.8</Server>", "<Type>EXPR</Type><Server>10.0.0.8</Server>"),
        ("<Type>EXCH</Type><Server>10.0.0.7</Server>", "<Type>EXCH</Type><Server>10.0.0.7</Server>"),
        ("<Type>SMTP</Type><Server>10.0.0.7</Server>", "<Type>SMTP</Type><Server>10.0.0.7</Server>"),
    ],
)  # fmt: skip
def test_the_webmail_is_told_from_other_servers_by_its_name_alone(text, expected):
    assert edited(text.encode()) == expected.encode()


def test_an_address_of_version_6_is_compared_without_its_port():
    editor = AutodiscoverEditor.between("https://mail.example.com", "http://[fd00::7]:9080")
    body = b"<Url>https://[FD00::7]/EWS/Exchange.asmx</Url>"
    _, changed = editor.edited(response(body), body)
    assert changed == b"<Url>https://mail.example.com/EWS/Exchange.asmx</Url>"


def test_a_head_is_no_answer():
    assert EDITOR.may_need_edit(POST, response(b"<a/>"))
    assert not EDITOR.may_need_edit(replace(POST, method=b"HEAD"), response(b"<a/>"))


def test_the_webmail_is_asked_for_an_answer_that_can_be_read():
    asked = b"POST / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nAccept: text/xml\r\n\r\n"
    head = EDITOR.readable_request(parse_request_head(asked, max_fields=9))
    assert head.fields[:1] == [(b"Host", b"a")]
    assert values(head.fields, b"accept") == [b"text/xml"]
    assert values(head.fields, b"accept-encoding") == [b"identity"]
