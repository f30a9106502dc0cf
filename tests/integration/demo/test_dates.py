"""Every date on the console of a new demo is near today: no page tells of years ago or of a read in a year."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from tests.demos import RunningDemo, running_demo
from tests.servers import PATIENCE

NEAR = timedelta(days=300)
"""Nothing in the demo is further from today than this; the longest term in it is the 90 days for which a device is kept."""
_A_KIND = 3
"""How many pages of one kind are opened: they differ in what they are about."""
_DAY = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b")
_BAD_PLURAL = re.compile(
    r"\b1 (?:days|hours|minutes|people|devices|requests|phones|laptops|tablets)\b.{0,20}"
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with running_demo(tmp_path_factory.mktemp("demo"), "--people", "60") as started:
        yield started


def asked(port: int, method: str, path: str, **headers: str) -> tuple[HTTPResponse, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as there:
        there.request(method, path, headers={"Host": f"localhost:{port}"} | headers)
        answer = there.getresponse()
        return answer, answer.read().decode()


def pages(demo: RunningDemo) -> Iterator[tuple[str, str]]:
    """The address and the text of the console's pages that a link leads to, a few of each kind."""
    answer, _ = asked(demo.start_port, "POST", "/console/grace", **{"Sec-Fetch-Site": "same-origin"})
    cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
    found, kinds = ["/console/"], Counter[object]()
    for address in found:
        answer, page = asked(demo.admin_port, "GET", address, Cookie=cookie)
        if answer.status == 200 and answer.headers.get_content_type() == "text/html":
            yield address, page
            for link in re.findall(r'href="([^"]+)"', page):
                there = urljoin(address, unescape(link).partition("#")[0])
                if there not in found and there.startswith("/console/") and kinds[_kind(there)] < _A_KIND:
                    kinds[_kind(there)] += 1
                    found.append(there)


def _kind(address: str) -> object:
    """Pages of one kind differ in the name of what they show, or in the value of one parameter."""
    parts = urlsplit(address)
    names = sorted(parse_qs(parts.query))
    return re.sub(r"/[^/]*\d[^/]*|/\w{4}(-\w{4})+", "/x", parts.path), tuple(names[:1])


def test_no_date_on_any_page_of_the_console_is_far_away(demo: RunningDemo) -> None:
    now, wrong, seen = datetime.now(UTC), [], Counter[str]()
    for address, page in pages(demo):
        seen[address.split("?")[0].split("/")[2]] += 1
        told = [datetime.fromisoformat(each) for each in re.findall(r'datetime="([^"]+)"', page)]
        text = re.sub(r"<pre.*?</pre>|<[^>]+>", " ", page, flags=re.DOTALL)
        told += [datetime.fromisoformat(each) for each in _DAY.findall(text)]
        moments = [each if each.tzinfo else each.replace(tzinfo=UTC) for each in told]
        wrong += [(address, each.isoformat()) for each in moments if abs(each - now) > NEAR]
        wrong += [(address, each) for each in _BAD_PLURAL.findall(text)]
    assert wrong == []
    assert {"connectors", "devices", "people", "policy", "notices", "help", "audit", "exemptions"} <= set(
        seen
    ), seen
