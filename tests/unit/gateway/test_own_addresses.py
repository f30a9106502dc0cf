"""The gate's own addresses."""

import json
import os
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.unit.gateway.gates import NOW, PAGES, gate, renew
from tests.unit.gateway.wire import exchange, facts_of

from mailgate.gateway import own_addresses as module
from mailgate.gateway.own_addresses import way_question
from mailgate.gateway.refusals.help_ticket import Tickets
from mailgate.gateway.refusals.responses import ResponseBuilder
from mailgate.http.request import RequestRefused
from mailgate.model import Reason
from mailgate.store import SharedKey


async def ask(line, *fields, on=None, secure=False, trusted=()):
    head = exchange(line, *fields).head
    incoming = facts_of(head, peer="192.0.2.1", secure=secure, trusted=trusted)
    return await (on or gate()).own.answer(incoming, "REF2345", NOW)


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_healthz_answers_ok(method):
    answer = await ask(method + b" /.mailgate/healthz HTTP/1.1")
    assert (answer.status, answer.body) == (200, b"ok\n")


TICKETS, OTHERS = (Tickets((SharedKey(1, secret * 32, NOW - timedelta(days=9)),)) for secret in (b"k", b"o"))
SEALED = gate(responses=ResponseBuilder(PAGES, "mail.example.com", "en", tickets=TICKETS))
PROXIED = (b"X-Forwarded-For: 203.0.113.9", b"X-Forwarded-Proto: https")


@pytest.mark.parametrize(
    ("trusted", "remote", "scheme"),
    [((), "192.0.2.1", "http"), ((ip_network("192.0.2.0/24"),), "203.0.113.9", "https")],
    ids=["not trusted", "trusted"],
)
async def test_who_has_the_keys_of_the_store_is_told_by_which_way_it_has_come(trusted, remote, scheme):
    line = f"GET /.mailgate/healthz?{way_question(TICKETS, NOW)} HTTP/1.1".encode()
    answer = await ask(line, *PROXIED, on=SEALED, trusted=trusted)
    assert json.loads(answer.body) == {
        "peer": "192.0.2.1",
        "remote": remote,
        "scheme": scheme,
        "host": "mail.example.com",
        "by_proxy": bool(trusted),
        "told": ["x-forwarded-for", "x-forwarded-proto"],
    }


@pytest.mark.parametrize(
    "query",
    [
        way_question(OTHERS, NOW),
        way_question(TICKETS, NOW - timedelta(minutes=6)),
        way_question(TICKETS, NOW + timedelta(minutes=6)),
        way_question(TICKETS, NOW)[:-1],
        way_question(TICKETS, NOW) + "&x=y",
        "way=",
    ],
    ids=["other keys", "old", "early", "cut", "more", "empty"],
)
async def test_nobody_else_is_told_addresses_inside(query):
    answer = await ask(f"GET /.mailgate/healthz?{query} HTTP/1.1".encode(), *PROXIED, on=SEALED)
    assert answer.body == b"ok\n"
    assert (
        await ask(f"GET /.mailgate/healthz?{way_question(TICKETS, NOW)} HTTP/1.1".encode())
    ).body == b"ok\n"


@pytest.mark.parametrize(
    "path", ["", "/", "/statusx", "/status/", "/%73tatus", "/../", "/me/", "/metrics", "/readyz"]
)
async def test_other_addresses_are_not_found(path):
    with pytest.raises(RequestRefused) as refused:
        await ask(f"GET /.mailgate{path} HTTP/1.1".encode())
    assert (refused.value.status, refused.value.reason) == (404, Reason.NOT_FOUND)


@pytest.mark.parametrize(
    ("line", "allow"),
    [
        (b"POST /.mailgate/status HTTP/1.1", ("GET", "HEAD")),
        (b"PUT /.mailgate/me HTTP/1.1", ("GET", "HEAD", "POST")),
        (b"DELETE /.mailgate/healthz HTTP/1.1", ("GET", "HEAD")),
        (b"GET /.mailgate/continue HTTP/1.1", ("POST",)),
    ],
)
async def test_another_method_is_told_which_would_do(line, allow):
    """RFC 9110, 15.5.6."""
    with pytest.raises(RequestRefused) as refused:
        await ask(line)
    assert (refused.value.status, refused.value.allow) == (405, allow)


MARK = "0123456789abcdef"


async def go_on(query, **how):
    return await ask(b"POST /.mailgate/continue?" + query.encode() + b" HTTP/1.1", **how)


