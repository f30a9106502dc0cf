"""The gates under test (one of each kind for a session), their common upstream, and connections to them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.integration.gate import EVERYONE, Gate, start_gate, write_config
from tests.integration.gateway.scripted_upstream import Upstream
from tests.integration.gateway.wire import Wire

Connect = Callable[..., Awaitable[Wire]]
StartGate = Callable[..., Gate]
HOSTS = (
    "127.0.0.1 localhost ::1 2001:DB8:0::1 other.example a_b.example a.example xn--mnchen-3ya.example webmail.example.org"
).split()
"""The hosts besides that of ``public_url`` under which the gates serve."""


@pytest.fixture(scope="session")
def origin() -> Iterator[socket.socket]:
    """The listening socket of every upstream: the port stays the same for the whole session."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield listener


@pytest.fixture(scope="session")
def origin_url(origin: socket.socket) -> str:
    return f"http://127.0.0.1:{origin.getsockname()[1]}"


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory, origin_url: str) -> Iterator[StartGate]:
    """Start a gate with these settings; it has to end with exit code 0 at the end of the session."""
    gates: list[Gate] = []

    def started(upstream: str = origin_url, policy: Mapping[str, Any] = EVERYONE, **settings: Any) -> Gate:
        directory: Path = tmp_path_factory.mktemp("gate")
        gates.append(start_gate(write_config(directory, upstream, {"hosts": HOSTS} | settings, policy)))
        return gates[-1]

    yield started
    with ExitStack() as all_of_them:
        for gate in gates:
            all_of_them.callback(_stop, gate)


def _stop(gate: Gate) -> None:
    """Stop a gate and check that it logged no error of its own, whatever clients and upstreams did."""
    code = gate.process.returncode if gate.process.poll() is not None else gate.stop()
    assert code == 0, "\n".join(gate.log[-20:])
    own = [r for r in gate.records() if r.get("level") in ("error", "critical") or not r]
    assert own == []


@pytest.fixture(scope="session")
def gate(start: StartGate) -> Gate:
    """A gate with default settings that trusts no proxy."""
    return start()


@pytest.fixture(scope="session")
def hasty(start: StartGate) -> Gate:
    """A gate with short times, for what never goes on."""
    return start(timeouts=dict.fromkeys(("connect", "head", "response", "idle", "keep_alive"), "1s"))


@pytest.fixture(scope="session")
def steady(start: StartGate) -> Gate:
    """A gate with small limits, and times that nothing exceeds that goes on, however busy the machine is."""
    return start(
        timeouts=dict.fromkeys(("head", "response", "idle", "keep_alive"), "4s"),
        limits={"head_bytes": "8KiB", "body_bytes": "64KiB", "header_count": 40},
    )


@pytest.fixture(scope="session")
def trusting(start: StartGate) -> Gate:
    """A gate that trusts its peer as a proxy."""
    return start(trusted_proxies=["127.0.0.0/8"])


@pytest.fixture
async def upstream(origin: socket.socket) -> AsyncIterator[Upstream]:
    upstream = Upstream()
    await upstream.listen(origin)
    yield upstream
    await upstream.leave()


@pytest.fixture
async def connect(gate: Gate) -> AsyncIterator[Connect]:
    """Open a connection to the gate (or to another one)."""
    wires: list[Wire] = []

    async def connected(to: Gate = gate) -> Wire:
        _, wire = await asyncio.get_running_loop().create_connection(Wire, *to.public)
        wires.append(wire)
        return wire

    yield connected
    for wire in wires:
        await wire.abort()
