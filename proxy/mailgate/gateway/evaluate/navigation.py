"""How the caller wants to be told: a page for a person, a problem document for a program."""

from mailgate.model import RequestFacts


def is_navigation(facts: RequestFacts) -> bool:
    """Whether a browser will show the answer as a page (Fetch metadata where sent, Accept otherwise)."""
    mode = facts.headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    if "x-requested-with" in facts.headers or facts.headers.get("content-type", "").startswith(
        "application/json"
    ):
        return False
    return "text/html" in facts.headers.get("accept", "")


def is_page_load(facts: RequestFacts) -> bool:
    """A navigation that can be answered with something else first and asked again without harm."""
    return facts.method == "GET" and is_navigation(facts)


def is_first_page_load(facts: RequestFacts) -> bool:
    """A page load of a whole tab or window: not of a frame inside a page, and not of what a link downloads.

    Where a service worker asks in the place of its page, browsers name no destination, and still accept HTML; what a link is to
    download they ask for without a word of that (measured with Chromium 150).
    """
    destination = facts.headers.get("sec-fetch-dest", "document")
    by_a_worker = destination == "empty" and "text/html" in facts.headers.get("accept", "")
    return is_page_load(facts) and (destination == "document" or by_a_worker)


def from_own_page(facts: RequestFacts, public_url: str) -> bool:
    """Whether a POST comes from a page of this very site: Fetch metadata where sent, else the Origin."""
    site = facts.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return facts.headers.get("origin") in (f"{facts.scheme}://{facts.host}", public_url)