@pytest.mark.parametrize("secure", [True, False])
async def test_going_on_remembers_the_warning_and_leads_to_what_was_asked_for(secure):
    """RFC 9110, 15.4.4: 303, so that the browser asks with GET."""
    answer = await go_on(f"rule={MARK}&to={quote('/mail?a=b&c=%20+', safe='/')}", secure=secure)
    (_, target), (_, cookie) = answer.headers
    assert (answer.status, target) == (303, "/mail?a=b&c=%20+")
    assert cookie.startswith(f"{'__Host-' * secure}mailgate-warned={MARK};")
    assert cookie.endswith("; Secure") is secure


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "", "mail"),
        *("/a\r\nSet-Cookie: b=c", "/a b", "/\t/evil.example"),
    ],
)
async def test_going_on_never_leads_elsewhere(target):
    answer = await go_on(f"rule={MARK}&to={quote(target, safe='')}")
    assert answer.headers[0] == ("Location", "/")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "rule=",
        "rule=x",
        f"rule={MARK}0",
        f"rule={MARK.upper()}",
        "to=/",
        f"rule={MARK}&to=/%C3%BC",
        f"rule={MARK}&to=/%E2%98%83",
    ],
)
async def test_a_link_that_is_not_whole_is_refused(query):
    with pytest.raises(RequestRefused) as refused:
        await go_on(query)
    assert refused.value.status == 400


FILES = {
    "mailgate.crx": "application/x-chrome-extension",
    "mailgate.xpi": "application/x-xpinstall",
    "update.xml": "text/xml; charset=utf-8",
    "updates.json": "application/json",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "packages"
    made.mkdir()
    for name in FILES:
        (made / name).write_bytes(f"it is {name}".encode())
    (made / "key.pem").write_text("secret")
    (made / "mailgate-chromium.zip").write_text("for a store")
    (tmp_path / "secret").write_text("secret")
    return made


async def status(path: str, on=None) -> int:
    with pytest.raises(RequestRefused) as refused:
        await ask(f"GET /.mailgate/extension/{path} HTTP/1.1".encode(), on=on)
    return refused.value.status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("name", "kind"), FILES.items())
async def test_browsers_get_packages_and_their_announcements_without_a_login(folder, name, kind, method):
    line = f"{method} /.mailgate/extension/{name}?version=1.0 HTTP/1.1".encode()
    answer = await ask(line, on=gate(extension_packages=folder))
    assert (answer.status, answer.body, answer.content_type) == (200, f"it is {name}".encode(), kind)


@pytest.mark.parametrize(
    "path",
    [
        *("", "key.pem", "mailgate-chromium.zip", ".", "..", "../secret", "%2e%2e/secret", "..%2fsecret"),
        *("update.xml/", "/update.xml", "./update.xml", "UPDATE.XML", "update.xml%00", "mailgate.crx.pem"),
    ],
)
async def test_nothing_else_of_the_folder_or_beside_it_is_served(folder, path):
    assert await status(path, on=gate(extension_packages=folder)) == 404


async def test_a_gate_without_a_folder_serves_none(folder):
    assert await status("update.xml", on=gate()) == 404


async def test_a_package_that_is_missing_is_not_found(folder):
    (folder / "update.xml").unlink()
    (folder / "updates.json").unlink()
    (folder / "updates.json").mkdir()
    on = gate(extension_packages=folder)
    assert [await status(name, on=on) for name in ("update.xml", "updates.json")] == [404, 404]


async def test_a_new_version_is_served_at_once_and_another_folder_after_a_reload(folder, tmp_path):
    on, line = gate(extension_packages=folder), b"GET /.mailgate/extension/update.xml HTTP/1.1"
    (folder / "update.xml").write_bytes(b"version 2")
    assert (await ask(line, on=on)).body == b"version 2"
    other = tmp_path / "other"
    other.mkdir()
    (other / "update.xml").write_bytes(b"elsewhere")
    renew(on, extension_packages=other)
    assert (await ask(line, on=on)).body == b"elsewhere"


async def test_a_file_that_is_no_package_by_its_size_is_not_read_into_memory(folder):
    os.truncate(folder / "mailgate.crx", module.MAX_BYTES)
    on = gate(extension_packages=folder)
    answer = await ask(b"GET /.mailgate/extension/mailgate.crx HTTP/1.1", on=on)
    assert len(answer.body) == module.MAX_BYTES
    os.truncate(folder / "mailgate.crx", module.MAX_BYTES + 1)
    assert await status("mailgate.crx", on=on) == 404


async def test_nobody_puts_a_package_there(folder):
    with pytest.raises(RequestRefused) as refused:
        await ask(b"PUT /.mailgate/extension/mailgate.crx HTTP/1.1", on=gate(extension_packages=folder))
    assert (refused.value.status, refused.value.allow) == (405, ("GET", "HEAD"))
