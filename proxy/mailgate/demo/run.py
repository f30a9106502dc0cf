"""Runs the demo: the mailbox on a free port, the gate before it, the start page beside them, and what to open on the terminal."""

import asyncio
import errno
import fcntl
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from mailgate.app import utc_now
from mailgate.app.preflight import load_checked
from mailgate.app.serve import end_on_signals, serve
from mailgate.attest.mint import ISSUER_KEY_FILE, JWKS_FILE
from mailgate.demo.company import DEFAULT_PEOPLE
from mailgate.demo.company.fill import MARK, Filled, clear_half_made, fill, is_new, tokens_in
from mailgate.demo.company.fill import SETTINGS as COMPANY
from mailgate.demo.company.seed import Progress
from mailgate.demo.mailbox import Mailbox, shipped_messages
from mailgate.demo.settings import demo_rules, write_settings
from mailgate.demo.start.page import Links, StartPage
from mailgate.demo.start.personas import PersonaProxy, Shown, Signer, exempt_persona
from mailgate.demo.tour import DemoAddresses, commands
from mailgate.errors import MailgateError
from mailgate.store import StoreError
from mailgate.store.errors import DamagedStoreError

_STEP, _TRIES, _LAST = 10, 50, 65535


def require_ports(ports: Mapping[str, int]) -> None:
    """Check that these ports can be opened; each is named by its option. Raises MailgateError."""
    with ExitStack() as held:
        for option, port in ports.items():
            why = _why_not(port, held)
            if why:
                raise MailgateError(f"port {port:d} ({option}) {why}. {_instead(ports)}")


def _why_not(port: int, held: ExitStack) -> str:
    """Why this port cannot be opened; empty if it can, and then it is kept open."""
    if port > _LAST:
        return f"does not exist: the last one is {_LAST}"
    listening = held.enter_context(socket.socket())
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return "is in use by another program" if taken else f"cannot be opened: {error.strerror}"
    return ""


def _instead(ports: Mapping[str, int]) -> str:
    """The advice to take other ports, and an option for the next ones that are free."""
    first = next(iter(ports.values()))
    for port in range(first + _STEP, min(first + _STEP * _TRIES, _LAST - 2), _STEP):
        with ExitStack() as held:
            if not any(_why_not(each, held) for each in range(port, port + len(ports))):
                option = f"--port {port}"
                made_by_make = f'make run ARGS="{option}"'
                return f"Take others with {made_by_make if 'MAKELEVEL' in os.environ else option}, which uses {port} to {port + len(ports) - 1}"
    return "Take others with --port, --admin-port and --start-port"


@contextmanager
def locked_folder(directory: Path) -> Iterator[None]:
    """Hold the folder until the body ends or the process dies. A missing folder is made.

    Raises MailgateError if another demo runs there, or OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    file = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        other = "end it, or give this one another --directory and --port"
        raise MailgateError(f"a demo runs in {directory} already: {other}") from None
    try:
        yield
    finally:
        os.close(file)


@dataclass(frozen=True, slots=True)
class Demo:
    """The options of the demo. ``upstream`` is empty for the demo mailbox."""

    directory: Path
    rules: Path | None
    """The folder of its rules; None for the demo's own."""
    keys: Path
    """The folder of the test issuer's keys."""
    port: int = 8080
    admin_port: int = 8081
    start_port: int = 8082
    upstream: str = ""
    mailgate: str = "mailgate"
    people: int | None = 0
    """How large a company to make first; None for one of ``DEFAULT_PEOPLE`` people if the store is new."""
    store: str = ""
    """The URL of the store; empty for one in ``directory``."""


