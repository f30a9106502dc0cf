"""The systems that are compared, one per file. Each answers for the same upstream on a port of its own."""

from benchmarks.peers import (
    caddy,
    caddy_forward_auth,
    haproxy,
    mailgate,
    mitmproxy,
    nginx,
    nginx_authz,
    plain_aiohttp,
    relay,
)
from benchmarks.peers.peer import Peer, Running

__all__ = ["BEHIND", "GATE", "NGINX", "PEERS", "TWO", "UNDER_A_RATE", "VARIANTS", "Peer", "Running"]

GATE = mailgate.PEER
BEHIND_PROXY, TWO_WORKERS = mailgate.BEHIND_PROXY, mailgate.TWO_WORKERS
VARIANTS = (BEHIND_PROXY, TWO_WORKERS)
"""The gate in configurations other than alone with one worker. A mix names them."""
NGINX = nginx.PEER
PEERS: tuple[Peer, ...] = (
    NGINX,
    haproxy.PEER,
    caddy.PEER,
    caddy_forward_auth.PEER,
    mitmproxy.PEER,
    plain_aiohttp.PEER,
    relay.PEER,
    nginx_authz.PEER,
    nginx_authz.CACHED,
    GATE,
    BEHIND_PROXY,
    TWO_WORKERS,
)
UNDER_A_RATE = (NGINX.name, caddy_forward_auth.PEER.name, nginx_authz.PEER.name, GATE.name)
"""The systems whose latency is measured at a fixed rate: those that decide, and those they are compared with."""
