"""The ways to a webmail: through the gate itself, and through each proxy that asks it, with the configuration in
``deploy/``."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.attacks.recording_webmail import Mail, Webmail, listening
from tests.integration.conftest import Guarded, guarded
from tests.integration.conftest import client as client
from tests.integration.conftest import guard as guard
from tests.integration.gate import PHONE_RULES
from tests.integration.test_forward_auth import FRONTS, asked_in, questions_of

INLINE = "inline"


@dataclass
class EntryPoint:
    """``name``: of the proxy, or ``inline``. ``url``: the address for clients."""

    name: str
    url: str
    guarded: Guarded


Open = Callable[..., EntryPoint]


@pytest.fixture(scope="session")
def origin() -> Iterator[socket.socket]:
    """The listening socket of each recording webmail, since the ways to it may outlive a test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
async def recording(origin: socket.socket) -> AsyncIterator[Webmail]:
    async with taking_its_turn(Webmail(), origin) as mail:
        yield mail


@asynccontextmanager
async def taking_its_turn(mail: Mail, origin: socket.socket) -> AsyncIterator[Mail]:
    """Serve where the webmails of other tests did, so that the ways to those lead here."""
    _turn_away(origin)
    async with listening(mail, origin.dup()):
        yield mail


def _url(origin: socket.socket) -> str:
    return f"http://127.0.0.1:{origin.getsockname()[1]}"


def _turn_away(origin: socket.socket) -> None:
    """End the connections that arrived after the webmail had ended."""
    origin.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            origin.accept()[0].close()


@pytest.fixture
def webmail(recording: Webmail) -> "Address":
    """The webmail behind the gates of ``guard``."""
    return Address(recording)


@dataclass
class Address:
    mail: Webmail

    def make_url(self, path: str) -> str:
        return self.mail.url + path


@contextmanager
def leading(
    front: str, mail: str, folder: Path, policy: dict[str, Any], **settings: Any
) -> Iterator[EntryPoint]:
    """A way through this proxy, with a gate of its own."""
    if front == INLINE:
        with guarded(folder, mail, policy, **settings) as gate:
            yield EntryPoint(INLINE, gate.url, gate)
        return
    dialect, serve = FRONTS[front]
    asked = asked_in(dialect) | {"trusted_proxies": ("127.0.0.1/32",)}
    with guarded(folder, mail, policy, **asked, **settings) as gate:
        run = folder / "front"
        run.mkdir()
        further = {"questions": questions_of(gate.gate)} if dialect == "envoy-grpc" else {}
        with serve(gate.url, mail, run, **further) as url:
            yield EntryPoint(front, url, gate)


@pytest.fixture(scope="session", params=[INLINE, *FRONTS])
def kept(
    request: pytest.FixtureRequest, origin: socket.socket, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., EntryPoint]]:
    """One way to the recording webmail for each policy, its groups and settings, while tests use this proxy."""
    ways = dict[str, EntryPoint]()
    with ExitStack() as stack:

        def opened(policy: dict[str, Any], groups: str = "", **settings: Any) -> EntryPoint:
            key = json.dumps([policy, groups, settings])
            if key not in ways:
                folder = tmp_path_factory.mktemp("way")
                if groups:
                    (folder / "groups.yaml").write_text(groups)
                opening = leading(request.param, _url(origin), folder, policy, **settings)
                ways[key] = stack.enter_context(opening)
            return ways[key]

        yield opened


@pytest.fixture
def way(
    request: pytest.FixtureRequest,
    kept: Callable[..., EntryPoint],
    origin: socket.socket,
    recording: Webmail,
    tmp_path: Path,
) -> Iterator[Open]:
    """A way of its own for a test with a webmail or settings of its own."""
    front, shared = request.node.callspec.params["kept"], recording.url == _url(origin)
    with ExitStack() as stack:

        def opened(policy: dict[str, Any] = PHONE_RULES, mail: str = "", **settings: Any) -> EntryPoint:
            if shared and not mail and not settings:
                return kept(policy)
            return stack.enter_context(leading(front, mail or recording.url, tmp_path, policy, **settings))

        yield opened
