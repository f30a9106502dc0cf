"""The mixes: requests as bytes, none of which is repeated. Pure.

The constant parts of a person's requests are written once in advance, so that the load costs little while it runs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from random import Random

from benchmarks.agents import LAPTOP
from benchmarks.traffic import refused
from benchmarks.traffic.browsers import ASSET, HOLE, PAGE, XHR, never_again
from benchmarks.traffic.people import User, people
from benchmarks.traffic.writing import HOST, ROUND, lines

KINDS = (
    20 * ("page",) + 28 * ("xhr",) + 8 * ("asset",) + 12 * ("known asset",) + 8 * ("form",) + 4 * ("json",)
)
"""The kinds of eighty requests. A known asset is one that the browser has and revalidates."""
FILES = 64
"""How many pages, answers and assets of different lengths there are."""
BODIES = 256
TYPES = {"form": "application/x-www-form-urlencoded; charset=UTF-8", "json": "application/json"}
UNCHANGED = "Mon, 02 Nov 2026 08:00:00 GMT"
"""When the assets were last changed."""


@dataclass(frozen=True)
class Mix:
    """``requests`` are those of a round; ``statuses`` are the allowed ones of an answer; ``kind`` is a part of each
    answer's head."""

    title: str
    requests: Callable[[int], Iterator[bytes]]
    statuses: frozenset[bytes] = frozenset({b"200", b"304"})
    kind: bytes = b""
    one_address: bool = False
    """Whether all come over connections from one address: a trusted proxy's."""


@dataclass(frozen=True)
class Head:
    """A request's head after its target, in two parts with a version between them."""

    before: bytes
    after: bytes


def mixed(turn: int) -> Iterator[bytes]:
    return _requests(turn, KINDS)


def page(turn: int) -> Iterator[bytes]:
    return _requests(turn, ("page",))


def fresh(turn: int) -> Iterator[bytes]:
    return _requests(turn, KINDS, fresh=True)


def proxied(turn: int) -> Iterator[bytes]:
    return _requests(turn, KINDS, proxied=True)


def repeated(_turn: int) -> Iterator[bytes]:
    """One request, repeated."""
    fields = {"Host": HOST, "User-Agent": LAPTOP, **PAGE}
    return cycle([b"GET /page.html" + _written(fields) + b"\r\n"])


def _requests(
    turn: int, kinds: Sequence[str], *, fresh: bool = False, proxied: bool = False
) -> Iterator[bytes]:
    users = [user for user in people() if not (fresh and user.browser.family == "safari")]
    heads = [{kind: _head(user, kind, proxied) for kind in set(kinds)} for user in users]
    order = list(kinds)
    Random(turn).shuffle(order)
    visits = [0] * len(users)
    for number, kind, who in zip(count(turn * ROUND), cycle(order), _anybody(turn, len(users))):
        head = heads[who][kind]
        visits[who] += 1
        user = users[who]
        version = never_again(number) if fresh else user.version.text
        yield _request(kind, number, visits[who] % FILES, head, version.encode())


def _anybody(turn: int, users: int) -> Iterator[int]:
    """People at random: if they came in turn, each would come just when a cache has forgotten them."""
    random, everybody = Random(turn), range(users)
    while True:
        yield from random.choices(everybody, k=1000)


def _request(kind: str, number: int, file: int, head: Head, version: bytes) -> bytes:
    token = number * 2_654_435_761 % 2**64
    match kind:
        case "page":
            target = b"GET /mail/%d.html?_task=mail&_mbox=INBOX&_uid=%d&_token=%016x" % (file, number, token)
        case "xhr":
            target = b"GET /%s/%d.json?_task=mail&_action=list&_remote=1&_unlock=loading%d&_=%d" % (
                b"xhr" if number % 3 else b"live",
                file,
                token,
                number,
            )
        case "form" | "json":
            target = b"POST /post/%d?_task=mail&_action=mark&_remote=1" % file
            body = _BODIES[kind][number % BODIES] % (token, number)
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            return target + head.before + version + head.after + length + body
        case _:
            target = b"GET /assets/%d.js?s=1790000000" % file
    return target + head.before + version + head.after + b"\r\n"


def _head(user: User, kind: str, proxied: bool) -> Head:
    """The fields in the order of a browser; the version in the user agent is left out."""
    fields = {"Host": HOST, **user.hints()}
    before = _written({**fields, "User-Agent": user.browser.agent.partition(HOLE)[0]})
    own = {"page": PAGE, "asset": ASSET, "known asset": ASSET}.get(kind, XHR)
    after = {
        **own,
        "Referer": f"http://{HOST}/mail/",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Accept-Language": user.language,
        "Cookie": user.cookie,
    }
    after |= {"If-Modified-Since": UNCHANGED} if kind == "known asset" else {}
    after |= {"Content-Type": TYPES[kind], "Origin": f"http://{HOST}"} if kind in TYPES else {}
    after |= {"X-Forwarded-For": user.address, "X-Forwarded-Proto": "http"} if proxied else {}
    rest = user.browser.agent.partition(HOLE)[2].encode() + b"\r\n"
    return Head(before.removesuffix(b"\r\n"), rest + lines(after))


def _body(kind: str, number: int) -> bytes:
    """A body of 100 to 2,000 bytes, with a place for a token and a number."""
    filler = b"x" * Random(number).randint(60, 1900)
    if kind == "form":
        return b"_token=%016x&_uid=%012d&_mbox=INBOX&_flag=read&_data=" + filler
    return b'{"token": "%016x", "uid": "%012d", "data": "' + filler + b'"}'


_BODIES = {kind: [_body(kind, number) for number in range(BODIES)] for kind in TYPES}


def _written(fields: dict[str, str]) -> bytes:
    return b" HTTP/1.1\r\n" + lines(fields)


REFUSED = frozenset({b"403"})
SYNC_STATUS = b"\r\nContent-Type: application/vnd.ms-sync.wbxml\r\n"
"""A mail app is refused with the status 200, as it would be let in: only the type of the body differs."""
MIXES: dict[str, Mix] = {
    "page": Mix("pages of 8 KiB", page),
    "mixed": Mix("pages, scripts' requests, assets, small POSTs", mixed),
    "fresh": Mix("the same, every user agent new", fresh),
    "proxied": Mix("the same as mixed, behind a trusted proxy", proxied, one_address=True),
    "repeated": Mix("one request, again and again", repeated),
    "refused_page": Mix("browsers of phones, refused by a page", refused.page, REFUSED),
    "refused_problem": Mix("the same, refused by a problem document", refused.problem, REFUSED),
    "refused_activesync": Mix(
        "mail apps of phones, refused by a status", refused.activesync, frozenset({b"200"}), SYNC_STATUS
    ),
}
