"""The demo, wired: the mailbox on a free port, the gate before it, the start page beside them, six lines on the terminal."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from mailgate.app import serve, utc_now
from mailgate.app.preflight import load_judged
from mailgate.attest.mint import ISSUER_KEY_FILE, JWKS_FILE
from mailgate.demo.company.admins import MAY, tokens_in
from mailgate.demo.company.fill import Filled, fill, is_new
from mailgate.demo.company.seed import Progress
from mailgate.demo.lock import alone_in
from mailgate.demo.mailbox import Mailbox
from mailgate.demo.messages import shipped_messages
from mailgate.demo.rules import demo_rules
from mailgate.demo.settings import write_settings
from mailgate.demo.start.exemption import exempt_persona
from mailgate.demo.start.page import Links, StartPage
from mailgate.demo.start.playing import Player
from mailgate.demo.start.signing import Signer
from mailgate.demo.tour import Place, commands

USUAL = 300
"""People of the company that a first start makes up."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo is run with. ``upstream`` is empty for the demo mailbox."""

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
    """How large a company is made up first, or None: one of ``USUAL`` where the store is new."""
    store: str = ""
    """The URL of the store; empty for one in ``directory``."""


async def run_demo(demo: Demo, show: Callable[[Place], None], progress: Progress = lambda *_: None) -> None:
    """Serve until SIGTERM or SIGINT; ``show`` is called once everything listens.

    Raises ConfigError for rules that cannot be used, MailgateError or OSError for what cannot be opened.
    """
    with alone_in(demo.directory):
        await _run(demo, show, progress)


async def _run(demo: Demo, show: Callable[[Place], None], progress: Progress) -> None:
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

        load_judged(config := write(), utc_now())
        filled = await _filled(config, demo.people, progress)
        if filled:
            write()  # with the admins of the company
        await exempt_persona(config, utc_now())
        place = _place(demo, str(rules / "policy.yaml"), str(config), filled)
        async with _start_page(demo, place) as start:
            await serve(config, ready=lambda service: show(replace(place, admin=service.admin, start=start)))


async def _filled(config: Path, people: int | None, progress: Progress) -> Filled | None:
    """The company that is made now; None where there is none to be made."""
    if people is None:
        return await fill(config, USUAL, progress) if await is_new(config) else None
    return await fill(config, people, progress) if people else None


def _place(demo: Demo, policy: str, config: str, filled: Filled | None) -> Place:
    return Place(
        f"http://localhost:{demo.port}/",
        f"http://127.0.0.1:{demo.admin_port}",
        demo.mailgate,
        policy,
        demo.upstream,
        config=config,
        tokens=tokens_in(demo.directory),
        filled=filled,
    )


@asynccontextmanager
async def _start_page(demo: Demo, place: Place) -> AsyncIterator[str]:
    """The address of the start page, which is served until the body ends."""
    public_url, issuer = place.url.rstrip("/"), (demo.keys / ISSUER_KEY_FILE).read_text("utf-8")
    player = Player(f"http://127.0.0.1:{demo.port}", public_url, Signer(issuer, public_url, utc_now))
    admins = {name: (MAY[name], path.read_text("utf-8").strip()) for name, path in place.tokens.items()}
    links = Links(place.url, f"http://localhost:{demo.admin_port}", place.admin, admins, commands(place))
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
    """Serve on the loopback interface until the body ends; the port."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
