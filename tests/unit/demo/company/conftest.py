"""A small company in a store of its own, made once for all tests that only read it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from tests.unit.demo.examples import NOW, written_settings

from mailgate.config import Bundle, load_bundle
from mailgate.demo.company.devices import people as company_people
from mailgate.demo.company.seed import seed
from mailgate.store import Store

PEOPLE = 60


@dataclass(frozen=True)
class Made:
    """The inputs and results of making a company."""

    bundle: Bundle
    plan: str
    told: list[tuple[str, int, int]]

    @property
    def url(self) -> str:
        return self.bundle.settings.store.get_secret_value()


def settings_in(folder: Path) -> Bundle:
    """The demo's settings in this folder."""
    return load_bundle(written_settings(folder, folder))


async def made_in(folder: Path, people: int = PEOPLE) -> Made:
    bundle = settings_in(folder)
    store = await Store.open(bundle.settings.store.get_secret_value())
    told: list[tuple[str, int, int]] = []
    try:
        random = Random(2)
        staff = company_people(random, people)
        plan = await seed(store, bundle, staff, random, NOW, lambda *each: told.append(each))
    finally:
        await store.close()
    return Made(bundle, plan, told)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return asyncio.run(made_in(tmp_path_factory.mktemp("company")))


@pytest.fixture
async def store(made: Made) -> AsyncIterator[Store]:
    """The store, only for reading."""
    store = Store.beside(made.url)
    yield store
    await store.close()
