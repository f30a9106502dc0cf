"""The files that a gate has left in a folder: settings, rules and a store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

from mailgate.store import Store

T = TypeVar("T")

SETTINGS = """\
listen: 127.0.0.1:0
public_url: http://localhost:8080
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:0
store: sqlite:///mailgate.db
"""
SETTINGS_IN_CONFIG = SETTINGS.replace("sqlite:///", "sqlite:///var/")
APPS = "apps: {tiktok: {name: TikTok}, chess: {name: Chess}}\nlists: {prohibited: [tiktok]}\n"
POLICY = (
    "default: {effect: block, reason: no-rule-matched}\nrules: [{id: all, when: 'true', effect: block}]\n"
)
BESIDE = "sqlite:///mailgate.db"
"""The store of a gate whose settings are in the folder where the command runs."""
IN_CONFIG = "sqlite:///config/var/mailgate.db"
"""The store of a gate whose settings are in ``config``."""


def write_config(folder: Path, settings: str) -> None:
    """Write the files of a gate with these settings, in ``config``."""
    (folder / "config").mkdir(exist_ok=True)
    for name, text in (("mailgate", settings), ("apps", APPS), ("policy", POLICY)):
        (folder / "config" / f"{name}.yaml").write_text(text)


def stopped_at(now: datetime) -> SimpleNamespace:
    """A replacement of ``datetime`` in a command, in which it is always ``now``."""
    return SimpleNamespace(now=lambda _zone: now)


def in_store(work: Callable[[Store], Awaitable[T]], url: str = BESIDE) -> T:
    """Do this work in the store like a gate. Returns its result."""

    async def opened() -> T:
        store = await Store.open(url)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())
