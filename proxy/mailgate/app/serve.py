"""The process around a gate: its signals, its memory, and errors of tasks that nothing waited for."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from mailgate.app.service import Service
from mailgate.app.service_manager import NOBODY, ServiceManager
from mailgate.app.workers.listeners import ALONE, REPLACED, SHUTDOWN_EXTRA_SECONDS, WorkerPlace
from mailgate.config import Bundle
from mailgate.gateway import handler
from mailgate.tasks import end_all

log = structlog.get_logger()

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the loop of mail waiting for the interpreter. With Python's default, ten times as long, every
request that comes while a thread computes waits at least 5 ms."""


async def serve(
    config: Path,
    bundle: Bundle | None = None,
    ready: Callable[[Service], None] | None = None,
    place: WorkerPlace = ALONE,
    life: int | None = None,
    manager: ServiceManager = NOBODY,
) -> None:
    """Run a gate until SIGTERM or SIGINT; SIGHUP reads the files again. ``ready`` is called once it listens. If one of
    them arrives before that, everything is closed and CancelledError is raised.

    ``manager`` is told about it. The gate also ends when the file descriptor ``life`` is at its end, since its
    supervisor is gone.
    """
    end_on_signals()
    sys.setswitchinterval(SWITCH_SECONDS)
    service = await Service.start(config, bundle, place)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    if life is not None:
        loop.add_reader(life, stop.set)
    loop.set_exception_handler(note_stray)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def make_room() -> None:
        service.ports.make_room()
        stop.set()

    def stay() -> None:
        log.warning("not-replaced", why="this gate has no other workers")

    if place.count > 1:
        loop.add_signal_handler(REPLACED, make_room)
    else:
        loop.add_signal_handler(signal.SIGUSR2, stay)
    reloads: set[asyncio.Task[None]] = set()  # the loop keeps only a weak reference to a running task

    async def read_again() -> None:
        manager.reloading()
        try:
            await service.reloader.reload()
        finally:
            manager.ready()  # also if the new files have a mistake: the gate goes on with the old ones

    def reload() -> None:
        task = loop.create_task(read_again())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    # signals that came during the start are handled now
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP, signal.SIGUSR2, REPLACED})
    settle_memory()
    log.info(
        "listening",
        public=service.ports.public,
        devices=service.ports.devices,
        questions=service.ports.questions,
        admin=service.admin.origin,
        policy=service.files.bundle.policy.version,
    )
    if ready:
        ready(service)
    manager.ready()
    beside = [loop.create_task(manager.keep_alive()), loop.create_task(warm_up(service))]
    try:
        await stop.wait()
    finally:
        manager.stopping(service.files.settings.timeouts.shutdown.total_seconds() + SHUTDOWN_EXTRA_SECONDS)
        if life is not None:
            loop.remove_reader(life)
        log.info("stopping")
        await service.stop()
        await end_all(beside)
        log.info("stopped")


async def warm_up(service: Service) -> None:
    """Take the gate's steps of warming up beside requests. A request goes before the next step, and has its own error from what a step
    could not do."""
    for step in handler.warming():
        with suppress(Exception):
            await asyncio.to_thread(step)
    service.admin.load_console.set()


def end_on_signals() -> None:
    """Let SIGTERM and SIGINT cancel this task, which starts a gate, until the gate handles them itself."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # a coroutine runs in one
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)


def settle_memory() -> None:
    """Keep the garbage collector away from the objects of the start, and let it look for cycles rarely.

    A request makes hardly any cycles. Looking as often as Python's default took a tenth of each request's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def note_stray(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error that no task waited for, only by its class, since its text may quote a request."""
    log.error("unhandled-error", error=type(context.get("exception")).__name__)
