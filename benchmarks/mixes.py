"""The mixes: what wrk sends, as records with holes for what never comes again (``traffic.lua``). Pure.

They have the fields that a Chromium sends to Roundcube, and its shares: a page, the scripts' requests behind it, files of
which most are only asked whether they have changed, small posts, and now and then a redirect, a HEAD, a calendar.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import NamedTuple

from benchmarks.people import HOST, LAPTOP, THUNDERBIRD, Person, eas_id, new_agents, people, phone_browsers

FILES = 64
"""How many pages, answers and files of different lengths there are."""
REQUESTS_A_PERSON = 3
UNCHANGED = "Mon, 02 Nov 2026 08:00:00 GMT"
"""When the files were last changed."""
PHONES = 100
"""How many phones take turns: so few that the gate has them in memory."""

Records = Iterator[str]


def _fetched(mode: str, dest: str) -> dict[str, str]:
    return {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}


ACCEPTED = "image/avif,image/webp,image/apng,"
WEB = f"text/html,application/xhtml+xml,application/xml;q=0.9,{ACCEPTED}*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
FRAME = {"Upgrade-Insecure-Requests": "1", "Accept": WEB, **_fetched("navigate", "iframe")}
"""A message is a page within the page."""
PAGE = FRAME | {"Sec-Fetch-User": "?1", "Sec-Fetch-Dest": "document"}
SCRIPT = {
    "X-Roundcube-Request": "<<t>>",
    "X-Requested-With": "XMLHttpRequest",
    "Accept": "application/json, text/javascript, */*; q=0.01",
    **_fetched("cors", "empty"),
}
FILE = {"Accept": "*/*", **_fetched("no-cors", "script")}
IMAGE = {"Accept": f"{ACCEPTED}image/svg+xml,image/*,*/*;q=0.8", **_fetched("no-cors", "image")}
MAIL = "_task=mail&_mbox=INBOX"
DAV = {"Accept": "*/*", "Depth": "1"}


class Kind(NamedTuple):
    """A kind of request. ``share``: of a hundred. The rest of a body makes it 100 to 2,000 bytes long."""

    share: int
    method: str
    target: str
    fields: Mapping[str, str]
    media_type: str = ""
    body_begins: str = ""


KINDS = {
    "page": Kind(12, "GET", f"/mail/{{file}}.html?{MAIL}&_uid=<<n>>&_token=<<t>>", PAGE),
    "frame": Kind(8, "GET", f"/mail/{{file}}.html?{MAIL}&_uid=<<n>>&_action=preview&_framed=1", FRAME),
    "redirect": Kind(3, "GET", f"/go/?{MAIL}&_action=show&_uid=<<n>>", PAGE),
    "head": Kind(2, "HEAD", "/head/?_uid=<<n>>", FILE),
    "xhr": Kind(17, "GET", f"/xhr/{{file}}.json?{MAIL}&_action=list&_remote=1&_unlock=loading<<n>>&_=<<n>>", SCRIPT),
    "live": Kind(18, "GET", f"/live/{{file}}.json?{MAIL}&_action=refresh&_remote=1&_last=<<n>>", SCRIPT),
    "asset": Kind(6, "GET", "/assets/{file}.js?s=<<n>>", FILE),
    "image": Kind(4, "GET", "/assets/{file}.js?_uid=<<n>>&_part=2&_embed=1", IMAGE),
    "known asset": Kind(15, "GET", "/assets/{file}.js?s=1790000000", FILE),
    "form": Kind(10, "POST", f"/post/{{file}}?{MAIL}&_action=mark&_remote=1", SCRIPT, "application/x-www-form-urlencoded; charset=UTF-8", "_token=<<t>>&_uid=<<n>>&_flag=read&_data="),
    "json": Kind(3, "POST", f"/post/{{file}}?{MAIL}&_action=save&_remote=1", SCRIPT, "application/json", '{"token": "<<t>>", "uid": "<<n>>", "data": "'),
    "propfind": Kind(1, "PROPFIND", "/dav/calendars/{file}/", DAV, "application/xml", '<propfind xmlns="DAV:"><prop><getetag/></prop><a><<t>></a>'),
    "report": Kind(1, "REPORT", "/dav/calendars/{file}/", DAV, "application/xml", '<sync-collection xmlns="DAV:"><sync-token><<t>><<n>></sync-token>'),
}  # fmt: skip
"""25 pages, 35 of scripts, 25 files, 15 small bodies."""
ALL = [each for each in KINDS.values() for _ in range(each.share)]


@dataclass(frozen=True)
class Mix:
    """``refused``: each answer has the status 403. ``kind``: a part of every answer's status and media type. ``in_order``: no record may
    be sent twice."""

    records: Callable[[], Records]
    refused: bool = False
    kind: str = ""
    in_order: bool = False


def repeated() -> Records:
    """One request, repeated."""
    yield written("GET", "/mail/32.html", {"Host": HOST, "User-Agent": LAPTOP, **PAGE})


def forwarded(person: Person) -> dict[str, str]:
    return {"X-Forwarded-For": person.address, "X-Forwarded-Proto": "https", "X-Forwarded-Host": HOST}


def _webmail(
    kinds: Sequence[Kind],
    *,
    agent: Callable[[Person], str] = lambda person: person.agent,
    fields: Callable[[Person], Mapping[str, str]] = lambda _: {},
    cookies: Mapping[int, str] | None = None,
) -> Records:
    random = Random(1)
    for person in people():
        for _ in range(REQUESTS_A_PERSON):
            kind = random.choice(kinds)
            own = cookies[person.number] if cookies else ""
            yield _request(kind, person, agent(person), fields(person), own, random)


mixed = partial(_webmail, ALL)
page = partial(_webmail, [KINDS["page"]])
fresh = partial(_webmail, ALL, agent=new_agents)
"""A user agent that was never seen in each request of a browser."""
proxied = partial(_webmail, ALL, fields=forwarded)
named = partial(_webmail, ALL, fields=lambda person: forwarded(person) | {"X-Forwarded-User": person.name})
probed = partial(_webmail, ALL, fields=forwarded)
"""With ``cookies``, the gate's own of each person's browser."""


def _request(
    kind: Kind, person: Person, agent: str, fields: Mapping[str, str], cookie: str, random: Random
) -> str:
    target = kind.target.format(file=random.randrange(FILES))
    if kind.fields is DAV:
        sent = {"Host": HOST, "User-Agent": THUNDERBIRD, **DAV, "Authorization": basic(person.name)}
    else:
        sent = {"Host": HOST, "Connection": "keep-alive", **person.hints, "User-Agent": agent, **kind.fields}
        sent |= {"Referer": f"https://{HOST}/?_task=mail", "Accept-Encoding": "gzip, deflate, br, zstd"}
        sent |= {"Accept-Language": person.language, "Cookie": f"{person.cookie}; {cookie}".rstrip("; ")}
    if kind is KINDS["known asset"]:
        sent["If-Modified-Since"] = UNCHANGED
    if kind.method == "POST":
        sent["Origin"] = f"https://{HOST}"
    body = kind.body_begins and kind.body_begins + "x" * random.randint(60, 1900)
    return written(kind.method, target, {**sent, **fields}, kind.media_type, body)


def basic(name: str) -> str:
    return f"Basic {b64encode(f'{name}:password'.encode()).decode()}"


def written(method: str, target: str, fields: Mapping[str, str], media_type: str = "", body: str = "") -> str:
    """A record. A number fills 12 bytes, and a token 16."""
    if media_type:
        length = len(body) + 7 * body.count("<<n>>") + 11 * body.count("<<t>>")
        fields = {**fields, "Content-Type": media_type, "Content-Length": str(length)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n{body}"


def _phones(fields: Mapping[str, str]) -> Records:
    for person, agent in zip(people(PHONES), phone_browsers(PHONES), strict=True):
        sent = {"Host": HOST, "User-Agent": agent, "Accept-Language": person.language}
        sent |= {"Cookie": person.cookie, **fields}
        yield written("GET", f"/mail/1.html?{MAIL}&_uid=<<n>>", sent)


refused_page = partial(_phones, PAGE)
"""Browsers of phones that come again, and get the page with the reason."""
refused_problem = partial(_phones, SCRIPT | {"Accept": "application/json"})
"""The scripts of a webmail on them, which get a problem document."""
FOLDER_SYNC = "\x03\x01\x6a\x00\x00\x07\x56\x52\x03\x30\x00\x01\x01"
"""A FolderSync from the beginning (MS-ASCMD 2.2.1.4), in WBXML."""
END = b"\n<<end>>\n"
"""What ends a record in a file."""


def mail_app(eas: str, name: str, number: int) -> str:
    target = f"/Microsoft-Server-ActiveSync?Cmd=FolderSync&User={name}&DeviceId={eas}&DeviceType=iPhone"
    fields = {
        "Host": HOST,
        "User-Agent": f"Apple-iPhone16C{number % 7}/2207.{100 + number % 90}",
        "Authorization": basic(name),
        "MS-ASProtocolVersion": "16.1",
        "X-MS-PolicyKey": str(3_000_000_000 + number),
    }
    return written("POST", target, fields, "application/vnd.ms-sync.wbxml", FOLDER_SYNC)


def refused_activesync() -> Records:
    """Mail apps of phones that nobody has reported."""
    return (
        mail_app(f"F00D{number:028X}", f"stranger{number}@example.com", number) for number in range(PHONES)
    )


def clean_phones(numbers: Iterable[int] = range(PHONES)) -> Records:
    """Mail apps of phones that are stored; those of the first have just asked and are in memory."""
    return (mail_app(eas_id(number), owner(number), number) for number in numbers)


def owner(number: int) -> str:
    return f"person{number}@example.com"
