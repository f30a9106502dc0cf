"""A program that calls the API of the small company."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from tests.unit.console.browsing import ORIGIN

PROBLEM = "application/problem+json"


@dataclass
class Told:
    """An answer of the API."""

    status: int
    body: Any
    """JSON, or the text."""
    headers: Mapping[str, str]

    @property
    def wrong(self) -> dict[str, str]:
        """The mistakes, by their place."""
        return {
            each.get("pointer") or each.get("parameter") or each["header"]: each["detail"]
            for each in self.body["errors"]
        }


@dataclass
class Caller:
    """A caller with one token, which keeps no cookies."""

    session: aiohttp.ClientSession
    token: str = ""

    async def get(self, path: str, **headers: str) -> Told:
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, body: Any = None) -> Told:
        return await self.ask("POST", path, json=body)

    async def ask(self, method: str, path: str, **options: Any) -> Told:
        """Send a request. A path is that of an operation, or complete if it begins with ``/api``."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        options["headers"] = own | dict(options.get("headers") or {})
        address = ORIGIN + (path if path.startswith("/api") else f"/api/v1{path}")
        async with self.session.request(method, address, **options) as answer:
            text = await answer.text()
            as_json = "json" in answer.content_type and "jsonl" not in answer.content_type
            return Told(
                answer.status, await answer.json(content_type=None) if as_json else text, answer.headers
            )
