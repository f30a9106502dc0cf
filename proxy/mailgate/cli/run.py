"""``mailgate run``: the gate in front of your webmail."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog
import typer
import uvloop

from mailgate.app import utc_now
from mailgate.app.preflight import load_checked
from mailgate.app.serve import serve, settle_memory  # before the workers are forked, so that they share it
from mailgate.app.service_manager import ALIVE, READY, ServiceManager
from mailgate.app.workers import WorkerPlace, supervise, workers_of
from mailgate.cli.exit_codes import code_of_start
from mailgate.cli.options import DEFAULT_PATH, Config
from mailgate.config.upstream_loop import SystemResolver
from mailgate.logs import configure_logs

log = structlog.get_logger()

UNREADABLE = 0o007
"""The exit code if files of the gate, such as the store, could be read by other users of the machine."""


def run(config: Config = DEFAULT_PATH) -> None:
    """Start the gate. It stops on SIGTERM after running requests have ended, and reads changed files by itself."""
    raise typer.Exit(code_of_start(lambda: _run(config)))


def _run(config: Path) -> int:
    bundle = load_checked(config, utc_now(), names=SystemResolver())
    configure_logs(bundle.settings.log.level)
    os.umask(os.umask(UNREADABLE) | UNREADABLE)
    for each in bundle.exposed_files():
        log.warning("file-open-to-others", file=str(each.path), others_may=each.may)
    manager = ServiceManager.of(os.environ)
    if workers_of(bundle.settings) == 1:
        return _serve(serve(config, bundle, manager=manager))

    def run_gate(place: WorkerPlace, ready: Callable[[], None], life: int) -> int:
        structlog.contextvars.bind_contextvars(worker=place.number)
        supervisor = ServiceManager(lambda said: ready() if said in (READY, ALIVE) else None, manager.silence)
        return code_of_start(lambda: _serve(serve(config, None, place=place, life=life, manager=supervisor)))

    settle_memory()  # the workers share what is not touched, and a look for garbage would touch all of it
    return supervise(bundle.settings, run_gate, manager)


def _serve(gate: Coroutine[Any, Any, None]) -> int:
    uvloop.run(_until_told_to_end(gate))
    return 0


async def _until_told_to_end(gate: Coroutine[Any, Any, None]) -> None:
    """Wait for the gate.

    If it is told to end while it starts, it closes what it has opened. A thread may then still upgrade the store: the end of
    the process rolls that back, whereas the end of the loop would wait for it.
    """
    try:
        await gate
    except asyncio.CancelledError:
        os._exit(0)
