"""Sends requests to an API for JSON: it logs in, waits when asked to, tries again, and stays at one origin. Long lists are one stream
of pages, in each way in which APIs divide them; one that may have been cut short raises an error."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from mailgate.connectors.inventory import objects
from mailgate.connectors.logins import Login
from mailgate.connectors.protocol import SourceTools
from mailgate.errors import SourceError, Trouble
from mailgate.tasks import end_all
from mailgate.wire import ApiRequest, ApiResponse, Wire

Query = Iterable[tuple[str, str | int]]

ATTEMPTS = 6
"""The most attempts of one request."""
REDIRECTS = 3
_AGAIN = frozenset({429, 500, 502, 503, 504})
_BRIEF = frozenset({Trouble.UNREACHABLE, Trouble.TIMEOUT})


class ApiClient:
    """A client of the API at ``base``, an origin. Every method may raise ``SourceError``."""

    def __init__(self, base: str, login: Login, wire: Wire, tools: SourceTools, run_bytes: int) -> None:
        self._base = base
        self._login = login
        self._wire = wire
        self._tools = tools
        self.tally = tools.tally
        self._left = run_bytes

    async def get(self, target: str, query: Query = (), headers: Mapping[str, str] | None = None) -> Any:
        """The JSON at ``target``, a path or a URL at the same origin; None if there is no content (204)."""
        return await self._request("GET", target, query, headers or {}, None)

    async def put(self, target: str, body: bytes, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON answer to ``body``."""
        return await self._request("PUT", target, (), headers or {}, body)

    async def find(
        self, target: str, query: Query = (), headers: Mapping[str, str] | None = None
    ) -> Any | None:
        """The same as ``get``; None if there is nothing (404)."""
        try:
            return await self.get(target, query, headers)
        except SourceError as error:
            if error.status == 404:
                return None
            raise

    async def close(self) -> None:
        await self._wire.close()

    async def _request(
        self, method: str, target: str, query: Query, headers: Mapping[str, str], body: bytes | None
    ) -> Any:
        url = self._at_home(target)
        pairs = urlencode(list(query))
        if pairs:
            url += ("&" if "?" in url else "?") + pairs
        answer = await self._request_at_origin(method, url, headers, body)
        if answer.status in (401, 403):
            raise SourceError(Trouble.LOGIN if answer.status == 401 else Trouble.RIGHT, status=answer.status)
        if answer.status == 204:
            return None
        if answer.status not in (200, 201, 207):
            raise SourceError(Trouble.STATUS, f"HTTP {answer.status}", answer.status)
        self.tally.pages += 1
        return as_json(answer.body)

    async def _request_at_origin(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> ApiResponse:
        """The answer after redirects within the origin, and after one new login if the old one had expired."""
        renewed = False
        for _ in range(REDIRECTS + 2):
            login = await self._login.headers(self.with_retries)
            answer = await self.with_retries(ApiRequest(method, url, {**headers, **login}, body))
            self._count(answer)
            if answer.status == 401 and not renewed:
                renewed = True
                self._login.forget()
            elif 300 <= answer.status < 400 and "location" in answer.headers:
                url = self._at_home(answer.headers["location"], url)
            else:
                return answer
        raise SourceError(Trouble.STATUS, "redirected in circles", answer.status)

    async def with_retries(self, question: ApiRequest) -> ApiResponse:
        """The answer. While the server is busy or a connection fails, the request is sent again, ``ATTEMPTS`` times in
        all. Raises ``SourceError`` after that.

        A PUT is not sent again after a fault of the server (500), since the server may have done what was requested
        before.
        """
        again = _AGAIN - {500} if question.method == "PUT" else _AGAIN
        for attempt in range(ATTEMPTS):
            last = attempt + 1 == ATTEMPTS
            answer, trouble = None, Trouble.STATUS
            try:
                answer = await self._wire.ask(question)
            except SourceError as error:
                trouble = error.trouble
                if trouble not in _BRIEF or last:
                    raise
            if answer is not None and answer.status not in again:
                self.tally.retrying, self.tally.retry_at = "", None
                return answer
            if answer is not None:
                trouble = Trouble.THROTTLED if answer.status == 429 else Trouble.STATUS
                if last:
                    raise SourceError(trouble, f"HTTP {answer.status}", answer.status)
            await self._wait(attempt, answer, trouble)
        raise AssertionError("the last attempt returns or raises")

    async def _wait(self, attempt: int, answer: ApiResponse | None, trouble: Trouble) -> None:
        now, tally = self._tools.now(), self.tally
        said = retry_after(answer.headers, now) if answer else None
        if answer is not None and answer.status in (429, 503):
            tally.throttled += 1
        pause = backoff(attempt, self._tools.chance())
        pause = pause if said is None else max(said, pause / 2)
        tally.retrying, tally.retry_at = str(trouble), now + timedelta(seconds=pause)
        await self._tools.sleep(pause)

    def _count(self, answer: ApiResponse) -> None:
        self._left -= len(answer.body)
        if self._left < 0:
            raise SourceError(Trouble.TOO_BIG, "the answers of this run are longer than `run_bytes`")

    def _at_home(self, target: str, seen_from: str = "") -> str:
        """A URL at the client's origin. Other URLs are refused, since the login is sent with every request."""
        try:
            url = urljoin(seen_from or self._base, target)
            parts = urlsplit(url)
            same = origin(url) == origin(self._base) and parts.username is None and not parts.fragment
        except ValueError:
            url, same = "", False
        if not same:
            raise SourceError(Trouble.ELSEWHERE)
        return url


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port (RFC 6454). Raises ``ValueError``."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def as_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SourceError(Trouble.SHAPE, "an answer is not JSON") from None


Item = TypeVar("Item")
Found = TypeVar("Found")


async def bounded_gather(
    work: Callable[[Item], Awaitable[Found]], items: Sequence[Item], at_once: int
) -> list[Found]:
    """The results of ``work`` in order, a bounded number at once. If one fails, the others are ended."""
    free = asyncio.Semaphore(at_once)

    async def one(item: Item) -> Found:
        async with free:
            return await work(item)

    tasks = [asyncio.get_running_loop().create_task(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await end_all(tasks)


FIRST_BACKOFF_SECONDS = 1.0
"""The seconds before the second attempt."""
MAX_BACKOFF_SECONDS = 300.0
"""The most seconds to wait for one answer, whatever the server asks for."""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds in ``Retry-After`` (RFC 9110, section 10.2.3), at most ``MAX_BACKOFF_SECONDS``; None without one."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), MAX_BACKOFF_SECONDS)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return min(max((until - now).total_seconds(), 0.0), MAX_BACKOFF_SECONDS)


def backoff(attempt: int, chance: float) -> float:
    """The seconds before the attempt after ``attempt`` (from 0). They double each time, and half of them are random."""
    return min(FIRST_BACKOFF_SECONDS * 2.0**attempt, MAX_BACKOFF_SECONDS) * (0.5 + chance / 2)


PAGES = 100_000
"""The most pages of one list."""

Page = list[Mapping[str, Any]]


async def pages_by_link(
    client: ApiClient, target: str, query: Query = (), headers: Mapping[str, str] | None = None
) -> AsyncIterator[Page]:
    """Pages that link to the next one (OData 4.01, ``@odata.nextLink``), which has to be at the same origin."""
    seen: set[int] = set()
    page = await client.get(target, query, headers)
    yield objects(page, "value")
    while following := _following(page, "@odata.nextLink", seen):
        page = await client.get(following, headers=headers)
        yield objects(page, "value")


def _following(page: Mapping[str, Any], name: str, seen: set[int]) -> str:
    """What names the next page; empty if there is none. Raises ``SourceError`` if that page was read already."""
    found = page.get(name) or ""
    if found and (not isinstance(found, str) or hash(found) in seen or len(seen) >= PAGES):
        raise SourceError(Trouble.SHAPE, "the next page is one that was read already")
    seen.add(hash(found))
    return found


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
    seen, fixed = set[int](), list(query)
    page = await client.get(target, fixed)
    yield objects(page, items, missing=True)
    while following := _following(page, "nextPageToken", seen):
        page = await client.get(target, [*fixed, ("pageToken", following)])
        yield objects(page, items, missing=True)
