"""Opens the store of a configuration for one command."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from mailgate.app.open_store import open_store
from mailgate.config import Bundle, load_bundle
from mailgate.rollout import in_force
from mailgate.rollout.replay import away_now
from mailgate.store import Store

Result = TypeVar("Result")


def with_store(
    config: Path, run: Callable[[Store, Bundle], Coroutine[Any, Any, Result]], *, decides: bool = True
) -> Result:
    """Run a command on the store of a configuration. Raises MailgateError if the files or the store cannot be used.

    The bundle has the rules in force, which may differ from those of the files, and their reliefs. For a command that
    ``decides`` nothing the bundle has the rules of the files, since the rules in force may no longer be readable.
    """

    async def opened() -> Result:
        bundle = load_bundle(config)
        store = await open_store(config, bundle.settings)
        try:
            if not decides:
                return await run(store, bundle)
            rules = await in_force(store) or bundle.rules
            reliefs = await store.reliefs.current(datetime.now(UTC))
            away = await away_now(store, bundle.settings)
            return await run(store, replace(bundle, rules=rules.with_reliefs(reliefs), away=away))
        finally:
            await store.close()

    return asyncio.run(opened())


def printable(text: str) -> str:
    """A text that strangers wrote, without characters that would control the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
