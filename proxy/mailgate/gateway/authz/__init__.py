"""Forward auth: another proxy carries the mail and asks this gate about each request (docs/forward-auth.md)."""

from mailgate.gateway.authz.authorizer import (
    PATH,
    REFUSAL,
    AllowingAnswer,
    Authorizer,
    Dialect,
    original_request,
)
from mailgate.gateway.authz.verdict_key import refuse_unremoved_fields

__all__ = [
    "PATH",
    "REFUSAL",
    "AllowingAnswer",
    "Authorizer",
    "Dialect",
    "original_request",
    "refuse_unremoved_fields",
]
