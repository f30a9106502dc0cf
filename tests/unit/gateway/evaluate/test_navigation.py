"""Who gets a page, who gets a problem document, who gets only the status."""

import pytest

from mailgate.gateway.evaluate.navigation import (
    from_own_page,
    is_first_page_load,
    is_navigation,
    is_page_load,
)
from mailgate.model import RequestFacts

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("headers", "navigates"),
    [
        ({"sec-fetch-mode": "navigate"}, True),
        ({"sec-fetch-mode": "cors", "accept": BROWSER}, False),
        ({"sec-fetch-mode": "no-cors", "accept": BROWSER}, False),
        ({"sec-fetch-mode": "websocket"}, False),
        ({"accept": BROWSER}, True),
        ({"accept": BROWSER, "x-requested-with": "XMLHttpRequest"}, False),
        ({"accept": BROWSER, "content-type": "application/json"}, False),
        ({"accept": "application/json"}, False),
        ({"accept": "*/*"}, False),
        ({}, False),
    ],
)
def test_a_navigation(headers, navigates):
    """Fetch metadata decide where they were sent (W3C Fetch Metadata, 2.3), Accept otherwise."""
    assert is_navigation(RequestFacts(headers=headers)) is navigates


@pytest.mark.parametrize(("method", "loads"), [("GET", True), ("POST", False), ("HEAD", False)])
def test_only_a_get_can_be_asked_again_without_harm(method, loads):
    assert is_page_load(RequestFacts(method=method, headers={"sec-fetch-mode": "navigate"})) is loads


@pytest.mark.parametrize(
    ("headers", "first"),
    [
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, True),
        ({"sec-fetch-mode": "navigate"}, True),
        ({"accept": BROWSER}, True),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, False),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "frame"}, False),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "object"}, False),
        ({"sec-fetch-mode": "no-cors", "sec-fetch-dest": "document"}, False),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "empty", "accept": BROWSER}, True),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "empty"}, False),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "empty", "accept": "*/*"}, False),
        ({"sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "accept": BROWSER}, False),
    ],
)
def test_a_frame_is_no_first_page_load(headers, first):
    assert is_first_page_load(RequestFacts(headers=headers)) is first
    assert not is_first_page_load(RequestFacts(method="POST", headers=headers))


PUBLIC = "https://mail.example.com"


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True),
        ({"sec-fetch-site": "same-site", "origin": PUBLIC}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": PUBLIC}, True),
        ({"origin": "http://10.0.0.1"}, True),
        ({"origin": "null"}, False),
        ({"origin": "https://evil.example"}, False),
        ({}, False),
    ],
)
def test_a_post_of_a_page_of_this_site(headers, own):
    facts = RequestFacts(method="POST", scheme="http", host="10.0.0.1", headers=headers)
    assert from_own_page(facts, PUBLIC) is own
