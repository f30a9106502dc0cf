"""Limits how many sightings clients may leave within an hour: unknown ones in total and from one network, and those of one person."""

from collections import Counter, defaultdict
from collections.abc import Hashable
from datetime import datetime, timedelta

from mailgate.model import LOGIN_PROTOCOLS, Access
from mailgate.model.addresses import rate_limit_key
from mailgate.model.proofs import accepted
from mailgate.policy.people import user_text

SPAN = timedelta(hours=1)
_BEFORE = timedelta(minutes=1)
"""How much earlier than the last request one may be, since a repeated one is recorded later. Beyond it the clock was put back."""
MOST_NAMELESS = 5_000
"""The limit for clients that name neither a person nor a device."""
MOST_NAMING = 10_000
"""The limit for clients that name a person or a device but are not known by it, like a company's phones before they report."""
MOST_OF_ONE_NETWORK = 200
"""The limit for these clients from one network. Making up a name costs nothing, but each has a row of its own."""
MOST_OF_ONE_DEVICE = 200
"""The limit for clients that send the id of one known device, no secret, without a proof; a company's phones may share an address."""
MOST_OF_ONE_DEVICE_THERE = 20
"""The limit for these clients from one network: a copied id elsewhere takes no places of the phone, which has few user agents."""
MOST_OF_ONE_PERSON = 1_000
"""The limit for a known person, or else a known device: whoever changes their user agent with each request has a row for each, and
plans decide all of them."""


class StrangerLimit:
    """Counts clients in memory, each once within ``SPAN``. A client that comes again adds no row."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._nameless: set[int] = set()
        self._agents: set[int] = set()
        """The user agents of these clients."""
        self._naming = _Marks()
        self._claiming: defaultdict[str, _Marks] = defaultdict(_Marks)
        """The marks by the id of the device."""
        self._known: defaultdict[str, set[int]] = defaultdict(set)
        """The marks of known clients, by the login name or else the id of the device."""

    def admits(self, sighting: Hashable, access: Access) -> bool:
        """Whether this sighting may be kept. If so, it is counted."""
        self._start_over(access.now)
        mark = hash(sighting)
        if is_known(access):
            subject = user_text(access.user.name) or access.posture.device_id
            return _fits(self._known[subject], mark, MOST_OF_ONE_PERSON)
        network = rate_limit_key(access.facts.remote)
        if _claims_device(access):
            of_device = self._claiming[access.posture.device_id]
            return of_device.fits(mark, network, MOST_OF_ONE_DEVICE, MOST_OF_ONE_DEVICE_THERE)
        if _names_something(access):
            return self._naming.fits(mark, network, MOST_NAMING, MOST_OF_ONE_NETWORK)
        admitted = _fits(self._nameless, mark, MOST_NAMELESS)
        if admitted:
            self._agents.add(hash(access.facts.user_agent))
        return admitted

    def is_exhausted(self, access: Access, user_agent: str, now: datetime) -> bool:
        """Whether a client with this user agent, which names nothing, is no longer admitted. The answer is quick, for floods."""
        if len(self._nameless) < MOST_NAMELESS or is_known(access):
            return False
        if _claims_device(access) or _names_something(access):
            return False
        self._start_over(now)
        return len(self._nameless) >= MOST_NAMELESS and hash(user_agent) not in self._agents

    def _start_over(self, now: datetime) -> None:
        if self._since is not None and -_BEFORE <= now - self._since < SPAN:
            return
        self._since = now
        self._nameless.clear()
        self._agents.clear()
        self._claiming.clear()
        self._known.clear()
        self._naming = _Marks()


class _Marks:
    def __init__(self) -> None:
        self._marks: set[int] = set()
        self._networks: Counter[str] = Counter()

    def fits(self, mark: int, network: str, most: int, most_of_network: int) -> bool:
        if mark in self._marks:
            return True
        if self._networks[network] >= most_of_network or not _fits(self._marks, mark, most):
            return False
        self._networks[network] += 1
        return True


def is_known(access: Access) -> bool:
    """Whether the person or device is known by more than the client's own word. A login at the mail server is not checked yet."""
    said = access.client.protocol not in LOGIN_PROTOCOLS and bool(access.facts.user)
    return said or bool(accepted(access.attestation) or accepted(access.certificate))


def _claims_device(access: Access) -> bool:
    """Whether the client sends the id of a known device, and no name other than its owner's."""
    posture, person = access.posture, access.user.name
    owned = not person or not posture.owner or user_text(posture.owner) == user_text(person)
    return bool(posture.device_id) and owned


def _names_something(access: Access) -> bool:
    client = access.client
    return bool(access.user.name or client.eas_id or client.eas_type or client.protocol in LOGIN_PROTOCOLS)


def _fits(marks: set[int], mark: int, most: int) -> bool:
    if mark not in marks and len(marks) >= most:
        return False
    marks.add(mark)
    return True
