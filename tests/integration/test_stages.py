"""What a rule does before it is enforced: nothing at all, then a page in between."""

import re

import aiohttp
from tests.integration.conftest import LAPTOP, NAVIGATION, Guard

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


async def test_report_only_leaves_the_answer_as_it_is_to_the_byte(
    guard: Guard, client: aiohttp.ClientSession
) -> None:
    guarded = guard(staged({"report_only": "2020-01-01", "enforce": "2999-01-01"}))
    async with client.get(f"{guarded.url}/a", headers={"User-Agent": LAPTOP, **NAVIGATION}) as response:
        assert response.status == 200
        assert await response.text() == "mail for GET /a\n"
        assert set(response.headers) == {"X-Webmail", "Content-Type", "Content-Length", "Date", "Server"}
    async with client.get(f"{guarded.admin}/metrics") as response:
        assert 'mailgate_would_total{effect="block",rule="laptops-too"} 1.0' in await response.text()


async def test_a_warning_stands_in_between_once_and_only_where_a_page_was_asked_for(
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
