"""The demo, wired: the mailbox on a free port, the gate before it, the tour on the terminal."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from mailgate.app import Service, serve, utc_now
from mailgate.demo.letters import shipped_letters
from mailgate.demo.mailbox import Mailbox
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


async def run_demo(demo: Demo, show: Callable[[Place], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``show`` is called once everything listens.

    Raises ConfigError for rules that cannot be used, MailgateError or OSError for what cannot be opened.
    """
    place = Place(
        f"http://localhost:{demo.port}/", "", demo.mailgate, str(demo.rules / "policy.yaml"), demo.upstream
    )

    def ready(service: Service) -> None:
        show(replace(place, admin=service.admin))

    async with nullcontext(demo.upstream) if demo.upstream else mailbox_address() as upstream:
        config = write_settings(
            demo.directory, port=demo.port, upstream=upstream, rules=demo.rules, jwks=demo.jwks
        )
        await serve(config, ready=ready)


@asynccontextmanager
async def mailbox_address() -> AsyncIterator[str]:
    """The demo mailbox, listening on a free port of this computer."""
    runner = web.AppRunner(Mailbox(shipped_letters(), utc_now).application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
