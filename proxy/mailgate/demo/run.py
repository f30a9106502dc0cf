"""The demo, wired: the mailbox on a free port, the gate before it, the tour on the terminal."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from mailgate.app import Service, serve, utc_now
from mailgate.app.preflight import load_judged
from mailgate.demo.company.admins import tokens_in
from mailgate.demo.company.fill import fill
from mailgate.demo.company.seed import Progress
from mailgate.demo.lock import alone_in
from mailgate.demo.mailbox import Mailbox
from mailgate.demo.messages import shipped_messages
from mailgate.demo.settings import write_settings
from mailgate.demo.tour import Place


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo is run with. ``upstream`` is empty for the demo mailbox."""

    directory: Path
    rules: Path
    jwks: Path
    port: int = 8080
    upstream: str = ""
    mailgate: str = "mailgate"
    people: int = 0
    """How large a company is made up first."""
    store: str = ""
    """The URL of the store; empty for one in ``directory``."""


async def run_demo(demo: Demo, show: Callable[[Place], None], progress: Progress = lambda *_: None) -> None:
    """Serve until SIGTERM or SIGINT; ``show`` is called once everything listens.

    Raises ConfigError for rules that cannot be used, MailgateError or OSError for what cannot be opened.
    """
    with alone_in(demo.directory):
        await _run(demo, show, progress)


async def _run(demo: Demo, show: Callable[[Place], None], progress: Progress) -> None:
    policy = str(demo.rules / "policy.yaml")
    place = Place(f"http://localhost:{demo.port}/", "", demo.mailgate, policy, demo.upstream)
    async with nullcontext(demo.upstream) if demo.upstream else mailbox_address() as upstream:

        def write() -> Path:
            return write_settings(
                demo.directory,
                port=demo.port,
                upstream=upstream,
                rules=demo.rules,
                jwks=demo.jwks,
                store=demo.store,
            )

        load_judged(config := write(), utc_now())
        filled = await fill(config, demo.people, progress) if demo.people else None
        if filled:
            write()  # with the admins of the company

        def ready(service: Service) -> None:
            tokens = tokens_in(demo.directory)
            show(replace(place, admin=service.admin, config=str(config), tokens=tokens, filled=filled))

        await serve(config, ready=ready)


@asynccontextmanager
async def mailbox_address() -> AsyncIterator[str]:
    """The demo mailbox, listening on a free port of this computer."""
    runner = web.AppRunner(Mailbox(shipped_messages(), utc_now).application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
