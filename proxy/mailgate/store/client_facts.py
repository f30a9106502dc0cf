"""Picks the parts of a request that are recorded: enough to decide it again, and nothing about what people read or write.

Every variable that a sighting keeps (``policy/variables.py``) must have the same value when it is read back from here. If a
request cannot be recorded so that it does, ``proofs`` is None, and a plan takes all of it for unknown.

Cookies, credentials, tokens, addresses and bodies are never kept. Of a query only the id of an ActiveSync device is
kept.
"""

import json
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields, replace
from functools import lru_cache
from operator import attrgetter
from urllib.parse import urlencode

from mailgate.classify import READ, classify
from mailgate.classify.attestation import SOURCE as CERTIFICATE
from mailgate.classify.browser import shortened
from mailgate.classify.discovery import is_autodiscover, is_discovery
from mailgate.classify.hints import HEADERS
from mailgate.classify.imap import MAX_LENGTH as MAX_IMAP_ID
from mailgate.classify.probe_readings import HEADER as PROBE
from mailgate.devices.names import eas_text
from mailgate.model import (
    FOUND_BESIDE,
    IMAP_ID,
    LOGIN_PROTOCOLS,
    PROTOCOL_TRAITS,
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Protocol,
    RequestFacts,
)
from mailgate.model.proofs import accepted
from mailgate.store.sightings import ACCEPTED, ClientFacts, Proofs

REFUSED = "refused"
"""The recorded outcome of a proof, if the reason is not kept."""
LONGEST_NAME = 256
"""The most characters of a login name."""
_HEADERS = ("user-agent", *HEADERS, PROBE)
MAX_TEXT_CHARACTERS = 600
"""The most characters of a header that are kept. This is more than a valid hint may have, so a malformed hint stays malformed."""
MAX_HEADERS_BYTES = 2048
"""The most bytes that all kept headers of one client take as JSON in ASCII. Real ones take a third of that."""
LONGEST_ID = 128
"""The most bytes of an ActiveSync device's id. The protocol allows 32, which are 64 in hex."""
_LONGEST_TYPE = 64
_CACHED_DEVICES = 4096
_CACHED_CLIENTS = 4096
_LONGEST_METHOD = 32
_LONGEST_FOLDER = 64
_LONGEST_CHARACTER = 12
"""The most bytes of one character in JSON: two escapes."""

_MAY_BE_A_PERSON = frozenset("@~%")

_BESIDE_THE_RULES = frozenset({"signals", "eas_command", "eas_version", "eas_user"})
_traits = attrgetter("probed", *(each.name for each in fields(Client) if each.name not in _BESIDE_THE_RULES))
"""What rules and devices go by of a client."""


def client_facts(access: Access) -> ClientFacts:
    """The facts of a request that are recorded, without repetitions."""
    facts, client, asks = access.facts, access.client, is_discovery(access.facts)
    kept = _without_proofs(facts, client)
    if asks or facts.method == "OPTIONS" or is_autodiscover(facts):
        kept = kept._replace(headers=(*kept.headers, *_question(kept.facts, asks=asks)))
    if access.attestation is not None or access.certificate is not None:
        client = classify(facts)
    whole = _reads_back(kept, asks, _traits(client)) or _reads_back(kept, asks, _traits(classify(facts)))
    cut = len(facts.method) > _LONGEST_METHOD or len(access.user.name) > LONGEST_NAME
    cut = cut or any(each.client.eas_id != client.eas_id for each in access.claims)
    return ClientFacts(*kept[:-1], _proofs(access)) if whole and not cut else kept


@lru_cache(_CACHED_CLIENTS)
def _reads_back(kept: ClientFacts, asks: bool, traits: Hashable) -> bool:
    """Whether a record says the same as the request: whether it asks the way to the mail, and what its client is."""
    return is_discovery(kept.facts) is asks and _traits(classify(kept.facts)) == traits


def _without_proofs(facts: RequestFacts, client: Client) -> ClientFacts:
    sent, is_login = facts.headers, client.protocol in LOGIN_PROTOCOLS
    if len(facts.user_agent) > MAX_TEXT_CHARACTERS:
        sent = {**sent, "user-agent": shortened(facts.user_agent)}
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
        method=facts.method[:_LONGEST_METHOD],
        target=_target(facts, client),
        headers=tuple(_fitting((name, sent[name][:longest]) for name in kept if name in sent)),
    )


_BY = {each: Proofs(named_by=each) for each in ("", "proxy", "proof")}


def _named_by(access: Access) -> str:
    """Who vouches for the name of the person. A login at the mail server is asked about before its password is checked, and
    nobody checks a name in Basic credentials or in a device's own report."""
    if access.facts.user:
        return "" if access.client.protocol in LOGIN_PROTOCOLS else "proxy"
    proof = accepted(access.attestation)
    return "proof" if proof and proof.user and not proof.self_reported else ""


