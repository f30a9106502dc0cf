"""The work at the start of every command, done once in the process from which all are forked.

Modules, compiled statements and templates, and a whole gate that has started and ended.
"""

import asyncio
import gc
import re
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import typer.main
from sqlalchemy.ext.asyncio import create_async_engine
from tests.integration.gate import PAUSES, PHONE_RULES, address, write_config
from tests.stores import compiling_once, copying, migrated

import mailgate.cli
from mailgate.app.service import Service
from mailgate.gateway import handler
from mailgate.store import database, spent_proofs, store
from mailgate.store.write_queue import WriteQueue

LOADED_LATER = (
    *("cryptography.hazmat.backends.openssl.backend", "encodings.idna", "uvloop"),
    *("mailgate.app.connectors", "mailgate.app.console", "mailgate.demo.run", "mailgate.store.postgresql"),
    *("typer._adapters", "typer._click.decorators"),
)
"""What a command would load only when it begins: each again."""


def prepare() -> None:
    for later in LOADED_LATER:
        import_module(later)
    typer.main.get_command = cache(typer.main.get_command)
    typer.main.get_command(mailgate.cli.app)
    for command in mailgate.cli.COMMANDS:
        mailgate.cli.load([command])
    for step in handler.warming():
        step()
    vars(re)["_MAXCACHE"] = 1 << 14  # a console has more patterns of addresses than it keeps else
    vars(database)["create_async_engine"] = compiling_once(create_async_engine)
    # a gate on a busy machine is slow and not wrong: its limits are what ``store/test_hanging.py`` tries
    vars(database)["_limited"] = lambda seconds: asyncio.timeout(seconds * 10)
    vars(database)["_TIMEOUT_SECONDS"] *= 10
    vars(spent_proofs)["_SPENDING_SECONDS"] *= 10
    # and what it was told before its end is in the store then, not in the spool: tests read the store
    close = WriteQueue.close
    WriteQueue.close = lambda queue, seconds: close(queue, seconds * 10)  # type: ignore[method-assign]
    for place, seconds in PAUSES.items():
        module, _, name = place.rpartition(".")
        assert name in vars(import_module(module)), place
        vars(import_module(module))[name] = seconds
    with TemporaryDirectory() as folder:
        vars(store)["migrate"] = copying(migrated(Path(folder)))
        asyncio.run(_lived(write_config(Path(folder), "http://127.0.0.1:9", {}, PHONE_RULES)))
    vars(handler)["warming"] = list  # it is done
    gc.collect()
    gc.freeze()  # garbage collection at the start of a gate then skips the shared memory


async def _lived(config: Path) -> None:
    """A gate from its start to its end, with its console, and with all that it does by itself and at a request."""
    service = await Service.start(config)
    service.admin.load_console.set()
    for agent in ("Firefox/145.0 (Windows)", "iPhone"):
        reading, writing = await asyncio.open_connection(*address(service.ports.public))
        writing.write(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n".encode()
        )
        await reading.read()
        writing.close()
    before = 0.0
    while (used := time.process_time()) > before + 0.02:
        before = used
        await asyncio.sleep(0.5)
    await service.stop()
