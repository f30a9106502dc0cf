"""What a rule does before it is enforced: nothing at all, then a page in between."""

import re
import socket
from asyncio import to_thread
from pathlib import Path

import aiohttp
import pytest
from tests.integration.conftest import LAPTOP, NAVIGATION, Guard
from tests.integration.gate import wait_for

OPEN = {"id": "open", "when": "true", "effect": "allow"}


def staged(stages: dict[str, str]) -> dict[str, object]:
    rule = {
        "id": "laptops-too",
        "title": "Laptops follow",
        "when": 'client.kind == "laptop"',
        "effect": "block",
        "stages": stages,
    }
    return {"rules": [rule, OPEN]}


CUT = re.compile(rb"(?mi)^(date): .*$")


def spoken(url: str, request: str) -> bytes:
    """Every byte that comes back over a connection of its own, but the time."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return CUT.sub(rb"\1", answer)


PAGE = f"Host: mail.example.com\nUser-Agent: {LAPTOP}\nAccept: text/html\nConnection: close\n\n"
REQUESTS = (
    f"GET /a?b=%20c HTTP/1.1\n{PAGE}",
    f"HEAD /a HTTP/1.1\n{PAGE}",
    f"POST /a HTTP/1.1\nContent-Length: 3\n{PAGE}xyz",
    f"OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1\n{PAGE}",
)


@pytest.mark.parametrize(
    "rule",
    [
        {"stages": {"report_only": "2020-01-01", "enforce": "2999-01-01"}},
        {"stages": {"report_only": "2020-01-01"}},
        {"stages": {"warn": "2999-01-01"}},
    ],
)
async def test_a_report_only_rule_changes_no_byte(guard: Guard, rule: dict[str, object]) -> None:
    with_rule = guard({"rules": [staged({"warn": "2999-01-01"})["rules"][0] | rule, OPEN]})  # type: ignore[index]
    answers = [await to_thread(spoken, with_rule.url, request) for request in REQUESTS]
    assert with_rule.gate.stop() == 0
    without = guard({"rules": [OPEN]})
    assert answers == [await to_thread(spoken, without.url, request) for request in REQUESTS]
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)


async def test_a_rehearsal_without_an_end_is_nagged_about(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(staged({"report_only": "2020-01-01"}))
    async with client.get(f"{guarded.admin}/readyz") as response:
        (told,) = (await response.json())["rules"]["only_report"]
    assert told == "laptops-too has only watched since 1 January 2020, and no later stage ends that"
    async with client.get(f"{guarded.admin}/metrics") as response:
        assert "mailgate_rules_lingering 1.0" in await response.text()
    assert any(record.get("event") == "rule-only-reports" for record in guarded.gate.records())


async def test_a_rule_for_a_group_is_about_its_people_and_follows_the_file(
    guard: Guard, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    groups = tmp_path / "groups.yaml"
    groups.write_text("groups: {pilot: [Ada]}\n")
    rule = {"id": "pilot", "when": 'client.kind == "laptop"', "effect": "block", "groups": ["pilot"]}
    guarded = guard({"rules": [rule, OPEN]}, trusted_proxies=["127.0.0.1"])

    async def asks(person: str) -> int:
        headers = {"User-Agent": LAPTOP, "X-Forwarded-User": person} if person else {"User-Agent": LAPTOP}
        async with client.get(guarded.url, headers=headers) as response:
            return response.status

    assert [await asks(person) for person in ("ada", "lin", "")] == [403, 200, 403]
    groups.write_text("groups: {pilot: [lin]}\n")
    assert await to_thread(
        wait_for, lambda: any(r.get("event") == "config-applied" for r in guarded.gate.records())
    )
    assert [await asks(person) for person in ("ada", "lin")] == [200, 403]


async def test_a_warning_interrupts_once_and_only_a_page_load(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(staged({"warn": "2020-01-01", "enforce": "2999-01-01"}))
    target = f"{guarded.url}/inbox?folder=1&x=%20y"
    page = {"User-Agent": LAPTOP, **NAVIGATION}
    async with client.get(target, headers=page) as response:
        html = await response.text()
    assert response.status == 200
    assert "X-Webmail" not in response.headers
    assert response.headers["X-Device-Reason"]
    action = re.search(r'<form method="post" action="([^"]+)"', html)
    assert action is not None
    assert "2999" in html

    async with client.get(target, headers={"User-Agent": LAPTOP, "Sec-Fetch-Mode": "cors"}) as response:
        assert response.headers["X-Webmail"]
    async with client.post(target, headers=page) as response:
        assert response.headers["X-Webmail"]

    url = guarded.url + action[1].replace("&amp;", "&")
    async with client.post(url, headers=page, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "/inbox?folder=1&x=%20y"
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    async with client.get(target, headers=page | {"Cookie": cookie.partition(";")[0]}) as response:
        assert response.headers["X-Webmail"]


async def test_the_way_on_leads_nowhere_else(guard: Guard, client: aiohttp.ClientSession) -> None:
    guarded = guard({"rules": [OPEN]})
    for target in ("https://evil.example/", "//evil.example/", "/%0d%0aSet-Cookie:x", "javascript:alert(1)"):
        url = f"{guarded.url}/.mailgate/continue?rule={'0' * 16}&to={target}"
        async with client.post(url, allow_redirects=False) as response:
            assert response.headers.get("Location", "/") == "/"