def _proofs(access: Access) -> Proofs:
    proof, certificate, client = access.attestation, access.certificate, access.client
    told = _BY[_named_by(access)]
    if any(each.user.name != access.user.name for each in access.claims):
        told = told._replace(names_others=True)
    if proof is not None:
        told = _with_attestation(told, proof)
    if certificate is not None:
        told = _with_certificate(told, certificate, client)
    if access.login is not None and (access.login.refused or access.login.device):
        told = told._replace(login=REFUSED if access.login.refused else ACCEPTED)
    found = tuple(each.reason.value for each in client.findings if each.reason in FOUND_BESIDE)
    return told._replace(findings=found) if found else told


def _with_attestation(told: Proofs, proof: AttestationResult) -> Proofs:
    if proof.refused is not None:
        return told._replace(attestation=proof.refused.value)
    return told._replace(
        attestation=ACCEPTED,
        issuer=proof.issuer,
        status=proof.status,
        kind=proof.kind.value if proof.kind else "",
        os=proof.os,
        os_version=proof.os_version,
        self_reported=proof.self_reported,
        extension=proof.extension,
    )


def _with_certificate(told: Proofs, certificate: CertificateResult, client: Client) -> Proofs:
    """The system of the device's record is by now the client's, if the record has one."""
    if certificate.refused is not None:
        return told._replace(certificate=certificate.refused.value)
    told = told._replace(certificate=ACCEPTED)
    kind = next(
        (each.says for each in client.signals if (each.source, each.name) == (CERTIFICATE, "kind")), None
    )
    if kind is None:
        return told
    return told._replace(
        certified_kind=kind.value, certified_os=client.os, certified_os_version=client.os_version
    )


def facts_to_hold(facts: RequestFacts, client: Client) -> RequestFacts:
    """The facts that recording and classification read, for requests held in memory: other headers are long, or hold credentials."""
    headers = {name: facts.headers[name] for name in (*READ, IMAP_ID) if name in facts.headers}
    target = facts.target if client.eas_id or client.eas_type else facts.path
    return replace(facts, target=target, headers=headers)


def _fitting(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    room = MAX_HEADERS_BYTES - 32  # room for brackets and quotes
    for name, text in headers:
        size = _written(name, text)
        if size > room:
            yield name, text[: max(0, room - len(name)) // _LONGEST_CHARACTER]
            return
        room -= size
        yield name, text


def _written(name: str, text: str) -> int:
    if text.isascii() and text.isprintable():
        return len(name) + len(text) + text.count('"') + text.count("\\") + len('["", ""]')
    return len(json.dumps([name, text]))


def _cut(text: str, most: int) -> str:
    """The longest beginning of the text that fits into ``most`` bytes of UTF-8, without cutting a character."""
    return text.encode("utf-8", "backslashreplace")[:most].decode("utf-8", "ignore")


def _question(kept: RequestFacts, *, asks: bool) -> tuple[tuple[str, str], ...]:
    """A field that makes the record ask the way to the mail exactly if the request did, since what shows it is not recorded."""
    if asks == is_discovery(kept):
        return ()
    return (("content-type", "text/xml") if asks else ("content-length", "1"),)


def _target(facts: RequestFacts, client: Client) -> str:
    """The recorded target: the protocol or the first folder of the path, and an ActiveSync device's id as a plain query. A page
    load at an address that names ActiveSync is recorded by it, since that made it a handheld."""
    if is_autodiscover(facts):
        return "/autodiscover/autodiscover.xml"
    named = any(each.source == "activesync" for each in client.signals)
    spoken = Protocol.ACTIVESYNC if named else client.protocol
    path = PROTOCOL_TRAITS[spoken].path or first_folder(facts.path)
    if not client.eas_id and not client.eas_type:
        return path
    return f"{path}?{_device_query(_cut(client.eas_id, LONGEST_ID), _cut(client.eas_type, _LONGEST_TYPE))}"


@lru_cache(_CACHED_DEVICES)
def _device_query(device_id: str, device_type: str) -> str:
    named = {"DeviceId": device_id, "DeviceType": device_type}
    return urlencode({name: value for name, value in named.items() if value}, errors="backslashreplace")


def first_folder(path: str) -> str:
    """The first folder, like ``/roundcube/`` of ``/roundcube/mail/7``, otherwise ``/``. One that may be a person's name is not kept."""
    folder, inside, _ = path[1 : _LONGEST_FOLDER + 2].partition("/")
    named = path.startswith("/") and inside and folder and _MAY_BE_A_PERSON.isdisjoint(folder)
    return f"/{folder}/" if named else "/"
