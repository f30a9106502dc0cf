"""The form of a peer."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from benchmarks.site import Site


@dataclass(frozen=True)
class Running:
    """A system that answers on a port of the loopback interface; ``pid`` is its first process.

    ``helpers``: the first processes of systems that it asks, whose time is spent for its answers too. ``admin``: the
    port of its metrics; 0 for none.
    """

    port: int
    pid: int
    helpers: tuple[int, ...] = ()
    admin: int = 0

    @property
    def pids(self) -> tuple[int, ...]:
        return (self.pid, *self.helpers)


@dataclass(frozen=True)
class Peer:
    """One system. ``start`` raises NotInstalled if the machine does not have it.

    ``refuses`` is a request that the system must answer with 403, to show that it decides: the path and the user agent.
    None for a system that decides nothing.
    """

    name: str
    title: str
    start: Callable[[Site], AbstractContextManager[Running]]
    version: Callable[[], str]
    refuses: tuple[str, str] | None = None
