"""Measures one decision inside the gate, without the network. Run as a module; prints one JSON object.

It times ``Judge.verdict`` of a gate wired as ``mailgate run`` wires it, with the shipped policy: attestation,
classification, posture, rules. Nothing is written to the ledger, and no answer is made.
"""

import asyncio
import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, repeat
from pathlib import Path

import uvloop

from benchmarks.agents import LAPTOP, PHONE, never_seen
from benchmarks.odd_clients import worst_us
from benchmarks.peers.mailgate import PUBLIC_URL, write_config
from mailgate.app.clock import utc_now
from mailgate.app.service import Service
from mailgate.attest import mint
from mailgate.attest.jose import Key
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.proving import NONCE_HEADER
from mailgate.gateway.handler import Gate
from mailgate.gateway.http1.trusted_headers import Origin
from mailgate.gateway.logs import configure_logs
from mailgate.model import RequestFacts

BATCHES = 10
BATCH = 500
PEER = "127.0.0.1"
TARGET = "/page.html"


def main() -> None:
    configure_logs("error")
    issuer = mint.make_key(secrets.token_bytes(32), "issuer")
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-") as directory:
        (Path(directory) / mint.JWKS_FILE).write_text(mint.jwks(issuer))
        trust = {"issuers": [{"issuer": mint.TEST_ISSUER, "jwks": mint.JWKS_FILE}]}
        settings = {"listen": f"{PEER}:0", "upstream": f"http://{PEER}:9", "attestation": trust}
        config = write_config(Path(directory), settings)
        print(json.dumps(uvloop.run(time_decisions(config, issuer))))


async def time_decisions(config: Path, issuer: Key) -> dict[str, float]:
    """Microseconds per decision, keyed as in the results."""
    service = await Service.start(config)
    nonces = service.gate.judge.prover.nonces
    kinds: dict[str, Iterator[Incoming]] = {
        "decision_warm_us": repeat(request(LAPTOP)),
        "decision_cold_us": phones_and_laptops(),
        "decision_attested_warm_us": known_device(issuer),
        "decision_attested_bound_us": known_device(issuer, lambda: nonces.make(utc_now(), bound=True)),
        "decision_attested_cold_us": new_devices(issuer),
    }
    try:
        typically = {name: await typical(service.gate, requests) for name, requests in kinds.items()}
        for name, at_once in (("attested_known_us", 1), ("attested_known_64_us", 64)):
            typically[name] = await attested(service.gate, issuer, at_once)
        return typically | {"classify_worst_us": worst_us()}
    finally:
        await service.stop()


async def typical(gate: Gate, requests: Iterator[Incoming]) -> float:
    """The median over batches. The first batch only warms up."""
    batches = [await microseconds(gate, list(islice(requests, BATCH))) for _ in range(BATCHES + 1)]
    return statistics.median(batches[1:])


async def microseconds(gate: Gate, requests: Sequence[Incoming]) -> float:
    """The mean time of one decision over these requests. Raises AssertionError if a proof is refused."""
    started = time.perf_counter()
    decided = [await gate.judge.verdict(incoming, utc_now()) for incoming in requests]
    elapsed = time.perf_counter() - started
    assert not any(access.attestation and access.attestation.refused for access, _ in decided)
    return elapsed / len(requests) * 1e6


async def attested(gate: Gate, issuer: Key, at_once: int) -> float:
    """The median of the means of batches, for a known token with new proofs and the gate's nonce, like a real
    client."""
    device = mint.make_key(secrets.token_bytes(32), "device")
    token = new_token(issuer, device)
    taken = []
    for _ in range(BATCHES + 1):
        nonce = await offered(gate, token, device)
        proofs = [request(PHONE, token, new_proof(token, device, nonce)) for _ in range(BATCH)]
        started = time.perf_counter()
        for start in range(0, BATCH, at_once):
            await asyncio.gather(
                *(gate.judge.verdict(each, utc_now()) for each in proofs[start : start + at_once])
            )
        taken.append((time.perf_counter() - started) / BATCH * 1e6)
    return statistics.median(taken[1:])


async def offered(gate: Gate, token: str, device: Key) -> str:
    """The nonce that the gate gives to a client without one."""
    first = request(PHONE, token, new_proof(token, device))
    await gate.judge.verdict(first, utc_now())
    return next((value for name, value in first.answer_fields if name == NONCE_HEADER), "")


def phones_and_laptops() -> Iterator[Incoming]:
    """User agents that were never seen, so that no cache has them."""
    for number, agent in enumerate(never_seen()):
        yield request(agent if number % 2 else PHONE.replace("18_6", f"18_6_{number}"))


def known_device(issuer: Key, nonce: Callable[[], str] = str) -> Iterator[Incoming]:
    """One token, whose verification is cached, with a proof of its own for every request."""
    device = mint.make_key(secrets.token_bytes(32), "device")
    token = new_token(issuer, device)
    while True:
        yield request(PHONE, token, new_proof(token, device, nonce()))


def new_devices(issuer: Key) -> Iterator[Incoming]:
    """The most expensive decision: two signatures to verify, and a device to look for in the store."""
    while True:
        device = mint.make_key(secrets.token_bytes(32), "device")
        token = new_token(issuer, device)
        yield request(PHONE, token, new_proof(token, device))


def new_token(issuer: Key, device: Key) -> str:
    phone = mint.Device(subject=secrets.token_hex(8))
    issue = mint.Issue(mint.TEST_ISSUER, PUBLIC_URL, jti=secrets.token_hex(8), now=utc_now())
    return mint.sign_token(mint.claims(phone, issue, device), issuer)


def new_proof(token: str, device: Key, nonce: str = "") -> str:
    named = {"method": "GET", "url": PUBLIC_URL + TARGET, "jti": secrets.token_hex(8)}
    return mint.sign_proof(token, device, now=utc_now(), nonce=nonce, **named)


def request(agent: str, *evidence: str, target: str = TARGET) -> Incoming:
    """A request with a user agent and, if given, a token and its proof."""
    headers = {"host": PEER, "user-agent": agent, "accept": "text/html"}
    method = "POST" if "ActiveSync" in target else "GET"
    facts = RequestFacts(method, target, host=PEER, remote=PEER, headers=headers)
    tokens = [value.encode() for value in evidence]
    origin = Origin(PEER, "http", PEER.encode(), PEER.encode())
    return Incoming(facts, origin, tokens[:1], tokens[1:], login=None)


if __name__ == "__main__":
    main()
