"""The callers of the API, as fixtures for the tests of operations."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from tests.admins import token
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company, serving

from mailgate.console.api.site import with_api
from mailgate.console.site import with_console


@pytest.fixture
async def calling(firm: Company, tmp_path: Path) -> AsyncIterator[Callable[[str], Caller]]:
    """Makes callers of the API by their tokens."""
    admin = with_api(with_console(web.Application(), firm.context), firm.context)
    async with serving(admin, tmp_path) as path:
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path), cookie_jar=jar) as session:
            yield lambda shown: Caller(session, shown)


@pytest.fixture
def ada(calling: Callable[[str], Caller]) -> Caller:
    """An operator."""
    return calling(token("ada"))


@pytest.fixture
def lin(calling: Callable[[str], Caller]) -> Caller:
    """Operator and approver."""
    return calling(token("lin"))


@pytest.fixture
def vic(calling: Callable[[str], Caller]) -> Caller:
    """A viewer."""
    return calling(token("vic"))


@pytest.fixture
def nobody(calling: Callable[[str], Caller]) -> Caller:
    """A caller without a token."""
    return calling("")
