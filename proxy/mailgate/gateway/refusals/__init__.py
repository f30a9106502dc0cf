"""A refusal in the form of the protocol that the caller speaks: one protocol a file, all of them in this list.

A protocol that is not listed is told as the web is: a page for a navigation, a problem document for anything else.
"""

from collections.abc import Callable, Mapping

from mailgate.gateway.answer import Answer
from mailgate.gateway.refusals import activesync, dav, ews, jmap, mapi
from mailgate.model import Access, Decision, Protocol

Refuse = Callable[[Access, Decision, str], Answer]
"""Takes what was asked, what was decided and the reference id."""

FORMS: Mapping[Protocol, Refuse] = {
    Protocol.ACTIVESYNC: activesync.refuse,
    Protocol.DAV: dav.refuse,
    Protocol.EWS: ews.refuse,
    Protocol.JMAP: jmap.refuse,
    Protocol.MAPI: mapi.refuse,
}
