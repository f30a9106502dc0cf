"""Forward auth: another proxy carries the mail and asks this gate about each request (docs/forward-auth.md)."""

from mailgate.gateway.authz.authorizer import REFUSAL, Authorizer, Yes
from mailgate.gateway.authz.let_through import refuse_let_through
from mailgate.gateway.authz.original import PATH, Dialect, original

__all__ = ["PATH", "REFUSAL", "Authorizer", "Dialect", "Yes", "original", "refuse_let_through"]