async def run_demo(
    demo: Demo,
    show: Callable[[DemoAddresses], None],
    progress: Progress = lambda *_: None,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT. ``show`` is called once everything listens, ``say`` with messages before that.

    Raises ConfigError for rules that cannot be used, MailgateError if it is asked to end before it serves,
    and MailgateError or OSError for anything that cannot be opened.
    """
    with locked_folder(demo.directory):
        require_ports({"--port": demo.port, "--admin-port": demo.admin_port, "--start-port": demo.start_port})
        end_on_signals()
        try:
            await _run(demo, show, progress, say)
        except asyncio.CancelledError:
            made = "everything that was begun is whole"
            if (demo.directory / MARK).exists():
                made = "the company was not finished, and the next start makes it anew"
            raise MailgateError(f"it was told to end; {made}") from None
        except DamagedStoreError as error:
            if demo.store:
                raise
            anew = f"for a new demo delete {demo.directory}, or give another --directory"
            raise StoreError(f"{error.fault}; {anew}") from error


async def _run(
    demo: Demo, show: Callable[[DemoAddresses], None], progress: Progress, say: Callable[[str], None]
) -> None:
    rules = demo.rules or demo_rules(demo.directory, utc_now())
    async with nullcontext(demo.upstream) if demo.upstream else mailbox_address() as upstream:

        def write() -> Path:
            return write_settings(
                demo.directory,
                port=demo.port,
                admin_port=demo.admin_port,
                upstream=upstream,
                rules=rules,
                jwks=demo.keys / JWKS_FILE,
                store=demo.store,
            )

        load_checked(config := write(), utc_now())
        filled = await _filled(config, demo, write, progress, say)
        standing = await exempt_persona(config, utc_now())
        place = _place(demo, str(rules / "policy.yaml"), str(config), filled)
        async with _start_page(demo, place, standing) as start:
            await serve(
                config, ready=lambda service: show(replace(place, admin=service.admin.origin, start=start))
            )


async def _filled(
    config: Path, demo: Demo, write: Callable[[], Path], progress: Progress, say: Callable[[str], None]
) -> Filled | None:
    """Make the company; None if none is to be made."""
    people = clear_half_made(demo.directory, demo.store)
    if people is not None:
        say("The last start was ended before its company was finished: it is made up anew.")
    if demo.people is not None:
        people = demo.people
    elif people is None and await is_new(config):
        people = DEFAULT_PEOPLE
    if not people:
        _say_if_old(demo.directory, say)
        return None
    began = utc_now()
    say(f"Making up a company of {people:,} people: about {people // 40 + 3} seconds, once ...")
    filled = await fill(config, people, progress, write, demo.store)
    took = (utc_now() - began).seconds
    say(f"Made in {took} seconds. Starting the gate ...")
    return filled


def _say_if_old(directory: Path, say: Callable[[str], None]) -> None:
    """Say that reports have expired: all dates of a company are relative to the day on which it was made."""
    made = directory / COMPANY
    days = (utc_now() - datetime.fromtimestamp(made.stat().st_mtime, UTC)).days if made.exists() else 0
    if days:
        ago = f"{days} days ago" if days > 1 else "a day ago"
        say(f"This company was made up {ago}: its reports have expired. For a new one, delete {directory}.")


def _place(demo: Demo, policy: str, config: str, filled: Filled | None) -> DemoAddresses:
    return DemoAddresses(
        f"http://localhost:{demo.port}/",
        f"http://127.0.0.1:{demo.admin_port}",
        demo.mailgate,
        policy,
        demo.upstream,
        config=config,
        keys=str(demo.keys),
        tokens=tokens_in(demo.directory),
        filled=filled,
    )


@asynccontextmanager
async def _start_page(demo: Demo, place: DemoAddresses, standing: Shown) -> AsyncIterator[str]:
    """The address of the start page, which is served until the body ends."""
    public_url, issuer = place.url.rstrip("/"), (demo.keys / ISSUER_KEY_FILE).read_text("utf-8")
    player = PersonaProxy(f"http://127.0.0.1:{demo.port}", public_url, Signer(issuer, public_url, utc_now))
    admins = {name: path.read_text("utf-8").strip() for name, path in place.tokens.items()}
    links = Links(
        place.url, f"http://localhost:{demo.admin_port}", place.admin, admins, commands(place), standing
    )
    application = StartPage(links, player).application()
    async with _listening(application, demo.start_port):
        yield f"http://localhost:{demo.start_port}/"


@asynccontextmanager
async def mailbox_address() -> AsyncIterator[str]:
    """The demo mailbox, listening on a free port of this computer."""
    async with _listening(Mailbox(shipped_messages(), utc_now).application(), 0) as port:
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def _listening(application: web.Application, port: int) -> AsyncIterator[int]:
    """Serve on the loopback interface until the body ends. Yields the port."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
