"""Refusals in the form of the client's protocol. Each protocol has a file, and this list has them all.

Protocols outside the list are refused as on the web: by a page for a navigation, and by a problem document otherwise.
"""

from collections.abc import Callable, Mapping

from mailgate.gateway.answer import Answer
from mailgate.gateway.refusals import activesync, dav, ews, jmap, mapi
from mailgate.model import Access, Decision, Protocol

Refuse = Callable[[Access, Decision, str], Answer]
"""Makes the answer from the access, the decision and the reference id."""

FORMS: Mapping[Protocol, Refuse] = {
    Protocol.ACTIVESYNC: activesync.refuse,
    Protocol.DAV: dav.refuse,
    Protocol.EWS: ews.refuse,
    Protocol.JMAP: jmap.refuse,
    Protocol.MAPI: mapi.refuse,
}
