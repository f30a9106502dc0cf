"""What only the gate, or a proxy that it trusts, may say about a client reaches the upstream from nobody else."""

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted_upstream import Exchange, Upstream

GET = b"GET / HTTP/1.1"
NAMES = [
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Forwarded-User", "X-Forwarded-Email",
    "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token", "X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Ssl", "X-Forwarded-By",
    "Forwarded", "X-Real-IP", "Client-Cert", "Client-Cert-Chain", "X-SSL-Client-Cert", "X-SSL-Client-Verify", "X-SSL-Client-S-DN", "X-Client-Cert", "X-Client-IP",
    "X-Client-Verify", "X-Remote-User", "X-Device-Id", "X-Device-State", "X-Device-Kind", "Device-Attestation", "DPoP", "X-Mailgate-User", "X-Mailgate-Effect", "X-Mailgate-Anything",
]  # fmt: skip


def spellings(name: str) -> list[str]:
    """The ways in which a careless recipient may be made to read this name."""
    return [
        name,
        name.lower(),
        name.upper(),
        name.replace("-", "_"),
        name.replace("-", "_").upper(),
        name.swapcase().replace("-", "_", 1),
    ]


async def forwarded(connect: Connect, upstream: Upstream, gate: Gate, *fields: bytes) -> Exchange:
    wire = await connect(gate)
    await wire.send(request(GET, *fields))
    assert (await wire.final()).status == 200
    return upstream.only


@pytest.mark.parametrize("name", NAMES)
async def test_forged_fields_are_dropped(gate: Gate, connect: Connect, upstream: Upstream, name: str) -> None:
    forged = [f"{spelling}: forged{n}".encode() for n, spelling in enumerate(spellings(name))]
    exchange = await forwarded(connect, upstream, gate, *forged, b"X-After: kept")
    assert b"forged" not in exchange.request.raw
    assert exchange.values("X-After") == [b"kept"]


@pytest.mark.parametrize("name", ["X-Mailgate-User", "X-Device-State", "Device-Attestation", "DPoP"])
async def test_our_own_names_are_dropped_from_a_trusted_peer_too(
    trusting: Gate, connect: Connect, upstream: Upstream, name: str
) -> None:
    forged = [f"{spelling}: forged{n}".encode() for n, spelling in enumerate(spellings(name))]
    assert b"forged" not in (await forwarded(connect, upstream, trusting, *forged)).request.raw


@pytest.mark.parametrize(
    "name", ["Client_Cert", "X_Forwarded_For", "x_forwarded_user", "X_SSL_Client_Verify", "X_Real_IP"]
)
async def test_underscore_twins_are_believed_from_nobody(
    trusting: Gate, connect: Connect, upstream: Upstream, name: str
) -> None:
    assert (
        b"forged"
        not in (await forwarded(connect, upstream, trusting, f"{name}: forged".encode())).request.raw
    )


def assert_said_once(exchange: Exchange, name: str, value: bytes) -> None:
    """Set right, or not at all; never twice, never under a second spelling."""
    twins = [
        v for key, v in exchange.request.fields if key.lower().replace(b"_", b"-") == name.lower().encode()
    ]
    assert twins in ([value], [])


