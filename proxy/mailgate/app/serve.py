"""The process around a gate: its signals, its memory, and errors of tasks that nobody waited for."""

import asyncio
import gc
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from mailgate.app.service import Service
from mailgate.app.workers.place import ALONE, PARTING, REPLACED, Place
from mailgate.classify import warm
from mailgate.config import Bundle

log = structlog.get_logger()


async def serve(
    config: Path,
    bundle: Bundle | None = None,
    ready: Callable[[Service], None] | None = None,
    place: Place = ALONE,
    life: int | None = None,
) -> None:
    """Run a gate until SIGTERM or SIGINT; SIGHUP reads the files again. ``ready`` is called once it listens.

    It also ends when the file descriptor ``life`` reaches its end, since its supervisor is gone then.
    """
    warm()
    service = await Service.start(config, bundle, place)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    if life is not None:
        loop.add_reader(life, stop.set)
    loop.set_exception_handler(note_stray)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def make_room() -> None:
        service.ports.parting = PARTING
        stop.set()

    def stay() -> None:
        log.warning("not-replaced", why="this process is no worker")

    loop.add_signal_handler(REPLACED, make_room if place.of > 1 else stay)
    reloads: set[asyncio.Task[bool]] = set()  # the loop keeps only a weak reference to a running task

    def reload() -> None:
        task = loop.create_task(service.reloader.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    signal.pthread_sigmask(
        signal.SIG_UNBLOCK, {signal.SIGHUP, REPLACED}
    )  # signals that came during the start come now
    settle_memory()
    log.info(
        "listening",
        public=service.ports.public,
        devices=service.ports.devices,
        questions=service.ports.questions,
        admin=service.admin,
        policy=service.bundle.policy.version,
    )
    if ready:
        ready(service)
    try:
        await stop.wait()
    finally:
        if life is not None:
            loop.remove_reader(life)
        log.info("stopping")
        await service.stop()
        log.info("stopped")


def settle_memory() -> None:
    """Keep the garbage collector from what was made at the start, and let it look for cycles seldom.

    A request makes hardly any cycles. Looking as often as Python's default took a tenth of each request's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def note_stray(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error that no task waited for, by its class alone, since its text may quote a request."""
    log.error("stray-error", error=type(context.get("exception")).__name__)
