"""Picks the parts of a request that are recorded: enough to classify it again, and nothing about what people read or
write.

Cookies, credentials, tokens, addresses and bodies are never kept. Of a query only the id of an ActiveSync device is
kept.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlencode

from mailgate.classify import READ
from mailgate.classify.certificate import HEADER as CERTIFICATE
from mailgate.classify.certificate import certificate_outcome
from mailgate.classify.discovery import is_autodiscover, is_discovery
from mailgate.classify.hints import HEADERS
from mailgate.classify.imap import HEADER as IMAP_ID
from mailgate.classify.imap import MAX_LENGTH as MAX_IMAP_ID
from mailgate.classify.probe_signal import HEADER as PROBE
from mailgate.devices.names import eas_text
from mailgate.model import LOGIN_PROTOCOLS, PROTOCOL_TRAITS, Client, Protocol, RequestFacts
from mailgate.store.sightings import ClientFacts

_HEADERS = ("user-agent", *HEADERS, PROBE)
MAX_TEXT_CHARACTERS = 600
"""The most characters of a header that are kept. This is more than a valid hint may have, so a malformed hint stays malformed."""
MAX_HEADERS_BYTES = 2048
"""The most bytes that all kept headers of one client take as JSON in ASCII. Real ones take a third of that."""
LONGEST_ID = 128
"""The most bytes of an ActiveSync device's id. The protocol allows 32, which are 64 in hex."""
_LONGEST_TYPE = 64
_CACHED_DEVICES = 4096
_LONGEST_METHOD = 32
_LONGEST_FOLDER = 64
_LONGEST_CHARACTER = 12
"""The most bytes of one character in JSON: two escapes."""

_MAY_BE_A_PERSON = frozenset("@~%")


def client_facts(facts: RequestFacts, client: Client) -> ClientFacts:
    """The facts of a request that are recorded, without repetitions."""
    sent, certificate = facts.headers, certificate_outcome(client)
    is_login = client.protocol in LOGIN_PROTOCOLS
    kept, longest = ((IMAP_ID,), MAX_IMAP_ID) if is_login else (_HEADERS, MAX_TEXT_CHARACTERS)
    return ClientFacts(
        kind=client.kind,
        handheld=client.handheld,
        assurance=client.assurance,
        form=client.form,
        os=client.os,
        browser=client.browser,
        protocol=client.protocol,
        eas_id=_cut(eas_text(client.eas_id), LONGEST_ID),
        method=_method(facts)[:_LONGEST_METHOD],
        target=_target(facts, client),
        headers=(
            *_fitting((name, sent[name][:longest]) for name in kept if name in sent),
            *(((CERTIFICATE, certificate),) if certificate else ()),
        ),
    )


def facts_to_hold(facts: RequestFacts, client: Client) -> RequestFacts:
    """The facts that recording and classification read, for requests that are held in memory.

    The other headers may be as long as a whole request head, and contain people's cookies and credentials.
    """
    headers = {name: facts.headers[name] for name in (*READ, IMAP_ID) if name in facts.headers}
    target = facts.target if client.eas_id or client.eas_type else facts.path
    return replace(facts, target=target, headers=headers)


def _fitting(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The headers that fit into ``MAX_HEADERS_BYTES``. The last one may be cut."""
    room = MAX_HEADERS_BYTES - 32  # room for brackets and quotes
    for name, text in headers:
        size = _written(name, text)
        if size > room:
            yield name, text[: max(0, room - len(name)) // _LONGEST_CHARACTER]
            return
        room -= size
        yield name, text


def _written(name: str, text: str) -> int:
    """The bytes of a header as it is stored."""
    if text.isascii() and text.isprintable():
        return len(name) + len(text) + text.count('"') + text.count("\\") + len('["", ""]')
    return len(json.dumps([name, text]))


def _cut(text: str, most: int) -> str:
    """The longest beginning of the text that fits into ``most`` bytes of UTF-8, without cutting a character."""
    return text.encode("utf-8", "backslashreplace")[:most].decode("utf-8", "ignore")


def _method(facts: RequestFacts) -> str:
    """The recorded method. The fields that identify a navigation to the mail are not recorded, so the method has to
    show it."""
    discovers = is_autodiscover(facts)
    if not (discovers or (facts.method == "OPTIONS" and is_discovery(replace(facts, headers={})))):
        return facts.method
    return "POST" if not is_discovery(facts) else "GET" if discovers else facts.method


def _target(facts: RequestFacts, client: Client) -> str:
    """The recorded target: the protocol or the first folder of the path, and an ActiveSync device's id.

    A page load at an address that names ActiveSync is recorded by it, since that made it a handheld. The id is written as a plain query, also if it came in the encoded form.
    """
    if is_autodiscover(facts):
        return "/autodiscover/autodiscover.xml"
    spoken = (
        Protocol.ACTIVESYNC
        if any(each.source == "activesync" for each in client.signals)
        else client.protocol
    )
    path = PROTOCOL_TRAITS[spoken].path or first_folder(facts.path)
    if not client.eas_id and not client.eas_type:
        return path
    return f"{path}?{_device_query(_cut(client.eas_id, LONGEST_ID), _cut(client.eas_type, _LONGEST_TYPE))}"


@lru_cache(_CACHED_DEVICES)
def _device_query(device_id: str, device_type: str) -> str:
    named = {"DeviceId": device_id, "DeviceType": device_type}
    return urlencode({name: value for name, value in named.items() if value}, errors="backslashreplace")


def first_folder(path: str) -> str:
    """The first folder, like ``/roundcube/`` of ``/roundcube/mail/7``, otherwise ``/``. A folder that may be a person's
    name is not kept."""
    folder, inside, _ = path[1 : _LONGEST_FOLDER + 2].partition("/")
    named = path.startswith("/") and inside and folder and _MAY_BE_A_PERSON.isdisjoint(folder)
    return f"/{folder}/" if named else "/"
