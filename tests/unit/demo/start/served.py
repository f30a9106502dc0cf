"""The server behind the start page, at a socket in a folder; the client in a module reaches it under any name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest
from aiohttp import ClientSession, UnixConnector, web
from tests.unit.console.browsing import serving


@asynccontextmanager
async def behind(
    module: ModuleType, app: web.Application, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    async with serving(app, folder) as path:
        monkeypatch.setattr(
            module, "ClientSession", lambda **options: ClientSession(connector=UnixConnector(path), **options)
        )
        yield
