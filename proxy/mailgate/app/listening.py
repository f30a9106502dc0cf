"""Opening ports: those of the settings, or the sockets that a supervisor holds open."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from mailgate.app.workers.listeners import BACKLOG, open_file, remove_files
from mailgate.config import Address, SocketFile
from mailgate.gateway.server import Server


async def open_public(
    server: Server,
    address: Address,
    tls: ssl.SSLContext | None,
    given: Sequence[socket.socket],
    closing: AsyncExitStack,
) -> str:
    """Serve employees at an address, or at sockets that listen there already. The origin; raises OSError."""
    loop = asyncio.get_running_loop()
    ways: list[dict[str, Any]] = [{"sock": each} for each in given]
    ways = ways or [{"host": address.host, "port": address.port, "backlog": BACKLOG}]
    listeners = [await loop.create_server(server, ssl=tls, **way) for way in ways]
    for each in listeners:
        closing.callback(each.close)
    host, port = listeners[0].sockets[0].getsockname()[:2]
    return f"{'https' if tls else 'http'}://{Address(host, port)}"


async def open_for_proxy(
    server: Server,
    where: Address | SocketFile,
    tls: ssl.SSLContext | None,
    given: Sequence[socket.socket],
    closing: AsyncExitStack,
) -> str:
    """Serve another proxy as ``open_public`` does, or at a Unix socket. What the proxy calls it; raises OSError."""
    if isinstance(where, Address):
        return await open_public(server, where, tls, given, closing)
    loop = asyncio.get_running_loop()
    own = () if given else (open_file(where),)
    for each in given or own:
        # not `create_unix_server`: one worker that ends would take away the file of all
        listener = await loop.create_server(server, sock=each)
        closing.callback(listener.close)
    closing.callback(remove_files, own)  # the last comes first
    return str(where)


async def open_web(
    app: web.Application, where: Address | Path, given: Sequence[socket.socket], closing: AsyncExitStack
) -> str:
    """Serve an application at an address, at sockets that listen there already, or at a path. Its origin."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    closing.push_async_callback(runner.cleanup)
    sites: list[web.BaseSite] = [web.SockSite(runner, each) for each in given]
    if isinstance(where, Path):
        sites = [web.UnixSite(runner, where)]
    elif not sites:
        sites = [web.TCPSite(runner, where.host, where.port)]
    for site in sites:
        await site.start()
    return "" if isinstance(where, Path) else f"http://{Address(*runner.addresses[0][:2])}"
