"""Reads the long lists of APIs as one stream of pages, in each way in which APIs divide them. A list that may have been
cut short raises an error."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from mailgate.connectors.http import ApiClient, Query
from mailgate.connectors.inventory import objects
from mailgate.errors import SourceError, Trouble

PAGES = 100_000
"""The most pages of one list."""

Page = list[Mapping[str, Any]]


async def pages_by_link(
    client: ApiClient, target: str, query: Query = (), headers: Mapping[str, str] | None = None
) -> AsyncIterator[Page]:
    """Pages that link to the next one (OData 4.01, ``@odata.nextLink``), which has to be at the same origin."""
    seen: set[int] = set()
    page = await client.get(target, query, headers)
    while True:
        yield objects(page, "value")
        following = page.get("@odata.nextLink")
        if not following:
            return
        if not isinstance(following, str) or hash(following) in seen or len(seen) >= PAGES:
            raise SourceError(Trouble.SHAPE, "the next page is one that was read already")
        seen.add(hash(following))
        page = await client.get(following, headers=headers)


async def pages_by_number(
    client: ApiClient,
    target: str,
    query: Query,
    size: int,
    *,
    items: str = "results",
    total: str = "totalCount",
    sized: str = "page-size",
    headers: Mapping[str, str] | None = None,
    counted: bool = True,
) -> AsyncIterator[Page]:
    """Pages by number from 0, each with the number of all items.

    If that number shrinks, or fewer items came, items have moved to a page that was read already, and ``SourceError``
    with ``Trouble.CUT`` is raised. No content at all (204) is an empty page. ``counted`` says whether the items are the
    devices of a run, so that their number is added to the tally.
    """
    read, before, fixed = 0, 0, list(query)
    for number in range(PAGES):
        page = await client.get(target, [*fixed, ("page", number), (sized, size)], headers)
        page = {items: [], total: 0} if page is None else page
        found, count = objects(page, items), page.get(total)
        if not isinstance(count, int):
            raise SourceError(Trouble.SHAPE, f"an answer has no `{total}`")
        if counted:
            client.tally.total = count
        read += len(found)
        yield found
        if count < before or (not found and read < count):
            raise SourceError(Trouble.CUT)
        if read >= count:
            return
        before = count
    raise SourceError(Trouble.SHAPE, "the list does not end")


async def pages_by_token(
    client: ApiClient, target: str, query: Query = (), *, items: str
) -> AsyncIterator[Page]:
    """Pages with a token for the next one, as in Google's APIs."""
    seen: set[str] = set()
    fixed, following = list(query), ""
    while True:
        page = await client.get(target, [*fixed, *([("pageToken", following)] if following else [])])
        yield objects(page, items, missing=True)
        following = page.get("nextPageToken") or ""
        if not following:
            return
        if not isinstance(following, str) or following in seen or len(seen) >= PAGES:
            raise SourceError(Trouble.SHAPE, "the next page is one that was read already")
        seen.add(following)
