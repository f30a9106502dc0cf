"""Nothing by which a client could pass itself off as something reaches the webmail, on any way and in any spelling."""

from collections.abc import Iterable, Iterator

from tests.attacks.conftest import INLINE, EntryPoint, Open
from tests.attacks.recording_webmail import Webmail, answer_to, request
from tests.integration.conftest import IPHONE, LAPTOP
from tests.integration.gate import EVERYONE

from mailgate.http.forgeable import FAMILIES, KNOWN

NAMED = """
X-SSL-Client-Cert X-SSL-Client-Verify X-SSL-Client-S-DN SSL-Client-Cert SSL-Client-Verify SSL-Client-S-DN X-Client-Cert
X-Client-DN Client-Cert Client-Cert-Chain X-Amzn-Mtls-Clientcert X-Amzn-Mtls-Clientcert-Subject X-Auth-Request-User
X-Auth-Request-Email X-Remote-User X-Remote-Groups X-Forwarded-Email X-Forwarded-Groups X-Forwarded-Access-Token
X-Forwarded-Uri X-Forwarded-Method X-Forwarded-Path X-Forwarded-Ssl X-Mailgate-User Mailgate-Probe X-Device-Id
X-Device-Class X-HTTP-Method X-HTTP-Method-Override X-Method-Override Remote-Email Remote-Groups Remote-Name X-Webauth-User
X-Forwarded-Prefix X-Forwarded-User X-Authentik-Username Cf-Access-Jwt-Assertion X-Goog-IAP-JWT-Assertion
X-Amzn-Oidc-Identity X-MS-Client-Principal-Name Tailscale-User-Login X-Pomerium-Jwt-Assertion X-Forwarded-Client-Cert
""".split()


def made_up() -> list[str]:
    """A name of each family that nobody has thought of."""
    return [f"{family}{'' if family.endswith('-') else '-'}any-thing" for family in FAMILIES]


def some_of(names: Iterable[str]) -> Iterator[list[str]]:
    left = sorted(names)
    return (left[start : start + 30] for start in range(0, len(left), 30))


async def asked(way: EntryPoint, names: Iterable[str], agent: str = LAPTOP) -> bytes:
    """The status of the answer to a request with all these fields."""
    fields = [f"{name}: forged".encode() for name in names]
    answer = await answer_to(way.url, request(b"GET /inbox", f"User-Agent: {agent}".encode(), *fields))
    return answer.split(b" ")[1]


async def test_no_known_field_arrives_and_no_request_is_lost_by_one(way: Open, recording: Webmail) -> None:
    front = way(EVERYONE)
    for names in (NAMED, *some_of(KNOWN), *some_of(name.upper() for name in KNOWN)):
        assert await asked(front, names) == b"200"
    assert recording.heads
    assert not any(b"forged" in head for head in recording.heads)


async def test_no_twin_with_an_underscore_arrives(way: Open, recording: Webmail) -> None:
    """To a webmail that reads CGI variables it is the same (RFC 3875, section 4.1.18)."""
    front = way(EVERYONE)
    for name in (*NAMED, "Transfer-Encoding", "Content-Length", "HTTP2-Settings"):
        for twin in {name.replace("-", "_"), name.replace("-", "_", 1), name.replace("-", "_").lower()}:
            if twin != name:
                assert await asked(front, [twin]) in (
                    (b"200", b"403") if front.name == "traefik" else (b"200",)
                )
    for twins in some_of({name.replace("-", "_") for name in KNOWN} - KNOWN):
        await asked(front, twins)
    assert not any(b"forged" in head for head in recording.heads)


async def test_no_field_that_begins_like_a_known_one_arrives(way: Open, recording: Webmail) -> None:
    """nginx and Traefik take out what they know by name; to a request with anything else the gate says no."""
    front = way(EVERYONE)
    for name in made_up():
        no = front.name == "traefik" or (front.name == "nginx" and not name.startswith("$"))
        assert await asked(front, [name]) == (b"403" if no else b"200"), name
    assert not any(b"forged" in head for head in recording.heads)
    assert await asked(front, []) == b"200"


async def test_no_trailer_arrives(way: Open, recording: Webmail) -> None:
    """A webmail that adds trailers to its header fields is wrong (RFC 9110, section 6.5.1). HAProxy 3.0 cannot take them out."""
    front = way(EVERYONE)
    fields = (b"Transfer-Encoding: chunked", b"TE: trailers", b"Trailer: X-Forwarded-User")
    head = request(b"POST /inbox", b"User-Agent: " + LAPTOP.encode(), *fields)
    answer = await answer_to(
        front.url, head + b"2\r\nhi\r\n0\r\nX-Forwarded-User: forged\r\nX_User: forged\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 200")
    assert front.name == "haproxy" or not any(b"forged" in head for head in recording.heads)


async def test_the_gates_own_pages_take_no_forged_field_for_true(way: Open, recording: Webmail) -> None:
    front = way()
    answer = await answer_to(
        front.url,
        request(
            b"GET /.mailgate/status",
            f"User-Agent: {IPHONE}".encode(),
            *(f"{name}: forged".encode() for name in NAMED),
        ),
    )
    assert b"forged" not in answer
    assert recording.heads == []


async def test_fields_listed_in_connection_hide_nothing_from_the_gate(way: Open, recording: Webmail) -> None:
    """``Connection`` takes fields out of a request on the way (RFC 9110, section 7.6.1): for the gate as for the webmail."""
    front = way()
    named = (
        "Connection: User-Agent, Sec-CH-UA-Mobile, X-Forwarded-For, X-Device-Class, X-Device-Decision, Cookie"
    )
    phone = (named.encode(), b"User-Agent: " + IPHONE.encode(), b"Sec-CH-UA-Mobile: ?1")
    refused = await answer_to(front.url, request(b"GET /inbox", *phone))
    assert refused.split(b" ")[1] in (b"400", b"403")
    assert recording.heads == []
    fields = (b"Connection: X-Forwarded-For, X-Device-Class", b"User-Agent: " + LAPTOP.encode())
    await answer_to(front.url, request(b"GET /inbox", *fields))
    if front.name in ("envoy", "envoy-grpc"):  # it takes such a request for malformed
        assert recording.heads == []
        return
    assert [each for each in recording.lines(b"connection") if b"x-" in each.lower()] == []
    assert recording.lines(b"x-forwarded-for") == [b"127.0.0.1"]
    if front.name != INLINE:
        assert recording.lines(b"x-device-class") == [b"laptop"]


async def test_no_answer_of_the_webmail_speaks_for_the_gate(way: Open, recording: Webmail) -> None:
    answer = await answer_to(way(EVERYONE).url, request(b"GET /inbox", b"User-Agent: " + LAPTOP.encode()))
    assert answer.startswith(b"HTTP/1.1 200")
    assert recording.heads
    assert b"forged" not in answer


async def test_a_refusal_keeps_the_gates_own_word(way: Open, recording: Webmail) -> None:
    fields = (b"User-Agent: " + IPHONE.encode(), b"Accept: application/json")
    answer = await answer_to(way().url, request(b"GET /api", *fields))
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"x-device-reason: posture-missing" in answer.lower()
