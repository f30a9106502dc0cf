from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.unit.console.browsing import Browser, Company, browsing, company, serving, whole
from tests.unit.console.law import MARKED, told_otherwise
from tests.unit.console.typed import TYPED
from tests.unit.rollout.conftest import store as store
from tests.unit.rollout.conftest import url as url

from mailgate.console import render
from mailgate.console.now import page as now


@pytest.fixture(autouse=True)
def law(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check that every page in a test has only texts that a catalog can translate."""
    otherwise, text_of = dict[str, list[str]](), render.text_of

    def made_twice(template: str, **values: Any) -> str:
        found = told_otherwise(text_of(template, **values | {"lang": MARKED, "others": []}), TYPED)
        if found:
            otherwise[template] = found
        return text_of(template, **values)

    monkeypatch.setattr(render, "text_of", made_twice)
    monkeypatch.setattr(now, "text_of", made_twice)
    yield
    assert not otherwise


@pytest.fixture
async def firm(tmp_path: Path) -> AsyncIterator[Company]:
    async with company(tmp_path) as made:
        yield made


@pytest.fixture
async def opened(firm: Company, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Browser]]]:
    """Opens browsers at the console, each with cookies of its own."""
    async with AsyncExitStack() as stack:
        path = await stack.enter_async_context(serving(whole(firm.context), tmp_path))

        async def another() -> Browser:
            return await stack.enter_async_context(browsing(path))

        yield another


@pytest.fixture
async def ada(opened: Callable[[], Awaitable[Browser]]) -> Browser:
    """A browser that is logged in as an operator."""
    browser = await opened()
    assert (await browser.log_in("ada")).status == 200
    return browser


@pytest.fixture
async def vic(opened: Callable[[], Awaitable[Browser]]) -> Browser:
    """A browser that is logged in as a viewer."""
    browser = await opened()
    assert (await browser.log_in("vic")).status == 200
    return browser


@pytest.fixture
async def lin(opened: Callable[[], Awaitable[Browser]]) -> Browser:
    """A browser that is logged in as operator and approver."""
    browser = await opened()
    assert (await browser.log_in("lin")).status == 200
    return browser
