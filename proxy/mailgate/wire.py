"""One request and one answer over HTTPS, bounded in time and size. Redirects are answers and never followed here."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp

from mailgate.errors import SourceError, Trouble

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One HTTP request. It is never shown, since it may hold a secret or a person's name."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """One HTTP response. The names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class Wire(Protocol):
    """Sends a request. Raises ``SourceError`` if there is no answer."""

    async def ask(self, question: ApiRequest) -> ApiResponse: ...

    async def close(self) -> None: ...


class HttpsWire:
    """Uses aiohttp, with the authorities, the proxy, the time and the size of the settings."""

    def __init__(
        self,
        timeout: float,
        page_bytes: int,
        authorities: Path | ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self._timeout = timeout
        self._page_bytes = page_bytes
        self._authorities = authorities
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, question: ApiRequest) -> ApiResponse:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._ask(question)
        except TimeoutError:
            raise SourceError(Trouble.TIMEOUT) from None
        except aiohttp.ClientConnectorCertificateError:
            raise SourceError(Trouble.CERTIFICATE) from None
        except (aiohttp.ClientError, OSError, ValueError):  # their texts quote the address
            raise SourceError(Trouble.UNREACHABLE) from None

    async def _ask(self, question: ApiRequest) -> ApiResponse:
        self._session = self._session or self._opened()
        async with self._session.request(
            question.method,
            question.url,
            headers=question.headers,
            data=question.body,
            proxy=self._proxy,
            allow_redirects=False,
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return ApiResponse(response.status, headers, await self._body(response))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        pieces = bytearray()
        async for piece in response.content.iter_chunked(_PIECE):
            pieces += piece
            if len(pieces) > self._page_bytes:
                raise SourceError(Trouble.TOO_BIG, f"an answer is longer than {self._page_bytes} bytes")
        return bytes(pieces)

    def _opened(self) -> aiohttp.ClientSession:
        given = self._authorities
        trust = given if isinstance(given, ssl.SSLContext) else ssl.create_default_context(cafile=given)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust, limit=4),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "mailgate", "Accept": "application/json"},
            requote_redirect_url=False,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
