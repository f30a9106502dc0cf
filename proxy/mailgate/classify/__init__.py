"""Who is asking: one file a family of signals, weighed in ``verdict``. Unknown is never laptop."""

from dataclasses import replace
from threading import Lock

from cachetools import LRUCache, cached

from mailgate.classify.activesync import VERSION_HEADER, DeviceQuery, read_activesync, read_query
from mailgate.classify.attested import with_attestation, with_device
from mailgate.classify.browser import read_user_agent, shortened, warm
from mailgate.classify.hints import HEADERS, read_hints
from mailgate.classify.imap import HEADER as IMAP_ID
from mailgate.classify.imap import MAX_LENGTH as MAX_IMAP_ID
from mailgate.classify.imap import read_client, read_id
from mailgate.classify.probed import HEADER, read_probe
from mailgate.classify.protocol import protocol_of
from mailgate.classify.reading import Reading
from mailgate.classify.verdict import weigh
from mailgate.model import LOGINS, Client, Protocol, RequestFacts

__all__ = ["classify", "warm", "with_attestation", "with_device"]

CACHED_CLIENTS = 4096
"""Python moves a table of twice as many to a larger place in more than a millisecond, for which one request would wait."""
CACHED_HINTS = 512

_LONGEST_KEY = 768
"""Characters of a header that a cache entry keeps; the families read less, and see by it that there was more."""


def classify(facts: RequestFacts) -> Client:
    """The client behind a request, from what the request says of itself. Pure; never raises.

    Costs the same for every input: each family reads a bounded part of each value in linear time.
    """
    protocol = protocol_of(facts)
    if protocol in LOGINS:
        return _classify_login(facts.headers.get(IMAP_ID, "")[:MAX_IMAP_ID], protocol)
    query = None
    if protocol is Protocol.ACTIVESYNC:
        query = read_query(facts.query, facts.headers.get(VERSION_HEADER, ""))
    hints = tuple((name, facts.headers[name][:_LONGEST_KEY]) for name in HEADERS if name in facts.headers)
    probe = facts.headers.get(HEADER, "")[:_LONGEST_KEY]
    return _classify(shortened(facts.user_agent), hints, protocol, query, probe)


@cached(LRUCache(CACHED_CLIENTS), lock=Lock())
def _classify(
    user_agent: str,
    hints: tuple[tuple[str, str], ...],
    protocol: Protocol,
    query: DeviceQuery | None,
    probe: str,
) -> Client:
    readings = [_hinted(hints), read_user_agent(user_agent), read_probe(probe)]
    if query is None:
        return weigh(readings, protocol)
    client = weigh([read_activesync(query), *readings], protocol)
    return replace(
        client,
        eas_id=query.device_id,
        eas_type=query.device_type,
        eas_command=query.command,
        eas_version=query.version,
        eas_user=query.user,
    )


@cached(LRUCache(CACHED_HINTS), lock=Lock())
def _hinted(hints: tuple[tuple[str, str], ...]) -> Reading:
    """Of their own, since few browsers differ in them: a flood of new user agents has the same few."""
    return read_hints(dict(hints))


@cached(LRUCache(CACHED_CLIENTS), lock=Lock())
def _classify_login(imap_id: str, protocol: Protocol) -> Client:
    return weigh([read_client(read_id(imap_id))], protocol)
