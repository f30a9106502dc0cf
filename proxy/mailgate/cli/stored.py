"""Open the store of a configuration for the time of one command."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer

from mailgate.config import Bundle, load_bundle
from mailgate.errors import ConfigError
from mailgate.store import Store, StoreError

Result = TypeVar("Result")


def with_store(config: Path, run: Callable[[Store, Bundle], Coroutine[Any, Any, Result]]) -> Result:
    """Run a command on the store of a configuration; one that cannot be used ends it with exit code 2."""

    async def opened() -> Result:
        bundle = load_bundle(config)
        store = await Store.open(bundle.settings.store.get_secret_value())
        try:
            return await run(store, bundle)
        finally:
            await store.close()

    try:
        return asyncio.run(opened())
    except (ConfigError, StoreError) as error:
        fail(2, str(error))


def printable(text: str) -> str:
    """Text of strangers without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def fail(code: int, message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