async def test_the_gate_says_who_asked(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    exchange = await forwarded(connect, upstream, gate)
    assert exchange.values("X-Forwarded-For") == [b"127.0.0.1"]
    assert exchange.values("X-Forwarded-Proto") == [b"http"]
    assert exchange.values("X-Forwarded-Host") == [b"mail.example.com"]
    assert_said_once(exchange, "X-Real-IP", b"127.0.0.1")
    for value in exchange.values("Forwarded"):
        assert b"for=127.0.0.1" in value.lower()


async def test_an_untrusted_peer_is_not_believed(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    exchange = await forwarded(
        connect,
        upstream,
        gate,
        b"X-Forwarded-For: 203.0.113.7",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: evil.example",
        b"X-Real-IP: 203.0.113.7",
        b"Forwarded: for=203.0.113.7;proto=https;host=evil.example",
    )
    assert exchange.values("X-Forwarded-For") == [b"127.0.0.1"]
    assert exchange.values("X-Forwarded-Proto") == [b"http"]
    assert exchange.values("X-Forwarded-Host") == [b"mail.example.com"]
    assert b"203.0.113.7" not in exchange.request.raw
    assert b"evil.example" not in exchange.request.raw


CHAINS = {
    "one": ((b"203.0.113.7",), b"203.0.113.7"),
    "IPv6": ((b"2001:db8::7",), b"2001:db8::7"),
    "forged on the left": ((b"198.51.100.9, 203.0.113.7",), b"203.0.113.7"),
    "two lines": ((b"198.51.100.9", b"203.0.113.7"), b"203.0.113.7"),
    "behind another trusted proxy": ((b"203.0.113.7, 127.0.0.9",), b"203.0.113.7"),
    "no spaces": ((b"198.51.100.9,203.0.113.7",), b"203.0.113.7"),
}


@pytest.mark.parametrize(("lines", "client"), CHAINS.values(), ids=CHAINS)
async def test_a_trusted_peer_extends_the_chain(
    trusting: Gate, connect: Connect, upstream: Upstream, lines: tuple[bytes, ...], client: bytes
) -> None:
    exchange = await forwarded(connect, upstream, trusting, *(b"X-Forwarded-For: " + line for line in lines))
    chain = [member.strip() for member in b",".join(exchange.values("X-Forwarded-For")).split(b",")]
    assert chain[-1] == b"127.0.0.1"
    assert client in chain
    assert b"198.51.100.9" not in chain[chain.index(client) :]
    assert_said_once(exchange, "X-Real-IP", client)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([b"X-Forwarded-User: joe"], [b"joe"]),
        ([b"x-forwarded-user: j\xc3\xb6@example.com"], [b"j\xc3\xb6@example.com"]),
        ([b"X-Forwarded-User: joe", b"X_Forwarded_User: root", b"Remote-User: root"], [b"joe"]),
        ([b"X-Forwarded-User: joe", b"Connection: x-forwarded-user"], [b"joe"]),
        ([b"X-Forwarded-User: joe", b"X-Forwarded-User: root"], []),
        ([b"X-Forwarded-User:"], []),
    ],
)
async def test_a_trusted_peer_says_who_is_there(
    trusting: Gate, connect: Connect, upstream: Upstream, lines: list[bytes], told: list[bytes]
) -> None:
    assert (await forwarded(connect, upstream, trusting, *lines)).values("X-Forwarded-User") == told


async def test_an_untrusted_peer_does_not(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    assert (await forwarded(connect, upstream, gate, b"X-Forwarded-User: joe")).values(
        "X-Forwarded-User"
    ) == []


async def test_a_trusted_peer_says_scheme_and_host(
    trusting: Gate, connect: Connect, upstream: Upstream
) -> None:
    exchange = await forwarded(
        connect, upstream, trusting, b"X-Forwarded-Proto: https", b"X-Forwarded-Host: webmail.example.org"
    )
    assert exchange.values("X-Forwarded-Proto") == [b"https"]
    assert exchange.values("X-Forwarded-Host") == [b"webmail.example.org"]


GARBAGE = [
    b"<script>",
    b"unknown",
    b"_hidden",
    b"999.1.2.3",
    b",,,",
    b"",
    b"127.0.0.1:99999",
    b"[::1",
    b"\xff",
    b"a" * 3000,
]


@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: repr(value[:20]))
async def test_garbage_from_a_trusted_peer_names_nobody(
    trusting: Gate, connect: Connect, upstream: Upstream, value: bytes
) -> None:
    wire = await connect(trusting)
    await wire.send(request(GET, b"X-Forwarded-For: " + value, b"X-Forwarded-Proto: " + value[:20]))
    response = await wire.final()
    assert response.status in (200, 400)
    for exchange in upstream.exchanges:
        assert exchange.values("X-Forwarded-For")[-1].endswith(b"127.0.0.1")
        assert exchange.values("X-Forwarded-Proto") == [b"http"]


@pytest.mark.parametrize(
    "value", [b"<script>", b"a b", b"a/b", b"joe@a", b"\xff", b"", b"a:b:c", b"a, b"], ids=repr
)
async def test_a_host_that_is_none_is_not_believed(
    trusting: Gate, connect: Connect, upstream: Upstream, value: bytes
) -> None:
    """A trusted proxy may hand on what its client made up."""
    exchange = await forwarded(connect, upstream, trusting, b"X-Forwarded-Host: " + value)
    assert exchange.values("X-Forwarded-Host") in ([b"mail.example.com"], [b"b"])
