"""Whoever asks the way is passed on without a session, so that the answer can be nobody's mail.

Mail apps send back the cookie of a load balancer, or of Exchange, with every request; without this rule they would be
refused for it.
"""

from mailgate.classify.discovery import asks_the_way
from mailgate.gateway.http1.fields import Fields
from mailgate.gateway.http1.request import RequestHead
from mailgate.model import RequestFacts

_COOKIE = b"cookie"
_AUTODISCOVER = b"/autodiscover/"


def without_session(head: RequestHead) -> Fields:
    """The fields of a request, without cookies where it only asks the way to the mail (``classify/discovery.py``)."""
    fields = head.fields
    may_ask = head.method == b"OPTIONS" or head.target[: len(_AUTODISCOVER)].lower() == _AUTODISCOVER
    if not may_ask or _COOKIE not in fields.first:
        return fields
    if not asks_the_way(RequestFacts(head.method.decode("ascii"), head.target.decode("ascii"))):
        return fields
    return Fields(field for field in fields if field[0].lower() != _COOKIE)
