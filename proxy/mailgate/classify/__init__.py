"""Recognises the client. Each family of signals has a file, and ``reading`` weighs them. Unknown is never laptop."""

from collections.abc import Hashable
from dataclasses import replace
from functools import lru_cache

from mailgate.classify.activesync import (
    VERSION_HEADER,
    DeviceQuery,
    checks_login,
    read_activesync,
    read_query,
)
from mailgate.classify.agent import plain_device
from mailgate.classify.attestation import with_attestation, with_device
from mailgate.classify.browser import prepare, read_traits, read_user_agent, shortened, warm, warming
from mailgate.classify.hints import HEADERS as HINTS
from mailgate.classify.hints import read_hints
from mailgate.classify.imap import MAX_LENGTH as MAX_IMAP_ID
from mailgate.classify.imap import read_client, read_id
from mailgate.classify.probe_readings import HEADER as PROBE
from mailgate.classify.probe_readings import read_probe
from mailgate.classify.protocol import HEADERS as PROTOCOL
from mailgate.classify.protocol import names_activesync, protocol_beside, protocol_in_path, protocol_of_agent
from mailgate.classify.reading import Reading, weigh
from mailgate.model import IMAP_ID, LOGIN_PROTOCOLS, Client, Protocol, RequestFacts

__all__ = [
    "agent_traits",
    "as_claimed",
    "classify",
    "is_checked",
    "prepare",
    "warm",
    "warming",
    "with_attestation",
    "with_device",
]

_LONGEST = 768
"""The most characters of a header that a cache entry keeps. The families read fewer, and so they see that there was more."""
_LONGEST_METHOD = 32
"""The most characters of a method. Methods that say anything are shorter."""

_READ = (*HINTS, PROBE, *PROTOCOL)
_HINTS = frozenset(HINTS)
READ = ("user-agent", *_READ)
"""Every header that is read of a request by HTTP, except the protocol version of ActiveSync (``VERSION_HEADER``), which
belongs to its query, and the names of cookies at its address (``checks_login``), where no verdict is kept. Besides headers, only
the method, a protocol in the path and an ActiveSync query are used."""


def classify(facts: RequestFacts) -> Client:
    """The client behind a request, by what the request says about itself. It has no side effects and never raises.

    Its cost is bounded for every input: each family reads a bounded part of each value in linear time. Values that were
    read before are found in a cache.
    """
    if facts.scheme in LOGIN_PROTOCOLS:
        return _classify_login(facts.headers.get(IMAP_ID, "")[:MAX_IMAP_ID], Protocol(facts.scheme))
    named = protocol_in_path(facts.path)
    asked = (_query(facts), checks_login(facts)) if names_activesync(named, facts.headers) else None
    method, agent = facts.method[:_LONGEST_METHOD], shortened(facts.user_agent)
    told = tuple([(name, facts.headers[name][:_LONGEST]) for name in _READ if name in facts.headers])
    return _classify(method, named, agent, told, asked)


def is_checked(facts: RequestFacts, client: Client) -> bool:
    """Whether the webmail is bound to check the login of this request. Only then do the names in it grant anything."""
    return client.protocol is Protocol.ACTIVESYNC and checks_login(facts)


def as_claimed(facts: RequestFacts, client: Client) -> Client | None:
    """The client with the device that it names where nobody checks that; None if it names none, or asks the gate itself."""
    if client.protocol is not Protocol.ACTIVESYNC or client.eas_id:
        return None
    named = _query(facts)
    return replace(client, eas_id=named.device_id, eas_type=named.device_type) if named.device_id else None


def _query(facts: RequestFacts) -> DeviceQuery:
    """The ActiveSync query. The gate's own addresses have none."""
    query = "" if facts.is_local else facts.query
    return read_query(query, facts.headers.get(VERSION_HEADER, ""))


@lru_cache(4096)
def agent_traits(user_agent: str) -> Hashable:
    """The form, system, model and protocol by a user agent; None if it contradicts itself.

    Requests that differ only in user agents with the same traits have the same client, except for browser, versions and signals.
    """
    if plain := plain_device(user_agent):
        return *plain, False, None  # as ``AgentTraits``, in a third of the time
    agent = shortened(user_agent)
    told = read_traits(agent)
    return None if told is None else (*told, protocol_of_agent(agent))


# Python takes more than a millisecond to grow a table of twice this size, and one request would wait for it
@lru_cache(4096)
def _classify(
    method: str,
    named: Protocol | None,
    agent: str,
    told: tuple[tuple[str, str], ...],
    asked: tuple[DeviceQuery, bool] | None,
) -> Client:
    """``asked``: the ActiveSync query, and whether the webmail checks the login; None for a request that does not name ActiveSync."""
    headers = dict(told)
    readings = [_hinted(told), _read_agent(agent)]
    if PROBE in headers:
        readings.append(read_probe(headers[PROBE]))
    headers["user-agent"] = agent
    protocol = protocol_beside(named, method, headers)
    if asked is None:
        return weigh(readings, protocol)
    query, checked = asked
    if protocol is not Protocol.ACTIVESYNC:  # no key of a verdict holds the query, so nothing in it counts
        return weigh([read_activesync(DeviceQuery(), checked=checked), *readings], protocol)
    return weigh(
        [read_activesync(query, checked=checked), *readings],
        protocol,
        eas_id=query.device_id if checked else "",
        eas_type=query.device_type if checked else "",
        eas_command=query.command,
        eas_version=query.version,
        eas_user=query.user,
    )


@lru_cache(2048)
def _read_agent(user_agent: str) -> Reading:
    """Read a user agent. It has its own cache, since one browser sends different headers for pages, pictures and data."""
    return read_user_agent(user_agent)


@lru_cache(512)
def _hinted(told: tuple[tuple[str, str], ...]) -> Reading:
    """Read the hints. They have their own cache, since few browsers differ in them, and so does a flood of new user agents."""
    return read_hints({name: value for name, value in told if name in _HINTS})


@lru_cache(4096)
def _classify_login(imap_id: str, protocol: Protocol) -> Client:
    return weigh([read_client(read_id(imap_id))], protocol)
