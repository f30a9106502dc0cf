"""The ways in which a device asks for mail. Each is the request that a gate would see."""

from random import Random
from urllib.parse import urlencode

from mailgate.classify.imap import HEADER as IMAP_ID
from mailgate.demo.company.devices import OwnedDevice
from mailgate.demo.company.records import eas_id
from mailgate.devices.trust import ENROLLED
from mailgate.model import Kind, RequestFacts

_PAGE = "/mail/inbox"
_WITH_A_MAIL_PROGRAM = 0.05
_BROWSES = 0.3
"""The probability that an unknown phone ever opens the webmail, and that a phone opens it on one day."""


def requests_of(random: Random, owned: OwnedDevice) -> list[RequestFacts]:
    """All ways in which this device asks."""
    laptop = owned.make.kind is Kind.LAPTOP
    found = [_mail_app(owned)] if owned.make.mail_app else []
    browses = owned.proves or (not owned.source and random.random() < _BROWSES)
    if not found or laptop or browses:
        found.append(_browser(random, owned))
    if owned.make.imap and random.random() < _WITH_A_MAIL_PROGRAM:
        found.append(RequestFacts("LOGIN", "/", "imap", headers={IMAP_ID: owned.make.imap}))
    return found


def is_used(random: Random, owned: OwnedDevice, facts: RequestFacts) -> bool:
    """Whether this way is used on a day. On phones the browser is used occasionally."""
    seldom = owned.make.mail_app and facts.target == _PAGE
    return not seldom or random.random() < _BROWSES


def sends_proof(owned: OwnedDevice, facts: RequestFacts) -> bool:
    """Whether the device sends its proof this way. Mail apps cannot."""
    return owned.proves and facts.scheme == "https" and facts.target == _PAGE


def is_recognised(owned: OwnedDevice, facts: RequestFacts) -> bool:
    """Whether the gate can recognise the device in this way: by its proof, or by its ActiveSync id."""
    by_id = facts.target != _PAGE and facts.scheme == "https" and owned.source != ENROLLED
    return bool(owned.source) and (by_id or sends_proof(owned, facts))


def _browser(random: Random, owned: OwnedDevice) -> RequestFacts:
    agents = owned.make.browsers
    agent = agents[min(int(random.expovariate(1.5)), len(agents) - 1)]
    named = agent.format(version=owned.version, underscored=owned.version.replace(".", "_"))
    return RequestFacts("GET", _PAGE, "https", headers={"user-agent": named})


def _mail_app(owned: OwnedDevice) -> RequestFacts:
    query = urlencode({"Cmd": "Sync", "DeviceId": eas_id(owned), "DeviceType": owned.make.eas_type})
    target = f"/Microsoft-Server-ActiveSync?{query}"
    return RequestFacts("POST", target, "https", headers={"user-agent": owned.make.mail_app})
