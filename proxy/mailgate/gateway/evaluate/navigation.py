"""Distinguishes page loads from other requests: a person gets a page, and a program a problem document."""

from mailgate.model import RequestFacts


def is_navigation(facts: RequestFacts) -> bool:
    """Whether a browser will show the answer as a page, by Fetch metadata if they were sent and by Accept otherwise."""
    mode = facts.headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    if "x-requested-with" in facts.headers or facts.headers.get("content-type", "").startswith(
        "application/json"
    ):
        return False
    return "text/html" in facts.headers.get("accept", "")


def is_page_load(facts: RequestFacts) -> bool:
    """Whether this is a navigation that can be answered with another page first and then repeated without harm."""
    return facts.method == "GET" and is_navigation(facts)


def is_first_page_load(facts: RequestFacts) -> bool:
    """Whether this is the page load of a whole tab or window, and not of a frame or of a download by a link.

    If a service worker asks in place of its page, browsers name no destination but still accept HTML. A download by a link
    does not accept HTML (measured with Chromium 150).
    """
    destination = facts.headers.get("sec-fetch-dest", "document")
    by_a_worker = destination == "empty" and "text/html" in facts.headers.get("accept", "")
    return is_page_load(facts) and (destination == "document" or by_a_worker)


def from_own_page(facts: RequestFacts, public_url: str) -> bool:
    """Whether a POST comes from a page of this site, by Fetch metadata if they were sent and by Origin otherwise."""
    site = facts.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return facts.headers.get("origin") in (f"{facts.scheme}://{facts.host}", public_url)
