"""Starts a supervisor with the ports of the settings."""

import signal
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from mailgate.app.service_manager import NOBODY, ServiceManager
from mailgate.app.workers.listeners import close, cores, open_listeners, remove_files
from mailgate.app.workers.place import SHUTDOWN_EXTRA_SECONDS, WorkerPlace
from mailgate.app.workers.supervisor import Supervisor
from mailgate.config import Settings


def workers_of(settings: Settings) -> int:
    """The number of processes that serve."""
    return cores() if settings.workers == "auto" else settings.workers


def supervise(
    settings: Settings,
    run_gate: Callable[[WorkerPlace, Callable[[], None], int], int],
    manager: ServiceManager = NOBODY,
) -> int:
    """Run as many workers as the settings ask for. Returns the exit code; raises OSError.

    ``run_gate`` is called in each worker's own process with three arguments: the worker's place; a function that the worker
    calls once it serves, and then at least as often as ``manager`` expects messages of the supervisor; and a file descriptor
    that reaches its end when the supervisor is gone.
    """
    # these signals wait until the supervisor handles them: ending now would leave the folder and the sockets below behind
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    count = workers_of(settings)
    certificates = settings.client_certificates
    devices = certificates.listen if certificates and settings.tls else None
    with tempfile.TemporaryDirectory(prefix="mailgate-") as folder:
        public = open_listeners(settings.listen, count)
        admin = open_listeners(settings.admin_listen, 1)
        asking = open_listeners(devices, count) if devices else [[] for _ in range(count)]
        questions = {
            str(each.listen): open_listeners(each.listen, count) for each in settings.authz_listeners
        }
        shared = [*public, *asking, *chain.from_iterable(questions.values())]

        def run_worker(number: int, ready: Callable[[], None], life: int) -> int:
            mine = WorkerPlace(
                number,
                count,
                public[number],
                asking[number],
                admin[0] if number == 0 else (),
                Path(folder),
                {where: listeners[number] for where, listeners in questions.items()},
            )
            close([each for index, each in enumerate(shared) if index % count != number])
            return run_gate(mine, ready, life)

        def stop_listening() -> None:
            remove_files(chain.from_iterable(listeners[0] for listeners in questions.values()))
            close([*shared, *admin])

        grace = settings.timeouts.shutdown.total_seconds() + SHUTDOWN_EXTRA_SECONDS
        try:
            return Supervisor(count, run_worker, grace, stop_listening, manager).run()
        finally:
            stop_listening()
