"""Forward auth: another proxy carries the mail and asks this gate about each request (docs/forward-auth.md)."""

from mailgate.gateway.authz.asking import answer_asking
from mailgate.gateway.authz.authorizer import Authorizer, Yes
from mailgate.gateway.authz.original import PATH, Dialect

__all__ = ["PATH", "Authorizer", "Dialect", "Yes", "answer_asking"]
