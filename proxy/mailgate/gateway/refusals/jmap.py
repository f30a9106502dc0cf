"""Refuses JMAP by a problem document, which is the form of errors of a whole request (RFC 8620, section 3.6.1)."""

from mailgate.gateway.answer import Answer
from mailgate.gateway.pages.proofs import refused_proof
from mailgate.gateway.refusals.problem import problem
from mailgate.gateway.refusals.wording import reason_header
from mailgate.model import Access, Decision


def refuse(access: Access, decision: Decision, reference: str) -> Answer:
    """Answer 403. The type is our own, since no registered ``urn:ietf:params:jmap:error:…`` means this."""
    return problem(
        403,
        decision.reason,
        reference,
        apps=decision.apps,
        title=decision.title,
        proof=refused_proof(access, decision),
        headers=(reason_header(decision),),
    )
