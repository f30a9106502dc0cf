"""A small company in a store of its own, made once for all tests that only look at it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from mailgate.attest.mint import JWKS_FILE, key_files
from mailgate.config import Bundle, load_bundle
from mailgate.demo.company.people import people as company_people
from mailgate.demo.company.seed import Company, seed
from mailgate.demo.settings import write_settings
from mailgate.store import Store

NOW = datetime(2026, 12, 16, 15, 30, tzinfo=UTC)
"""A Wednesday."""
PEOPLE = 60
RULES = Path(__file__).parents[4] / "config"


@dataclass(frozen=True)
class Made:
    """What a company was made from, and what came of it."""

    bundle: Bundle
    company: Company
    told: list[tuple[str, int, int]]

    @property
    def url(self) -> str:
        return self.bundle.settings.store.get_secret_value()


def settings_in(folder: Path) -> Bundle:
    """The demo's settings in this folder."""
    (folder / JWKS_FILE).write_text(key_files(bytes(32), bytes(range(32)))[JWKS_FILE])
    return load_bundle(
        write_settings(
            folder,
            port=8123,
            admin_port=8124,
            upstream="http://127.0.0.1:9",
            rules=RULES,
            jwks=folder / JWKS_FILE,
        )
    )


async def made_in(folder: Path, people: int = PEOPLE) -> Made:
    bundle = settings_in(folder)
    store = await Store.open(bundle.settings.store.get_secret_value())
    told: list[tuple[str, int, int]] = []
    try:
        random = Random(2)
        staff = company_people(random, people)
        company = await seed(store, bundle, staff, random, NOW, lambda *each: told.append(each))
    finally:
        await store.close()
    return Made(bundle, company, told)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return asyncio.run(made_in(tmp_path_factory.mktemp("company")))


@pytest.fixture
async def store(made: Made) -> AsyncIterator[Store]:
    """To be read from alone."""
    store = Store.beside(made.url)
    yield store
    await store.close()
